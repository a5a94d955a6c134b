package dev.berth.core.tenancy;

import dev.berth.core.pod.Pod;
import java.util.Map;

/**
 * What a pod uses of its node at one moment, in bytes.
 *
 * @param pod the pod
 * @param memory its working set
 * @param memoryOfContainers the working sets of its running containers, by name
 * @param disk what it wrote: layers, logs and volumes; 0 while nobody has looked
 * @param diskOfContainers the layers and logs of its running containers, by name
 */
public record TenantUse(
        Pod pod,
        long memory,
        Map<String, Long> memoryOfContainers,
        long disk,
        Map<String, Long> diskOfContainers) {
    /** Copies the maps. */
    public TenantUse {
        memoryOfContainers = Map.copyOf(memoryOfContainers);
        diskOfContainers = Map.copyOf(diskOfContainers);
    }
}
