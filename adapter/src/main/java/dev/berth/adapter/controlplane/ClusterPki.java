package dev.berth.adapter.controlplane;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.List;

/**
 * A cluster's keys, in {@code DATA/clusters/NAME/pki}: its authority, the front proxy's authority,
 * the service accounts' key, and the identities of its components.
 *
 * @param folder where they are
 * @param authorityPem the cluster's authority
 * @param admin a member of system:masters
 */
record ClusterPki(Path folder, String authorityPem, Identity admin) {
    /**
     * Opens them, making what is missing and replacing what ends soon.
     *
     * @param serverNames host names and addresses of the API server
     */
    static ClusterPki open(Path folder, List<String> serverNames, Instant now)
            throws IOException, GeneralSecurityException {
        Pem.privateFolder(folder);
        var cluster = Authority.open(folder, "ca", "kubernetes", now);
        var frontProxy = Authority.open(folder, "front-proxy-ca", "front-proxy-ca", now);
        Authority.keyPair(folder, "sa");
        cluster.issue("apiserver", Authority.Subject.server("kube-apiserver", serverNames));
        cluster.issue(
                "controller-manager",
                Authority.Subject.client("system:kube-controller-manager", null));
        cluster.issue("scheduler", Authority.Subject.client("system:kube-scheduler", null));
        cluster.issue(
                "kube-proxy", Authority.Subject.client("system:kube-proxy", "system:node-proxier"));
        // As the pods of EKS's coredns Deployment are known.
        cluster.issue(
                "coredns",
                Authority.Subject.client("system:serviceaccount:kube-system:coredns", null));
        frontProxy.issue(
                "front-proxy-client", Authority.Subject.client("front-proxy-client", null));
        var admin =
                cluster.issue("admin", Authority.Subject.client("berth:admin", "system:masters"));
        return new ClusterPki(folder, cluster.certificatePem(), admin);
    }

    Path file(String name) {
        return folder.resolve(name);
    }
}
