package dev.berth.adapter.controlplane;

/**
 * A certificate and its key, as PEM texts.
 *
 * @param certificatePem X.509
 * @param keyPem ECDSA P-256, PKCS #8
 */
public record Identity(String certificatePem, String keyPem) {
    @Override
    public String toString() {
        return "Identity";
    }
}
