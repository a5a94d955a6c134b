package dev.berth.app;

import dev.berth.adapter.controlplane.VpcPlaces;
import dev.berth.adapter.files.DiskPodFiles;
import dev.berth.adapter.files.DiskPodLogs;
import dev.berth.adapter.net.VpcNetwork;
import dev.berth.adapter.probe.VpcProbes;
import dev.berth.core.network.AccountNetwork;
import dev.berth.core.network.WaysOut;
import dev.berth.core.node.HostFacts;
import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.placement.HostCapacity;
import dev.berth.core.pod.EtcTexts.Dns;
import dev.berth.core.pod.EtcTexts.Resolver;
import dev.berth.core.pod.FileSystems;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.size.CpuLimit;
import dev.berth.core.tenancy.TenantUse;
import dev.berth.edge.kubelet.Egress;
import dev.berth.engine.RecentTimelines;
import dev.berth.engine.account.Networks;
import dev.berth.engine.account.RoleView;
import dev.berth.engine.clusters.ClusterListener;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.engine.nodes.EveryNode;
import dev.berth.engine.nodes.FargateNodes;
import dev.berth.engine.nodes.OrdinaryNodeRecords;
import dev.berth.engine.nodes.OrdinaryNodes;
import dev.berth.engine.nodes.Places;
import dev.berth.engine.nodes.PressureWatch;
import dev.berth.engine.nodes.ServiceWays;
import dev.berth.engine.podworker.PodNodes;
import dev.berth.engine.podworker.PodRemains;
import dev.berth.engine.podworker.PodSettings;
import dev.berth.engine.podworker.PodStreams;
import dev.berth.engine.podworker.PodUsage.NodeRef;
import dev.berth.engine.podworker.PodWorkers;
import dev.berth.engine.profiles.ProfileView;
import dev.berth.engine.scheduler.FargateScheduler;
import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import dev.berth.port.ControlPlanes.Plan;
import dev.berth.port.KubeApi;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodNetwork;
import dev.berth.port.PodNetwork.NetworkFailed;
import dev.berth.port.Time;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * For each running cluster: its VPC, the scheduler, the nodes, the pod workers and the kubelet's
 * endpoint.
 */
