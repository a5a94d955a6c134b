package dev.berth.engine.scheduler;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.cluster.ServiceRange;
import dev.berth.core.network.Subnet;
import dev.berth.core.network.Vpc;
import dev.berth.core.node.HostFacts;
import dev.berth.core.placement.HostCapacity;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.profile.FargateProfile;
import dev.berth.engine.RecentTimelines;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.account.RoleView;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.engine.nodes.FargateNodes;
import dev.berth.engine.nodes.Places;
import dev.berth.port.KubeApi;
import dev.berth.port.Time;
import dev.berth.testkit.Chaos;
import dev.berth.testkit.Chaos.Fate;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakeTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** A cluster with one profile over two subnets, a scheduler and nodes, all on fakes. */
final class SchedulerSite implements AutoCloseable {
    /** Longer than anything takes on a machine that has much else to do. */
    private static final Duration SOON = Duration.ofSeconds(60);

    static final String ROLE = "arn:aws:iam::111122223333:role/pods";

    final FakeTime time = new FakeTime();
    final FakeKubeApi api;
    final RecentTimelines timelines = new RecentTimelines(time, 1000);
    final List<FargateProfile> profiles = new CopyOnWriteArrayList<>();
    final Map<String, Subnet> subnets = new ConcurrentHashMap<>();
    final Map<String, RoleView.RoleFacts> roles = new ConcurrentHashMap<>();
    final Set<String> attached = ConcurrentHashMap.newKeySet();
    private final HostCapacity capacity;
    private Chaos life = new Chaos(() -> Fate.WORKS);
    Places places;
    volatile boolean dnsHostnames;
    FargateNodes nodes;
    FargateScheduler scheduler;

    SchedulerSite() {
        this(new HostCapacity(64_000, 262_144), null);
    }

    /** With a seed, the API server's watch is late and out of order. */
    SchedulerSite(HostCapacity capacity, Long seed) {
        api = seed == null ? new FakeKubeApi(time::now) : new FakeKubeApi(time::now, seed);
        this.capacity = capacity;
        places = new Places(capacity, _ -> Set.of());
        subnet("subnet-1", "172.16.1.0/24", "eu-west-1a");
        subnet("subnet-2", "172.16.2.0/24", "eu-west-1b");
        profiles.add(
                aProfile("fp-default")
                        .role(ROLE)
                        .subnets("subnet-1", "subnet-2")
                        .selecting("default")
                        .build());
        roles.put(
                ROLE,
                new RoleView.RoleFacts(
                        ROLE,
                        "AROAEXAMPLE",
                        "pods",
                        List.of("eks-fargate-pods.amazonaws.com"),
                        List.of(),
                        List.of()));
        api.putConfigMap("kube-system", "aws-auth", Map.of("mapRoles", "- rolearn: " + ROLE));
    }

    void subnet(String id, String cidr, String zone) {
        subnets.put(id, new Subnet(id, "vpc-1", cidr, zone));
    }

    /** Begins a life that knows nothing of those before. */
    SchedulerSite start() {
        life = new Chaos(() -> Fate.WORKS);
        places = new Places(capacity, _ -> Set.of());
        var ownTime = life.around(Time.class, time);
        var cluster =
                new RunningCluster(
                        "shirwalab-eks-dev",
                        "arn:aws:eks:eu-west-1:111122223333:cluster/shirwalab-eks-dev",
                        "111122223333",
                        "eu-west-1",
                        "v1.36.3",
                        "vpc-1",
                        ServiceRange.parse("10.100.0.0/16").orElseThrow(),
                        life.around(KubeApi.class, api));
        var host =
                new HostFacts(
                        "eu-west-1",
                        "Amazon Linux 2",
                        "6.1.0",
                        "crun://1.8.1",
                        "v1.36.3",
                        "amd64",
                        "b5a1d1f2-0000-4000-8000-000000000000");
        nodes = new FargateNodes(cluster, network(), host, places, attached::contains, ownTime);
        nodes.start();
        scheduler =
                new FargateScheduler(
                        cluster,
                        _ -> List.copyOf(profiles),
                        network(),
                        arn -> Optional.ofNullable(roles.get(arn)),
                        nodes,
                        places,
                        "amd64",
                        ownTime,
                        timelines);
        scheduler.start();
        return this;
    }

    /** Stops scheduler and nodes. */
    void stop() {
        scheduler.close();
        nodes.close();
    }

    /** Ends scheduler and nodes as a kill does: nothing that they begin now comes through. */
    void crash() {
        life.sever();
        stop();
    }

    /** All addresses that pods hold. */
    List<String> addresses() {
        return subnets.keySet().stream().flatMap(id -> places.addressesIn(id).stream()).toList();
    }

    /** Waits until all has settled, and then finds it so. */
    void await(Predicate<FakeKubeApi> condition) {
        still();
        assertThat(condition.test(api)).as("so, when nothing changes any more").isTrue();
    }

    /** Waits until nothing changes any more before time passes. */
    void still() {
        try {
            api.awaitStill(nodes.busy()::awaitQuiet, SOON);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Lets time pass, from timer to timer, until something holds, or for that long. */
    void passUntil(BooleanSupplier condition, Duration atMost) {
        var end = time.now().plus(atMost);
        still();
        while (!condition.getAsBoolean()
                && time.nextDue().filter(due -> !due.isAfter(end)).isPresent()) {
            time.advanceToNextTimer();
            still();
        }
    }

    private NetworkView network() {
        return new NetworkView() {
            @Override
            public Optional<Vpc> vpc(String id) {
                return Optional.of(new Vpc(id, "172.16.0.0/16", true, dnsHostnames));
            }

            @Override
            public Optional<Subnet> subnet(String id) {
                return Optional.ofNullable(subnets.get(id));
            }

            @Override
            public List<Subnet> subnetsOf(String vpcId) {
                return List.copyOf(subnets.values());
            }

            @Override
            public boolean isPublic(String subnetId) {
                return false;
            }
        };
    }

    /** Waits until something waits for that long from now. */
    void awaitPause(Duration span) {
        try {
            time.awaitTimer(span);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until all has settled; then the pod is bound. */
    Pod bound(PodKey key) {
        return found(key, pod -> pod.spec().nodeName() != null);
    }

    /** Waits until all has settled; then the pod's condition says False for that reason. */
    Pod refused(PodKey key, String code) {
        return found(
                key,
                pod -> {
                    var condition = pod.status().conditionsByType().get("PodScheduled");
                    return condition != null
                            && condition.status().equals("False")
                            && code.equals(condition.reason());
                });
    }

    private Pod found(PodKey key, Predicate<Pod> condition) {
        still();
        return api.awaitPod(key, condition, Duration.ZERO);
    }

    /** The events of a pod as {@code Type Reason Component Message}. */
    List<String> events(PodKey key) {
        return api.events(key).stream().map(recorded -> text(recorded.event())).toList();
    }

    void awaitEvent(PodKey key, String reason) {
        await(server ->
                server.events(key).stream().anyMatch(one -> one.event().reason().equals(reason)));
    }

    private static String text(KubeApi.Event event) {
        return (event.warning() ? "Warning " : "Normal ")
                + event.reason()
                + " "
                + event.component()
                + " "
                + event.message();
    }

    @Override
    public void close() {
        if (scheduler != null) {
            stop();
        }
        api.close();
    }
}
