package dev.berth.app;

import dev.berth.adapter.controlplane.NodeCertificates;
import dev.berth.adapter.controlplane.NodeCertificates.Holder;
import dev.berth.core.node.HostFacts;
import dev.berth.edge.kubelet.ClientCertificates;
import dev.berth.edge.kubelet.Doors;
import dev.berth.edge.kubelet.Doors.Door;
import dev.berth.edge.kubelet.KubeletEndpoint;
import dev.berth.edge.kubelet.NodeReports;
import dev.berth.edge.kubelet.ResourceMetrics;
import dev.berth.engine.clusters.MetricsObjects;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.engine.nodes.NodeAccess;
import dev.berth.engine.podworker.KnownNodes;
import dev.berth.engine.podworker.PodStreams.Duplex;
import dev.berth.engine.podworker.PodUsage.NodeRef;
import dev.berth.engine.podworker.PodWorkers;
import dev.berth.port.Time;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The kubelets of one cluster's nodes: one endpoint, its certificates, and the ways to it. */
final class ClusterKubelet implements AutoCloseable {
    /** Where a kubelet answers. */
    static final int PORT = 10250;

    private final KnownNodes nodes;
    private final KubeletEndpoint endpoint;

    /**
     * Listens once it is started.
     *
     * @param homePem Berth's own authority, which vouches for the cluster's API server
     * @param pki the cluster's keys
     * @param lasting the nodes that are there whether or not they have pods
     */
    ClusterKubelet(
            RunningCluster cluster,
            String homePem,
            Path pki,
            PodWorkers workers,
            Supplier<List<NodeRef>> lasting,
            HostFacts facts,
            Time time)
            throws IOException, GeneralSecurityException {
        var usage = workers.usage();
        nodes = new KnownNodes(usage, lasting);
        var doors = new Doors();
        var access = new NodeAccess(cluster.api(), time);
        var clients =
                new ClientCertificates(
                        cluster.name(),
                        homePem,
                        Files.readString(pki.resolve("ca.crt")),
                        Files.readString(pki.resolve("front-proxy-ca.crt")));
        var tls =
                NodeCertificates.of(pki, time::now)
                        .context(port -> doors.at(port).map(this::holder), clients.authorities());
        var host =
                new NodeReports.Host(
                        facts.kubeletVersion(),
                        facts.kernelVersion(),
                        facts.osImage(),
                        facts.bootId(),
                        time.now(),
                        cluster.serviceRange().dnsAddress());
        endpoint =
                new KubeletEndpoint(
                        workers.streams(),
                        new NodeReports(nodes, usage, access, doors, host, time::now),
                        new ResourceMetrics(nodes, usage, time::now),
                        tls,
                        doors,
                        clients,
                        access);
    }

    /** As a kubelet's serving certificate names it. Source: eks-fargate §5.3 (O) */
    private Holder holder(Door door) {
        return switch (door) {
            case Door.Node(String address) -> {
                var name = nodes.at(address).map(NodeRef::name).orElse(address);
                yield new Holder("system:node:" + name, "system:nodes", List.of(name, address));
            }
            case Door.MetricsApi() ->
                    new Holder("berth-metrics", null, List.of(MetricsObjects.SERVER_NAME));
        };
    }

    void start() {
        endpoint.start();
    }

    /** Connects to a node of this cluster or to its resource metrics; empty for other places. */
    Optional<Duplex> dial(String host, int port) throws IOException {
        if (host.equals(MetricsObjects.HOST)) {
            return Optional.of(endpoint.dial(new Door.MetricsApi()));
        }
        return port == PORT && nodes.at(host).isPresent()
                ? Optional.of(endpoint.dial(new Door.Node(host)))
                : Optional.empty();
    }

    @Override
    public void close() {
        endpoint.close();
    }
}
