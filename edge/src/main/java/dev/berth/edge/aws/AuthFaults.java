package dev.berth.edge.aws;

import dev.berth.core.fault.AwsFault;
import dev.berth.engine.account.signature.Verdict.Rejected;

/**
 * How each protocol tells that a signature is not good. The codes are AWS's common errors; which
 * status goes with which code in which protocol is partly our choice, since the reference does not
 * record all of them.
 */
final class AuthFaults {
    private AuthFaults() {}

    /** How errors of signatures are named. */
    enum Dialect {
        /** IAM, STS. */
        QUERY,
        /** EC2. */
        EC2,
        /** EKS, Logs. */
        JSON;

        static Dialect of(String protocol) {
            return switch (protocol) {
                case "query" -> QUERY;
                case "ec2" -> EC2;
                default -> JSON;
            };
        }
    }

    static AwsFault of(Rejected rejected, Dialect dialect) {
        boolean json = dialect == Dialect.JSON;
        boolean ec2 = dialect == Dialect.EC2;
        String said = rejected.message();
        return switch (rejected.reason()) {
            case MISSING ->
                    json
                            ? fault("MissingAuthenticationTokenException", 403, said)
                            : fault("MissingAuthenticationToken", 403, said);
            case INCOMPLETE ->
                    json
                            ? fault("IncompleteSignatureException", 400, said)
                            : fault("IncompleteSignature", 400, said);
            case UNKNOWN_KEY, WRONG_TOKEN -> {
                if (ec2) {
                    yield fault(
                            "AuthFailure",
                            401,
                            "AWS was not able to validate the provided access credentials");
                }
                yield json
                        ? fault("UnrecognizedClientException", 403, said)
                        : fault("InvalidClientTokenId", 403, said);
            }
            case EXPIRED_TOKEN -> {
                if (ec2) {
                    yield fault("RequestExpired", 400, "Request has expired.");
                }
                yield json
                        ? fault("ExpiredTokenException", 403, said)
                        : fault("ExpiredToken", 403, said);
            }
            case EXPIRED, NOT_YET_CURRENT -> {
                if (ec2) {
                    yield fault("RequestExpired", 400, "Request has expired.");
                }
                yield mismatch(json, said);
            }
            case WRONG_SCOPE, WRONG_PAYLOAD, WRONG_SIGNATURE -> mismatch(json, said);
        };
    }

    private static AwsFault mismatch(boolean json, String said) {
        return json
                ? fault("InvalidSignatureException", 403, said)
                : fault("SignatureDoesNotMatch", 403, said);
    }

    private static AwsFault fault(String code, int status, String message) {
        return new AwsFault(code, status, message);
    }
}
