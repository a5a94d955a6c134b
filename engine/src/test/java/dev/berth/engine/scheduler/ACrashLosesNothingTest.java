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
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ACrashLosesNothingTest {
    private static final PodKey WEB = new PodKey("default", "web");
    private final SchedulerSite site = new SchedulerSite();

    @AfterEach
    void close() {
        site.close();
    }

    private Pod create(SchedulerSite where, String name) {
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
        site.api.await(api -> api.nodes().size() == 1, SchedulerSite.SOON);
    }

    @Test
    void a_binding_that_did_not_go_through_is_tried_again_at_the_same_place() {
        site.api.failNext(Call.BIND);
        site.start();
        create(site, "web");
        site.api.await(api -> api.calls(Call.BIND) == 1, SchedulerSite.SOON);
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
        site.api.await(api -> api.nodes().size() == 1, SchedulerSite.SOON);
    }

    @Test
    void after_a_crash_between_node_and_binding_the_pod_gets_that_node() {
        site.api.failNext(Call.BIND);
        site.start();
        create(site, "web");
        site.api.await(
                api -> api.nodes().size() == 1 && api.calls(Call.BIND) == 1, SchedulerSite.SOON);
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
        site.api.await(api -> api.nodes().containsKey("fargate-172.16.2.77"), SchedulerSite.SOON);
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
        site.api.await(api -> api.nodes().size() == 1, SchedulerSite.SOON);
        var before = site.nodes.placed(node);
        site.crash();
        assertThat(site.places.addressesIn("subnet-1")).isEmpty();
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
        site.api.await(api -> api.nodes().size() == 1, SchedulerSite.SOON);
        site.crash();
        site.api.deletePod(WEB, pod.uid(), 0);
        site.start();
        site.api.await(api -> api.nodes().isEmpty(), SchedulerSite.SOON);
        site.api.await(_ -> site.places.addressesIn("subnet-1").isEmpty(), SchedulerSite.SOON);
    }

    @Test
    void a_pod_that_goes_before_it_is_bound_leaves_no_node() throws KubeRefused {
        site.api.failNext(Call.BIND);
        site.start();
        var pod = create(site, "web");
        site.api.await(
                api -> api.nodes().size() == 1 && api.calls(Call.BIND) == 1, SchedulerSite.SOON);
        site.api.deletePod(WEB, pod.uid(), 0);
        site.api.await(api -> api.nodes().isEmpty(), SchedulerSite.SOON);
    }

    @Test
    void a_pod_that_somebody_else_bound_leaves_no_node() {
        site.api.refuseNext(Call.BIND, 409, "pod web is already assigned to node \"other\"");
        site.start();
        create(site, "web");
        site.api.await(api -> api.calls(Call.BIND) == 1, SchedulerSite.SOON);
        site.awaitPause(Duration.ofSeconds(1));
        site.time.advance(Duration.ofSeconds(1));
        site.bound(WEB);
        site.api.await(api -> api.nodes().size() == 1, SchedulerSite.SOON);
    }

    @Test
    void whatever_fails_and_whenever_it_stops_no_address_is_given_twice() {
        qt().withExamples(30)
                .withShrinkCycles(5)
                .forAll(longs().all(), integers().between(1, 25), integers().between(0, 3))
                .checkAssert(this::survive);
    }

    /** Pods come, some go, calls fail, and Berth crashes in between; then all settle. */
    private void survive(Long seed, int pods, int crashes) {
        var random = new java.util.Random(seed);
        var capacity = new HostCapacity(1_000_000, 1_000_000);
        try (var world = new SchedulerSite(capacity, seed)) {
            world.start();
            for (int round = 0; round <= crashes; round++) {
                for (var call : new Call[] {Call.BIND, Call.APPLY_NODE, Call.DELETE_NODE}) {
                    switch (random.nextInt(4)) {
                        case 0 -> world.api.failNext(call);
                        case 1 -> world.api.loseAnswerOfNext(call);
                        default -> {}
                    }
                }
                for (int i = 0; i < pods; i++) {
                    create(world, "pod-" + round + "-" + i);
                }
                for (var pod : world.api.pods()) {
                    if (random.nextInt(4) == 0) {
                        remove(world, pod);
                    }
                }
                if (round < crashes) {
                    world.crash();
                    world.start();
                }
            }
            settle(world);
            var names = new HashSet<String>();
            for (var pod : world.api.pods()) {
                assertThat(names.add(String.valueOf(pod.spec().nodeName()))).isTrue();
            }
            assertThat(world.api.nodes().keySet()).isEqualTo(names);
        }
    }

    private static Set<String> nodeNames(FakeKubeApi api) {
        var names = new HashSet<String>();
        api.pods().forEach(pod -> names.add(String.valueOf(pod.spec().nodeName())));
        return names;
    }

    private static void settle(SchedulerSite world) {
        for (int i = 0; i < 200; i++) {
            try {
                world.api.await(
                        api -> api.nodes().keySet().equals(nodeNames(api)), Duration.ofMillis(50));
                return;
            } catch (AssertionError _) {
                world.time.advance(Duration.ofSeconds(1));
            }
        }
    }

    private static void remove(SchedulerSite world, Pod pod) {
        try {
            world.api.deletePod(pod.key(), pod.uid(), 0);
        } catch (KubeRefused e) {
            throw new AssertionError(e);
        }
    }
}
