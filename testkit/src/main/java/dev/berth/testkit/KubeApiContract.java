package dev.berth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatus.Condition;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.ProcessIdentity;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.PodListener;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every {@link KubeApi} promises; the fake and the real one extend this class. */
@SuppressWarnings("JUnitAmbiguousTestClass") // A suite to extend, in main so that all rooms can.
public abstract class KubeApiContract {
    private static final long SECONDS = 20;
    private static final Instant WHEN = Instant.parse("2026-03-04T05:06:07Z");

    /** For subclasses. */
    protected KubeApiContract() {}

    /** The API under test, the same for the whole test. */
    protected abstract KubeApi api();

    /** A namespace that exists and that no other test uses, the same for the whole test. */
    protected abstract String namespace();

    /**
     * Creates a pod as a user would: one container {@code app} of image {@code nginx}, grace period
     * 30 s, of the scheduler {@code fargate-scheduler} and the service account {@code app}.
     */
    protected abstract void createPod(PodKey key);

    /** Creates a service account as a user would. */
    protected abstract void createServiceAccount(String name, String pullSecret);

    // ---- watching -------------------------------------------------------------------------------

    @Test
    void a_watch_tells_what_exists_then_that_it_did_and_then_every_change() throws Exception {
        var key = created("watched");
        var tales = new Tales(namespace());
        try (var _ = api().watchPods(tales)) {
            assertThat(tales.next()).isEqualTo("present watched on null");
            assertThat(tales.next()).isEqualTo("synced");
            api().bind(key, uid(key), "node-1", Map.of());
            assertThat(tales.next()).isEqualTo("present watched on node-1");
            api().deletePod(key, uid(key), 0);
            assertThat(tales.next()).isEqualTo("gone watched on node-1");
        }
    }

    @Test
    void a_nodes_pods_are_listed_whole_and_an_unknown_token_is_nobodys() throws Exception {
        var key = created("listed");
        var node = "node-of-" + namespace();
        api().bind(key, uid(key), node, Map.of());
        created("elsewhere");
        assertThat(new String(api().podsOfNode(node), java.nio.charset.StandardCharsets.UTF_8))
                .contains("\"kind\":\"PodList\"", "\"name\":\"listed\"")
                .doesNotContain("elsewhere");
        assertThat(api().reviewToken("nobodys")).isEmpty();
        assertThat(
                        api().mayUseNode(
                                        new dev.berth.core.identity.KubernetesUser(
                                                "nobody", "", List.of(), Map.of()),
                                        "get",
                                        "metrics",
                                        node))
                .isFalse();
    }

    @Test
    void a_second_watch_hears_of_what_exists_too() throws Exception {
        created("first");
        var early = new Tales(namespace());
        try (var _ = api().watchPods(early)) {
            assertThat(early.next()).isEqualTo("present first on null");
            assertThat(early.next()).isEqualTo("synced");
            var late = new Tales(namespace());
            try (var _ = api().watchPods(late)) {
                assertThat(late.next()).isEqualTo("present first on null");
                assertThat(late.next()).isEqualTo("synced");
                created("second");
                assertThat(late.next()).isEqualTo("present second on null");
                assertThat(early.next()).isEqualTo("present second on null");
            }
        }
    }

    @Test
    void a_closed_watch_is_told_nothing_more() throws Exception {
        var closed = new Tales(namespace());
        var open = new Tales(namespace());
        var subscription = api().watchPods(closed);
        try (var _ = api().watchPods(open)) {
            assertThat(closed.next()).isEqualTo("synced");
            subscription.close();
            subscription.close();
            created("unheard");
            assertThat(open.next()).isEqualTo("synced");
            assertThat(open.next()).isEqualTo("present unheard on null");
            assertThat(closed.tales).isEmpty();
        }
    }

    @Test
    void a_pod_made_again_under_the_same_name_is_told_as_another() throws Exception {
        var key = created("phoenix");
        var tales = new Tales(namespace());
        try (var _ = api().watchPods(tales)) {
            assertThat(tales.next()).isEqualTo("present phoenix on null");
            assertThat(tales.next()).isEqualTo("synced");
            var first = uid(key);
            api().deletePod(key, first, 0);
            created("phoenix");
            assertThat(tales.next()).isEqualTo("gone phoenix on null");
            assertThat(tales.next()).isEqualTo("present phoenix on null");
            assertThat(uid(key)).isNotEqualTo(first);
        }
    }

