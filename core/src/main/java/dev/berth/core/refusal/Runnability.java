package dev.berth.core.refusal;

import dev.berth.core.node.FargateNode;
import dev.berth.core.pod.Pod;
import dev.berth.core.refusal.Refusal.Recheck;
import dev.berth.core.size.FargateSize;
import dev.berth.core.size.Sizing;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Whether a claimed pod can run on Fargate, with what and where, or every reason why not. */
public sealed interface Runnability {
    /**
     * It can run.
     *
     * @param size what it gets
     * @param storageGibibytes its disk
     * @param zones where its node may be, at least one, in alphabetical order
     */
    record Runnable(FargateSize size, int storageGibibytes, List<String> zones)
            implements Runnability {
        /** Copies the zones. */
        public Runnable {
            zones = List.copyOf(zones);
        }
    }

    /**
     * It cannot.
     *
     * @param reasons at least one; the first is the one for the pod's condition
     */
    record Refused(List<Refusal> reasons) implements Runnability {
        /** Copies the reasons. */
        public Refused {
            reasons = List.copyOf(reasons);
        }

        /** Whether looking again can help: only if it can for every reason. */
        public Recheck recheck() {
            return reasons.stream().anyMatch(reason -> reason.recheck() == Recheck.NEVER)
                    ? Recheck.NEVER
                    : Recheck.EVERY_MINUTE;
        }
    }

    /** The reason code for what Fargate does not support. Source: eks-fargate §4.1 (O) */
    String UNSUPPORTED = "POD_UNSUPPORTED_ON_FARGATE";

    /** The reason code for node selectors that no Fargate node satisfies; ours. §16 */
    String NODE_SELECTOR = "POD_NODE_SELECTOR_NOT_SATISFIED";

    /**
     * Judges a pod. In which order several reasons stand is our choice: the spec, the size, the
     * node.
     *
     * @param pod a pod that a profile claimed
     * @param profileName that profile
     * @param claims the claims of the pod's namespace that exist, by name
     * @param region the cluster's region
     * @param zones the zones of the profile's subnets
     * @param architecture the machine's, amd64 or arm64
     */
    static Runnability judge(
            Pod pod,
            String profileName,
            Map<String, BoundVolume> claims,
            String region,
            Collection<String> zones,
            String architecture) {
        var reasons = new ArrayList<Refusal>();
        var unsupported = UnsupportedSpec.of(pod, claims);
        if (!unsupported.supported()) {
            reasons.add(
                    new Refusal(
                            UNSUPPORTED,
                            unsupported.schedulerText(),
                            unsupported.claimsOnly() ? Recheck.EVERY_MINUTE : Recheck.NEVER));
        }
        var sizing = Sizing.of(pod.spec());
        if (sizing instanceof Sizing.TooBig(var excesses)) {
            for (var excess : excesses) {
                reasons.add(new Refusal(excess.code(), excess.message(), Recheck.NEVER));
            }
        }
        var possibleZones = possibleZones(pod, region, zones, architecture);
        if (possibleZones.isEmpty()) {
            reasons.add(
                    new Refusal(
                            NODE_SELECTOR,
                            "MatchNodeSelector failed: Fargate profile %s cannot satisfy pod's node selector/affinity requirements"
                                    .formatted(profileName),
                            Recheck.NEVER));
        }
        return reasons.isEmpty() && sizing instanceof Sizing.Provisioned(var size, var storage)
                ? new Runnable(size, storage, possibleZones)
                : new Refused(reasons);
    }

    /**
     * The zones whose would-be node satisfies the pod. The node's name is not known yet, so its
     * host name is taken to be one that nobody can wish for. Source: eks-fargate §2.2, §4.5 (O)
     */
    private static List<String> possibleZones(
            Pod pod, String region, Collection<String> zones, String architecture) {
        return new TreeSet<>(zones)
                .stream()
                        .filter(zone -> {
                            var labels =
                                    new HashMap<>(
                                            FargateNode.labelsOfZone(region, zone, architecture));
                            labels.put(FargateNode.HOSTNAME_LABEL, "?");
                            return NodeSelection.matches(pod.spec(), null, labels);
                        })
                        .toList();
    }
}
