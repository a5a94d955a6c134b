package dev.berth.core.node;

import dev.berth.core.node.NodeView.Address;
import dev.berth.core.node.NodeView.NodeCondition;
import dev.berth.core.node.NodeView.SystemInfo;
import dev.berth.core.node.NodeView.Taint;
import dev.berth.core.size.FargateSize;
import dev.berth.core.size.Sizing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** The Node object that stands for one pod's sandbox. Source: eks-fargate §5 */
public final class FargateNode {
    /** The label by which Fargate's nodes are found; also the taint's key. §5.2 (O) */
    public static final String COMPUTE_TYPE = "eks.amazonaws.com/compute-type";

    /** That label's and that taint's value. */
    public static final String FARGATE = "fargate";

    /** The label with the host name. */
    public static final String HOSTNAME_LABEL = "kubernetes.io/hostname";

    /** The label with the zone. */
    public static final String ZONE_LABEL = "topology.kubernetes.io/zone";

    /** Where kubelets answer; the pod shares the address, so it cannot use it. §5.8 (D, O) */
    public static final int KUBELET_PORT = 10250;

    /** Berth's own: the pod the node was made for. */
    public static final String POD_UID = "berth.dev/pod-uid";

    /** Berth's own: the VPC. */
    public static final String VPC_ID = "berth.dev/vpc-id";

    /** Berth's own: the subnet. */
    public static final String SUBNET_ID = "berth.dev/subnet-id";

    /** Berth's own: the size, in the form of {@link FargateSize#capacityProvisioned()}. */
    public static final String SIZE = "berth.dev/size";

    /** What the node of a small pod showed. Source: eks-fargate §3.5 (O) */
    private static final int CPU_MIN = 2;

    private static final long ALLOCATABLE_MEMORY_MIN_KIBI = 3_811_520;
    private static final long CAPACITY_MEMORY_MIN_KIBI = 4_037_540;
    private static final long ALLOCATABLE_DEFAULT_STORAGE_KIBI = 17_573_496;
    private static final long KIBI_PER_GIBI = 1L << 20;

    private FargateNode() {}

    /**
     * The labels of a node in a zone, but for its host name. Source: eks-fargate §5.2 (O)
     *
     * @param architecture amd64 or arm64
     */
    public static Map<String, String> labelsOfZone(
            String region, String zone, String architecture) {
        return Map.of(
                "beta.kubernetes.io/arch",
                architecture,
                "beta.kubernetes.io/os",
                "linux",
                "kubernetes.io/arch",
                architecture,
                "kubernetes.io/os",
                "linux",
                COMPUTE_TYPE,
                FARGATE,
                "topology.kubernetes.io/region",
                region,
                ZONE_LABEL,
                zone,
                "failure-domain.beta.kubernetes.io/region",
                region,
                "failure-domain.beta.kubernetes.io/zone",
                zone);
    }

    /**
     * The node of a placed pod.
     *
     * @param placed where the pod was placed
     * @param name what {@link NodeName} made of the address
     * @param host the machine
     * @param storageGibibytes the pod's disk
     * @param now when the conditions came to be
     */
    public static NodeView of(
            PlacedNode placed, NodeName name, HostFacts host, int storageGibibytes, Instant now) {
        var labels =
                new LinkedHashMap<>(
                        labelsOfZone(
                                host.region(), placed.availabilityZone(), host.architecture()));
        labels.put(HOSTNAME_LABEL, name.hostname());
        return new NodeView(
                placed.nodeName(),
                labels,
                annotations(placed),
                List.of(new Taint(COMPUTE_TYPE, FARGATE, "NoSchedule")),
                providerId(placed),
                addresses(name),
                capacity(placed.size(), storageGibibytes),
                allocatable(placed.size(), storageGibibytes),
                ready(now),
                new SystemInfo(
                        host.osImage(),
                        host.kernelVersion(),
                        host.containerRuntimeVersion(),
                        host.kubeletVersion(),
                        host.architecture(),
                        machineId(placed.podUid()),
                        systemUuid(placed.podUid()),
                        host.bootId(),
                        host.userNamespaces()),
                KUBELET_PORT);
    }

    private static Map<String, String> annotations(PlacedNode placed) {
        return Map.of(
                "node.alpha.kubernetes.io/ttl",
                "0",
                "volumes.kubernetes.io/controller-managed-attach-detach",
                "true",
                POD_UID,
                placed.podUid(),
                VPC_ID,
                placed.vpcId(),
                SUBNET_ID,
                placed.subnetId(),
                SIZE,
                placed.size().capacityProvisioned());
    }

    /**
     * {@code aws:///<zone>/<10 hex>-<32 hex>/<node name>}. Source: eks-fargate §5.3 (D). The digits
     * are made from the pod's uid, so that the same pod always gets the same (our choice).
     */
    private static String providerId(PlacedNode placed) {
        return "aws:///%s/%s-%s/%s"
                .formatted(
                        placed.availabilityZone(),
                        hex("enclave/" + placed.podUid()).substring(0, 10),
                        hex("task/" + placed.podUid()),
                        placed.nodeName());
    }

