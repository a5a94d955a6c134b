package dev.berth.adapter.kube;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.core.pod.PodKey;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.testkit.KubeApiContract;
import dev.berth.testkit.RealControlPlane;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The contract against a real API server, and what only a real one can show. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HttpKubeApiIT extends KubeApiContract {
    private RealControlPlane plane;
    private HttpKubeApi api;
    private String namespace;

    @BeforeAll
    void start() throws Exception {
        var program = RealControlPlane.program();
        assumeTrue(program.isPresent(), "the control plane's program is not built");
        plane = RealControlPlane.start(program.get());
    }

    @AfterAll
    void stop() throws Exception {
        if (plane != null) {
            plane.close();
        }
    }

    @BeforeEach
    void aClientAndANamespaceOfItsOwn() throws KubeRefused {
        api =
                new HttpKubeApi(
                        plane.endpoint(),
                        plane.caPem(),
                        plane.clientCertPem(),
                        plane.clientKeyPem());
        namespace = "berth-sched-" + UUID.randomUUID();
        api.apply("{apiVersion: v1, kind: Namespace, metadata: {name: " + namespace + "}}");
    }

    @AfterEach
    void closeTheClient() {
        api.close();
    }

    @Override
    protected KubeApi api() {
        return api;
    }

    @Override
    protected String namespace() {
        return namespace;
    }

    @Override
    protected void createPod(PodKey key) {
        apply(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s, namespace: %s}
                spec:
                  schedulerName: fargate-scheduler
                  serviceAccountName: app
                  containers: [{name: app, image: nginx}]
                """
                        .formatted(key.name(), key.namespace()));
    }

    @Override
    protected void createServiceAccount(String name, String pullSecret) {
        apply(
                """
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: %s, namespace: %s}
                imagePullSecrets: [{name: %s}]
                """
                        .formatted(name, namespace, pullSecret));
    }

    private void apply(String yaml) {
        try {
            api.apply(yaml);
        } catch (KubeRefused e) {
            throw new AssertionError(yaml, e);
        }
    }

    @Test
    void applying_makes_and_changes_objects_of_any_kind() throws Exception {
        var yaml =
                """
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata: {name: eks:test-%1$s}
                rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
                ---
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: applied, namespace: %1$s}
                data: {key: "%2$s"}
                """;
        api.apply(yaml.formatted(namespace, "1"));
        api.apply(yaml.formatted(namespace, "2"));
        assertThat(new String(api.configMap(namespace, "applied").orElseThrow().get("key"), UTF_8))
                .isEqualTo("2");
    }
}
