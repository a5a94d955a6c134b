package dev.berth.engine.podworker;

import dev.berth.core.pod.EtcTexts.Dns;
import dev.berth.core.pod.FileSystems;

/**
 * What is the same for all pods of a cluster.
 *
 * @param cluster the cluster's name
 * @param dns how its pods look names up
 * @param cpuLimitsMustFit whether a container fails whose CPU limit is above its pod's size; else
 *     it gets what the pod has
 * @param fileSystems the EFS file systems that are served
 */
public record PodSettings(
        String cluster, Dns dns, boolean cpuLimitsMustFit, FileSystems fileSystems) {
    /** Serves no file systems. */
    public PodSettings(String cluster, Dns dns, boolean cpuLimitsMustFit) {
        this(cluster, dns, cpuLimitsMustFit, FileSystems.NONE);
    }
}
