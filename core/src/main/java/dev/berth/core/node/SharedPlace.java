package dev.berth.core.node;

/**
 * A pod's place on a node of many pods.
 *
 * @param node the node
 * @param address the pod's address; the node's own for a pod with the node's network
 */
public record SharedPlace(OrdinaryNode node, String address) implements PodPlace {
    @Override
    public String nodeName() {
        return node.name();
    }

    @Override
    public String vpcId() {
        return node.vpcId();
    }

    @Override
    public String hostAddress() {
        return node.address();
    }

    @Override
    public int cpuMillis() {
        return node.cpuMillis();
    }

    @Override
    public int memoryMebibytes() {
        return node.memoryMebibytes();
    }

    @Override
    public long ephemeralStorageBytes() {
        return node.ephemeralStorageBytes();
    }
}
