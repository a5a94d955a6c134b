package dev.berth.adapter.controlplane;

import dev.berth.adapter.controlplane.Authority.Subject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntFunction;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the nodes of one cluster show to who connects: a certificate of the cluster's authority with
 * the node's address and name, as the signer {@code kubernetes.io/kubelet-serving} makes it, so
 * that pods can check it with the authority they were given. Made when a node is asked for the
 * first time, all for one key, and kept in memory only. Any thread may call.
 */
public final class NodeCertificates {
    private static final Logger log = LoggerFactory.getLogger(NodeCertificates.class);

    /** How many are kept; making one takes less than a millisecond (our choice). */
    private static final int KEPT_MAX = 1024;

    private static final Duration KEPT = Duration.ofDays(30);

    private final Path clusterPki;
    private final InstantSource clock;
    private final KeyPair key;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final Map<Holder, Made> made = new LinkedHashMap<>(16, 0.75f, true);

    private NodeCertificates(Path clusterPki, InstantSource clock, KeyPair key) {
        this.clusterPki = clusterPki;
        this.clock = clock;
        this.key = key;
    }

    /**
     * Whom a certificate names.
     *
     * @param commonName such as {@code system:node:NAME}
     * @param organization such as {@code system:nodes}, or null
     * @param names host names and IPv4 addresses
     */
    public record Holder(String commonName, @Nullable String organization, List<String> names) {
        /** Copies the list. */
        public Holder {
            names = List.copyOf(names);
        }
    }

    private record Made(X509Certificate leaf, Instant until) {}

    /**
     * Certificates of a cluster that has been started.
     *
     * @param clusterPki {@code DATA/clusters/NAME/pki}
     */
    public static NodeCertificates of(Path clusterPki, InstantSource clock)
            throws GeneralSecurityException {
        return new NodeCertificates(clusterPki, clock, Authority.newKey());
    }

    /**
     * A server's TLS context. It lets clients show any certificate, or none: who they are is for
     * the caller to check.
     *
     * @param holders whose certificate is shown, by the port of the connection's other end; a
     *     connection without one fails
     * @param authorities told to clients, so that they know which certificate to show
     */
    public SSLContext context(IntFunction<Optional<Holder>> holders, X509Certificate[] authorities)
            throws GeneralSecurityException {
        var context = SSLContext.getInstance("TLS");
        context.init(
                new KeyManager[] {new Chosen(holders)},
                new TrustManager[] {new Anybody(authorities)},
                null);
        return context;
    }

    private X509Certificate[] chain(Holder holder) throws IOException, GeneralSecurityException {
        var now = clock.instant();
        lock.lock();
        try {
            var known = made.get(holder);
            if (known != null && known.until().isAfter(now)) {
                return new X509Certificate[] {known.leaf()};
            }
            var authority = Authority.open(clusterPki, "ca", "kubernetes", now);
            var der =
                    authority.sign(
                            new Subject(
                                    holder.commonName(),
                                    holder.organization(),
                                    holder.names(),
                                    Authority.Use.SERVER),
                            key.getPublic());
            var leaf =
                    (X509Certificate)
                            CertificateFactory.getInstance("X.509")
                                    .generateCertificate(new ByteArrayInputStream(der));
            made.put(holder, new Made(leaf, now.plus(KEPT)));
            if (made.size() > KEPT_MAX) {
                made.remove(made.keySet().iterator().next());
            }
            return new X509Certificate[] {leaf};
        } finally {
            lock.unlock();
        }
    }

    /** Chooses by the connection; an alias is the port of its other end. */
    private final class Chosen extends X509ExtendedKeyManager {
        private final IntFunction<Optional<Holder>> holders;

        private Chosen(IntFunction<Optional<Holder>> holders) {
            this.holders = holders;
        }

        @Override
        public @Nullable String chooseServerAlias(
                String keyType, Principal @Nullable [] issuers, Socket socket) {
            return alias(keyType, socket.getPort());
        }

        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
            return alias(keyType, engine.getPeerPort());
        }

        private @Nullable String alias(String keyType, int port) {
            return keyType.equals("EC") && holders.apply(port).isPresent()
                    ? Integer.toString(port)
                    : null;
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            var holder = holders.apply(Integer.parseInt(alias));
            if (holder.isEmpty()) {
                return null;
            }
            try {
                return chain(holder.get());
            } catch (IOException | GeneralSecurityException failed) {
                log.warn(
                        "a node's certificate cannot be made node={}",
                        holder.get().commonName(),
                        failed);
                return null;
            }
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return key.getPrivate();
        }

        @Override
        public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
            return new String[0];
        }

        @Override
        public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
            return new String[0];
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] keyTypes, Principal @Nullable [] issuers, Socket socket) {
            return null;
        }
    }

    /** Lets the handshake pass; a wrong certificate is answered as a kubelet answers, with 401. */
    private static final class Anybody extends X509ExtendedTrustManager {
        private final X509Certificate[] authorities;

        private Anybody(X509Certificate[] authorities) {
            this.authorities = authorities.clone();
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return authorities.clone();
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            throw new UnsupportedOperationException("this side is a server");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
            throw new UnsupportedOperationException("this side is a server");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
            throw new UnsupportedOperationException("this side is a server");
        }
    }
}
