package dev.berth.adapter.controlplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster's keys and certificates. */
class ClusterPkiTest {
    private static final List<String> NAMES =
            List.of("127.0.0.1", "kubernetes.default.svc", "10.100.0.1", "172.16.1.10");

    private final Instant now = Instant.now();
    @TempDir Path folder;

    @Test
    void the_servers_certificate_verifies_with_the_jdk() throws Exception {
        var pki = ClusterPki.open(folder, NAMES, now);
        trust(pki.authorityPem())
                .checkServerTrusted(
                        new X509Certificate[] {certificate("apiserver")}, "ECDHE_ECDSA");
    }

    @Test
    void a_clients_certificate_verifies_as_a_client_and_not_as_a_server() throws Exception {
        var pki = ClusterPki.open(folder, NAMES, now);
        var chain = new X509Certificate[] {certificate("admin")};
        trust(pki.authorityPem()).checkClientTrusted(chain, "EC");
        assertThatThrownBy(() -> trust(pki.authorityPem()).checkServerTrusted(chain, "ECDHE_ECDSA"))
                .isInstanceOf(CertificateException.class);
    }

    @Test
    void another_clusters_certificate_is_not_trusted() throws Exception {
        var pki = ClusterPki.open(folder.resolve("a"), NAMES, now);
        ClusterPki.open(folder.resolve("b"), NAMES, now);
        var chain =
                new X509Certificate[] {
                    Pem.certificate(Files.readString(folder.resolve("b/admin.crt")))
                };
        assertThatThrownBy(() -> trust(pki.authorityPem()).checkClientTrusted(chain, "EC"))
                .isInstanceOf(CertificateException.class);
    }

    @Test
    void the_front_proxys_authority_is_another_one() throws Exception {
        var pki = ClusterPki.open(folder, NAMES, now);
        var chain = new X509Certificate[] {certificate("front-proxy-client")};
        assertThatThrownBy(() -> trust(pki.authorityPem()).checkClientTrusted(chain, "EC"))
                .isInstanceOf(CertificateException.class);
        trust(Files.readString(folder.resolve("front-proxy-ca.crt")))
                .checkClientTrusted(chain, "EC");
    }

    @Test
    void addresses_are_address_entries_and_names_are_name_entries() throws Exception {
        ClusterPki.open(folder, NAMES, now);
        var entries = new ArrayList<String>();
        for (var entry : certificate("apiserver").getSubjectAlternativeNames()) {
            entries.add(entry.get(0) + " " + entry.get(1));
        }
        assertThat(entries)
                .containsExactlyInAnyOrder(
                        "7 127.0.0.1", "2 kubernetes.default.svc", "7 10.100.0.1", "7 172.16.1.10");
        assertThat(InetAddress.ofLiteral("10.100.0.1").getAddress()).hasSize(4);
    }

    @Test
    void users_and_groups_are_those_kubernetes_knows() throws Exception {
        ClusterPki.open(folder, NAMES, now);
        assertThat(subject("admin")).isEqualTo("CN=berth:admin,O=system:masters");
        assertThat(subject("controller-manager")).isEqualTo("CN=system:kube-controller-manager");
        assertThat(subject("scheduler")).isEqualTo("CN=system:kube-scheduler");
    }

    @Test
    void every_file_is_for_its_owner_only() throws Exception {
        ClusterPki.open(folder, NAMES, now);
        try (var files = Files.list(folder)) {
            assertThat(files)
                    .isNotEmpty()
                    .allSatisfy(file ->
                            assertThat(
                                            PosixFilePermissions.toString(
                                                    Files.getPosixFilePermissions(file)))
                                    .isEqualTo("rw-------"));
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwx------");
    }

    @Test
    void opening_again_changes_nothing() throws Exception {
        ClusterPki.open(folder, NAMES, now);
        var before = contents();
        ClusterPki.open(folder, NAMES, now.plus(Duration.ofDays(30)));
        assertThat(contents()).isEqualTo(before);
    }

    @Test
    void what_ends_soon_is_issued_anew_by_the_same_authority() throws Exception {
        var first = ClusterPki.open(folder, NAMES, now);
        var before = certificate("scheduler");
        var second = ClusterPki.open(folder, NAMES, now.plus(Duration.ofDays(300)));
        assertThat(certificate("scheduler").getSerialNumber())
                .isNotEqualTo(before.getSerialNumber());
        assertThat(second.authorityPem()).isEqualTo(first.authorityPem());
    }

    @Test
    void other_names_mean_another_certificate() throws Exception {
        ClusterPki.open(folder, NAMES, now);
        var client = certificate("scheduler").getSerialNumber();
        ClusterPki.open(folder, List.of("127.0.0.1"), now);
        assertThat(certificate("apiserver").getSubjectAlternativeNames()).hasSize(1);
        assertThat(certificate("scheduler").getSerialNumber()).isEqualTo(client);
    }

    @Test
    void keys_match_their_certificates() throws Exception {
        ClusterPki.open(folder, NAMES, now);
        var key = Pem.key(Files.readString(folder.resolve("apiserver.key")));
        var signer = java.security.Signature.getInstance("SHA256withECDSA");
        signer.initSign(key);
        signer.update(new byte[] {1});
        var signature = signer.sign();
        signer.initVerify(certificate("apiserver"));
        signer.update(new byte[] {1});
        assertThat(signer.verify(signature)).isTrue();
    }

    @Test
    void berths_own_certificates_name_the_cluster() throws Exception {
        var home = HomePki.open(folder, now);
        var client = Pem.certificate(home.webhookClient("shirwalab-eks-dev").certificatePem());
        assertThat(client.getSubjectX500Principal().getName())
                .isEqualTo("CN=kube-apiserver-webhook-client,O=shirwalab-eks-dev");
        trust(home.certificateAuthorityPem())
                .checkClientTrusted(new X509Certificate[] {client}, "EC");
        trust(home.certificateAuthorityPem())
                .checkServerTrusted(
                        new X509Certificate[] {Pem.certificate(home.serving().certificatePem())},
                        "ECDHE_ECDSA");
        home.forget("shirwalab-eks-dev");
        assertThat(folder.resolve("webhook-client-shirwalab-eks-dev.crt")).doesNotExist();
    }

    private List<String> contents() throws Exception {
        try (var files = Files.list(folder)) {
            var all = new ArrayList<String>();
            for (var file : files.sorted().toList()) {
                all.add(file.getFileName() + "\n" + Files.readString(file));
            }
            return all;
        }
    }

    private X509Certificate certificate(String name) throws Exception {
        return Pem.certificate(Files.readString(folder.resolve(name + ".crt")));
    }

    private String subject(String name) throws Exception {
        return certificate(name).getSubjectX500Principal().getName();
    }

    private static X509TrustManager trust(String authorityPem) throws Exception {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("ca", Pem.certificate(authorityPem));
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }
}
