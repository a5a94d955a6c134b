package dev.berth.core.pod;

/**
 * What a pod may learn of its node.
 *
 * @param hostIp the node's address
 * @param cpuMillis what it has, in thousandths of a core
 * @param memoryBytes what it has
 * @param ephemeralStorageBytes what it has
 */
public record NodeFacts(
        String hostIp, long cpuMillis, long memoryBytes, long ephemeralStorageBytes) {}
