package dev.berth.adapter.controlplane;

/**
 * What a client of an API server needs.
 *
 * @param endpoint {@code https://127.0.0.1:PORT}
 * @param caPem the authority that signed the server's certificate
 * @param clientCertPem the client's certificate
 * @param clientKeyPem its key: ECDSA P-256, PKCS #8
 */
public record KubeAccess(String endpoint, String caPem, String clientCertPem, String clientKeyPem) {
    @Override
    public String toString() {
        return "KubeAccess[" + endpoint + "]";
    }
}
