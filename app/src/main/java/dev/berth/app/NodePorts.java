package dev.berth.app;

import dev.berth.adapter.net.VpcNetwork;
import dev.berth.engine.podworker.PodStreams.Duplex;
import dev.berth.port.PodNetwork;
import dev.berth.port.PodNetwork.NetworkFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What answers in each VPC at the kubelets' port of its addresses, as long as there are clusters:
 * for a node of ours its cluster's endpoint, else whoever has the address.
 */
final class NodePorts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodePorts.class);

    private final VpcNetwork network;
    private final Function<String, List<ClusterKubelet>> kubelets;
    private final Map<Where, AutoCloseable> open = new HashMap<>();

    /**
     * Answers nowhere yet.
     *
     * @param kubelets the endpoints of the clusters in a VPC at that moment
     */
    NodePorts(VpcNetwork network, Function<String, List<ClusterKubelet>> kubelets) {
        this.network = network;
        this.kubelets = kubelets;
    }

    /** Answers a cluster's pods in a VPC; nothing when it does already. */
    synchronized void open(String vpcId, String cluster) throws NetworkFailed {
        var where = new Where(vpcId, network.services(vpcId, cluster));
        if (!open.containsKey(where)) {
            open.put(
                    where, network.answerForNodes(vpcId, cluster, address -> dial(vpcId, address)));
        }
    }

    private PodNetwork.Connection dial(String vpcId, String address) throws IOException {
        for (var kubelet : kubelets.apply(vpcId)) {
            var ours = kubelet.dial(address, ClusterKubelet.PORT);
            if (ours.isPresent()) {
                return new ToEndpoint(ours.get());
            }
        }
        return network.dialFromVpc(vpcId, address, ClusterKubelet.PORT);
    }

    /** Answers a cluster's pods no longer; nothing when what it has is the VPC's own network. */
    synchronized void close(String vpcId, String cluster) {
        var where = new Where(vpcId, network.services(vpcId, cluster));
        if (!where.namespace().equals(network.namespace(vpcId))) {
            close(where);
        }
    }

    /** Answers no longer in a VPC. */
    synchronized void close(String vpcId) {
        List.copyOf(open.keySet()).stream()
                .filter(where -> where.vpcId().equals(vpcId))
                .forEach(this::close);
    }

    private synchronized void close(Where where) {
        var ending = open.remove(where);
        if (ending != null) {
            try {
                ending.close();
            } catch (Exception leftBehind) {
                LOG.warn("the nodes' port could not be closed vpc={}", where.vpcId(), leftBehind);
            }
        }
    }

    @Override
    public synchronized void close() {
        List.copyOf(open.keySet()).forEach(this::close);
    }

    /** The part of a VPC's network that a cluster has. */
    private record Where(String vpcId, Path namespace) {}

    /** A connection to an endpoint of ours, as the network sees it. */
    private record ToEndpoint(Duplex tunnel) implements PodNetwork.Connection {
        @Override
        public InputStream input() {
            return tunnel.input();
        }

        @Override
        public OutputStream output() {
            return tunnel.output();
        }

        @Override
        public void shutdownOutput() throws IOException {
            tunnel.shutdownOutput();
        }

        @Override
        public void close() {
            tunnel.close();
        }
    }
}
