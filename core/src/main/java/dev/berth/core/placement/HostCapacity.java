package dev.berth.core.placement;

import dev.berth.core.size.FargateSize;

/**
 * What a machine can give to pods, or has left of it.
 *
 * @param cpuMillis millicores, overcommitment included; 0 or more
 * @param memoryMebibytes MiB; 0 or more
 */
public record HostCapacity(long cpuMillis, long memoryMebibytes) {
    /** Refuses negative amounts. */
    public HostCapacity {
        if (cpuMillis < 0 || memoryMebibytes < 0) {
            throw new IllegalArgumentException(
                    "negative capacity: " + cpuMillis + " m, " + memoryMebibytes + " MiB");
        }
    }

    /**
     * What a machine with these means offers.
     *
     * <p>Memory is best offered once: a pod that finds none is killed, which on Fargate cannot
     * happen to a pod within its size. Who runs many small pods that use little may offer it more
     * often. CPU may be offered several times over: a pod that finds none waits, and on a
     * developer's machine most pods sleep, so keeping whole vCPUs free for each would leave room
     * for eight small pods on two cores. Our choice; AWS overcommits neither.
     *
     * @param cores the machine's processors
     * @param memoryMebibytes the memory set aside for pods
     * @param cpuOvercommit how often each processor is offered, 1 or more
     * @param memoryOvercommit how often the memory is offered, 1 or more
     */
    public static HostCapacity of(
            int cores, long memoryMebibytes, double cpuOvercommit, double memoryOvercommit) {
        if (cpuOvercommit < 1 || memoryOvercommit < 1) {
            throw new IllegalArgumentException(
                    "overcommitment below 1: " + Math.min(cpuOvercommit, memoryOvercommit));
        }
        return new HostCapacity(
                (long) (cores * 1000L * cpuOvercommit),
                (long) (memoryMebibytes * memoryOvercommit));
    }

    /** Whether a pod of that size fits. */
    public boolean holds(FargateSize size) {
        return size.cpuMillis() <= cpuMillis && size.memoryMebibytes() <= memoryMebibytes;
    }

    /** What is left besides a pod of that size, at least nothing of either. */
    public HostCapacity less(FargateSize size) {
        return less(size.cpuMillis(), size.memoryMebibytes());
    }

    /** What is left besides so much, at least nothing of either. */
    public HostCapacity less(int usedCpuMillis, int usedMemoryMebibytes) {
        return new HostCapacity(
                Math.max(0, cpuMillis - usedCpuMillis),
                Math.max(0, memoryMebibytes - usedMemoryMebibytes));
    }
}
