package dev.berth.edge.authn;

/** A token that is nobody's; its message is for the log and for the API server, never secret. */
final class TokenRefused extends Exception {
    private static final long serialVersionUID = 1L;

    private TokenRefused(String message) {
        super(message, null, false, false);
    }

    /** One that has not the form of a token. Source: eks-fargate §13.2 (D) */
    static TokenRefused format(String message) {
        return new TokenRefused("input token was not properly formatted: " + message);
    }

    /** One whose URL STS would refuse. Source: eks-fargate §13.2 (D) */
    static TokenRefused sts(String message) {
        return new TokenRefused("sts getCallerIdentity failed: " + message);
    }

    /** One whose signer is no user of this cluster. */
    static TokenRefused unmapped(String message) {
        return new TokenRefused(message);
    }
}
