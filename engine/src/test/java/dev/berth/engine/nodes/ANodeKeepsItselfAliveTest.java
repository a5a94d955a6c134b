package dev.berth.engine.nodes;

import static dev.berth.core.pod.PodBuilder.aPod;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.cluster.ServiceRange;
import dev.berth.core.network.NodeService;
import dev.berth.core.network.Subnet;
import dev.berth.core.network.Vpc;
import dev.berth.core.node.HostFacts;
import dev.berth.core.node.NodeLease;
import dev.berth.core.node.NodeView.Taint;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.placement.HostCapacity;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.tenancy.TenantUse;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.engine.podworker.Machine;
import dev.berth.port.KubeApi;
import dev.berth.port.PodNetwork;
import dev.berth.testkit.FakeContainerRuntime;
import dev.berth.testkit.FakeImages;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakePodFiles;
import dev.berth.testkit.FakePodLogs;
import dev.berth.testkit.FakePodNetwork;
import dev.berth.testkit.FakeProbeNetwork;
import dev.berth.testkit.FakeStore;
import dev.berth.testkit.FakeTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The life of ordinary nodes on a machine in memory. */
class ANodeKeepsItselfAliveTest {
    private static final Subnet SUBNET =
            new Subnet("subnet-1", "vpc-1", "172.16.1.0/24", "eu-west-1a");

    private final FakeTime time = new FakeTime();
    private final FakeKubeApi api = new FakeKubeApi(time::now);
    private final FakePodNetwork network = new FakePodNetwork();
    private final FakePodFiles files = new FakePodFiles();
    private final OrdinaryNodeRecords records = new OrdinaryNodeRecords(new FakeStore());
    private final Set<String> held = ConcurrentHashMap.newKeySet();
    private final RunningCluster cluster =
            new RunningCluster(
                    "lab",
                    "arn:aws:eks:eu-west-1:111122223333:cluster/lab",
                    "111122223333",
                    "eu-west-1",
                    "v1.36.3",
                    "vpc-1",
                    ServiceRange.parse("10.100.0.0/16").orElseThrow(),
                    api);
    private Places places = new Places(new HostCapacity(4000, 8192), _ -> Set.of());
    private OrdinaryNodes nodes = life();

    ANodeKeepsItselfAliveTest() {
        network.ensureVpc(new PodNetwork.Vpc("vpc-1", List.of("172.16.0.0/16"), List.of()));
    }

    @AfterEach
    void end() {
        nodes.close();
    }

    private OrdinaryNodes life() {
        places = new Places(new HostCapacity(4000, 8192), _ -> held);
        return new OrdinaryNodes(
                cluster,
                records,
                new OneSubnet(),
                new Machine(
                        new FakeContainerRuntime(time),
                        network,
                        new FakeProbeNetwork(),
                        new FakeImages(),
                        files,
                        new FakePodLogs(),
                        time),
                new HostFacts(
                        "eu-west-1",
                        "Debian GNU/Linux 12 (bookworm)",
                        "6.1.0",
                        "crun://1.8.1",
                        "v1.36.3",
                        "amd64",
                        "b5a1d1f2-0000-4000-8000-000000000000"),
                places,
                List::of);
    }

    @Test
    void it_registers_and_renews_its_lease_but_tells_its_status_seldom() throws Exception {
        nodes.add(wanted("one"));
        time.awaitTimer(NodeLease.RENEW_EVERY);
        assertThat(one().labels())
                .containsEntry("kubernetes.io/hostname", "one")
                .containsEntry("topology.kubernetes.io/zone", "eu-west-1a");
        assertThat(one().allocatable())
                .containsEntry("memory", "4091904Ki")
                .containsEntry("pods", "110");
        var first = heartbeat();
        for (var renewal = 1; renewal <= 4; renewal++) {
            time.advance(NodeLease.RENEW_EVERY);
            time.awaitTimer(NodeLease.RENEW_EVERY);
            assertThat(requireNonNull(api.leases().get("one")).renewTime()).isEqualTo(time.now());
        }
        assertThat(heartbeat()).isEqualTo(first);
        while (time.now().isBefore(first.plus(Duration.ofMinutes(5)))) {
            time.advance(NodeLease.RENEW_EVERY);
            time.awaitTimer(NodeLease.RENEW_EVERY);
        }
        assertThat(heartbeat()).isEqualTo(time.now());
        assertThat(ready().lastTransition()).isEqualTo(first);
    }

