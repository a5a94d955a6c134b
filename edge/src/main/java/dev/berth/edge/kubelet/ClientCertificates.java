package dev.berth.edge.kubelet;

import dev.berth.core.identity.KubernetesUser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Who shows which client certificate to one cluster's endpoint. Three authorities vouch: Berth's
 * own for the cluster's API server, the cluster's for its users, and the front proxy's for the API
 * server as the aggregation layer.
 */
public final class ClientCertificates {
    private static final String API_SERVER = "kube-apiserver-kubelet-client";
    private static final String FRONT_PROXY = "front-proxy-client";

    private final String clusterName;
    private final X509TrustManager home;
    private final X509TrustManager cluster;
    private final X509TrustManager frontProxy;

    /**
     * Knows the authorities.
     *
     * @param clusterName the organization that the API server's certificate names
     * @param homePem Berth's own authority
     * @param clusterPem the cluster's authority
     * @param frontProxyPem the cluster's front proxy's authority
     */
    public ClientCertificates(
            String clusterName, String homePem, String clusterPem, String frontProxyPem) {
        this.clusterName = clusterName;
        home = trusting(homePem);
        cluster = trusting(clusterPem);
        frontProxy = trusting(frontProxyPem);
    }

    /** Who somebody is by a certificate. */
    public sealed interface Shown {
        /** The cluster's API server, which has decided itself who may what. */
        record ApiServer() implements Shown {}

        /** The cluster's API server as the aggregation layer. */
        record FrontProxy() implements Shown {}

        /**
         * A user of the cluster.
         *
         * @param user common name and organizations of the certificate
         */
        record User(KubernetesUser user) implements Shown {}
    }

    /** Who shows this chain; empty for one that none of the authorities vouches for. */
    public Optional<Shown> who(List<X509Certificate> chain) {
        if (chain.isEmpty()) {
            return Optional.empty();
        }
        var first = chain.getFirst();
        var names = names(first, "CN");
        var groups = names(first, "O");
        if (vouches(home, chain) && names.contains(API_SERVER) && groups.contains(clusterName)) {
            return Optional.of(new Shown.ApiServer());
        }
        if (names.contains(FRONT_PROXY) && vouches(frontProxy, chain)) {
            return Optional.of(new Shown.FrontProxy());
        }
        if (!names.isEmpty() && vouches(cluster, chain)) {
            var all = new ArrayList<>(groups);
            all.add("system:authenticated");
            return Optional.of(
                    new Shown.User(new KubernetesUser(names.getFirst(), "", all, Map.of())));
        }
        return Optional.empty();
    }

    /** The authorities, so that a client knows which of its certificates to show. */
    public X509Certificate[] authorities() {
        var all = new ArrayList<X509Certificate>();
        for (var one : List.of(home, cluster, frontProxy)) {
            all.addAll(Arrays.asList(one.getAcceptedIssuers()));
        }
        return all.toArray(X509Certificate[]::new);
    }

    private static boolean vouches(X509TrustManager authority, List<X509Certificate> chain) {
        try {
            authority.checkClientTrusted(
                    chain.toArray(X509Certificate[]::new),
                    chain.getFirst().getPublicKey().getAlgorithm());
            return true;
        } catch (CertificateException no) {
            return false;
        }
    }

    private static List<String> names(X509Certificate certificate, String kind) {
        try {
            // A name is written from its end.
            return new LdapName(certificate.getSubjectX500Principal().getName())
                    .getRdns().stream()
                            .filter(part -> part.getType().equalsIgnoreCase(kind))
                            .map(part -> String.valueOf(part.getValue()))
                            .toList();
        } catch (InvalidNameException strange) {
            return List.of();
        }
    }

    private static X509TrustManager trusting(String pem) {
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            var certificates =
                    CertificateFactory.getInstance("X.509")
                            .generateCertificates(
                                    new ByteArrayInputStream(
                                            pem.getBytes(StandardCharsets.US_ASCII)));
            for (var certificate : certificates) {
                store.setCertificateEntry("ca-" + store.size(), certificate);
            }
            var factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            for (var manager : factory.getTrustManagers()) {
                if (manager instanceof X509TrustManager found) {
                    return found;
                }
            }
            throw new IllegalStateException("every JDK can trust X.509 certificates");
        } catch (GeneralSecurityException | IOException wrong) {
            throw new IllegalArgumentException(
                    "not an authority's certificate: " + wrong.getMessage(), wrong);
        }
    }
}
