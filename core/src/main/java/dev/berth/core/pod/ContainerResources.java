package dev.berth.core.pod;

import dev.berth.core.unit.Quantity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that a container's requests and limits become: cgroup weights and quotas, the
 * kernel's score for killing, the pod's class of service.
 */
public final class ContainerResources {
    private static final long SHARES_LEAST = 2;
    private static final long SHARES_MOST = 262_144;
    private static final long SHARES_OF_ONE_CPU = 1024;
    private static final long QUOTA_LEAST_MICROS = 1000;

    /** One thousandth of a CPU, in microseconds of each 100 ms. */
    public static final long MICROS_OF_ONE_MILLI = 100;

    private static final int GUARANTEED_SCORE = -997;
    private static final int BEST_EFFORT_SCORE = 1000;

    private static final List<String> KINDS = List.of("cpu", "memory");

    private ContainerResources() {}

    /**
     * A container with the limits that hold for it: where it has none, its pod's as a whole, as a
     * kubelet 1.36 has it.
     */
    public static Container limited(PodSpec spec, Container container) {
        var limits = new HashMap<>(spec.limits());
        limits.keySet().retainAll(KINDS);
        container
                .limits()
                .forEach((name, limit) -> {
                    if (limit.amount().signum() > 0) {
                        limits.put(name, limit);
                    }
                });
        return container.given(new Grant(container.requests(), limits));
    }

    /**
     * The CPU weight: 1024 for each CPU requested, or limited when nothing is requested; 2 to
     * 262144. 250 millicores make 256.
     */
    public static long cpuShares(Container container) {
        var wanted = container.requests().getOrDefault("cpu", limit(container, "cpu"));
        return shares(wanted.milliRoundedUp());
    }

    /** The shares for thousandths of a core, 2 to 262144: 250 become 256. */
    public static long shares(long millis) {
        return Math.clamp(millis * SHARES_OF_ONE_CPU / 1000, SHARES_LEAST, SHARES_MOST);
    }

    /**
     * The CPU time in each 100 ms, in microseconds, at least 1000; 0 without a limit. 500
     * millicores make 50000.
     */
    public static long cpuQuotaMicros(Container container) {
        var millis = limit(container, "cpu").milliRoundedUp();
        return millis == 0 ? 0 : Math.max(QUOTA_LEAST_MICROS, millis * MICROS_OF_ONE_MILLI);
    }

    /** The most memory in bytes, or 0 without a limit. */
    public static long memoryBytes(Container container) {
        return limit(container, "memory").unitsRoundedUp();
    }

    /**
     * How gladly the kernel kills it when memory runs out: -997 in a Guaranteed pod, 1000 in a
     * BestEffort one, between them the less the more of the memory it requested. That the priority
     * class of all Fargate pods would make a kubelet choose -997 is left out on purpose: on AWS the
     * machine holds one pod only, here it holds other people's work too (our choice).
     *
     * <p>What a pod requests as a whole and its containers do not is shared out among them evenly.
     * For example 512Mi for the pod, 128Mi for one of its two containers: 320Mi and 192Mi.
     *
     * @param capacityBytes the memory of the pod's node
     */
    public static int oomScore(PodSpec spec, Container container, long capacityBytes) {
        return switch (qosClass(spec)) {
            case "Guaranteed" -> GUARANTEED_SCORE;
            case "BestEffort" -> BEST_EFFORT_SCORE;
            default -> {
                var share = shareOfRest(spec);
                var requested = memoryRequest(container) + share;
                if (container.sidecar()) {
                    requested =
                            Math.max(
                                    requested,
                                    share
                                            + spec.containers().stream()
                                                    .mapToLong(ContainerResources::memoryRequest)
                                                    .min()
                                                    .orElse(0));
                }
                var score = 1000 - 1000 * requested / Math.max(1, capacityBytes);
                yield Math.clamp(score, 1000 + GUARANTEED_SCORE, BEST_EFFORT_SCORE - 1);
            }
        };
    }

    /** The pod's class of service: Guaranteed, Burstable or BestEffort. */
    public static String qosClass(PodSpec spec) {
        var all =
                Stream.concat(spec.initContainers().stream(), spec.containers().stream()).toList();
        var kinds = KINDS;
        if (!spec.requests().isEmpty() || !spec.limits().isEmpty()) {
            return qosClass(spec.requests(), spec.limits());
        }
        var asks =
                all.stream()
                        .anyMatch(container ->
                                kinds.stream()
                                        .anyMatch(kind ->
                                                positive(container.requests(), kind)
                                                        || positive(container.limits(), kind)));
        if (!asks) {
            return "BestEffort";
        }
        var guaranteed =
                all.stream()
                        .allMatch(container ->
                                kinds.stream()
                                        .allMatch(kind ->
                                                positive(container.limits(), kind)
                                                        && container
                                                                .requests()
                                                                .getOrDefault(
                                                                        kind,
                                                                        limit(container, kind))
                                                                .equals(limit(container, kind))));
        return guaranteed ? "Guaranteed" : "Burstable";
    }

    /** Of a pod that says what it wants as a whole: its containers do not count. */
    private static String qosClass(Map<String, Quantity> requests, Map<String, Quantity> limits) {
        if (KINDS.stream().noneMatch(kind -> positive(requests, kind) || positive(limits, kind))) {
            return "BestEffort";
        }
        return KINDS.stream().allMatch(kind -> guaranteed(requests.get(kind), limits.get(kind)))
                ? "Guaranteed"
                : "Burstable";
    }

    private static boolean guaranteed(@Nullable Quantity request, @Nullable Quantity limit) {
        return limit != null
                && limit.amount().signum() > 0
                && (request == null || request.equals(limit));
    }

    /** What each container gets of the memory that only the pod as a whole requests, in bytes. */
    private static long shareOfRest(PodSpec spec) {
        var whole = spec.requests().get("memory");
        if (whole == null) {
            return 0;
        }
        var all = spec.containers().size() + spec.initContainers().size();
        return Math.max(0, whole.unitsRoundedUp() - memoryOfContainers(spec)) / Math.max(1, all);
    }

    /** What containers request together at the worst moment. */
    private static long memoryOfContainers(PodSpec spec) {
        var sidecars = 0L;
        var largest = 0L;
        for (var init : spec.initContainers()) {
            largest = Math.max(largest, sidecars + memoryRequest(init));
            sidecars += init.sidecar() ? memoryRequest(init) : 0;
        }
        var running = spec.containers().stream().mapToLong(ContainerResources::memoryRequest).sum();
        return Math.max(largest, sidecars + running);
    }

    private static boolean positive(Map<String, Quantity> amounts, String kind) {
        return amounts.getOrDefault(kind, Quantity.ZERO).compareTo(Quantity.ZERO) > 0;
    }

    private static long memoryRequest(Container container) {
        return container.requests().getOrDefault("memory", Quantity.ZERO).unitsRoundedUp();
    }

    private static Quantity limit(Container container, String kind) {
        return container.limits().getOrDefault(kind, Quantity.ZERO);
    }
}