    @Test
    void it_comes_back_with_its_pods_addresses_and_keeps_taints_that_others_gave_it()
            throws Exception {
        var node = nodes.add(wanted("one"));
        time.awaitTimer(NodeLease.RENEW_EVERY);
        var pod = aPod().uid("web").scheduler("default-scheduler").on("one").build();
        var place = (SharedPlace) nodes.place(pod).orElseThrow();
        assertThat(nodes.refusal(pod, place)).isEmpty();
        network.attach(new PodNetwork.Attachment("web", "vpc-1", place.address(), "web"));
        nodes.close();
        api.applyNode(withTaint(one()));

        nodes = life();
        nodes.start();
        time.awaitTimer(NodeLease.RENEW_EVERY);
        assertThat(one().taints()).hasSize(1);
        assertThat(nodes.place(pod).orElseThrow())
                .isEqualTo(new SharedPlace(node, place.address()));
        assertThat(places.addressesIn("subnet-1")).containsOnly(node.address(), place.address());
        assertThat(places.capacityLeft()).isEqualTo(new HostCapacity(2000, 4096));
    }

    @Test
    void a_pods_address_is_free_when_it_is_detached_and_with_the_nodes_network_it_has_none()
            throws Exception {
        var node = nodes.add(wanted("one"));
        var guest = aPod().uid("guest").scheduler("default-scheduler").on("one");
        var own = nodes.place(guest.build()).orElseThrow();
        assertThat(own.hostAddress()).isEqualTo(node.address());
        assertThat(own.address()).isNotEqualTo(node.address());
        var hosted = aPod().uid("hosted").on("one").hostNetwork().build();
        assertThat(nodes.place(hosted).orElseThrow().address()).isEqualTo(node.address());
        nodes.detached("guest");
        assertThat(places.addressesIn("subnet-1")).containsOnly(node.address());
    }

    @Test
    void what_cannot_be_is_refused_with_the_reason() throws Exception {
        nodes.add(wanted("one"));
        assertThatThrownBy(() -> nodes.add(wanted("one"))).hasMessageContaining("already");
        assertThatThrownBy(() -> nodes.add(wanted("Two"))).hasMessageContaining("lower case");
        assertThatThrownBy(() -> nodes.add(wanted("fargate-1"))).hasMessageContaining("fargate-");
        assertThatThrownBy(() -> nodes.add(wanted("two", "subnet-9", 4096)))
                .hasMessageContaining("subnet-9 is no subnet");
        assertThatThrownBy(() -> nodes.add(wanted("two", null, 4097)))
                .hasMessageContaining("4096 MiB left");
        assertThatThrownBy(() -> nodes.remove("two")).hasMessageContaining("no node two");
        assertThat(nodes.all()).hasSize(1);
    }

    @Test
    void a_pressure_is_told_for_five_minutes_after_it_was_seen_last_and_sends_one_pod_a_look()
            throws Exception {
        nodes.add(wanted("one"));
        time.awaitTimer(NodeLease.RENEW_EVERY);
        var uses = new AtomicReference<>(List.of(use("a", 3000), use("b", 1090)));
        var evicted = new CopyOnWriteArrayList<String>();
        try (var watch = new PressureWatch(nodes, pods(uses, evicted), time)) {
            watch.start();
            time.advance(PressureWatch.EVERY);
            awaitCondition("MemoryPressure", "True");
            assertThat(evicted).containsExactly("a");
            time.advance(PressureWatch.EVERY);
            assertThat(evicted).containsExactly("a", "a");
            uses.set(List.of(use("b", 1090)));
            var last = time.now();
            while (time.now()
                    .plus(PressureWatch.EVERY)
                    .isBefore(last.plus(PressureWatch.TOLD_FOR))) {
                time.advance(PressureWatch.EVERY);
                assertThat(nodes.refusal(besteffort(), nodes.place(besteffort()).orElseThrow()))
                        .isPresent();
            }
            assertThat(condition("MemoryPressure").status()).isEqualTo("True");
            time.advance(PressureWatch.EVERY);
            awaitCondition("MemoryPressure", "False");
            assertThat(nodes.refusal(besteffort(), nodes.place(besteffort()).orElseThrow()))
                    .isEmpty();
            assertThat(evicted).hasSize(2);
        }
        time.advance(PressureWatch.EVERY.multipliedBy(3));
        assertThat(evicted).hasSize(2);
    }

