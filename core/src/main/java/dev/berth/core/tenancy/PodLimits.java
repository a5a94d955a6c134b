package dev.berth.core.tenancy;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.size.PodNeed;
import dev.berth.core.unit.Quantity;
import java.util.List;
import java.util.stream.Stream;

/**
 * The limits of a pod as a whole on an ordinary node: those that it says, else the containers'
 * together; then only when every container has one is there one for the pod, as with a kubelet.
 *
 * @param cpuShares its part of the CPU beside other pods, 1024 for each core that it asks for
 * @param cpuMillis thousandths of a core, 0 for none
 * @param memoryBytes bytes, 0 for none
 */
public record PodLimits(long cpuShares, long cpuMillis, long memoryBytes) {
    /** The limits of a pod. */
    public static PodLimits of(PodSpec spec) {
        return new PodLimits(
                ContainerResources.shares(PodNeed.of(spec).cpu().milliRoundedUp()),
                whole(spec, "cpu").milliRoundedUp(),
                whole(spec, "memory").unitsRoundedUp());
    }

    /** These, and those that a pod says itself where they are less. */
    public PodLimits within(PodSpec spec) {
        return new PodLimits(
                cpuShares,
                least(cpuMillis, said(spec, "cpu").milliRoundedUp()),
                least(memoryBytes, said(spec, "memory").unitsRoundedUp()));
    }

    /** What both allow. */
    public PodLimits or(PodLimits other) {
        return new PodLimits(
                Math.max(cpuShares, other.cpuShares),
                most(cpuMillis, other.cpuMillis),
                most(memoryBytes, other.memoryBytes));
    }

    private static long most(long one, long other) {
        return one == 0 || other == 0 ? 0 : Math.max(one, other);
    }

    private static long least(long one, long other) {
        return one == 0 ? other : other == 0 ? one : Math.min(one, other);
    }

    private static Quantity said(PodSpec spec, String resource) {
        return spec.limits().getOrDefault(resource, Quantity.ZERO);
    }

    private static Quantity whole(PodSpec spec, String resource) {
        if (said(spec, resource).amount().signum() > 0) {
            return said(spec, resource);
        }
        var all = Stream.concat(spec.initContainers().stream(), spec.containers().stream());
        if (all.anyMatch(container -> limit(container, resource).amount().signum() == 0)) {
            return Quantity.ZERO;
        }
        var sidecars = Quantity.ZERO;
        var largest = Quantity.ZERO;
        for (var init : spec.initContainers()) {
            var atItsTurn = sidecars.plus(limit(init, resource));
            largest = largest.max(atItsTurn);
            if (init.sidecar()) {
                sidecars = atItsTurn;
            }
        }
        return sum(sidecars, spec.containers(), resource).max(largest);
    }

    private static Quantity sum(Quantity first, List<Container> containers, String resource) {
        var sum = first;
        for (var container : containers) {
            sum = sum.plus(limit(container, resource));
        }
        return sum;
    }

    private static Quantity limit(Container container, String resource) {
        return container.limits().getOrDefault(resource, Quantity.ZERO);
    }
}
