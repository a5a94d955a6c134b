package dev.berth.core.node;

import dev.berth.core.size.FargateSize;

/**
 * Where a pod was placed; its Node object says the same, so that this survives Berth.
 *
 * @param nodeName {@code fargate-…}
 * @param podUid the one pod it was made for
 * @param vpcId the VPC
 * @param subnetId the subnet
 * @param address the pod's and the node's IPv4 address
 * @param availabilityZone such as {@code eu-west-1a}
 * @param size what was provisioned
 */
public record PlacedNode(
        String nodeName,
        String podUid,
        String vpcId,
        String subnetId,
        String address,
        String availabilityZone,
        FargateSize size)
        implements PodPlace {
    /** The size of a Fargate node's disk that pods can use. Source: eks-fargate §3.8 (O). */
    private static final long EPHEMERAL_STORAGE_BYTES = 17_573_496L << 10;

    @Override
    public String hostAddress() {
        return address;
    }

    @Override
    public int cpuMillis() {
        return size.cpuMillis();
    }

    @Override
    public int memoryMebibytes() {
        return size.memoryMebibytes();
    }

    @Override
    public long ephemeralStorageBytes() {
        return EPHEMERAL_STORAGE_BYTES;
    }
}
