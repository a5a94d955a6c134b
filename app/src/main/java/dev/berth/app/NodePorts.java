package dev.berth.app;

import dev.berth.adapter.net.VpcNetwork;
import dev.berth.engine.podworker.PodStreams.Duplex;
import dev.berth.port.PodNetwork;
import dev.berth.port.PodNetwork.NetworkFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What answers in each VPC at the kubelets' port of its addresses, from the first cluster there to
 * the end of the VPC: for a node of ours its cluster's endpoint, else whoever has the address.
 */
final class NodePorts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodePorts.class);

    private final VpcNetwork network;
    private final Function<String, List<ClusterKubelet>> kubelets;
    private final Map<String, AutoCloseable> open = new HashMap<>();

    /**
     * Answers nowhere yet.
     *
     * @param kubelets the endpoints of the clusters in a VPC at that moment
     */
    NodePorts(VpcNetwork network, Function<String, List<ClusterKubelet>> kubelets) {
        this.network = network;
        this.kubelets = kubelets;
    }

    /** Answers in a VPC; nothing when it does already. */
    synchronized void open(String vpcId) throws NetworkFailed {
        if (!open.containsKey(vpcId)) {
            open.put(vpcId, network.answerForNodes(vpcId, address -> dial(vpcId, address)));
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

    /** Answers no longer in a VPC. */
    synchronized void close(String vpcId) {
        var ending = open.remove(vpcId);
        if (ending != null) {
            try {
                ending.close();
            } catch (Exception leftBehind) {
                LOG.warn("the nodes' port could not be closed vpc={}", vpcId, leftBehind);
            }
        }
    }

    @Override
    public synchronized void close() {
        List.copyOf(open.keySet()).forEach(this::close);
    }

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