    @Test
    void changed_config_maps_are_told_by_name_and_those_before_are_not() throws Exception {
        api().updateConfigMap(namespace(), "before", _ -> Map.of("a", "1"));
        var told = new LinkedBlockingQueue<KubeApi.ConfigChange>();
        try (var _ =
                api().watchConfig(change -> {
                    if (change.namespace().equals(namespace())
                            && !change.name().equals("kube-root-ca.crt")) {
                        told.add(change);
                    }
                })) {
            // The first change may be made before the watch stands; then it is made once more.
            var value = new AtomicInteger();
            KubeApi.ConfigChange first = null;
            for (var tries = 0; first == null && tries < 50; tries++) {
                api().updateConfigMap(
                                namespace(),
                                "told",
                                _ -> Map.of("a", "" + value.incrementAndGet()));
                first = told.poll(200, TimeUnit.MILLISECONDS);
            }
            var toldFirst = new KubeApi.ConfigChange(false, namespace(), "told");
            assertThat(first).isEqualTo(toldFirst);
            api().updateConfigMap(namespace(), "before", _ -> Map.of("a", "2"));
            KubeApi.ConfigChange next;
            do {
                next = told.poll(20, TimeUnit.SECONDS);
            } while (toldFirst.equals(next));
            assertThat(next).isEqualTo(new KubeApi.ConfigChange(false, namespace(), "before"));
        }
    }

    // ---- binding --------------------------------------------------------------------------------

    @Test
    void binding_sets_node_annotations_and_the_scheduled_condition_at_once() throws Exception {
        var key = created("bound");
        api().bind(key, uid(key), "fargate-172.16.1.241", Map.of("Logging", "LoggingEnabled"));
        var pod = api().pod(key).orElseThrow();
        assertThat(pod.spec().nodeName()).isEqualTo("fargate-172.16.1.241");
        assertThat(pod.metadata().annotations()).containsEntry("Logging", "LoggingEnabled");
        assertThat(condition(pod, "PodScheduled")).isEqualTo("True null null");
    }

    @Test
    void binding_is_refused_for_a_bound_pod_another_uid_and_no_pod() throws Exception {
        var key = created("twice");
        var uid = uid(key);
        refused(409, () -> api().bind(key, "another", "node-1", Map.of()));
        api().bind(key, uid, "node-1", Map.of());
        refused(409, () -> api().bind(key, uid, "node-2", Map.of()));
        var absent = new PodKey(namespace(), "absent");
        refused(404, () -> api().bind(absent, uid, "node-1", Map.of()));
        assertThat(api().pod(absent)).isEmpty();
    }

    // ---- status ---------------------------------------------------------------------------------

    @Test
    void a_written_status_is_read_back_as_it_was_written() throws Exception {
        var key = created("status");
        api().bind(key, uid(key), "node-1", Map.of());
        var status =
                status(
                        PodStatus.Phase.RUNNING,
                        "172.16.1.5",
                        List.of(condition("Ready", "True"), condition("Initialized", "True")),
                        new ContainerState.Running(WHEN));
        var version = api().writeStatus(key, uid(key), status);
        var pod = api().pod(key).orElseThrow();
        assertThat(pod.metadata().resourceVersion()).isEqualTo(version);
        assertThat(api().writeStatus(key, uid(key), status)).isEqualTo(version);
        var read = pod.status();
        assertThat(read.containers()).isEqualTo(status.containers());
        assertThat(read.podIp()).isEqualTo("172.16.1.5");
        assertThat(read.hostIp()).isEqualTo("172.16.1.5");
        assertThat(read.startTime()).isEqualTo(WHEN);
        assertThat(read.phase()).isEqualTo(PodStatus.Phase.RUNNING);
        assertThat(read.reason()).isEqualTo("Because");
        assertThat(read.conditionsByType())
                .containsOnlyKeys("PodScheduled", "Ready", "Initialized")
                .containsEntry("Ready", condition("Ready", "True"));
    }

