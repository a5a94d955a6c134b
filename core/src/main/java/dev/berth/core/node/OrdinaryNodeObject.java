package dev.berth.core.node;

import dev.berth.core.node.NodeView.Address;
import dev.berth.core.node.NodeView.NodeCondition;
import dev.berth.core.node.NodeView.NodeImage;
import dev.berth.core.node.NodeView.SystemInfo;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The Node object of an {@link OrdinaryNode}: what a kubelet would report of such a machine. */
public final class OrdinaryNodeObject {
    /** What a kubelet keeps free on the machine unless told otherwise, so pods cannot have it. */
    public static final int MEMORY_KEPT_FREE_MEBIBYTES = 100;

    /** The part of the disk that a kubelet keeps free unless told otherwise. */
    public static final double DISK_KEPT_FREE = 0.1;

    /** How many images a kubelet reports. */
    private static final int IMAGES_MOST = 50;

    private static final long KIBI_PER_MEBI = 1024;
    private static final long KIBI_PER_GIBI = 1L << 20;

    private OrdinaryNodeObject() {}

    /**
     * What a node suffers from.
     *
     * @param memory whether memory runs out
     * @param disk whether disk space runs out
     */
    public record Pressure(boolean memory, boolean disk) {
        /** Nothing. */
        public static final Pressure NONE = new Pressure(false, false);
    }

    /**
     * The object.
     *
     * @param host the machine
     * @param before the conditions that were reported last; empty at first
     * @param pressure what it suffers from
     * @param images what it has, in any order
     * @param now the time of this look
     */
    public static NodeView of(
            OrdinaryNode node,
            HostFacts host,
            List<NodeCondition> before,
            Pressure pressure,
            List<NodeImage> images,
            Instant now) {
        var labels = new LinkedHashMap<>(node.labels());
        labels.putAll(labels(node, host));
        return new NodeView(
                node.name(),
                labels,
                Map.of("volumes.kubernetes.io/controller-managed-attach-detach", "true"),
                node.taints(),
                "",
                List.of(
                        new Address("InternalIP", node.address()),
                        new Address("Hostname", node.name())),
                capacity(node),
                allocatable(node),
                conditions(before, pressure, now),
                new SystemInfo(
                        host.osImage(),
                        host.kernelVersion(),
                        host.containerRuntimeVersion(),
                        host.kubeletVersion(),
                        host.architecture(),
                        FargateNode.machineId(node.id()),
                        FargateNode.systemUuid(node.id()),
                        host.bootId(),
                        host.userNamespaces()),
                FargateNode.KUBELET_PORT,
                images.stream()
                        .sorted((one, other) -> Long.compare(other.sizeBytes(), one.sizeBytes()))
                        .limit(IMAGES_MOST)
                        .toList());
    }

    private static Map<String, String> labels(OrdinaryNode node, HostFacts host) {
        return Map.of(
                "beta.kubernetes.io/arch",
                host.architecture(),
                "beta.kubernetes.io/os",
                "linux",
                "kubernetes.io/arch",
                host.architecture(),
                "kubernetes.io/os",
                "linux",
                FargateNode.HOSTNAME_LABEL,
                node.name(),
                "topology.kubernetes.io/region",
                host.region(),
                FargateNode.ZONE_LABEL,
                node.availabilityZone(),
                "failure-domain.beta.kubernetes.io/region",
                host.region(),
                "failure-domain.beta.kubernetes.io/zone",
                node.availabilityZone());
    }

    /** What the node has. */
    public static Map<String, String> capacity(OrdinaryNode node) {
        return resources(
                node,
                node.memoryMebibytes() * KIBI_PER_MEBI,
                node.diskGibibytes() * KIBI_PER_GIBI + "Ki");
    }

    /**
     * What pods may have of it: all but what is kept free. 4096 MiB leave 3996; 20 GiB of disk
     * leave 18 GiB, in bytes, as a kubelet writes it.
     */
    public static Map<String, String> allocatable(OrdinaryNode node) {
        return resources(
                node,
                (node.memoryMebibytes() - MEMORY_KEPT_FREE_MEBIBYTES) * KIBI_PER_MEBI,
                String.valueOf(allocatableDiskBytes(node)));
    }

    /** The disk that pods may have, in bytes. */
    public static long allocatableDiskBytes(OrdinaryNode node) {
        return (long) (node.ephemeralStorageBytes() * (1 - DISK_KEPT_FREE));
    }

    /** The memory that pods may have, in bytes. */
    public static long allocatableMemoryBytes(OrdinaryNode node) {
        return ((long) node.memoryMebibytes() - MEMORY_KEPT_FREE_MEBIBYTES) << 20;
    }

    private static Map<String, String> resources(
            OrdinaryNode node, long memoryKibi, String storage) {
        return Map.of(
                "cpu",
                node.cpuMillis() % 1000 == 0
                        ? String.valueOf(node.cpuMillis() / 1000)
                        : node.cpuMillis() + "m",
                "memory",
                memoryKibi + "Ki",
                "ephemeral-storage",
                storage,
                "hugepages-1Gi",
                "0",
                "hugepages-2Mi",
                "0",
                "pods",
                String.valueOf(node.podsMax()));
    }

    /** The conditions now; the time of the last change stays where nothing has changed. */
    static List<NodeCondition> conditions(
            List<NodeCondition> before, Pressure pressure, Instant now) {
        return FargateNode.ready(now).stream()
                .map(fine ->
                        switch (fine.type()) {
                            case "MemoryPressure" ->
                                    pressure.memory()
                                            ? pressed(
                                                    fine,
                                                    "KubeletHasInsufficientMemory",
                                                    "kubelet has insufficient memory available")
                                            : fine;
                            case "DiskPressure" ->
                                    pressure.disk()
                                            ? pressed(
                                                    fine,
                                                    "KubeletHasDiskPressure",
                                                    "kubelet has disk pressure")
                                            : fine;
                            default -> fine;
                        })
                .map(condition ->
                        before.stream()
                                .filter(old ->
                                        old.type().equals(condition.type())
                                                && old.status().equals(condition.status()))
                                .findFirst()
                                .map(old -> since(condition, old.lastTransition()))
                                .orElse(condition))
                .toList();
    }

    private static NodeCondition pressed(NodeCondition fine, String reason, String message) {
        return new NodeCondition(
                fine.type(), "True", reason, message, fine.lastTransition(), fine.lastHeartbeat());
    }

    private static NodeCondition since(NodeCondition condition, Instant transition) {
        return new NodeCondition(
                condition.type(),
                condition.status(),
                condition.reason(),
                condition.message(),
                transition,
                condition.lastHeartbeat());
    }

    /** Whether two looks tell the same, but for the time of the look. */
    public static boolean same(NodeView one, NodeView other) {
        return untimed(one).equals(untimed(other))
                && one.capacity().equals(other.capacity())
                && one.allocatable().equals(other.allocatable())
                && one.info().equals(other.info())
                && one.addresses().equals(other.addresses())
                && Set.copyOf(one.images()).equals(Set.copyOf(other.images()));
    }

    private static List<NodeCondition> untimed(NodeView node) {
        return node.conditions().stream()
                .map(one ->
                        new NodeCondition(
                                one.type(),
                                one.status(),
                                one.reason(),
                                one.message(),
                                one.lastTransition(),
                                Instant.EPOCH))
                .toList();
    }
}