    /** InternalIP, then the interface's DNS name twice. Source: eks-fargate §5.3 (D, O) */
    private static List<Address> addresses(NodeName name) {
        var addresses = new ArrayList<Address>();
        addresses.add(new Address("InternalIP", name.address()));
        name.privateDns().ifPresent(dns -> addresses.add(new Address("InternalDNS", dns)));
        addresses.add(new Address("Hostname", name.hostname()));
        return addresses;
    }

    /**
     * What the node shows, which on AWS has little to do with the pod's size: as much as a small
     * pod's node showed, and never less than the pod's size (our choice). Source: eks-fargate §3.5
     */
    private static Map<String, String> allocatable(FargateSize size, int storageGibibytes) {
        return resources(
                size,
                Math.max(ALLOCATABLE_MEMORY_MIN_KIBI, memoryKibi(size)),
                usableStorageKibi(storageGibibytes));
    }

    private static Map<String, String> capacity(FargateSize size, int storageGibibytes) {
        return resources(
                size,
                Math.max(
                        CAPACITY_MEMORY_MIN_KIBI,
                        memoryKibi(size) + CAPACITY_MEMORY_MIN_KIBI - ALLOCATABLE_MEMORY_MIN_KIBI),
                storageGibibytes * KIBI_PER_GIBI);
    }

    private static Map<String, String> resources(
            FargateSize size, long memoryKibi, long storageKibi) {
        return Map.of(
                "cpu",
                String.valueOf(Math.max(CPU_MIN, size.cpuMillis() / 1000)),
                "memory",
                memoryKibi + "Ki",
                "ephemeral-storage",
                storageKibi + "Ki",
                "hugepages-1Gi",
                "0",
                "hugepages-2Mi",
                "0",
                "pods",
                "1");
    }

    private static long memoryKibi(FargateSize size) {
        return size.memoryMebibytes() * 1024L;
    }

    /**
     * What is left of a disk: of the default 20 GiB as much as was seen, of a larger one what was
     * requested before 15 % were added. Source: eks-fargate §3.8 (O, D)
     */
    public static long usableStorageBytes(int storageGibibytes) {
        return usableStorageKibi(storageGibibytes) << 10;
    }

    private static long usableStorageKibi(int storageGibibytes) {
        return storageGibibytes <= Sizing.DEFAULT_STORAGE_GIBIBYTES
                ? ALLOCATABLE_DEFAULT_STORAGE_KIBI
                : storageGibibytes * KIBI_PER_GIBI * 100 / 115;
    }

    /** The conditions of a node that works; reasons and messages are upstream's. §5.6 (O, U) */
    public static List<NodeCondition> ready(Instant now) {
        return List.of(
                new NodeCondition(
                        "MemoryPressure",
                        "False",
                        "KubeletHasSufficientMemory",
                        "kubelet has sufficient memory available",
                        now,
                        now),
                new NodeCondition(
                        "DiskPressure",
                        "False",
                        "KubeletHasNoDiskPressure",
                        "kubelet has no disk pressure",
                        now,
                        now),
                new NodeCondition(
                        "PIDPressure",
                        "False",
                        "KubeletHasSufficientPID",
                        "kubelet has sufficient PID available",
                        now,
                        now),
                new NodeCondition(
                        "Ready",
                        "True",
                        "KubeletReady",
                        "kubelet is posting ready status",
                        now,
                        now));
    }

    /** Where a node says that its pod was placed; empty for a node that Berth did not make. */
    public static Optional<PlacedNode> placed(NodeView node) {
        var podUid = node.annotations().get(POD_UID);
        var vpcId = node.annotations().get(VPC_ID);
        var subnetId = node.annotations().get(SUBNET_ID);
        var zone = node.labels().get(ZONE_LABEL);
        var size = Optional.ofNullable(node.annotations().get(SIZE)).flatMap(FargateSize::parse);
        var address =
                node.addresses().stream()
                        .filter(candidate -> candidate.type().equals("InternalIP"))
                        .map(Address::address)
                        .findFirst();
        if (podUid == null
                || vpcId == null
                || subnetId == null
                || zone == null
                || size.isEmpty()
                || address.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new PlacedNode(
                        node.name(), podUid, vpcId, subnetId, address.get(), zone, size.get()));
    }

    /** The machine's id that a node tells, made from what names the node on this machine. */
    public static String machineId(String id) {
        return hex("machine/" + id);
    }

    /** The same of its firmware. */
    public static String systemUuid(String id) {
        return uuid("system/" + id).toString();
    }

    static String hex(String seed) {
        return uuid(seed).toString().replace("-", "");
    }

    static UUID uuid(String seed) {
        var bytes = new byte[seed.length()];
        for (var i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) seed.charAt(i);
        }
        return UUID.nameUUIDFromBytes(bytes);
    }
}