    @Test
    void a_status_replaces_the_nodes_conditions_and_keeps_those_of_others() throws Exception {
        var key = created("conditions");
        api().bind(key, uid(key), "node-1", Map.of());
        api().writeCondition(key, uid(key), condition("example.com/gate", "False"));
        api().writeStatus(
                        key,
                        uid(key),
                        status(
                                PodStatus.Phase.PENDING,
                                "172.16.1.5",
                                List.of(
                                        new Condition("Ready", "False", "Why", "because", WHEN, 0),
                                        condition("PodReadyToStartContainers", "True")),
                                new ContainerState.Waiting("ContainerCreating", null)));
        var ended =
                new ContainerState.Terminated(
                        137, 9, "OOMKilled", "last words", WHEN, WHEN.plusSeconds(5), "crun://a");
        api().writeStatus(
                        key,
                        uid(key),
                        new PodStatus(
                                PodStatus.Phase.FAILED,
                                List.of(condition("Ready", "True")),
                                null,
                                null,
                                "172.16.1.6",
                                "172.16.1.6",
                                WHEN,
                                List.of(),
                                List.of(container(ended)),
                                null,
                                0,
                                List.of()));
        var read = api().pod(key).orElseThrow().status();
        assertThat(read.conditionsByType())
                .containsOnlyKeys("PodScheduled", "example.com/gate", "Ready")
                .containsEntry("Ready", condition("Ready", "True"));
        assertThat(read.reason()).isNull();
        assertThat(read.message()).isNull();
        assertThat(read.podIp()).isEqualTo("172.16.1.6");
        assertThat(read.containers()).containsExactly(container(ended));
        assertThat(read.qosClass()).isEqualTo("BestEffort");
    }

    @Test
    void a_status_before_there_is_an_address_leaves_none() throws Exception {
        var key = created("early");
        api().bind(key, uid(key), "node-1", Map.of());
        var waiting = new ContainerState.Waiting("ContainerCreating", null);
        var early = status(PodStatus.Phase.PENDING, null, List.of(), waiting);
        api().writeStatus(key, uid(key), early);
        assertThat(api().pod(key).orElseThrow().status().podIp()).isNull();
        api().writeStatus(
                        key,
                        uid(key),
                        status(PodStatus.Phase.PENDING, "172.16.1.5", List.of(), waiting));
        assertThat(api().pod(key).orElseThrow().status().podIp()).isEqualTo("172.16.1.5");
        api().writeStatus(key, uid(key), early);
        assertThat(api().pod(key).orElseThrow().status().podIp()).isNull();
        assertThat(api().pod(key).orElseThrow().status().hostIp()).isNull();
    }