final class ClusterPods implements ClusterListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterPods.class);
    private static final double CPU_OVERCOMMIT = 64;
    private static final double MEMORY_SHARE = 0.8;

    private final DataFolder data;
    private final Machine machine;
    private final ProfileView profiles;
    private final Networks networks;
    private final RoleView roles;
    private final String homePem;
    private final Time time;
    private final RecentTimelines timelines;
    private final dev.berth.engine.podworker.Machine ground;
    private final Places places;
    private final Supplier<Set<String>> apiAddresses;
    private final FileSystems fileSystems;
    private final OrdinaryNodeRecords nodeRecords;
    private final Predicate<String> clusterGoes;
    private final Map<String, Running> running = new ConcurrentHashMap<>();

    private final NodePorts nodePorts;

    ClusterPods(
            DataFolder data,
            Machine machine,
            ProfileView profiles,
            Networks networks,
            RoleView roles,
            String homePem,
            Time time,
            RecentTimelines timelines,
            double memoryOvercommit,
            FileSystems fileSystems,
            Supplier<Set<String>> apiAddresses,
            OrdinaryNodeRecords nodeRecords,
            Predicate<String> clusterGoes)
            throws IOException {
        this.data = data;
        this.machine = machine;
        this.nodePorts =
                new NodePorts(
                        machine.network(),
                        vpcId ->
                                running.values().stream()
                                        .filter(one -> one.cluster().vpcId().equals(vpcId))
                                        .map(Running::kubelet)
                                        .toList());
        this.profiles = profiles;
        this.networks = networks;
        this.roles = roles;
        this.homePem = homePem;
        this.time = time;
        this.timelines = timelines;
        this.apiAddresses = apiAddresses;
        this.fileSystems = fileSystems;
        this.nodeRecords = nodeRecords;
        this.clusterGoes = clusterGoes;
        this.ground =
                new dev.berth.engine.podworker.Machine(
                        machine.runtime(),
                        machine.network(),
                        new VpcProbes(machine.network(), time),
                        machine.images(),
                        new DiskPodFiles(data.path()),
                        new DiskPodLogs(data.resolve("logs").resolve("pods")),
                        time);
        this.places =
                new Places(
                        HostCapacity.of(
                                Runtime.getRuntime().availableProcessors(),
                                (long) (memoryMebibytes() * MEMORY_SHARE),
                                CPU_OVERCOMMIT,
                                memoryOvercommit),
                        this::heldByInterfaces);
    }

    /** What runs for one cluster; all its parts in the order they were begun. */
    private record Running(
            RunningCluster cluster,
            List<AutoCloseable> parts,
            PodWorkers workers,
            OrdinaryNodes ordinary,
            FargateScheduler scheduler,
            ClusterKubelet kubelet) {}

    /** Takes away what an earlier life began for a pod and did not come to note as the pod's. */
    void removeOwnerless() throws InterruptedException {
        new PodRemains(ground).removeOwnerless();
    }

    /** Lets every node that has pods say a warning: they share this machine. */
    void tellNodes(String reason, String message) {
        for (var each : running.values()) {
            each.workers().streams().pods().stream()
                    .map(PodStreams.PodRef::nodeName)
                    .distinct()
                    .map(node -> KubeApi.Event.ofNode(node, reason, message, time.now()))
                    .forEach(each.cluster().api()::event);
        }
    }

    /** Where a cluster's API server dials its nodes. */
    Path egressSocket(String clusterName) {
        return data.runFolder()
                .resolve("egress")
                .resolve(Integer.toHexString(clusterName.hashCode()) + ".sock");
    }

    @Override
    public void started(RunningCluster cluster) {
        var began = new ArrayList<AutoCloseable>();
        try {
            ensureVpc(cluster.vpcId());
            var nodes =
                    new FargateNodes(
                            cluster,
                            networks,
                            facts(cluster, "Amazon Linux 2"),
                            places,
                            uid -> machine.network().sandbox(uid).isPresent(),
                            time);
            began.add(nodes);
            began.add(machine.network().onDetached(nodes::detached));
            nodes.start();
            var ordinary = ordinary(cluster);
            began.add(ordinary);
            began.add(machine.network().onDetached(ordinary::detached));
            ordinary.start();
            var workers =
                    new PodWorkers(
                            cluster.api(),
                            ground,
                            new PodSettings(
                                    cluster.name(),
                                    dns(cluster),
                                    CpuLimit.mustFit(cluster.kubernetesVersion()),
                                    fileSystems),
                            new EveryNode(PodNodes.ofFargate(nodes::placed), ordinary),
                            timelines);
            began.add(workers);
            workers.start();
            nodes.whenKnown(workers::nodesChanged);
            var ways = new ServiceWays(cluster, ordinary, machine.network(), time);
            began.add(ways);
            ways.start();
            ordinary.onChange(() -> {
                workers.nodesChanged();
                ways.look();
            });
            ordinary.onRoom(roomFor(workers));
            var pressure = new PressureWatch(ordinary, podsOf(workers), time);
            began.add(pressure);
            pressure.start();
            var scheduler =
                    new FargateScheduler(
                            cluster,
                            profiles,
                            networks,
                            roles,
                            nodes,
                            places,
                            architecture(),
                            time,
                            timelines);
            began.add(scheduler);
            scheduler.start();
            var kubelet =
                    new ClusterKubelet(
                            cluster,
                            homePem,
                            data.resolve("clusters").resolve(cluster.name()).resolve("pki"),
                            workers,
                            () ->
                                    ordinary.all().keySet().stream()
                                            .map(ClusterPods::reference)
                                            .toList(),
                            facts(cluster, "Amazon Linux 2"),
                            time);
            began.add(kubelet);
            kubelet.start();
            nodePorts.open(cluster.vpcId(), cluster.name());
            began.add(
                    new Egress(
                            egressSocket(cluster.name()),
                            kubelet::dial,
                            (host, port) ->
                                    new VpcTunnel(
                                            machine.network()
                                                    .dialFromCluster(
                                                            cluster.vpcId(),
                                                            cluster.name(),
                                                            host,
                                                            port))));
            running.put(
                    cluster.name(),
                    new Running(
                            cluster, List.copyOf(began), workers, ordinary, scheduler, kubelet));
        } catch (Exception failure) {
            for (var part : began.reversed()) {
                close(part);
            }
            if (failure instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            throw new IllegalStateException(
                    "the pods of " + cluster.name() + " cannot be served: " + failure.getMessage(),
                    failure);
        }
    }

    @Override
    public void stopping(String clusterName) {
        var ending = running.remove(clusterName);
        if (ending != null) {
            ending.parts().reversed().forEach(ClusterPods::close);
            if (clusterGoes.test(clusterName)) {
                removeAll(ending);
            }
        }
    }

    /** What a cluster leaves that is being deleted: ordinary nodes, and the pods on them. */
    private void removeAll(Running ending) {
        try {
            new PodRemains(ground).removeAll(ending.cluster().name());
            ending.ordinary().removeAll();
        } catch (FilesFailed left) {
            LOG.warn(
                    "pods of a deleted cluster are left cluster={}", ending.cluster().name(), left);
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Follows the account's networks: a VPC that is gone goes from this machine, the others'
     * subnets are laid out as they are now, and pods that wait for an address are looked at again.
     */
    void networksChanged(AccountNetwork now) {
        for (var vpcId : machine.network().vpcs()) {
            if (!now.vpcs().containsKey(vpcId)) {
                nodePorts.close(vpcId);
                try {
                    machine.network().removeVpc(vpcId);
                } catch (NetworkFailed failed) {
                    LOG.warn("VPC cannot be taken down vpc={}", vpcId, failed);
                }
            }
        }
        for (var vpcId : machine.network().vpcs()) {
            try {
                ensureVpc(vpcId);
            } catch (NetworkFailed failed) {
                LOG.warn("VPC cannot be laid out anew vpc={}", vpcId, failed);
            }
        }
        running.values().forEach(cluster -> cluster.scheduler().wake());
    }

    private static NodeRef reference(OrdinaryNode node) {
        return new NodeRef(
                node.name(),
                node.address(),
                node.cpuMillis(),
                (long) node.memoryMebibytes() << 20,
                node.id());
    }

    /** The ordinary nodes of a running cluster. */
    Optional<OrdinaryNodes> ordinaryNodes(String clusterName) {
        return Optional.ofNullable(running.get(clusterName)).map(Running::ordinary);
    }

    private static PressureWatch.Pods podsOf(PodWorkers workers) {
        return new PressureWatch.Pods() {
            @Override
            public List<TenantUse> uses(String nodeName) {
                return workers.uses(nodeName);
            }

            @Override
            public void evict(String podUid, Verdict why) {
                workers.evict(podUid, why);
            }
        };
    }

    private static OrdinaryNodes.Workers roomFor(PodWorkers workers) {
        return new OrdinaryNodes.Workers() {
            @Override
            public void evict(String podUid, Verdict why) {
                workers.evict(podUid, why);
            }

            @Override
            public void look(String podUid) {
                workers.look(podUid);
            }
        };
    }

    private OrdinaryNodes ordinary(RunningCluster cluster) throws IOException {
        return new OrdinaryNodes(
                cluster,
                nodeRecords,
                networks,
                ground,
                facts(cluster, OsRelease.prettyName()),
                places,
                () -> NodeImages.of(machine.images()));
    }

    /** How many pods a cluster runs here. */
    int count(String clusterName) {
        var cluster = running.get(clusterName);
        return cluster == null ? 0 : cluster.workers().streams().pods().size();
    }

    /** When a pod passed each step of its way, in microseconds since 1970. */
    Map<String, Long> timeline(String podUid) {
        var stamps = new LinkedHashMap<String, Long>();
        timelines
                .of(podUid)
                .forEach((phase, at) ->
                        stamps.put(phase.name(), ChronoUnit.MICROS.between(Instant.EPOCH, at)));
        return stamps;
    }

    @Override
    public void close() {
        List.copyOf(running.keySet()).forEach(this::stopping);
        nodePorts.close();
    }

    private static void close(AutoCloseable part) {
        try {
            part.close();
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        } catch (Exception leftBehind) {
            LOG.warn("a part of a cluster could not be stopped", leftBehind);
        }
    }

    private void ensureVpc(String vpcId) throws NetworkFailed {
        var vpc =
                networks.vpc(vpcId)
                        .orElseThrow(() -> new NetworkFailed("VPC " + vpcId + " is gone", null));
        machine.network()
                .ensureVpc(
                        new PodNetwork.Vpc(
                                vpcId,
                                List.of(vpc.cidr()),
                                networks.subnetsOf(vpcId).stream()
                                        .map(subnet ->
                                                new PodNetwork.Subnet(
                                                        subnet.id(),
                                                        subnet.cidr(),
                                                        waysOut(subnet.id())))
                                        .toList()));
    }

    private List<String> waysOut(String subnetId) {
        var network = networks.network();
        var subnet = network.subnets().get(subnetId);
        return subnet == null ? List.of() : WaysOut.of(network, subnet);
    }

    /** Makes a cluster's API server be seen in its VPC. */
    Optional<VpcPlaces.VpcPlace> place(Plan plan, int port) throws ControlPlaneFailed {
        var address = plan.addressInVpc();
        if (address == null) {
            return Optional.empty();
        }
        try {
            ensureVpc(plan.vpcId());
            var namespace =
                    machine.network()
                            .ensureServices(plan.vpcId(), plan.clusterName(), plan.serviceCidr());
            var opened =
                    machine.network().open(plan.vpcId(), plan.clusterName(), address, port, port);
            return Optional.of(new Place(plan, namespace, opened));
        } catch (NetworkFailed failed) {
            throw new ControlPlaneFailed(
                    "the API server cannot be seen in " + plan.vpcId() + ": " + failed.getMessage(),
                    failed);
        }
    }

    /** A cluster's place in its VPC. */
    private final class Place implements VpcPlaces.VpcPlace {
        private final Plan plan;
        private final Path namespace;
        private final AutoCloseable opened;

        private Place(Plan plan, Path namespace, AutoCloseable opened) {
            this.plan = plan;
            this.namespace = namespace;
            this.opened = opened;
        }

        @Override
        public Path namespace() {
            return namespace;
        }

        @Override
        public String resolver() {
            return ClusterPods.this.resolver(plan.vpcId());
        }

        @Override
        public void close() {
            ClusterPods.close(opened);
            try {
                machine.network().clearServices(plan.vpcId(), plan.clusterName());
                if (clusterGoes.test(plan.clusterName())) {
                    nodePorts.close(plan.vpcId(), plan.clusterName());
                    machine.network().removeServices(plan.vpcId(), plan.clusterName());
                }
            } catch (NetworkFailed failed) {
                LOG.warn("Services are left behind vpc={}", plan.vpcId(), failed);
            }
        }
    }

    private String resolver(String vpcId) {
        return networks.vpc(vpcId).map(vpc -> VpcNetwork.resolver(vpc.cidr())).orElseThrow();
    }

    /** The addresses of a subnet that pods and gateways have. */
    Set<String> held(String subnetId) {
        var held = new HashSet<>(places.addressesIn(subnetId));
        held.addAll(heldByGateways(subnetId));
        return held;
    }

    /** Addresses that gateways and API servers have in a subnet, or elsewhere. */
    private Set<String> heldByInterfaces(String subnetId) {
        var held = new HashSet<>(heldByGateways(subnetId));
        held.addAll(apiAddresses.get());
        machine.network().attached().values().forEach(pod -> held.add(pod.address()));
        return held;
    }

    /** Addresses that NAT gateways have in a subnet. */
    private Set<String> heldByGateways(String subnetId) {
        return networks.network().natGateways().values().stream()
                .filter(nat -> nat.subnetId().equals(subnetId) && nat.deletedAt() == null)
                .map(nat -> nat.privateIp())
                .collect(java.util.stream.Collectors.toSet());
    }

    private HostFacts facts(RunningCluster cluster, String osImage) throws IOException {
        return new HostFacts(
                cluster.region(),
                osImage,
                Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip(),
                machine.runtime().version(),
                cluster.kubernetesVersion(),
                architecture(),
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip(),
                machine.images().canMapUsers());
    }

    /** As in a pod on Fargate: the cluster's names, and else the VPC's name service. */
    private Dns dns(RunningCluster cluster) {
        var search =
                cluster.region().equals("us-east-1")
                        ? "ec2.internal"
                        : cluster.region() + ".compute.internal";
        return new Dns(
                cluster.serviceRange().dnsAddress(),
                "cluster.local",
                new Resolver(List.of(resolver(cluster.vpcId())), List.of(search), List.of()));
    }

    private static String architecture() {
        return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
    }

    private static long memoryMebibytes() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/meminfo"))) {
            if (line.startsWith("MemTotal:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
            }
        }
        throw new IOException("/proc/meminfo does not tell MemTotal");
    }

    /** A connection into the VPC. */
    private record VpcTunnel(PodNetwork.Connection connection) implements PodStreams.Duplex {
        @Override
        public InputStream input() {
            return connection.input();
        }

        @Override
        public OutputStream output() {
            return connection.output();
        }

        @Override
        public void shutdownOutput() throws IOException {
            connection.shutdownOutput();
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}
