package dev.berth.adapter.image;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom to believe to be a registry: what Java believes, what the system's own list has, and for
 * each registry the files {@code *.crt} of the folder with its name, as Docker and containerd read
 * {@code certs.d}. The files are read when a registry is first spoken to.
 */
final class RegistryTrust extends X509ExtendedTrustManager {
    private static final Logger LOG = LoggerFactory.getLogger(RegistryTrust.class);
    private static final List<Path> SYSTEM_LISTS =
            List.of(
                    Path.of("/etc/ssl/certs/ca-certificates.crt"),
                    Path.of("/etc/pki/tls/certs/ca-bundle.crt"));

    private final List<Path> folders;
    private final ConcurrentHashMap<String, X509ExtendedTrustManager> byRegistry =
            new ConcurrentHashMap<>();

    /** Reads the folders below these ones. */
    RegistryTrust(List<Path> folders) {
        this.folders = List.copyOf(folders);
    }

    /** TLS that believes so. */
    static SSLContext context(List<Path> folders) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new RegistryTrust(folders)}, null);
            return context;
        } catch (GeneralSecurityException missing) {
            throw new IllegalStateException("every JDK has TLS", missing);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        String registry = engine.getPeerHost() + ":" + engine.getPeerPort();
        X509ExtendedTrustManager known = byRegistry.get(registry);
        if (known == null) {
            known = read(engine.getPeerHost(), engine.getPeerPort());
            byRegistry.put(registry, known);
        }
        known.checkServerTrusted(chain, type, engine);
    }

    private X509ExtendedTrustManager read(String host, int port) throws CertificateException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            List<Certificate> believed = new ArrayList<>();
            for (X509Certificate each : manager(null).getAcceptedIssuers()) {
                believed.add(each);
            }
            String told = System.getenv("SSL_CERT_FILE");
            for (Path each : told == null ? SYSTEM_LISTS : List.of(Path.of(told))) {
                add(each, believed);
            }
            for (Path folder : folders) {
                for (String name : List.of(host + ":" + port, host)) {
                    Path own = folder.resolve(name);
                    if (Files.isDirectory(own)) {
                        try (DirectoryStream<Path> files = Files.newDirectoryStream(own, "*.crt")) {
                            for (Path each : files) {
                                add(each, believed);
                            }
                        }
                    }
                }
            }
            int number = 0;
            for (Certificate each : believed) {
                store.setCertificateEntry("ca" + number++, each);
            }
            return manager(store);
        } catch (IOException | GeneralSecurityException failed) {
            throw new CertificateException(
                    "the certificates to believe cannot be read: " + failed.getMessage(), failed);
        }
    }

    private static void add(Path file, List<Certificate> believed) {
        if (!Files.isRegularFile(file)) {
            return;
        }
        try (InputStream in = Files.newInputStream(file)) {
            believed.addAll(CertificateFactory.getInstance("X.509").generateCertificates(in));
        } catch (IOException | CertificateException bad) {
            LOG.warn("no certificates from file={} cause={}", file, bad.getMessage());
        }
    }

    private static X509ExtendedTrustManager manager(
            @org.jspecify.annotations.Nullable KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        for (TrustManager each : factory.getTrustManagers()) {
            if (each instanceof X509ExtendedTrustManager one) {
                return one;
            }
        }
        throw new GeneralSecurityException("no trust manager for X.509");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        throw unknownPeer();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        throw unknownPeer();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        throw unknownPeer();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        throw unknownPeer();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        throw unknownPeer();
    }

    private static CertificateException unknownPeer() {
        return new CertificateException("only registries are believed, over this client's engine");
    }
}
