package dev.berth.app;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.adapter.kube.HttpKubeApi;
import dev.berth.adapter.time.SystemTime;
import dev.berth.core.cluster.ServiceRange;
import dev.berth.core.network.Subnet;
import dev.berth.core.network.Vpc;
import dev.berth.core.node.HostFacts;
import dev.berth.core.placement.HostCapacity;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.profile.FargateProfile;
import dev.berth.engine.RecentTimelines;
import dev.berth.engine.Timeline.Phase;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.account.RoleView.RoleFacts;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.engine.nodes.FargateNodes;
import dev.berth.engine.nodes.Places;
import dev.berth.engine.scheduler.FargateScheduler;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.PodListener;
import dev.berth.port.Subscription;
import dev.berth.testkit.RealControlPlane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Scheduler and nodes against a real kube-apiserver and etcd; times are printed, not asserted. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SchedulingOnARealApiServerIT {
    private static final String ROLE = "arn:aws:iam::111122223333:role/pods";
    private static final long SECONDS = 30;

    private final FargateProfile profile =
            aProfile("fp-default").role(ROLE).subnets("subnet-1").selecting("default").build();
    private RealControlPlane plane;
    private SystemTime time;
    private HttpKubeApi api;
    private FargateNodes nodes;
    private FargateScheduler scheduler;
    private RecentTimelines timelines;
    private final Map<String, Pod> bound = new ConcurrentHashMap<>();
    private final Map<String, CountDownLatch> awaited = new ConcurrentHashMap<>();
    private final Map<String, Long> seenBoundNanos = new ConcurrentHashMap<>();

    @BeforeAll
    void startTheControlPlane() throws Exception {
        var program = RealControlPlane.program();
        assumeTrue(program.isPresent(), "the control plane's program is not built");
        plane = RealControlPlane.start(program.get());
    }

    @AfterAll
    void stopTheControlPlane() throws Exception {
        if (plane != null) {
            plane.close();
        }
    }

    @BeforeEach
    void start() throws KubeRefused {
        time = new SystemTime();
        api =
                new HttpKubeApi(
                        plane.endpoint(),
                        plane.caPem(),
                        plane.clientCertPem(),
                        plane.clientKeyPem());
        api.updateConfigMap(
                "kube-system", "aws-auth", _ -> Map.of("mapRoles", "- rolearn: " + ROLE));
        timelines = new RecentTimelines(time, 1000);
        startScheduling();
    }

    private void startScheduling() {
        var cluster =
                new RunningCluster(
                        "lab",
                        "arn",
                        "111122223333",
                        "eu-west-1",
                        "v1.36.3",
                        "vpc-1",
                        ServiceRange.parse("10.100.0.0/16").orElseThrow(),
                        api);
        var host =
                new HostFacts(
                        "eu-west-1",
                        "Amazon Linux 2",
                        "6.1",
                        "crun://1.8.1",
                        "v1.36.3",
                        "amd64",
                        "boot");
        var places = new Places(new HostCapacity(1_000_000, 1_000_000), _ -> Set.of());
        var network = new OneSubnet();
        nodes = new FargateNodes(cluster, network, host, places, _ -> false, time);
        nodes.start();
        scheduler =
                new FargateScheduler(
                        cluster,
                        _ -> List.of(profile),
                        network,
                        _ -> Optional.of(role()),
                        nodes,
                        places,
                        "amd64",
                        time,
                        timelines);
        scheduler.start();
        var _ = follow();
    }

    private Subscription follow() {
        return api.watchPods(
                new PodListener() {
                    @Override
                    public void present(Pod pod) {
                        if (pod.spec().nodeName() != null) {
                            seenBoundNanos.putIfAbsent(pod.key().toString(), System.nanoTime());
                            bound.put(pod.key().toString(), pod);
                            latch(pod.key()).countDown();
                        }
                    }

                    @Override
                    public void gone(Pod pod) {
                        bound.remove(pod.key().toString());
                    }

                    @Override
                    public void synced() {}
                });
    }

    @AfterEach
    void stop() throws Exception {
        if (api == null) {
            return;
        }
        for (var pod : bound.values()) {
            api.deletePod(pod.key(), pod.uid(), 0);
        }
        scheduler.close();
        nodes.close();
        api.close();
        time.close();
    }

    private CountDownLatch latch(PodKey key) {
        return awaited.computeIfAbsent(key.toString(), _ -> new CountDownLatch(1));
    }

    private static RoleFacts role() {
        return new RoleFacts(
                ROLE,
                "AROAEXAMPLE",
                "pods",
                List.of("eks-fargate-pods.amazonaws.com"),
                List.of(),
                List.of());
    }

    private static final class OneSubnet implements NetworkView {
        private final Subnet subnet =
                new Subnet("subnet-1", "vpc-1", "172.16.0.0/16", "eu-west-1a");

        @Override
        public Optional<Vpc> vpc(String id) {
            return Optional.of(new Vpc(id, "172.16.0.0/16", true, false));
        }

        @Override
        public Optional<Subnet> subnet(String id) {
            return Optional.of(subnet);
        }

        @Override
        public List<Subnet> subnetsOf(String vpcId) {
            return List.of(subnet);
        }

        @Override
        public boolean isPublic(String subnetId) {
            return false;
        }
    }

    private PodKey create(String name) throws KubeRefused {
        api.apply(
                """
                apiVersion: v1
                kind: Pod
                metadata:
                  name: %s
                  namespace: default
                  labels: {eks.amazonaws.com/fargate-profile: fp-default}
                spec:
                  schedulerName: fargate-scheduler
                  containers: [{name: app, image: nginx}]
                """
                        .formatted(name));
        return new PodKey("default", name);
    }

    private Pod awaitBound(PodKey key) throws InterruptedException {
        assertThat(latch(key).await(SECONDS, TimeUnit.SECONDS)).as("%s bound", key).isTrue();
        return java.util.Objects.requireNonNull(bound.get(key.toString()));
    }

    @Test
    void a_pod_gets_its_node_and_annotations_and_its_node_goes_with_it() throws Exception {
        var pod = awaitBound(create("web"));
        assertThat(pod.metadata().annotations())
                .containsEntry("CapacityProvisioned", "0.25vCPU 0.5GB")
                .containsEntry("Logging", "LoggingDisabled: LOGGING_CONFIGMAP_NOT_FOUND");
        assertThat(pod.status().conditionsByType().get("PodScheduled").status()).isEqualTo("True");
        var node = awaitNodes(1).getFirst();
        assertThat(node).isEqualTo(pod.spec().nodeName());
        api.deletePod(pod.key(), pod.uid(), 0);
        assertThat(awaitNodes(0)).isEmpty();
    }

    /** Nodes cannot be watched through the port, so they are asked for, for a bounded time. */
    private List<String> awaitNodes(int count) throws InterruptedException {
        var names = List.<String>of();
        for (int attempt = 0; attempt < 500; attempt++) {
            names =
                    api.nodes("eks.amazonaws.com/compute-type", "fargate").stream()
                            .map(dev.berth.port.KubeApi.Node::name)
                            .toList();
            if (names.size() == count) {
                return names;
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        return names;
    }

    @Test
    void a_restart_knows_what_was_placed() throws Exception {
        var pod = awaitBound(create("survivor"));
        awaitNodes(1);
        scheduler.close();
        nodes.close();
        startScheduling();
        assertThat(nodes.placed(String.valueOf(pod.spec().nodeName())).orElseThrow().podUid())
                .isEqualTo(pod.uid());
    }

    @Test
    void how_long_it_takes() throws Exception {
        var millis = new ArrayList<Double>();
        for (int i = 0; i < 60; i++) {
            var begun = System.nanoTime();
            var key = create("one-" + i);
            awaitBound(key);
            var seen = java.util.Objects.requireNonNull(seenBoundNanos.get(key.toString()));
            millis.add((seen - begun) / 1e6);
        }
        var warm = millis.subList(20, 60).stream().sorted().toList();
        System.out.printf(
                "create -> bound and seen, one after another: p50 %.1f ms, p90 %.1f ms, first %.1f"
                        + " ms%n",
                warm.get(warm.size() / 2), warm.get(warm.size() * 9 / 10), millis.getFirst());
        var last = java.util.Objects.requireNonNull(bound.get("default/one-59"));
        System.out.println("phases of the last: " + phases(last.uid()));

        var begun = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            create("many-" + i);
        }
        var created = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            awaitBound(new PodKey("default", "many-" + i));
        }
        var took = (System.nanoTime() - begun) / 1e9;
        System.out.printf(
                "100 at once: %.2f s (%.0f binds/s), of which creating them one by one took %.2f"
                        + " s%n",
                took, 100 / took, (created - begun) / 1e9);
    }

    private String phases(String uid) {
        var stamps = timelines.of(uid);
        var seen = stamps.get(Phase.SEEN);
        var text = new StringBuilder();
        stamps.forEach((phase, at) ->
                text.append(phase)
                        .append(" +")
                        .append(Duration.between(seen, at).toNanos() / 1000)
                        .append("us "));
        return text.toString();
    }
}
