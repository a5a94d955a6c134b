package dev.berth.adapter.controlplane;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.List;

/**
 * Berth's own authority, one for all clusters, in {@code DATA/pki}. It issues the certificate with
 * which Berth answers the API servers (webhooks, kubelet), and those by which an API server proves
 * to Berth which cluster it is. Clusters' authorities stay out of it: they are their users'
 * business.
 */
public final class HomePki {
    private final Authority authority;
    private final Identity serving;

    private HomePki(Authority authority, Identity serving) {
        this.authority = authority;
        this.serving = serving;
    }

    /**
     * Opens it, making what is missing.
     *
     * @param folder {@code DATA/pki}
     * @param now the time that certificates begin at
     */
    public static HomePki open(Path folder, Instant now)
            throws IOException, GeneralSecurityException {
        Pem.privateFolder(folder);
        var authority = Authority.open(folder, "ca", "berth", now);
        var serving =
                authority.issue(
                        "serving",
                        Authority.Subject.server("berth", List.of("127.0.0.1", "localhost")));
        return new HomePki(authority, serving);
    }

    /** The authority's certificate: what the API servers check Berth with, and Berth them. */
    public String certificateAuthorityPem() {
        return authority.certificatePem();
    }

    /** What Berth's own TLS servers show: names {@code 127.0.0.1} and {@code localhost}. */
    public Identity serving() {
        return serving;
    }

    /**
     * What a cluster's API server shows to Berth's kubelets.
     *
     * @return common name {@code kube-apiserver-kubelet-client}, organization the cluster's name
     */
    Identity kubeletClient(String clusterName) throws IOException, GeneralSecurityException {
        return authority.issue(
                "kubelet-client-" + clusterName,
                Authority.Subject.client("kube-apiserver-kubelet-client", clusterName));
    }

    /**
     * What a cluster's API server shows to Berth's webhooks.
     *
     * @return common name {@code kube-apiserver-webhook-client}, organization the cluster's name
     */
    Identity webhookClient(String clusterName) throws IOException, GeneralSecurityException {
        return authority.issue(
                "webhook-client-" + clusterName,
                Authority.Subject.client("kube-apiserver-webhook-client", clusterName));
    }

    /** Forgets what was issued for a cluster. */
    void forget(String clusterName) throws IOException {
        authority.forget("kubelet-client-" + clusterName);
        authority.forget("webhook-client-" + clusterName);
    }
}
