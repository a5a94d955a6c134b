package dev.berth.core.tenancy;

import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/**
 * Who makes room on an ordinary node for a pod that the system itself needs, as a kubelet 1.36
 * decides: as few pods as can be that ask for something of everything, of those the ones that ask
 * for least; pods of class Guaranteed only when all others together would not do, and BestEffort
 * ones before Burstable ones.
 */
public final class NodePreemption {
    /** What the status of a pod says that had to go. */
    public static final Verdict VERDICT =
            new Verdict(
                    "Preempting",
                    "Preempted in order to admit critical pod",
                    true,
                    "Pod was preempted by Kubelet to accommodate a critical pod.");

    private NodePreemption() {}

    /** Whether a pod may send another away: it is critical, or more so. */
    static boolean preempts(PodSpec critical, PodSpec other) {
        return (NodeAdmission.critical(critical) && !NodeAdmission.critical(other))
                || critical.priority() > other.priority();
    }

    /**
     * Those who go; empty when all who may be sent away together are not enough.
     *
     * @param lacking how much is missing, by resource: millicores, bytes, pods; more than 0 each
     */
    static Optional<List<Pod>> leaving(
            Pod critical, Collection<Pod> others, SequencedMap<NodeResource, Long> lacking) {
        var byClass =
                others.stream()
                        .filter(other -> preempts(critical.spec(), other.spec()))
                        .collect(
                                Collectors.groupingBy(
                                        other -> ContainerResources.qosClass(other.spec())));
        var bestEffort = byClass.getOrDefault("BestEffort", List.of());
        var burstable = byClass.getOrDefault("Burstable", List.of());
        var guaranteed = byClass.getOrDefault("Guaranteed", List.of());
        var withoutGuaranteed = without(without(lacking, bestEffort), burstable);
        if (!without(withoutGuaranteed, guaranteed).isEmpty()) {
            return Optional.empty();
        }
        var fromGuaranteed = fewest(guaranteed, withoutGuaranteed);
        var fromBurstable =
                fewest(burstable, without(without(lacking, bestEffort), fromGuaranteed));
        var fromBestEffort =
                fewest(bestEffort, without(without(lacking, fromBurstable), fromGuaranteed));
        var all = new ArrayList<>(fromBestEffort);
        all.addAll(fromBurstable);
        all.addAll(fromGuaranteed);
        return Optional.of(all);
    }

    /** One after another, always the one that leaves the least missing. */
    private static List<Pod> fewest(List<Pod> pods, SequencedMap<NodeResource, Long> lacking) {
        var left = new ArrayList<>(pods);
        var chosen = new ArrayList<Pod>();
        var missing = lacking;
        while (!missing.isEmpty()) {
            var best = left.getFirst();
            for (var pod : left) {
                var nearer = Double.compare(distance(missing, pod), distance(missing, best));
                if (nearer < 0 || (nearer == 0 && smaller(pod, best))) {
                    best = pod;
                }
            }
            left.remove(best);
            chosen.add(best);
            missing = without(missing, List.of(best));
        }
        return chosen;
    }

    /**
     * The squared parts of what is missing that a pod leaves missing, together: every resource
     * counts the same.
     */
    private static double distance(Map<NodeResource, Long> missing, Pod pod) {
        return missing.entrySet().stream()
                .mapToDouble(one -> {
                    double rest = one.getValue() - one.getKey().requested(pod);
                    return rest <= 0 ? 0 : Math.pow(rest / one.getValue(), 2);
                })
                .sum();
    }

    /** Of two that ask for the same the first is. */
    private static boolean smaller(Pod one, Pod other) {
        var memory =
                Long.compare(
                        NodeResource.MEMORY.requested(one), NodeResource.MEMORY.requested(other));
        return memory == 0
                ? NodeResource.CPU.requested(one) <= NodeResource.CPU.requested(other)
                : memory < 0;
    }

    private static SequencedMap<NodeResource, Long> without(
            SequencedMap<NodeResource, Long> lacking, Collection<Pod> pods) {
        var rest = new LinkedHashMap<NodeResource, Long>();
        lacking.forEach((resource, amount) -> {
            var left = amount - pods.stream().mapToLong(resource::requested).sum();
            if (left > 0) {
                rest.put(resource, left);
            }
        });
        return rest;
    }

    /** What a kubelet says when nobody can make enough room. */
    static String nobody(
            Pod critical, Collection<Pod> others, SequencedMap<NodeResource, Long> lacking) {
        var may = others.stream().filter(other -> preempts(critical.spec(), other.spec())).toList();
        return without(lacking, may).entrySet().stream()
                .map(one -> "(res: %s, q: %d), ".formatted(one.getKey().text(), one.getValue()))
                .collect(
                        Collectors.joining(
                                "",
                                "Unexpected error while attempting to recover from admission"
                                        + " failure: preemption: error finding a set of pods to"
                                        + " preempt: no set of running pods found to reclaim"
                                        + " resources: [",
                                "]"));
    }
}
