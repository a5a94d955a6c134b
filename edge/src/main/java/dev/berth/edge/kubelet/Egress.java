package dev.berth.edge.kubelet;

import dev.berth.engine.podworker.PodStreams.Duplex;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one cluster's API server dials everything of its cluster: a Unix socket that only we may
 * open, on which it asks with HTTP CONNECT. The kubelets of our nodes and the resource metrics are
 * our own endpoint, anything else is in the VPC. Source: the API server's
 * EgressSelectorConfiguration, HTTPConnect over UDS
 */
public final class Egress implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Egress.class);

    /** How many may wait to be accepted: who comes to a full queue of such a socket is refused. */
    private static final int WAITING_MAX = 1024;

    private static final int HEAD_BYTES_MAX = 8192;

    private final Path socket;
    private final OwnPlaces own;
    private final Dialer vpc;
    private final ServerSocketChannel listener;

    /** What of all places is ours. */
    @FunctionalInterface
    public interface OwnPlaces {
        /** Opens a connection to a place of ours; empty when it is not ours. */
        Optional<Duplex> dial(String host, int port) throws IOException;
    }

    /** Opens a connection inside the cluster's VPC. */
    @FunctionalInterface
    public interface Dialer {
        /** Opens a connection. */
        Duplex dial(String host, int port) throws IOException;
    }

    /**
     * Listens on a socket from now on.
     *
     * @param socket at most 100 bytes long; an old one is replaced
     */
    public Egress(Path socket, OwnPlaces own, Dialer vpc) throws IOException {
        this.socket = socket;
        this.own = own;
        this.vpc = vpc;
        Files.createDirectories(
                socket.getParent(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.deleteIfExists(socket);
        this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket), WAITING_MAX);
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        Thread.ofVirtual().name("egress").start(this::accept);
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                var client = listener.accept();
                Thread.ofVirtual().name("egress-connection").start(() -> serve(client));
            } catch (ClosedChannelException closed) {
                return;
            } catch (IOException failed) {
                LOG.warn("egress cannot accept socket={}", socket, failed);
            }
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            var in = Channels.newInputStream(client);
            var out = Channels.newOutputStream(client);
            var head = head(in);
            var parts = head.split(" ", 3);
            if (parts.length < 3 || !parts[0].equals("CONNECT") || parts[1].lastIndexOf(':') < 0) {
                out.write(CommandStreams.utf8("HTTP/1.1 405 Method Not Allowed\r\n\r\n"));
                return;
            }
            var host = parts[1].substring(0, parts[1].lastIndexOf(':'));
            var port = Integer.parseInt(parts[1].substring(parts[1].lastIndexOf(':') + 1));
            try (var tunnel = dial(host, port)) {
                out.write(CommandStreams.utf8("HTTP/1.1 200 Connection established\r\n\r\n"));
                var up = Thread.ofVirtual().name("egress-up").start(() -> copy(in, tunnel));
                tunnel.input().transferTo(out);
                client.shutdownInput();
                up.join();
            } catch (IOException refused) {
                LOG.debug("egress cannot reach host={} port={}", host, port, refused);
                out.write(CommandStreams.utf8("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
            }
        } catch (IOException | NumberFormatException ended) {
            LOG.debug("egress connection ended", ended);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private Duplex dial(String host, int port) throws IOException {
        var ours = own.dial(host, port);
        return ours.isPresent() ? ours.get() : vpc.dial(host, port);
    }

    private static void copy(InputStream in, Duplex tunnel) {
        try {
            in.transferTo(tunnel.output());
            tunnel.shutdownOutput();
        } catch (IOException ended) {
            tunnel.close();
        }
    }

    private static String head(InputStream in) throws IOException {
        var head = new StringBuilder();
        while (head.length() < HEAD_BYTES_MAX && head.indexOf("\r\n\r\n") < 0) {
            var next = in.read();
            if (next < 0) {
                break;
            }
            head.append((char) next);
        }
        return new String(
                        head.toString().getBytes(StandardCharsets.ISO_8859_1),
                        StandardCharsets.ISO_8859_1)
                .lines()
                .findFirst()
                .orElse("");
    }

    @Override
    public void close() {
        try {
            listener.close();
            Files.deleteIfExists(socket);
        } catch (IOException leftBehind) {
            LOG.warn("egress socket stays socket={}", socket, leftBehind);
        }
    }
}
