package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Unconnected IPv4 sockets of one namespace, made some at a time: going there takes a thread and a
 * tenth of a millisecond, which a thousand probes a second would feel. It keeps the namespace
 * alive, so it is closed before that shall go. Any thread may call.
 */
final class SocketStock implements AutoCloseable {
    /** How many are made at a time, and so the most that lie idle (our choice). */
    private static final int AT_A_TIME = 64;

    private final Path namespace;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<SocketChannel> made = new ArrayDeque<>();
    private boolean closed;

    SocketStock(Path namespace) {
        this.namespace = namespace;
    }

    /** A socket that was not used before; its taker closes it. */
    SocketChannel take() throws IOException {
        lock.lock();
        try {
            var ready = made.poll();
            if (ready != null) {
                return ready;
            }
            // Whoever comes meanwhile waits and finds some, instead of making as many again.
            var fresh = Namespaces.inside(namespace, Libc.CLONE_NEWNET, SocketStock::make);
            var first = fresh.removeFirst();
            if (closed) {
                closeAll(fresh);
            } else {
                made.addAll(fresh);
            }
            return first;
        } finally {
            lock.unlock();
        }
    }

    private static List<SocketChannel> make() throws IOException {
        var fresh = new ArrayList<SocketChannel>();
        try {
            for (var number = 0; number < AT_A_TIME; number++) {
                fresh.add(SocketChannel.open(StandardProtocolFamily.INET));
            }
            return fresh;
        } catch (IOException failed) {
            closeAll(fresh);
            throw failed;
        }
    }

    private static void closeAll(Iterable<SocketChannel> sockets) throws IOException {
        for (var socket : sockets) {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            closed = true;
            closeAll(made);
            made.clear();
        } finally {
            lock.unlock();
        }
    }
}