    @Test
    void a_status_for_a_pod_that_is_gone_or_was_replaced_is_refused_as_not_found()
            throws Exception {
        var key = created("replaced");
        var status =
                status(PodStatus.Phase.RUNNING, null, List.of(), new ContainerState.Running(WHEN));
        refused(404, () -> api().writeStatus(key, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", status));
        refused(
                404,
                () ->
                        api().writeCondition(
                                        key,
                                        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                                        condition("Ready", "True")));
        refused(
                404,
                () ->
                        api().annotate(
                                        key,
                                        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                                        Map.of("a", "b")));
        var uid = uid(key);
        api().deletePod(key, uid, 0);
        refused(404, () -> api().writeStatus(key, uid, status));
        refused(404, () -> api().annotate(key, uid, Map.of("a", "b")));
    }

    @Test
    void a_condition_replaces_the_one_of_its_type_and_leaves_the_rest() throws Exception {
        var key = created("refused");
        api().writeCondition(
                        key,
                        uid(key),
                        new Condition("PodScheduled", "False", "REASON", "Text", WHEN, 0));
        api().writeCondition(key, uid(key), condition("other", "True"));
        api().writeCondition(
                        key,
                        uid(key),
                        new Condition("PodScheduled", "False", "ANOTHER", null, WHEN, 0));
        var pod = api().pod(key).orElseThrow();
        assertThat(condition(pod, "PodScheduled")).isEqualTo("False ANOTHER null");
        assertThat(condition(pod, "other")).isEqualTo("True null null");
        assertThat(pod.status().phase()).isEqualTo(PodStatus.Phase.PENDING);
    }

    @Test
    void annotations_are_added_and_replaced() throws Exception {
        var key = created("annotated");
        api().annotate(key, uid(key), Map.of("a", "1", "b", "1"));
        api().annotate(key, uid(key), Map.of("b", "2"));
        assertThat(api().pod(key).orElseThrow().metadata().annotations())
                .containsEntry("a", "1")
                .containsEntry("b", "2");
    }

    // ---- deleting -------------------------------------------------------------------------------

    @Test
    void a_pod_without_a_node_goes_at_once() throws Exception {
        var key = created("unbound");
        api().deletePod(key, uid(key), 30);
        assertThat(api().pod(key)).isEmpty();
    }

    @Test
    void a_bound_pod_waits_for_its_node_until_it_is_deleted_with_grace_zero() throws Exception {
        var key = created("graceful");
        var uid = uid(key);
        api().bind(key, uid, "node-1", Map.of());
        api().deletePod(key, uid, 20);
        var deleting = api().pod(key).orElseThrow();
        assertThat(deleting.deleting()).isTrue();
        assertThat(deleting.metadata().deletionGraceSeconds()).isEqualTo(20);
        api().deletePod(key, uid, 0);
        assertThat(api().pod(key)).isEmpty();
        refused(404, () -> api().deletePod(key, uid, 0));
    }

    @Test
    void a_pod_of_another_uid_is_not_deleted() throws Exception {
        var key = created("kept");
        refused(409, () -> api().deletePod(key, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", 0));
        assertThat(api().pod(key)).isPresent();
    }

    // ---- nodes ----------------------------------------------------------------------------------

    @Test
    void a_node_is_made_as_described_found_by_its_label_and_changed_by_applying_again()
            throws Exception {
        var node = node("1536Mi", "True");
        var uid = api().applyNode(node);
        try {
            var found = api().nodes("berth.dev/test", namespace());
            assertThat(found).hasSize(1);
            assertThat(found.getFirst().name()).isEqualTo(node.name());
            assertThat(found.getFirst().annotations()).containsAllEntriesOf(node.annotations());
            assertThat(found.getFirst().taints()).containsAll(node.taints());
            assertThat(found.getFirst().addresses()).isEqualTo(node.addresses());
            assertThat(found.getFirst().capacity()).isEqualTo(node.capacity());
            assertThat(found.getFirst().conditions()).isEqualTo(node.conditions());
            assertThat(found.getFirst().info()).isEqualTo(node.info());
            assertThat(found.getFirst().providerId()).isEqualTo(node.providerId());
            assertThat(found.getFirst().kubeletPort()).isEqualTo(10250);

            assertThat(api().applyNode(node("2Gi", "False"))).isEqualTo(uid);
            var again = api().nodes("berth.dev/test", namespace()).getFirst();
            assertThat(again.capacity()).containsEntry("memory", "2Gi");
            assertThat(again.conditions()).isEqualTo(node("2Gi", "False").conditions());

            api().renewLease(node.name(), uid, 40, WHEN);
            api().renewLease(node.name(), uid, 40, WHEN.plusSeconds(10));
        } finally {
            api().deleteNode(node.name());
        }
        assertThat(api().nodes("berth.dev/test", namespace())).isEmpty();
        api().deleteNode(node.name());
    }

    // ---- what pods are made of ------------------------------------------------------------------

    @Test
    void a_config_map_is_made_changed_and_loses_keys() throws Exception {
        assertThat(api().configMap(namespace(), "settings")).isEmpty();
        api().updateConfigMap(namespace(), "settings", _ -> Map.of("a", "1", "b", "2"));
        api().updateConfigMap(
                        namespace(),
                        "settings",
                        data -> {
                            var changed = new TreeMap<>(data);
                            changed.remove("a");
                            changed.put("c", "3");
                            return changed;
                        });
        var data = api().configMap(namespace(), "settings").orElseThrow();
        assertThat(data).containsOnlyKeys("b", "c");
        assertThat(new String(data.get("c"), UTF_8)).isEqualTo("3");
    }

    @Test
    void concurrent_changes_of_a_config_map_do_not_undo_each_other() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var changes = new ArrayList<java.util.concurrent.Future<@Nullable Void>>();
            for (int i = 0; i < 8; i++) {
                var key = "key-" + i;
                changes.add(
                        threads.submit(() -> {
                            api().updateConfigMap(
                                            namespace(),
                                            "contended",
                                            data -> {
                                                var more = new TreeMap<>(data);
                                                more.put(key, "x");
                                                return more;
                                            });
                            return null;
                        }));
            }
            for (var change : changes) {
                change.get(SECONDS, TimeUnit.SECONDS);
            }
        }
        assertThat(api().configMap(namespace(), "contended").orElseThrow()).hasSize(8);
    }

    @Test
    void what_does_not_exist_is_empty() {
        assertThat(api().secret(namespace(), "absent")).isEmpty();
        assertThat(api().claim(namespace(), "absent")).isEmpty();
        assertThat(api().serviceAccountPullSecrets(namespace(), "absent")).isEmpty();
        assertThat(api().services(namespace())).isEmpty();
    }

    @Test
    void a_token_is_made_for_an_account_and_a_pod_that_exist() throws Exception {
        createServiceAccount("app", "registry");
        createServiceAccount("other", "registry");
        assertThat(api().serviceAccountPullSecrets(namespace(), "app").orElseThrow())
                .containsExactly("registry");
        var key = created("with-token");
        var token = api().token(namespace(), "app", key, uid(key), List.of("sts"), 3600);
        assertThat(token.token()).isNotEmpty();
        assertThat(token.expiresAt()).isAfter(Instant.EPOCH);
        var uid = uid(key);
        refused(404, () -> api().token(namespace(), "absent", key, uid, List.of("sts"), 3600));
        refused(400, () -> api().token(namespace(), "other", key, uid, List.of("sts"), 3600));
        refused(409, () -> api().token(namespace(), "app", key, "another", List.of("sts"), 3600));
    }

    @Test
    void an_event_never_fails_its_teller() throws Exception {
        var key = created("talkative");
        var event =
                new KubeApi.Event(
                        key,
                        uid(key),
                        "spec.containers{app}",
                        false,
                        "Pulled",
                        "Image is here",
                        "kubelet",
                        "node-1",
                        WHEN);
        api().event(event);
        api().event(event);
    }

    // ---- within ---------------------------------------------------------------------------------

    private PodKey created(String name) {
        var key = new PodKey(namespace(), name);
        createPod(key);
        return key;
    }

    private String uid(PodKey key) {
        return api().pod(key).orElseThrow().uid();
    }

    private static void refused(int code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        KubeRefused.class, no -> assertThat(no.code()).isEqualTo(code));
    }

    private static Condition condition(String type, String status) {
        return new Condition(type, status, null, null, WHEN, 0);
    }

    private static String condition(Pod pod, String type) {
        var condition = pod.status().conditionsByType().get(type);
        return condition == null
                ? "none"
                : condition.status() + " " + condition.reason() + " " + condition.message();
    }

    private static ContainerStatus container(ContainerState state) {
        return new ContainerStatus(
                "app",
                state,
                new ContainerState.Terminated(1, 0, "Error", null, WHEN, WHEN, "crun://b"),
                false,
                true,
                2,
                "docker.io/library/nginx:latest",
                "docker.io/library/nginx@sha256:0123",
                "crun://c",
                null,
                List.of(),
                new ProcessIdentity(1000, 1001, List.of(2000L)));
    }

    private static PodStatus status(
            PodStatus.Phase phase,
            @Nullable String ip,
            List<Condition> conditions,
            ContainerState state) {
        return new PodStatus(
                phase,
                conditions,
                "Because",
                "It is so.",
                ip,
                ip,
                WHEN,
                List.of(),
                List.of(container(state)),
                "BestEffort",
                0,
                List.of());
    }

    private KubeApi.Node node(String memory, String ready) {
        return new KubeApi.Node(
                "fargate-" + namespace(),
                Map.of("berth.dev/test", namespace()),
                Map.of("berth.dev/pod-uid", "some"),
                List.of(
                        new KubeApi.Taint(
                                "eks.amazonaws.com/compute-type", "fargate", "NoSchedule")),
                "aws:///eu-west-1a/0123456789-abc/fargate-172.16.1.241",
                List.of(
                        new KubeApi.Address("InternalIP", "172.16.1.241"),
                        new KubeApi.Address("Hostname", "ip-172-16-1-241")),
                Map.of("cpu", "2", "memory", memory, "pods", "1"),
                Map.of("cpu", "2", "memory", memory, "pods", "1"),
                List.of(
                        new KubeApi.NodeCondition(
                                "Ready", ready, "KubeletReady", "is ready", WHEN, WHEN)),
                new KubeApi.SystemInfo(
                        "Amazon Linux 2",
                        "6.1",
                        "crun://1.8.1",
                        "v1.36.3-eks-berth",
                        "amd64",
                        "m",
                        "s",
                        "b",
                        true),
                10250);
    }

    /** What a watch told of one namespace, as sentences. */
    private static final class Tales implements PodListener {
        private final String namespace;
        private final BlockingQueue<String> tales = new LinkedBlockingQueue<>();

        Tales(String namespace) {
            this.namespace = namespace;
        }

        @Override
        public void present(Pod pod) {
            tell("present", pod);
        }

        @Override
        public void gone(Pod pod) {
            tell("gone", pod);
        }

        @Override
        public void synced() {
            tales.add("synced");
        }

        private void tell(String what, Pod pod) {
            var about = pod.metadata().namespace().equals(namespace);
            if (about && (!pod.deleting() || what.equals("gone"))) {
                tales.add(what + " " + pod.metadata().name() + " on " + pod.spec().nodeName());
            }
        }

        String next() throws InterruptedException {
            var tale = tales.poll(SECONDS, TimeUnit.SECONDS);
            return tale == null ? "nothing within " + SECONDS + " s" : tale;
        }
    }
}
