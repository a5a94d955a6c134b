package dev.berth.engine.scheduler;

import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.longs;

import dev.berth.core.placement.HostCapacity;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.testkit.Chaos;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ACrashLosesNothingTest {
    private static final PodKey WEB = new PodKey("default", "web");
    private static final HostCapacity ROOMY = new HostCapacity(1_000_000, 1_000_000);
    private static final int EXAMPLES = 200;
    private static Chaos.Silence silence;
    private final SchedulerSite site = new SchedulerSite();

    @BeforeAll
    static void letKilledThreadsEndInSilence() {
        silence = Chaos.silence();
    }

    @AfterAll
    static void restore() {
        silence.close();
    }

    @AfterEach
    void close() {
        site.close();
    }

    private static Pod create(SchedulerSite where, String name) {
        return where.api.create(
                aPod().named(name).uid(UUID.randomUUID().toString()).profile("fp-default").build());
    }

    @Test
    void an_answer_that_is_lost_after_the_binding_is_found_out() {
        site.api.loseAnswerOfNext(Call.BIND);
        site.start();
        create(site, "web");
        site.bound(WEB);
        assertThat(site.api.calls(Call.BIND)).isEqualTo(1);
        site.await(api -> api.nodes().size() == 1);
    }

    @Test
    void a_binding_that_did_not_go_through_is_tried_again_at_the_same_place() {
        site.api.failNext(Call.BIND);
        site.start();
        create(site, "web");
        site.await(api -> api.calls(Call.BIND) == 1);
        site.awaitPause(Duration.ofSeconds(1));
        site.time.advance(Duration.ofSeconds(1));
        assertThat(site.bound(WEB).spec().nodeName()).isEqualTo("fargate-172.16.1.4");
        assertThat(site.api.nodes()).containsOnlyKeys("fargate-172.16.1.4");
    }

    @Test
    void a_node_that_could_not_be_written_comes_after_the_binding() {
        site.api.failNext(Call.APPLY_NODE);
        site.start();
        create(site, "web");
        site.bound(WEB);
        site.await(api -> api.nodes().size() == 1);
    }

    @Test
    void after_a_crash_between_node_and_binding_the_pod_gets_that_node() {
        site.api.failNext(Call.BIND);
        site.start();
        create(site, "web");
        site.await(api -> api.nodes().size() == 1 && api.calls(Call.BIND) == 1);
        site.crash();
        site.start();
        assertThat(site.bound(WEB).spec().nodeName()).isEqualTo("fargate-172.16.1.4");
        assertThat(site.api.nodes()).hasSize(1);
    }

    @Test
    void after_a_crash_between_binding_and_node_the_pod_gets_its_node() throws Exception {
        var pod = create(site, "web");
        site.api.bind(
                WEB,
                pod.uid(),
                "fargate-172.16.2.77",
                Map.of("CapacityProvisioned", "0.5vCPU 1GB"));
        site.start();
        site.await(api -> api.nodes().containsKey("fargate-172.16.2.77"));
        var placed = site.nodes.placed("fargate-172.16.2.77").orElseThrow();
        assertThat(placed.subnetId()).isEqualTo("subnet-2");
        assertThat(placed.size().cpuMillis()).isEqualTo(500);
        assertThat(site.places.addressesIn("subnet-2")).containsExactly("172.16.2.77");
    }

    @Test
    void what_was_placed_is_known_again_and_its_address_is_not_given_twice() {
        site.start();
        create(site, "web");
        var node = String.valueOf(site.bound(WEB).spec().nodeName());
        site.await(api -> api.nodes().size() == 1);
        var before = site.nodes.placed(node);
        site.stop();
        assertThat(site.addresses()).isEmpty();
        site.start();
        assertThat(site.nodes.placed(node)).isEqualTo(before);
        for (int i = 0; i < 3; i++) {
            create(site, "more-" + i);
            assertThat(site.bound(new PodKey("default", "more-" + i)).spec().nodeName())
                    .isNotEqualTo(node);
        }
    }

    @Test
    void nodes_whose_pods_went_meanwhile_are_removed_at_the_start() throws KubeRefused {
        site.start();
        var pod = create(site, "web");
        site.bound(WEB);
        site.await(api -> api.nodes().size() == 1);
        site.crash();
        site.api.deletePod(WEB, pod.uid(), 0);
        site.start();
        site.still();
        assertThat(site.api.nodes()).isEmpty();
        assertThat(site.addresses()).isEmpty();
    }

    @Test
    void a_pod_that_goes_before_it_is_bound_leaves_no_node() throws KubeRefused {
        site.api.failNext(Call.BIND);
        site.start();
        var pod = create(site, "web");
        site.await(api -> api.nodes().size() == 1 && api.calls(Call.BIND) == 1);
        site.api.deletePod(WEB, pod.uid(), 0);
        site.await(api -> api.nodes().isEmpty());
    }

    @Test
    void a_pod_that_somebody_else_bound_leaves_no_node() {
        site.api.refuseNext(Call.BIND, 409, "pod web is already assigned to node \"other\"");
        site.start();
        create(site, "web");
        site.await(api -> api.calls(Call.BIND) == 1);
        site.awaitPause(Duration.ofSeconds(1));
        site.time.advance(Duration.ofSeconds(1));
        site.bound(WEB);
        site.await(api -> api.nodes().size() == 1);
    }

    @Test
    void a_pod_bound_without_its_node_keeps_its_address_when_others_are_placed_first() {
        for (int seed = 0; seed < 50; seed++) {
            try (var world = new SchedulerSite(ROOMY, (long) seed)) {
                var old = create(world, "old");
                var capacity = Map.of("CapacityProvisioned", "0.25vCPU 0.5GB");
                world.api.bind(old.key(), old.uid(), "fargate-172.16.1.4", capacity);
                create(world, "new");
                world.start();
                var bound = world.bound(new PodKey("default", "new"));
                assertThat(bound.spec().nodeName()).isNotEqualTo("fargate-172.16.1.4");
            } catch (KubeRefused e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void a_pod_that_goes_while_its_binding_fails_leaves_no_node() throws KubeRefused {
        for (int seed = 0; seed < 50; seed++) {
            try (var world = new SchedulerSite(ROOMY, (long) seed)) {
                world.start();
                world.api.failNext(Call.BIND);
                var pod = create(world, "web");
                world.api.deletePod(pod.key(), pod.uid(), 0);
                world.still();
                assertThat(world.api.nodes()).isEmpty();
                assertThat(world.addresses()).isEmpty();
            }
        }
    }

    @Test
    void whatever_fails_and_whenever_it_stops_no_address_is_given_twice() {
        qt().withExamples(EXAMPLES)
                .withShrinkCycles(5)
                .forAll(longs().all(), integers().between(1, 25), integers().between(0, 3))
                .checkAssert(ACrashLosesNothingTest::survive);
    }

    /** Pods come, some go, calls fail, and Berth is stopped and killed; then all settle. */
    private static void survive(Long seed, int pods, int lives) {
        var random = new java.util.Random(seed);
        try (var world = new SchedulerSite(ROOMY, seed)) {
            world.start();
            for (int life = 0; life <= lives; life++) {
                planFaults(world, random);
                for (int i = 0; i < pods; i++) {
                    create(world, "pod-" + life + "-" + i);
                }
                if (random.nextInt(3) == 0) {
                    world.still();
                }
                for (var pod : world.api.pods()) {
                    if (random.nextInt(4) == 0) {
                        remove(world, pod);
                    }
                }
                if (life < lives) {
                    if (random.nextBoolean()) {
                        world.crash();
                    } else {
                        world.stop();
                    }
                    world.start();
                }
            }
            world.passUntil(() -> settled(world), Duration.ofMinutes(30));
            assertSettled(world);
            world.passUntil(() -> false, Duration.ofMinutes(1));
            assertSettled(world);
            silence.assertNoFault();
        }
    }

    private static void planFaults(SchedulerSite world, java.util.Random random) {
        for (var call :
                List.of(
                        Call.BIND,
                        Call.APPLY_NODE,
                        Call.DELETE_NODE,
                        Call.POD,
                        Call.CONFIG_MAP,
                        Call.RENEW_LEASE)) {
            for (int i = random.nextInt(3); i > 0; i--) {
                if (random.nextBoolean()) {
                    world.api.failNext(call);
                } else {
                    world.api.loseAnswerOfNext(call);
                }
            }
        }
    }

    /** A Node whose removal was not answered may be gone before its address is free. */
    private static boolean settled(SchedulerSite world) {
        var names = nodeNames(world);
        return world.api.nodes().keySet().equals(Set.copyOf(names))
                && world.addresses().size() == names.size();
    }

    private static void assertSettled(SchedulerSite world) {
        var names = nodeNames(world);
        assertThat(names).doesNotHaveDuplicates();
        assertThat(world.api.nodes().keySet()).containsExactlyInAnyOrderElementsOf(names);
        assertThat(world.addresses())
                .containsExactlyInAnyOrderElementsOf(
                        names.stream().map(name -> name.substring("fargate-".length())).toList());
    }

    private static List<String> nodeNames(SchedulerSite world) {
        return world.api.pods().stream().map(pod -> String.valueOf(pod.spec().nodeName())).toList();
    }

    private static void remove(SchedulerSite world, Pod pod) {
        try {
            world.api.deletePod(pod.key(), pod.uid(), 0);
        } catch (KubeRefused e) {
            throw new AssertionError(e);
        }
    }
}
