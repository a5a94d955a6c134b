package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import dev.berth.port.PodNetwork.Connection;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** TCP connections that begin in a network namespace which is not this process's. */
final class Dials {
    private static final int CONNECT_MILLIS = 5000;

    private Dials() {}

    /** Opens a connection from a namespace. */
    static Connection from(Path namespace, String host, int port) throws IOException {
        var address = address(host);
        var family =
                address instanceof Inet6Address
                        ? StandardProtocolFamily.INET6
                        : StandardProtocolFamily.INET;
        // A socket belongs to the namespace it was made in, whoever uses it afterwards.
        var channel =
                Namespaces.inside(namespace, Libc.CLONE_NEWNET, () -> SocketChannel.open(family));
        return connect(channel, address, port);
    }

    /**
     * Connects for as long as the system tries, or until the thread is interrupted. Within one
     * machine the other side has mostly answered before the first call returns, so that is looked
     * at before anybody is asked to wake the thread.
     */
    static Connection connected(SocketChannel channel, InetSocketAddress to) throws IOException {
        try {
            channel.configureBlocking(false);
            var done = channel.connect(to) || channel.finishConnect();
            channel.configureBlocking(true);
            if (!done) {
                channel.finishConnect();
            }
            return new ChannelConnection(channel);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    private static Connection connect(SocketChannel channel, InetAddress address, int port)
            throws IOException {
        try {
            channel.socket().connect(new InetSocketAddress(address, port), CONNECT_MILLIS);
            return new ChannelConnection(channel);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    /** What a text stands for that is an address or {@code localhost}. */
    static InetAddress address(String host) throws IOException {
        return host.equals("localhost") ? InetAddress.ofLiteral("127.0.0.1") : literal(host);
    }

    private static InetAddress literal(String host) throws IOException {
        try {
            return InetAddress.ofLiteral(host);
        } catch (IllegalArgumentException name) {
            throw new IOException("not an address: " + host, name);
        }
    }
}