    @Test
    void a_pod_that_finds_no_address_is_told_so_once_and_gets_the_first_that_is_free()
            throws Exception {
        nodes.add(wanted("one"));
        for (var last = 0; last < 256; last++) {
            held.add("172.16.1." + last);
        }
        assertThat(nodes.place(besteffort())).isEmpty();
        assertThat(nodes.place(besteffort())).isEmpty();
        for (var tries = 0; tries < 500 && api.events(besteffort().key()).isEmpty(); tries++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(api.events(besteffort().key()))
                .hasSize(1)
                .first()
                .satisfies(told -> {
                    assertThat(told.count()).isEqualTo(1);
                    assertThat(told.event().reason()).isEqualTo("FailedCreatePodSandBox");
                    assertThat(told.event().message())
                            .isEqualTo(
                                    "Failed to create pod sandbox: no address is left in subnet-1");
                });
        held.remove("172.16.1.77");
        assertThat(nodes.place(besteffort()).orElseThrow().address()).isEqualTo("172.16.1.77");
    }

    @Test
    void a_critical_pod_waits_until_those_have_ended_that_make_room_for_it() throws Exception {
        nodes.add(wanted("one"));
        var told = tell();
        var victim = sized("victim", "1500m");
        var place = nodes.place(victim).orElseThrow();
        assertThat(nodes.refusal(victim, place)).isEmpty();
        var critical =
                aPod().uid("critical")
                        .priority(2_000_001_000)
                        .requesting("1", "1Mi")
                        .on("one")
                        .build();
        assertThat(nodes.refusal(critical, nodes.place(critical).orElseThrow())).isEmpty();
        assertThat(told).containsExactly("Preempting victim");
        assertThat(nodes.waits(critical, place)).isTrue();
        var other = sized("other", "100m");
        assertThat(nodes.refusal(other, nodes.place(other).orElseThrow())).isPresent();
        nodes.ended(victim, place);
        assertThat(told).containsExactly("Preempting victim", "look critical");
        assertThat(nodes.waits(critical, place)).isFalse();
        assertThat(nodes.refusal(other, nodes.place(other).orElseThrow())).isEmpty();
    }

    @Test
    void a_resize_waits_for_room_and_what_was_given_is_what_counts() throws Exception {
        nodes.add(wanted("one"));
        var told = tell();
        for (var uid : List.of("a", "b", "c")) {
            var pod = sized(uid, "600m");
            assertThat(nodes.refusal(pod, nodes.place(pod).orElseThrow())).isEmpty();
        }
        var place = nodes.place(sized("a", "600m")).orElseThrow();
        assertThat(nodes.resize(sized("a", "900m"), sized("a", "600m"), place))
                .hasValueSatisfying(why -> {
                    assertThat(why.reason()).isEqualTo("OutOfcpu");
                    assertThat(why.message())
                            .isEqualTo(
                                    "Node didn't have enough resource: cpu, requested: 900, used:"
                                            + " 1200, capacity: 2000");
                });
        assertThat(nodes.resize(sized("b", "1100m"), sized("b", "600m"), place)).isPresent();
        assertThat(nodes.resize(sized("c", "400m"), sized("c", "600m"), place)).isEmpty();
        assertThat(told).containsExactly("look a", "look b");
        assertThat(nodes.resize(sized("a", "900m"), sized("a", "600m"), place)).isEmpty();
        assertThat(nodes.resize(sized("b", "1100m"), sized("b", "600m"), place))
                .hasValueSatisfying(why -> assertThat(why.message()).contains("used: 1300"));
        var late = sized("late", "200m");
        assertThat(nodes.refusal(late, nodes.place(late).orElseThrow())).isPresent();
        told.clear();
        nodes.ended(sized("a", "900m"), place);
        assertThat(told).containsExactly("look b");
        assertThat(nodes.resize(sized("b", "1100m"), sized("b", "600m"), place)).isEmpty();
    }

    @Test
    void services_are_told_to_the_network_as_nodes_and_pods_come_and_go() throws Exception {
        var node = nodes.add(wanted("one"));
        var near =
                new NodeService(
                        "default", "near", List.of("10.100.0.9"), true, false, List.of(port(0)));
        try (var ways = new ServiceWays(cluster, nodes, network, time)) {
            ways.start();
            ways.look();
            assertThat(network.serviceLeads("lab")).as("nothing before it is told").isEmpty();
            api.nodeServices(List.of(near));
            awaitAskers(List.of("172.16.1.9", node.address()));
            ways.present(running("guest", "172.16.1.7"));
            awaitAskers(List.of("172.16.1.7", "172.16.1.9", node.address()));
            ways.present(running("guest", "172.16.1.8"));
            awaitAskers(List.of("172.16.1.8", "172.16.1.9", node.address()));
            ways.gone(running("guest", "172.16.1.8"));
            awaitAskers(List.of("172.16.1.9", node.address()));
            api.nodeServices(List.of());
            awaitAskers(List.of());
        }
    }

    private static NodeService.Port port(int nodePort) {
        return new NodeService.Port(
                "TCP", 80, nodePort, List.of(new NodeService.Endpoint("172.16.1.9", 8080, "one")));
    }

    private static Pod running(String uid, String address) {
        return aPod().uid(uid)
                .on("one")
                .status(
                        new PodStatus(
                                PodStatus.Phase.RUNNING,
                                List.of(),
                                null,
                                null,
                                address,
                                null,
                                null,
                                List.of(),
                                List.of(),
                                null,
                                1,
                                List.of()))
                .build();
    }

    /** The thread of the Services tells it, soon after the look. */
    private void awaitAskers(List<String> askers) throws InterruptedException {
        var wanted = askers.stream().sorted().toList();
        for (var tries = 0; tries < 500 && !askers().equals(wanted); tries++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(askers()).isEqualTo(wanted);
    }

    private List<String> askers() {
        return network.serviceLeads("lab").stream()
                .flatMap(lead -> lead.from().stream())
                .sorted()
                .toList();
    }

    private static Pod sized(String uid, String cpu) {
        return aPod().uid(uid)
                .scheduler("default-scheduler")
                .requesting(cpu, "1Mi")
                .on("one")
                .build();
    }

    private List<String> tell() {
        var told = new CopyOnWriteArrayList<String>();
        nodes.onRoom(
                new OrdinaryNodes.Workers() {
                    @Override
                    public void evict(String podUid, Verdict why) {
                        told.add(why.reason() + " " + podUid);
                    }

                    @Override
                    public void look(String podUid) {
                        told.add("look " + podUid);
                    }
                });
        return told;
    }

    private static Pod besteffort() {
        return aPod().uid("new").named("new").scheduler("default-scheduler").on("one").build();
    }

    private static TenantUse use(String uid, long mebibytes) {
        var pod = aPod().uid(uid).named(uid).scheduler("default-scheduler").on("one").build();
        return new TenantUse(pod, mebibytes << 20, Map.of(), 0, Map.of());
    }

    private static PressureWatch.Pods pods(
            AtomicReference<List<TenantUse>> uses, List<String> evicted) {
        return new PressureWatch.Pods() {
            @Override
            public List<TenantUse> uses(String nodeName) {
                return uses.get();
            }

            @Override
            public void evict(String podUid, Verdict why) {
                evicted.add(podUid);
            }
        };
    }

    /** The node's own thread tells it, soon after the look. */
    private void awaitCondition(String type, String status) throws InterruptedException {
        for (var tries = 0; tries < 500 && !condition(type).status().equals(status); tries++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(condition(type).status()).as(type).isEqualTo(status);
    }

    private KubeApi.NodeCondition condition(String type) {
        return one().conditions().stream()
                .filter(condition -> condition.type().equals(type))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_removed_node_waits_for_its_last_pod() throws Exception {
        var node = nodes.add(wanted("one"));
        time.awaitTimer(NodeLease.RENEW_EVERY);
        var pod = aPod().uid("web").scheduler("default-scheduler").on("one").build();
        api.create(pod);
        var place = nodes.place(pod).orElseThrow();
        assertThat(nodes.refusal(pod, place)).isEmpty();
        nodes.remove("one");
        assertThat(api.nodes()).isEmpty();
        assertThat(network.attached()).containsKey(node.id());
        nodes.ended(pod, place);
        assertThat(network.attached()).isEmpty();
        assertThat(places.addressesIn("subnet-1")).isEmpty();
        assertThat(places.capacityLeft()).isEqualTo(new HostCapacity(4000, 8192));
        assertThat(files.pods()).isEmpty();
    }

    private KubeApi.Node one() {
        return requireNonNull(api.nodes().get("one"));
    }

    private KubeApi.NodeCondition ready() {
        return one().conditions().stream()
                .filter(condition -> condition.type().equals("Ready"))
                .findFirst()
                .orElseThrow();
    }

    private Instant heartbeat() {
        return ready().lastHeartbeat();
    }

    private static KubeApi.Node withTaint(KubeApi.Node of) {
        return new KubeApi.Node(
                of.name(),
                of.labels(),
                of.annotations(),
                List.of(new KubeApi.Taint("mine", "", "NoSchedule")),
                of.providerId(),
                of.addresses(),
                of.capacity(),
                of.allocatable(),
                of.conditions(),
                of.info(),
                of.kubeletPort());
    }

    private static NewNode wanted(String name) {
        return wanted(name, null, 4096);
    }

    private static NewNode wanted(String name, @Nullable String subnet, int memoryMebibytes) {
        return new NewNode(
                name, subnet, 2000, memoryMebibytes, 20, 110, null, Map.of(), List.<Taint>of());
    }

    private static final class OneSubnet implements NetworkView {
        @Override
        public Optional<Vpc> vpc(String id) {
            return Optional.empty();
        }

        @Override
        public Optional<Subnet> subnet(String id) {
            return Optional.of(SUBNET).filter(subnet -> subnet.id().equals(id));
        }

        @Override
        public List<Subnet> subnetsOf(String vpcId) {
            return List.of(SUBNET);
        }

        @Override
        public boolean isPublic(String subnetId) {
            return false;
        }
    }
}
