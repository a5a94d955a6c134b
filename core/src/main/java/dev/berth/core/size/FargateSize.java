package dev.berth.core.size;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One of the 74 sizes that Fargate sells. Source: eks-fargate §3.2 (D)
 *
 * @param cpuMillis 250, 500, 1000, 2000, 4000, 8000 or 16000
 * @param memoryMebibytes 512 to 122880; 1 GB of Fargate's is 1024 MiB. Source: eks-fargate §3.1,
 *     §3.4 (O)
 */
public record FargateSize(int cpuMillis, int memoryMebibytes) {
    /** All of them: fewest vCPU first, then least memory. */
    public static final List<FargateSize> ALL = all();

    /** What a pod gets that asks for nothing. Source: eks-fargate §3.1 (D) */
    public static final FargateSize SMALLEST = ALL.getFirst();

    /** Refuses a size that is not sold. */
    public FargateSize {
        if (!sold(cpuMillis, memoryMebibytes)) {
            throw new IllegalArgumentException(
                    "Fargate has no size of %d millicores and %d MiB"
                            .formatted(cpuMillis, memoryMebibytes));
        }
    }

    private static boolean sold(int cpuMillis, int memoryMebibytes) {
        return switch (cpuMillis) {
            case 250 ->
                    memoryMebibytes == 512 || memoryMebibytes == 1024 || memoryMebibytes == 2048;
            case 500 -> inSteps(memoryMebibytes, 1, 4, 1);
            case 1000 -> inSteps(memoryMebibytes, 2, 8, 1);
            case 2000 -> inSteps(memoryMebibytes, 4, 16, 1);
            case 4000 -> inSteps(memoryMebibytes, 8, 30, 1);
            case 8000 -> inSteps(memoryMebibytes, 16, 60, 4);
            case 16000 -> inSteps(memoryMebibytes, 32, 120, 8);
            default -> false;
        };
    }

    private static boolean inSteps(int mebibytes, int fromGb, int toGb, int stepGb) {
        return mebibytes >= fromGb * 1024
                && mebibytes <= toGb * 1024
                && (mebibytes - fromGb * 1024) % (stepGb * 1024) == 0;
    }

    private static List<FargateSize> all() {
        var sizes = new ArrayList<FargateSize>();
        for (var cpu : new int[] {250, 500, 1000, 2000, 4000, 8000, 16000}) {
            for (var memory = 512; memory <= 120 * 1024; memory += 512) {
                if (sold(cpu, memory)) {
                    sizes.add(new FargateSize(cpu, memory));
                }
            }
        }
        return List.copyOf(sizes);
    }

    /**
     * The smallest size with at least this much of both: the fewest vCPU that come with enough
     * memory, then the least memory. Empty when the largest is too small.
     *
     * <p>For example 1000 millicores and 8448 MiB: one vCPU comes with 8 GB at most, so it is 2
     * vCPU and 9 GB. Source: eks-fargate §3.2 (D)
     *
     * @param cpuMillis wanted millicores
     * @param memoryMebibytes wanted MiB
     */
    public static Optional<FargateSize> smallestFor(long cpuMillis, long memoryMebibytes) {
        for (var size : ALL) {
            if (size.cpuMillis >= cpuMillis && size.memoryMebibytes >= memoryMebibytes) {
                return Optional.of(size);
            }
        }
        return Optional.empty();
    }

    /**
     * The value of the pod's annotation {@code CapacityProvisioned}: {@code <cpu>vCPU <mem>GB} with
     * one space and no trailing zeros, such as {@code 0.25vCPU 0.5GB} and {@code 2vCPU 9GB}.
     * Source: eks-fargate §3.3 (O)
     */
    public String capacityProvisioned() {
        var cpu =
                switch (cpuMillis) {
                    case 250 -> "0.25";
                    case 500 -> "0.5";
                    default -> String.valueOf(cpuMillis / 1000);
                };
        var memory = memoryMebibytes == 512 ? "0.5" : String.valueOf(memoryMebibytes / 1024);
        return cpu + "vCPU " + memory + "GB";
    }

    /** Reads what {@link #capacityProvisioned()} wrote; empty for anything else. */
    public static Optional<FargateSize> parse(String text) {
        return ALL.stream().filter(size -> size.capacityProvisioned().equals(text)).findFirst();
    }
}
