package dev.berth.core.tenancy;

import dev.berth.core.node.NodeView;
import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject;
import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.PodSpec.Toleration;
import dev.berth.core.refusal.NodeSelection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether an ordinary node takes on a pod that was bound to it, as a kubelet 1.36 decides: reasons
 * and messages are its own. The scheduler asks most of this before it binds; but a pod can name its
 * node itself, and the node may have changed meanwhile.
 */
public final class NodeAdmission {
    /** From here on a pod is needed by the system itself. */
    private static final int SYSTEM_CRITICAL = 2_000_000_000;

    private static final String OS_LABEL = "kubernetes.io/os";

    private NodeAdmission() {}

    /**
     * The node at the moment of the decision.
     *
     * @param node what it has
     * @param labels the Node object's labels
     * @param taints the Node object's taints
     * @param pressure what it suffers from
     */
    public record Situation(
            OrdinaryNode node,
            Map<String, String> labels,
            List<NodeView.Taint> taints,
            OrdinaryNodeObject.Pressure pressure) {
        /** Copies the collections. */
        public Situation {
            labels = Map.copyOf(labels);
            taints = List.copyOf(taints);
        }
    }

    /** What a node answers. */
    public sealed interface Decision {}

    /**
     * The pod is taken on.
     *
     * @param leaving who has to go first to make room for it; of a critical pod only
     */
    public record Taken(List<Pod> leaving) implements Decision {
        /** Copies the list. */
        public Taken {
            leaving = List.copyOf(leaving);
        }
    }

    /**
     * The pod is not taken on.
     *
     * @param why the first reason against it
     */
    public record Refused(Refusal why) implements Decision {}

    /**
     * Whether the node takes the pod on, or gives it the resources it wishes for.
     *
     * @param others the pods that the node has taken on and that have not ended
     */
    public static Decision decide(Pod pod, Collection<Pod> others, Situation situation) {
        return underPressure(pod, situation)
                .or(() -> PodAdmission.sysctlRefusal(pod))
                .or(() -> otherSystem(pod))
                .<Decision>map(Refused::new)
                .orElseGet(() -> fitting(pod, others, situation));
    }

    private static Decision fitting(Pod pod, Collection<Pod> others, Situation situation) {
        var lacking = new LinkedHashMap<NodeResource, Long>();
        for (var resource : NodeResource.values()) {
            var requested = resource.requested(pod);
            var missing =
                    requested - (resource.capacity(situation.node()) - used(resource, others));
            if (requested > 0 && missing > 0) {
                lacking.put(resource, missing);
            }
        }
        var misplaced = misplaced(pod, others, situation);
        if (lacking.isEmpty() || (critical(pod.spec()) && misplaced.isPresent())) {
            return misplaced.<Decision>map(Refused::new).orElseGet(() -> new Taken(List.of()));
        }
        if (!critical(pod.spec())) {
            return new Refused(
                    insufficient(
                            lacking.sequencedKeySet().getFirst(), pod, others, situation.node()));
        }
        return NodePreemption.leaving(pod, others, lacking)
                .<Decision>map(Taken::new)
                .orElseGet(() ->
                        new Refused(
                                new Refusal(
                                        "UnexpectedAdmissionError",
                                        NodePreemption.nobody(pod, others, lacking))));
    }

    private static long used(NodeResource resource, Collection<Pod> others) {
        return others.stream().mapToLong(resource::requested).sum();
    }

    /** Whether a pod is so important that pressure and ranking do not count. */
    public static boolean critical(PodSpec spec) {
        return spec.priority() >= SYSTEM_CRITICAL;
    }

    private static Optional<Refusal> underPressure(Pod pod, Situation situation) {
        var pressure = situation.pressure();
        if (critical(pod.spec()) || (!pressure.memory() && !pressure.disk())) {
            return Optional.empty();
        }
        if (!pressure.disk()
                && (!ContainerResources.qosClass(pod.spec()).equals("BestEffort")
                        || tolerates(
                                pod.spec(),
                                new NodeView.Taint(
                                        "node.kubernetes.io/memory-pressure", "", "NoSchedule")))) {
            return Optional.empty();
        }
        var conditions = new ArrayList<String>();
        if (pressure.memory()) {
            conditions.add("MemoryPressure");
        }
        if (pressure.disk()) {
            conditions.add("DiskPressure");
        }
        return Optional.of(
                new Refusal(
                        "Evicted",
                        "The node had condition: [" + String.join(" ", conditions) + "]. "));
    }

    private static Optional<Refusal> otherSystem(Pod pod) {
        var label = pod.metadata().labels().get(OS_LABEL);
        if (label != null && !label.equals("linux")) {
            return Optional.of(
                    new Refusal(
                            "PodOSSelectorNodeLabelDoesNotMatch",
                            "Failed to admit pod as the `kubernetes.io/os` label doesn't match"
                                    + " node label"));
        }
        var os = pod.spec().os();
        return os == null || os.equals("linux")
                ? Optional.empty()
                : Optional.of(
                        new Refusal(
                                "PodOSNotSupported",
                                "Failed to admit pod as the OS field doesn't match node OS"));
    }

    /** Amounts are millicores, bytes, and pods. */
    private static Refusal insufficient(
            NodeResource resource, Pod pod, Collection<Pod> others, OrdinaryNode node) {
        return new Refusal(
                "OutOf" + resource.text(),
                "Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d"
                        .formatted(
                                resource.text(),
                                resource.requested(pod),
                                used(resource, others),
                                resource.capacity(node)));
    }

    private static Optional<Refusal> misplaced(
            Pod pod, Collection<Pod> others, Situation situation) {
        if (!NodeSelection.matches(pod.spec(), situation.node().name(), situation.labels())) {
            return Optional.of(
                    failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector"));
        }
        var wanted = HostPorts.of(pod.spec());
        if (others.stream()
                .flatMap(other -> HostPorts.of(other.spec()).stream())
                .anyMatch(taken -> wanted.stream().anyMatch(taken::clashes))) {
            return Optional.of(
                    failed(
                            "NodePorts",
                            "node(s) didn't have free ports for the requested pod ports"));
        }
        return situation.taints().stream()
                        .filter(taint -> taint.effect().equals("NoExecute"))
                        .allMatch(taint -> tolerates(pod.spec(), taint))
                ? Optional.empty()
                : Optional.of(
                        failed(
                                "TaintToleration",
                                "node(s) had taints that the pod didn't tolerate"));
    }

    private static Refusal failed(String predicate, String why) {
        return new Refusal(predicate, "Predicate " + predicate + " failed: " + why);
    }

    private static boolean tolerates(PodSpec spec, NodeView.Taint taint) {
        return spec.tolerations().stream().anyMatch(toleration -> tolerates(toleration, taint));
    }

    private static boolean tolerates(Toleration toleration, NodeView.Taint taint) {
        if (toleration.effect() != null && !toleration.effect().equals(taint.effect())) {
            return false;
        }
        if (toleration.key() != null && !toleration.key().equals(taint.key())) {
            return false;
        }
        return switch (toleration.operator()) {
            case "Exists" -> true;
            case "Equal", "" -> {
                var value = toleration.value();
                yield toleration.key() != null
                        && (value == null ? "" : value).equals(taint.value());
            }
            default -> false;
        };
    }
}
