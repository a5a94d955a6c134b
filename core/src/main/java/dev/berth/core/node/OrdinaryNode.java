package dev.berth.core.node;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A node for many pods, as an EC2 instance is one: it exists before its pods and after them, and
 * the default scheduler puts pods on it. This is what Berth keeps of it over restarts.
 *
 * @param cluster the cluster's name
 * @param name the Node's name, unique in the cluster
 * @param vpcId the VPC
 * @param subnetId the subnet that its address and those of its pods are from
 * @param availabilityZone the subnet's zone, such as {@code eu-west-1a}
 * @param address its IPv4 address
 * @param cpuMillis what it has, in thousandths of a core
 * @param memoryMebibytes what it has
 * @param diskGibibytes what its pods can write
 * @param podsMax how many pods it takes
 * @param hostRoot the folder of this machine that hostPath volumes see as {@code /}
 * @param labels further labels
 * @param taints taints it is registered with
 * @param createdAt when it was made
 */
public record OrdinaryNode(
        String cluster,
        String name,
        String vpcId,
        String subnetId,
        String availabilityZone,
        String address,
        int cpuMillis,
        int memoryMebibytes,
        int diskGibibytes,
        int podsMax,
        String hostRoot,
        Map<String, String> labels,
        List<NodeView.Taint> taints,
        Instant createdAt) {
    /** Copies the collections. */
    public OrdinaryNode {
        labels = Map.copyOf(labels);
        taints = List.copyOf(taints);
    }

    /** What names the node on this machine, among all clusters; never a pod's uid. */
    public String id() {
        return id(cluster, name);
    }

    /** What such a node is called on this machine. */
    public static String id(String cluster, String name) {
        return "node-" + Integer.toHexString(cluster.hashCode()) + "-" + name;
    }

    /** What pods can write on its disk, in bytes. */
    public long ephemeralStorageBytes() {
        return ((long) diskGibibytes) << 30;
    }
}
