package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import dev.berth.port.PodNetwork.Connection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kubelets' port of all addresses of a VPC, in one listener. A packet to that port at an
 * address of the VPC's n-th range gets the address of the same place in {@code 240.n.0.0} on its
 * way into the VPC's namespace, where all of {@link #SHADOW} is local; so the listener sees which
 * node was meant. The kernel turns the answers' addresses back.
 */
final class NodePort implements AutoCloseable {
    /** Reserved by IANA for nobody, so that it is no pod's. */
    static final Cidr SHADOW = Cidr.parse("240.0.0.0/4");

    static final int PORT = 10250;

    private static final Logger log = LoggerFactory.getLogger(NodePort.class);

    /** More connections than so many at once wait in the kernel's queue (our choice). */
    private static final int CONNECTIONS_MAX = 2000;

    private static final int BACKLOG = 512;

    private final ServerSocketChannel server;
    private final List<Cidr> ranges;
    private final Dialer dialer;
    private final Semaphore places = new Semaphore(CONNECTIONS_MAX);
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();

    private NodePort(ServerSocketChannel server, List<Cidr> ranges, Dialer dialer) {
        this.server = server;
        this.ranges = ranges;
        this.dialer = dialer;
    }

    /** Where connections go. */
    interface Dialer {
        /** Connects to what answers at this address of the VPC. */
        Connection dial(String address) throws IOException;
    }

    /** Listens from now on. */
    static NodePort start(Path namespace, List<Cidr> ranges, Dialer dialer) throws IOException {
        var server =
                Namespaces.inside(
                        namespace,
                        Libc.CLONE_NEWNET,
                        () -> ServerSocketChannel.open(StandardProtocolFamily.INET));
        try {
            server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            server.bind(new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), PORT), BACKLOG);
        } catch (IOException failed) {
            server.close();
            throw new IOException(
                    "cannot listen for nodes' kubelets: " + failed.getMessage(), failed);
        }
        var port = new NodePort(server, List.copyOf(ranges), dialer);
        Thread.ofVirtual().name("node-port").start(port::accept);
        return port;
    }

    /** The range that stands for the n-th range of a VPC. */
    static Cidr shadow(int number, Cidr range) {
        return new Cidr(SHADOW.base() + (number << 16), range.prefix());
    }

    /** Which address was meant by one in the shadow; empty for one that stands for none. */
    static Optional<String> meant(int address, List<Cidr> ranges) {
        for (var number = 0; number < ranges.size(); number++) {
            var range = ranges.get(number);
            var shadow = shadow(number, range);
            if (new Cidr(address, 32).overlaps(shadow)) {
                return Optional.of(Cidr.text(range.base() + (address - shadow.base())));
            }
        }
        return Optional.empty();
    }

    private void accept() {
        try {
            while (true) {
                places.acquire();
                var inner = server.accept();
                open.add(inner);
                Thread.ofVirtual().name("node-connection").start(() -> serve(inner));
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException ended) {
            if (server.isOpen()) {
                log.warn("the nodes' port has ended", ended);
            }
        }
    }

    private void serve(SocketChannel inner) {
        try (inner) {
            inner.setOption(StandardSocketOptions.TCP_NODELAY, true);
            var local = ((InetSocketAddress) inner.getLocalAddress()).getAddress();
            var meant = meant(Cidr.address(local.getHostAddress()), ranges);
            if (meant.isEmpty()) {
                return;
            }
            try (var outer = dialer.dial(meant.get());
                    var asking = new ChannelConnection(inner)) {
                var back =
                        Thread.ofVirtual()
                                .start(() -> copy(outer.input(), asking.output(), asking, outer));
                copy(asking.input(), outer.output(), outer, asking);
                back.join();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException refused) {
            log.debug("a connection to a node has ended why={}", refused.getMessage());
        } finally {
            open.remove(inner);
            places.release();
        }
    }

    /** Copies until the end, and tells the other side of it; a broken side ends both. */
    private static void copy(
            InputStream from, OutputStream to, Connection toOwner, Connection fromOwner) {
        try {
            from.transferTo(to);
            toOwner.shutdownOutput();
        } catch (IOException broken) {
            toOwner.close();
            fromOwner.close();
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            for (var channel : open) {
                channel.close();
            }
        } catch (IOException ignored) {
            // They are closed for us all the same.
        }
    }
}
