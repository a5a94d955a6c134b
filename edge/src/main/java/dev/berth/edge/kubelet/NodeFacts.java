package dev.berth.edge.kubelet;

/**
 * What a node says of itself beside its pods.
 *
 * @param name its name
 * @param cpuMillis what it has, in thousandths of a core
 * @param memoryBytes what it has
 * @param version its kubelet's, such as {@code v1.36.3-eks-berth}
 * @param kernelVersion the kernel
 * @param osImage as its Node says
 * @param bootId this machine's boot
 * @param machineId as its Node says
 * @param systemUuid as its Node says
 */
record NodeFacts(
        String name,
        int cpuMillis,
        long memoryBytes,
        String version,
        String kernelVersion,
        String osImage,
        String bootId,
        String machineId,
        String systemUuid) {}
