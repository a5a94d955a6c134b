package dev.berth.engine.account.signature;

import org.jspecify.annotations.Nullable;

/**
 * What a signature is good for: one day, one region, one service.
 *
 * @param date {@code 20260102}
 * @param region such as {@code eu-west-1}
 * @param service the signing name, such as {@code eks}
 */
public record Scope(String date, String region, String service) {
    /** The fixed last part of every scope. */
    static final String TERMINATION = "aws4_request";

    /** {@code 20260102/eu-west-1/eks/aws4_request}. */
    @Override
    public String toString() {
        return date + '/' + region + '/' + service + '/' + TERMINATION;
    }

    /**
     * The parts of {@code AKIA…/20260102/eu-west-1/eks/aws4_request}: the key id, then the scope;
     * null when it has another form.
     */
    static @Nullable Credential parse(String credential) {
        int service = credential.lastIndexOf('/');
        if (service < 0 || !credential.substring(service + 1).equals(TERMINATION)) {
            return null;
        }
        int region = credential.lastIndexOf('/', service - 1);
        int date = region < 0 ? -1 : credential.lastIndexOf('/', region - 1);
        int key = date < 0 ? -1 : credential.lastIndexOf('/', date - 1);
        if (key <= 0) {
            return null;
        }
        var scope =
                new Scope(
                        credential.substring(key + 1, date),
                        credential.substring(date + 1, region),
                        credential.substring(region + 1, service));
        return new Credential(credential.substring(0, key), scope);
    }

    /**
     * The {@code Credential} of a signature.
     *
     * @param accessKeyId who signed
     * @param scope for what
     */
    record Credential(String accessKeyId, Scope scope) {}
}
