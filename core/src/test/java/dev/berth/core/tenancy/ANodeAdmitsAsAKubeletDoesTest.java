package dev.berth.core.tenancy;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.NodeView.Taint;
import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodSpec.NodeRequirement;
import dev.berth.core.pod.PodSpec.Toleration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Reasons and messages are those of a kubelet 1.36, so that tools which look for them find them.
 */
class ANodeAdmitsAsAKubeletDoesTest {
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
                    3,
                    "/",
                    Map.of(),
                    List.of(),
                    Instant.EPOCH);

    @Test
    void rooms_end_is_told_with_what_was_asked_used_and_there() {
        var half = aPod().uid("a").requesting("1", "512Mi");
        refused(
                List.of(half),
                aPod().requesting("1001m", "1Mi"),
                "OutOfcpu",
                "Node didn't have enough resource: cpu, requested: 1001, used: 1000, capacity: 2000");
        refused(
                List.of(half),
                aPod().requesting("1m", "513Mi"),
                "OutOfmemory",
                "Node didn't have enough resource: memory, requested: 537919488, used: 536870912,"
                        + " capacity: 1073741824");
        refused(
                List.of(),
                aPod().container(aContainer().requestingOnly("ephemeral-storage", "19Gi")),
                "OutOfephemeral-storage",
                "Node didn't have enough resource: ephemeral-storage, requested: 20401094656,"
                        + " used: 0, capacity: 19327352832");
        refused(
                List.of(aPod().uid("a"), aPod().uid("b"), aPod().uid("c")),
                aPod(),
                "OutOfpods",
                "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3");
        taken(List.of(half), aPod().requesting("1", "512Mi"));
        taken(List.of(aPod().uid("a").requesting("2", "1Gi")), aPod());
    }

    @Test
    void what_does_not_match_the_node_is_refused() {
        var affinity =
                "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
        refused(List.of(), aPod().nodeSelector("disk", "hdd"), "NodeAffinity", affinity);
        refused(
                List.of(),
                aPod().nodeTerm(new NodeRequirement("disk", "NotIn", List.of("ssd"))),
                "NodeAffinity",
                affinity);
        taken(List.of(), aPod().nodeSelector("disk", "ssd"));
        refused(
                List.of(),
                aPod().os("windows"),
                "PodOSNotSupported",
                "Failed to admit pod as the OS field doesn't match node OS");
        taken(List.of(), aPod().os("linux"));
        refused(
                List.of(),
                aPod().label("kubernetes.io/os", "windows"),
                "PodOSSelectorNodeLabelDoesNotMatch",
                "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label");
    }

    @Test
    void a_port_of_the_node_is_given_once() {
        var message =
                "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod"
                        + " ports";
        refused(List.of(onPort(80, null)), onPort(80, "127.0.0.1"), "NodePorts", message);
        refused(List.of(onPort(80, "10.0.0.1")), onPort(80, "10.0.0.1"), "NodePorts", message);
        taken(List.of(onPort(80, "10.0.0.1")), onPort(80, "127.0.0.1"));
        taken(List.of(onPort(80, null)), onPort(81, null));
    }

    @Test
    void only_taints_that_drive_pods_out_count() {
        var out = new Taint("maintenance", "now", "NoExecute");
        assertThat(refusal(List.of(), aPod(), List.of(out), Pressure.NONE))
                .contains(
                        "TaintToleration: Predicate TaintToleration failed: node(s) had taints that"
                                + " the pod didn't tolerate");
        for (var toleration :
                List.of(
                        new Toleration(null, "Exists", null, null, null),
                        new Toleration("maintenance", "Exists", null, "NoExecute", 60L),
                        new Toleration("maintenance", "Equal", "now", null, null))) {
            assertThat(
                            refusal(
                                    List.of(),
                                    aPod().tolerating(toleration),
                                    List.of(out),
                                    Pressure.NONE))
                    .isEmpty();
        }
        assertThat(
                        refusal(
                                List.of(),
                                aPod(),
                                List.of(new Taint("maintenance", "now", "NoSchedule")),
                                Pressure.NONE))
                .isEmpty();
    }

    @Test
    void under_pressure_only_some_come_in() {
        var memory = new Pressure(true, false);
        var disk = new Pressure(false, true);
        assertThat(refusal(List.of(), aPod(), List.of(), memory))
                .contains("Evicted: The node had condition: [MemoryPressure]. ");
        assertThat(refusal(List.of(), aPod().requesting("1m", "1Mi"), List.of(), memory)).isEmpty();
        assertThat(refusal(List.of(), aPod().requesting("1m", "1Mi"), List.of(), disk))
                .contains("Evicted: The node had condition: [DiskPressure]. ");
        assertThat(refusal(List.of(), aPod().priority(2_000_001_000), List.of(), disk)).isEmpty();
    }

    private static PodBuilder onPort(int port, @Nullable String address) {
        return aPod().uid(port + "@" + address).container(aContainer().hostPort(80, port, address));
    }

    private static void refused(
            List<PodBuilder> others, PodBuilder pod, String reason, String message) {
        assertThat(refusal(others, pod, List.of(), Pressure.NONE))
                .contains(reason + ": " + message);
    }

    private static void taken(List<PodBuilder> others, PodBuilder pod) {
        assertThat(refusal(others, pod, List.of(), Pressure.NONE)).isEmpty();
    }

    private static java.util.Optional<String> refusal(
            List<PodBuilder> others, PodBuilder pod, List<Taint> taints, Pressure pressure) {
        var present = new ArrayList<dev.berth.core.pod.Pod>();
        others.forEach(other -> present.add(other.build()));
        return switch (NodeAdmission.decide(
                pod.uid("new").build(),
                present,
                new NodeAdmission.Situation(NODE, Map.of("disk", "ssd"), taints, pressure))) {
            case NodeAdmission.Refused(var why) ->
                    java.util.Optional.of(why.reason() + ": " + why.message());
            case NodeAdmission.Taken(var leaving) -> {
                assertThat(leaving).isEmpty();
                yield java.util.Optional.empty();
            }
        };
    }
}
