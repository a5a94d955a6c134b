package dev.berth.core.tenancy;

import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodObservation.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Thresholds, order and words are those of a kubelet 1.36. */
final class WhoLeavesANodeTest {
    private static final long MEBI = 1L << 20;
    private static final long GIBI = 1L << 30;

    /** 1124 MiB of memory, 20 GiB of disk. */
    private static final OrdinaryNode NODE =
            new OrdinaryNode(
                    "lab",
                    "one",
                    "vpc-1",
                    "subnet-1",
                    "eu-west-1a",
                    "172.16.1.4",
                    2000,
                    1124,
                    20,
                    10,
                    "/",
                    Map.of(),
                    List.of(),
                    Instant.EPOCH);

    @Test
    void nobody_while_the_threshold_is_kept() {
        var uses = List.of(use(pod("a"), 1024 * MEBI, 18 * GIBI));
        assertThat(NodeEviction.pressure(NODE, uses)).isEqualTo(Pressure.NONE);
        assertThat(NodeEviction.next(NODE, uses)).isEmpty();
    }

    @Test
    void memory_below_a_hundred_mebibytes_is_pressure_and_told_with_its_users() {
        var uses = List.of(use(pod("a").requesting("1m", "1Gi"), 1024 * MEBI + 4096, 0));
        assertThat(NodeEviction.pressure(NODE, uses)).isEqualTo(new Pressure(true, false));
        assertThat(NodeEviction.next(NODE, uses))
                .map(NodeEviction.Eviction::why)
                .contains(
                        new Verdict(
                                "Evicted",
                                "The node was low on resource: memory. Threshold quantity: 100Mi,"
                                        + " available: 102396Ki. Container main was using 1048580Ki,"
                                        + " request is 1Gi, has larger consumption of memory. ",
                                true));
    }

    @Test
    void disk_below_a_tenth_is_pressure() {
        var uses = List.of(use(pod("a"), 0, 18 * GIBI + 1));
        assertThat(NodeEviction.pressure(NODE, uses)).isEqualTo(new Pressure(false, true));
        assertThat(NodeEviction.next(NODE, uses))
                .map(eviction -> eviction.why().message())
                .hasValueSatisfying(words ->
                        assertThat(words)
                                .startsWith(
                                        "The node was low on resource: ephemeral-storage."
                                                + " Threshold quantity: 2Gi, available: 2147483647. "));
    }

    @Test
    void who_uses_more_than_asked_for_goes_before_who_is_less_important() {
        leaves(
                "greedy",
                use(pod("modest").priority(-10).requesting("1m", "600Mi"), 500 * MEBI, 0),
                use(pod("greedy").priority(1000).requesting("1m", "600Mi"), 601 * MEBI, 0));
    }

    @Test
    void among_the_greedy_the_less_important_goes() {
        leaves(
                "low",
                use(pod("high").priority(10), 900 * MEBI, 0),
                use(pod("low").priority(5), 200 * MEBI, 0));
    }

    @Test
    void of_equals_the_one_furthest_above_its_request_goes() {
        leaves(
                "far",
                use(pod("near").requesting("1m", "500Mi"), 600 * MEBI, 0),
                use(pod("far"), 500 * MEBI, 0));
    }

    @Test
    void critical_pods_stay() {
        var uses =
                List.of(
                        use(pod("critical").priority(2_000_000_000), 1100 * MEBI, 0),
                        use(pod("small"), MEBI, 0));
        assertThat(NodeEviction.next(NODE, uses))
                .hasValueSatisfying(eviction ->
                        assertThat(eviction.pod().metadata().name()).isEqualTo("small"));
        assertThat(NodeEviction.next(NODE, uses.subList(0, 1))).isEmpty();
    }

    @Test
    void memory_comes_before_disk() {
        assertThat(
                        NodeEviction.next(
                                NODE,
                                List.of(
                                        use(pod("writes"), 0, 19 * GIBI),
                                        use(pod("holds"), 1100 * MEBI, 0))))
                .hasValueSatisfying(eviction ->
                        assertThat(eviction.pod().metadata().name()).isEqualTo("holds"));
    }

    private static void leaves(String name, TenantUse... uses) {
        var order = new ArrayList<>(List.of(uses));
        var random = new Random(3);
        for (var times = 0; times < 5; times++) {
            Collections.shuffle(order, random);
            assertThat(NodeEviction.next(NODE, order))
                    .hasValueSatisfying(eviction ->
                            assertThat(eviction.pod().metadata().name()).isEqualTo(name));
        }
    }

    private static PodBuilder pod(String name) {
        return aPod().named(name).uid(name);
    }

    private static TenantUse use(PodBuilder pod, long memory, long disk) {
        return new TenantUse(
                pod.build(), memory, Map.of("main", memory), disk, Map.of("main", disk));
    }
}
