package dev.berth.adapter.image;

import dev.berth.port.Images.Route;
import dev.berth.port.PodNetwork.Connection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port of this machine's loopback that leads to a registry on another network's loopback, as long
 * as one image is pulled from there: the HTTP client only connects from where Berth itself is.
 */
final class LoopbackWay implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LoopbackWay.class);

    /** The port of plain HTTP, for a registry without one. */
    private static final int USUAL_PORT = 80;

    private final ServerSocketChannel server;
    private final Route route;
    private final String host;
    private final int port;
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();

    private LoopbackWay(ServerSocketChannel server, Route route, String host, int port) {
        this.server = server;
        this.route = route;
        this.host = host;
        this.port = port;
    }

    /**
     * Listens from now on.
     *
     * @param registry such as {@code localhost:5000}
     */
    static LoopbackWay to(String registry, Route route) throws IOException {
        var colon = registry.endsWith("]") ? -1 : registry.lastIndexOf(':');
        var server =
                ServerSocketChannel.open()
                        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        var way =
                new LoopbackWay(
                        server,
                        route,
                        colon < 0 ? registry : registry.substring(0, colon),
                        colon < 0 ? USUAL_PORT : Integer.parseInt(registry.substring(colon + 1)));
        Thread.ofVirtual().name("way-to-" + registry).start(way::accept);
        return way;
    }

    /** Where to ask instead of the registry. */
    String base() throws IOException {
        return "http://127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort();
    }

    private void accept() {
        try {
            while (true) {
                var asking = server.accept();
                open.add(asking);
                Thread.ofVirtual().name("way").start(() -> serve(asking));
            }
        } catch (IOException ended) {
            log.debug("a way to a registry has ended registry={}:{}", host, port);
        }
    }

    private void serve(SocketChannel asking) {
        try (asking;
                var registry = dial()) {
            var back =
                    Thread.ofVirtual()
                            .start(() -> {
                                copy(registry.input(), Channels.newOutputStream(asking));
                                shut(asking);
                            });
            copy(Channels.newInputStream(asking), registry.output());
            registry.shutdownOutput();
            back.join();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException refused) {
            log.debug("a registry does not answer at {}:{}", host, port, refused);
        } finally {
            open.remove(asking);
        }
    }

    /** Where nobody listens, a user may well mean the registry of this machine. */
    private Connection dial() throws IOException {
        try {
            return route.dial(host, port);
        } catch (IOException nobody) {
            log.debug("no registry there, so here is asked registry={}:{}", host, port, nobody);
            return new Here(SocketChannel.open(new InetSocketAddress(host, port)));
        }
    }

    /** A connection from where Berth is. */
    private record Here(SocketChannel channel) implements Connection {
        @Override
        public InputStream input() {
            return Channels.newInputStream(channel);
        }

        @Override
        public OutputStream output() {
            return Channels.newOutputStream(channel);
        }

        @Override
        public void shutdownOutput() throws IOException {
            channel.shutdownOutput();
        }

        @Override
        public void close() {
            shut(channel);
        }
    }

    private static void copy(InputStream from, OutputStream to) {
        try {
            from.transferTo(to);
        } catch (IOException broken) {
            log.debug("a connection to a registry is broken", broken);
        }
    }

    private static void shut(SocketChannel asking) {
        try {
            asking.close();
        } catch (IOException ignored) {
            // It is closed for us all the same.
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            for (var each : open) {
                each.close();
            }
        } catch (IOException ignored) {
            // They are closed for us all the same.
        }
    }
}
