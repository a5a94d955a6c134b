package dev.berth.adapter.kube;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.PodListener;
import dev.berth.testkit.KubeApiContract;
import dev.berth.testkit.RealControlPlane;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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

    @Test
    void a_watch_goes_on_after_the_api_server_was_killed() throws Exception {
        var told = new LinkedBlockingQueue<String>();
        try (var _ = api.watchPods(telling(told))) {
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("synced");
            createPod(new PodKey(namespace, "before"));
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("present before");
            plane.restartApiServer();
            createPod(new PodKey(namespace, "after"));
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("present after");
            assertThat(told).isEmpty();
        }
    }

    private PodListener telling(Queue<String> told) {
        return new PodListener() {
            @Override
            public void present(Pod pod) {
                if (pod.metadata().namespace().equals(namespace)) {
                    told.add("present " + pod.metadata().name());
                }
            }

            @Override
            public void gone(Pod pod) {}

            @Override
            public void synced() {
                told.add("synced");
            }
        };
    }

    @Test
    void equal_events_are_counted_on_one_object() throws Exception {
        var key = new PodKey(namespace, "eventful");
        createPod(key);
        var uid = api.pod(key).orElseThrow().uid();
        for (var message : List.of("Back-off", "Back-off", "Back-off", "Other")) {
            api.event(
                    new KubeApi.Event(
                            key,
                            uid,
                            "spec.containers{app}",
                            true,
                            "BackOff",
                            message,
                            "kubelet",
                            "node-1",
                            Instant.parse("2026-03-04T05:06:07Z")));
        }
        // Closing writes what waits.
        api.close();
        var connection =
                new ApiConnection(
                        plane.endpoint(),
                        plane.caPem(),
                        plane.clientCertPem(),
                        plane.clientKeyPem());
        try (connection) {
            var events =
                    connection.get("/api/v1/namespaces/" + namespace + "/events").orElseThrow();
            assertThat(
                            Json.list(
                                    events,
                                    "items",
                                    event ->
                                            Json.text(event, "message")
                                                    + " x"
                                                    + Json.integer(event, "count", 0)
                                                    + " "
                                                    + Json.text(event.path("source"), "host")
                                                    + " "
                                                    + Json.text(
                                                            event.path("involvedObject"),
                                                            "fieldPath")))
                    .containsExactlyInAnyOrder(
                            "Back-off x3 node-1 spec.containers{app}",
                            "Other x1 node-1 spec.containers{app}");
        }
    }

    @Test
    void a_lease_is_made_then_renewed_and_goes_with_its_node() throws Exception {
        var name = "fargate-" + namespace;
        var node =
                new KubeApi.Node(
                        name,
                        Map.of(),
                        Map.of(),
                        List.of(),
                        "",
                        List.of(),
                        Map.of("cpu", "2"),
                        Map.of("cpu", "2"),
                        List.of(),
                        new KubeApi.SystemInfo("", "", "", "", "", "", "", "", false),
                        10250);
        var uid = api.applyNode(node);
        api.renewLease(name, uid, 40, Instant.parse("2026-03-04T05:06:07.000008Z"));
        api.renewLease(name, uid, 40, Instant.parse("2026-03-04T05:06:17Z"));
        var path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/" + name;
        try (var connection =
                new ApiConnection(
                        plane.endpoint(),
                        plane.caPem(),
                        plane.clientCertPem(),
                        plane.clientKeyPem())) {
            var lease = connection.get(path).orElseThrow();
            assertThat(Json.text(lease.path("spec"), "renewTime"))
                    .isEqualTo("2026-03-04T05:06:17.000000Z");
            assertThat(Json.text(lease.path("spec"), "holderIdentity")).isEqualTo(name);
            assertThat(Json.text(lease.path("metadata").path("ownerReferences").path(0), "uid"))
                    .isEqualTo(uid);
            api.deleteNode(name);
            assertThat(connection.get(path)).isEmpty();
        }
    }
}
