package dev.berth.edge.kubelet;

import dev.berth.engine.podworker.PodStreams.Duplex;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * By which door each connection came to the endpoint: many nodes share one listener on loopback,
 * and what leads to it (the API server's egress, the VPC's network) says here which node was meant,
 * under the port that its own end has. A connection that nobody announced has no door. Any thread
 * may call.
 */
public final class Doors {
    private static final Logger LOG = LoggerFactory.getLogger(Doors.class);

    private final Map<Integer, Door> byPort = new ConcurrentHashMap<>();

    /** No connection yet. */
    public Doors() {}

    /** What was meant. */
    public sealed interface Door {
        /**
         * The kubelet of a node.
         *
         * @param address the node's IPv4 address
         */
        record Node(String address) implements Door {}

        /** The resource metrics API, as the API server's aggregation layer reaches it. */
        record MetricsApi() implements Door {}
    }

    /**
     * Whose door a connection came by.
     *
     * @param port of the connection's other end
     */
    public Optional<Door> at(int port) {
        return Optional.ofNullable(byPort.get(port));
    }

    /** Connects to the endpoint by a door; the door is forgotten when the connection is closed. */
    Duplex open(Door door, int endpointPort) throws IOException {
        var channel = SocketChannel.open();
        try {
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            var port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
            byPort.put(port, door);
            var tunnel = new Through(channel, port);
            try {
                channel.connect(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), endpointPort));
            } catch (IOException refused) {
                tunnel.close();
                throw refused;
            }
            return tunnel;
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    private final class Through implements Duplex {
        private final SocketChannel channel;
        private final int port;
        private final InputStream in;
        private final OutputStream out;

        private Through(SocketChannel channel, int port) {
            this.channel = channel;
            this.port = port;
            in = Channels.newInputStream(channel);
            out = Channels.newOutputStream(channel);
        }

        @Override
        public InputStream input() {
            return in;
        }

        @Override
        public OutputStream output() {
            return out;
        }

        @Override
        public void shutdownOutput() throws IOException {
            channel.shutdownOutput();
        }

        @Override
        public void close() {
            byPort.remove(port);
            try {
                channel.close();
            } catch (IOException alreadyGone) {
                LOG.debug("closing a connection", alreadyGone);
            }
        }
    }
}
