package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A port inside a namespace that leads to a place outside it: what is sent to one goes to the
 * other, byte by byte. Three virtual threads for each connection and one for the port.
 */
final class Relay implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Relay.class);

    /** More connections than so many at once wait in the kernel's queue (our choice). */
    private static final int CONNECTIONS_MAX = 2000;

    private static final int CONNECT_MILLIS = 5000;
    private static final int BUFFER_BYTES = 16384;
    private static final int BACKLOG = 512;

    private final ServerSocketChannel server;
    private final Supplier<InetSocketAddress> target;
    private final Semaphore places = new Semaphore(CONNECTIONS_MAX);
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();

    private Relay(ServerSocketChannel server, Supplier<InetSocketAddress> target) {
        this.server = server;
        this.target = target;
    }

    /**
     * Listens from now on.
     *
     * @param namespace where it listens
     * @param at an address that the namespace has, and a port
     * @param target where each new connection goes, in this thread's own namespace
     */
    static Relay start(Path namespace, InetSocketAddress at, Supplier<InetSocketAddress> target)
            throws IOException {
        var server =
                Namespaces.inside(
                        namespace,
                        Libc.CLONE_NEWNET,
                        () -> ServerSocketChannel.open(StandardProtocolFamily.INET));
        try {
            server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            server.bind(at, BACKLOG);
        } catch (IOException failed) {
            server.close();
            throw new IOException("cannot listen at " + at + ": " + failed.getMessage(), failed);
        }
        var relay = new Relay(server, target);
        Thread.ofVirtual().name("relay-" + at).start(relay::accept);
        return relay;
    }

    private void accept() {
        try {
            while (true) {
                places.acquire();
                var inner = server.accept();
                open.add(inner);
                Thread.ofVirtual().name("relayed").start(() -> serve(inner));
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException ended) {
            if (server.isOpen()) {
                log.warn("a relay has ended server={}", server, ended);
            }
        }
    }

    private void serve(SocketChannel inner) {
        try (inner;
                var outer = SocketChannel.open(StandardProtocolFamily.INET)) {
            open.add(outer);
            try {
                outer.socket().connect(target.get(), CONNECT_MILLIS);
                inner.setOption(StandardSocketOptions.TCP_NODELAY, true);
                outer.setOption(StandardSocketOptions.TCP_NODELAY, true);
                var back = Thread.ofVirtual().start(() -> copy(outer, inner));
                copy(inner, outer);
                back.join();
            } finally {
                open.remove(outer);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (IOException refused) {
            log.debug("a relayed connection has ended why={}", refused.getMessage());
        } finally {
            open.remove(inner);
            places.release();
        }
    }

    /** Copies until the end, and tells the other side of it; a broken side ends both. */
    private static void copy(SocketChannel from, SocketChannel to) {
        var buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try {
            while (from.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
                buffer.clear();
            }
            to.shutdownOutput();
        } catch (IOException broken) {
            close(from);
            close(to);
        }
    }

    private static void close(AutoCloseable channel) {
        try {
            channel.close();
        } catch (Exception ignored) {
            // It is closed for us all the same.
        }
    }

    @Override
    public void close() {
        close(server);
        open.forEach(Relay::close);
    }
}
