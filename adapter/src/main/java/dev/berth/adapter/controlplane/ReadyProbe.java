package dev.berth.adapter.controlplane;

import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Asks an API server whether it is ready, as a member of system:masters. */
final class ReadyProbe {
    /** Between two questions; each costs the API server well under a millisecond. */
    static final Duration PAUSE = Duration.ofMillis(25);

    private static final int TIMEOUT_MILLIS = 2000;

    private final String endpoint;
    private final SSLContext context;

    ReadyProbe(String endpoint, ClusterPki pki) throws GeneralSecurityException, IOException {
        this.endpoint = endpoint;
        var empty = new char[0];
        var trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, empty);
        trusted.setCertificateEntry("ca", Pem.certificate(pki.authorityPem()));
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        var own = KeyStore.getInstance("PKCS12");
        own.load(null, empty);
        own.setKeyEntry(
                "admin",
                Pem.key(pki.admin().keyPem()),
                empty,
                new Certificate[] {Pem.certificate(pki.admin().certificatePem())});
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, empty);
        context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    }

    /**
     * Whether it is ready.
     *
     * @param settled leaves out what an API server does anew at each start though it is in etcd
     *     already: its roles and priority classes, for which it waits a second
     */
    boolean ready(boolean settled) {
        try {
            var url =
                    endpoint
                            + "/readyz"
                            + (settled
                                    ? "?exclude=poststarthook/rbac/bootstrap-roles"
                                            + "&exclude=poststarthook/scheduling"
                                            + "/bootstrap-system-priority-classes"
                                    : "");
            var connection = (HttpsURLConnection) URI.create(url).toURL().openConnection();
            connection.setSSLSocketFactory(context.getSocketFactory());
            connection.setConnectTimeout(TIMEOUT_MILLIS);
            connection.setReadTimeout(TIMEOUT_MILLIS);
            boolean ready = connection.getResponseCode() == 200;
            // An answer that is read to its end leaves the connection to the next question.
            try (var body = ready ? connection.getInputStream() : connection.getErrorStream()) {
                if (body != null) {
                    body.readAllBytes();
                }
            }
            return ready;
        } catch (IOException _) {
            return false;
        }
    }
}
