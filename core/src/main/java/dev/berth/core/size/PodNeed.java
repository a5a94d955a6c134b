package dev.berth.core.size;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.unit.Quantity;

/**
 * What a pod needs at the worst moment of its life, from its requests alone; limits without
 * requests were made requests by the API server before.
 *
 * <p>Per resource: the larger of what runs at the end (the sum over containers and sidecars) and of
 * what each init container needs at its turn (its own request and those of the sidecars before it).
 * Without sidecars this is Fargate's documented rule, {@code max(largest init container, sum of
 * containers)}. Source: eks-fargate §3.1 (D). Counting sidecars is our choice and follows
 * upstream's effective requests. Source: eks-fargate §16
 *
 * <p>What the pod asks for as a whole ({@code spec.resources}, Kubernetes 1.34 and later) counts
 * instead; the API server lets it be no less than the sum. Source: eks-fargate §3.1 (U), §16
 *
 * <p>For example init containers of 1 CPU and, as a sidecar, 200m, then 500m, with containers of
 * 250m and 250m: at the end 200m + 500m = 700m run, at the last init container's turn 200m + 500m,
 * at the first one's turn 1 CPU; so 1 CPU is needed.
 *
 * @param cpu cores
 * @param memory bytes, without what Fargate adds for itself
 * @param ephemeralStorage bytes
 */
public record PodNeed(Quantity cpu, Quantity memory, Quantity ephemeralStorage) {
    /** The need of a pod. */
    public static PodNeed of(PodSpec spec) {
        return new PodNeed(
                needOf(spec, "cpu"), needOf(spec, "memory"), needOf(spec, "ephemeral-storage"));
    }

    private static Quantity needOf(PodSpec spec, String resource) {
        var asAWhole = spec.requests().get(resource);
        if (asAWhole != null) {
            return asAWhole;
        }
        var sidecars = Quantity.ZERO;
        var largestInit = Quantity.ZERO;
        for (var init : spec.initContainers()) {
            var atItsTurn = sidecars.plus(request(init, resource));
            largestInit = largestInit.max(atItsTurn);
            if (init.sidecar()) {
                sidecars = atItsTurn;
            }
        }
        var running = sidecars;
        for (var container : spec.containers()) {
            running = running.plus(request(container, resource));
        }
        return running.max(largestInit);
    }

    private static Quantity request(Container container, String resource) {
        return container.requests().getOrDefault(resource, Quantity.ZERO);
    }
}
