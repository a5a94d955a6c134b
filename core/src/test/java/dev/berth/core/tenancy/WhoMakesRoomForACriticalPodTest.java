package dev.berth.core.tenancy;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.core.pod.PodBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who goes, and when nobody does, is as a kubelet 1.36 has it. */
class WhoMakesRoomForACriticalPodTest {
    private static final int CRITICAL = 2_000_000_000;

    /** 2 CPUs, 1 GiB for pods, 5 places. */
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
                    5,
                    "/",
                    Map.of(),
                    List.of(),
                    Instant.EPOCH);

    @Test
    void nobody_while_there_is_room_and_nobody_for_pods_that_are_not_critical() {
        assertThat(leaving(critical("1", "1Mi"), burstable("a", "1", "1Mi"))).isEmpty();
        assertThat(
                        decide(
                                aPod().uid("new").priority(CRITICAL - 1).requesting("2", "1Mi"),
                                burstable("a", "1", "1Mi")))
                .isInstanceOf(NodeAdmission.Refused.class);
    }

    @Test
    void the_one_that_is_just_enough_goes() {
        assertThat(
                        leaving(
                                critical("1", "1Mi"),
                                burstable("small", "200m", "1Mi"),
                                burstable("enough", "500m", "9Mi"),
                                burstable("large", "1200m", "10Mi")))
                .containsExactly("large");
        assertThat(
                        leaving(
                                critical("600m", "1Mi"),
                                burstable("small", "200m", "1Mi"),
                                burstable("enough", "500m", "9Mi"),
                                burstable("large", "1200m", "10Mi")))
                .as("of those that are enough the one that asks for least memory")
                .containsExactly("enough");
    }

    @Test
    void as_many_go_as_are_needed() {
        assertThat(
                        leaving(
                                critical("1900m", "1Mi"),
                                burstable("a", "900m", "1Mi"),
                                burstable("b", "900m", "1Mi"),
                                burstable("c", "100m", "1Mi")))
                .containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void guaranteed_pods_go_last() {
        assertThat(
                        leaving(
                                critical("1", "1Mi"),
                                guaranteed("sure", "1", "1Mi"),
                                burstable("a", "500m", "1Mi"),
                                burstable("b", "500m", "1Mi")))
                .containsExactlyInAnyOrder("a", "b");
        assertThat(
                        leaving(
                                critical("1500m", "1Mi"),
                                guaranteed("sure", "1", "1Mi"),
                                burstable("a", "900m", "1Mi")))
                .as("what the guaranteed one gives is counted before others go")
                .containsExactlyInAnyOrder("sure", "a");
        assertThat(
                        leaving(
                                critical("1500m", "1Mi"),
                                guaranteed("sure", "1500m", "1Mi"),
                                burstable("a", "400m", "1Mi")))
                .containsExactly("sure");
    }

    @Test
    void for_a_place_one_goes_that_asks_for_nothing() {
        assertThat(
                        leaving(
                                critical("1m", "1Mi"),
                                burstable("a", "1m", "1Mi"),
                                guaranteed("b", "1m", "1Mi"),
                                aPod().uid("nothing"),
                                burstable("c", "1m", "1Mi"),
                                burstable("d", "1m", "1Mi")))
                .containsExactly("nothing");
    }

    @Test
    void more_critical_pods_stay() {
        var less = burstable("less", "1", "1Mi").priority(CRITICAL);
        var equal = burstable("equal", "1", "1Mi").priority(CRITICAL + 1000);
        assertThat(leaving(critical("1", "1Mi").priority(CRITICAL + 1000), less, equal))
                .containsExactly("less");
        assertThat(decide(critical("1500m", "1Mi").priority(CRITICAL + 1000), less, equal))
                .isEqualTo(
                        new NodeAdmission.Refused(
                                new Refusal(
                                        "UnexpectedAdmissionError",
                                        "Unexpected error while attempting to recover from"
                                                + " admission failure: preemption: error finding a"
                                                + " set of pods to preempt: no set of running pods"
                                                + " found to reclaim resources: [(res: cpu, q:"
                                                + " 500), ]")));
    }

    @Test
    void nobody_goes_in_vain() {
        var decision =
                decide(
                        critical("2", "1Mi").nodeSelector("disk", "hdd"),
                        burstable("a", "1", "1Mi"));
        assertThat(decision)
                .isInstanceOfSatisfying(
                        NodeAdmission.Refused.class,
                        refused -> assertThat(refused.why().reason()).isEqualTo("NodeAffinity"));
    }

    @Test
    void what_waits_is_tried_in_the_order_of_a_kubelet() {
        var late = Instant.EPOCH.plusSeconds(1);
        var expected =
                List.of(
                        resize("shrinks", burstable("", "1", "1Mi"), "2", late),
                        resize("important", burstable("", "2", "1Mi").priority(9), "1", late),
                        resize("sure", guaranteed("", "2", "1Mi"), "1", late),
                        resize("first", burstable("", "2", "1Mi"), "1", Instant.EPOCH),
                        resize("last", burstable("", "2", "1Mi"), "1", late));
        var mixed = new ArrayList<>(expected.reversed());
        mixed.add(mixed.remove(2));
        mixed.sort(DeferredResize.ORDER);
        assertThat(mixed).isEqualTo(expected);
    }

    private static DeferredResize resize(
            String uid, PodBuilder wanted, String cpuNow, Instant since) {
        return new DeferredResize(
                wanted.uid(uid).build(),
                burstable(uid, cpuNow, "1Mi").build(),
                situation(),
                new Refusal("OutOfcpu", ""),
                since);
    }

    private static PodBuilder critical(String cpu, String memory) {
        return aPod().uid("new").priority(CRITICAL).requesting(cpu, memory);
    }

    private static PodBuilder burstable(String uid, String cpu, String memory) {
        return aPod().uid(uid).requesting(cpu, memory);
    }

    private static PodBuilder guaranteed(String uid, String cpu, String memory) {
        return aPod().uid(uid)
                .container(aContainer().limiting(Map.of("cpu", cpu, "memory", memory)));
    }

    private static List<String> leaving(PodBuilder pod, PodBuilder... others) {
        assertThat(decide(pod, others)).isInstanceOf(NodeAdmission.Taken.class);
        return switch (decide(pod, others)) {
            case NodeAdmission.Taken(var leaving) -> leaving.stream().map(Pod::uid).toList();
            case NodeAdmission.Refused(var why) -> List.of(why.message());
        };
    }

    private static NodeAdmission.Decision decide(PodBuilder pod, PodBuilder... others) {
        return NodeAdmission.decide(
                pod.build(), Stream.of(others).map(PodBuilder::build).toList(), situation());
    }

    private static NodeAdmission.Situation situation() {
        return new NodeAdmission.Situation(NODE, Map.of(), List.of(), Pressure.NONE);
    }
}
