package dev.berth.core.node;

/** Where a pod is: on a Fargate node of its own, or beside others on an ordinary node. */
public sealed interface PodPlace permits PlacedNode, SharedPlace {
    /** The Node's name. */
    String nodeName();

    /** The VPC. */
    String vpcId();

    /** The pod's IPv4 address. */
    String address();

    /** The node's IPv4 address; on Fargate, and with the node's network, the pod's own. */
    String hostAddress();

    /** What the node has, in thousandths of a core. */
    int cpuMillis();

    /** What the node has. */
    int memoryMebibytes();

    /** What pods can write on the node's disk, in bytes. */
    long ephemeralStorageBytes();
}
