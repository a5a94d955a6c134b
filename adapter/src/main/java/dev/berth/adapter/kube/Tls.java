package dev.berth.adapter.kube;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/** A TLS context from PEM texts: trusts one authority, shows one certificate. */
public final class Tls {
    private static final char[] NO_PASSWORD = new char[0];

    private Tls() {}

    /**
     * A context for one client.
     *
     * @param caPem certificates to trust
     * @param certPem the client's certificate, followed by its issuers if there are any
     * @param keyPem its key in PKCS #8 ({@code BEGIN PRIVATE KEY}), EC, RSA or Ed25519
     * @throws IllegalArgumentException when one of them is not that
     */
    public static SSLContext context(String caPem, String certPem, String keyPem) {
        try {
            var own = emptyStore();
            own.setKeyEntry("client", key(keyPem), NO_PASSWORD, certificates(certPem));
            // The other kind, PKIX, decrypts the key anew for each handshake: thousands of hashes.
            var keys = KeyManagerFactory.getInstance("SunX509");
            keys.init(own, NO_PASSWORD);
            var trusted = emptyStore();
            for (var authority : certificates(caPem)) {
                trusted.setCertificateEntry("ca-" + trusted.size(), authority);
            }
            var trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(trusted);
            var context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("not usable for TLS: " + e.getMessage(), e);
        }
    }

    /**
     * Prefers ChaCha20-Poly1305, which needs no instructions that only the slower one of the JVM's
     * compilers knows: with the other one it is five times as fast as AES-GCM.
     */
    static SSLParameters parameters() {
        return new SSLParameters(
                new String[] {
                    "TLS_CHACHA20_POLY1305_SHA256",
                    "TLS_AES_128_GCM_SHA256",
                    "TLS_AES_256_GCM_SHA384"
                },
                new String[] {"TLSv1.3"});
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static Certificate[] certificates(String pem) throws GeneralSecurityException {
        return CertificateFactory.getInstance("X.509")
                .generateCertificates(
                        new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
                .toArray(Certificate[]::new);
    }

    private static PrivateKey key(String pem) throws GeneralSecurityException {
        var der =
                Base64.getMimeDecoder()
                        .decode(
                                pem.replace("-----BEGIN PRIVATE KEY-----", "")
                                        .replace("-----END PRIVATE KEY-----", "")
                                        .strip());
        for (var algorithm : List.of("EC", "RSA", "Ed25519")) {
            try {
                return KeyFactory.getInstance(algorithm)
                        .generatePrivate(new PKCS8EncodedKeySpec(der));
            } catch (InvalidKeySpecException _) {
                // Of another algorithm; the next one may know it.
            }
        }
        throw new InvalidKeySpecException("not an EC, RSA or Ed25519 key in PKCS #8");
    }
}
