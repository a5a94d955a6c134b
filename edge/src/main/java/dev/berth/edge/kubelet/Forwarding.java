package dev.berth.edge.kubelet;

import dev.berth.engine.podworker.PodStreams.Duplex;
import dev.berth.engine.podworker.PodStreams.StreamRefused;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins one forwarded connection's streams, of data and of errors, with a port in a pod. Either
 * side may end its half first.
 */
final class Forwarding {
    private static final Logger LOG = LoggerFactory.getLogger(Forwarding.class);
    private static final int BUFFER_BYTES = 32 * 1024;

    private final Dialer dialer;

    /** Opens connections to ports of the pod. */
    @FunctionalInterface
    interface Dialer {
        Duplex dial(int port) throws StreamRefused, IOException;
    }

    Forwarding(Dialer dialer) {
        this.dialer = dialer;
    }

    /** Forwards until both sides have ended. */
    void forward(Channel data, Channel error, int port) {
        try (var words = error.output()) {
            try (var tunnel = dialer.dial(port)) {
                join(data, tunnel, port);
            } catch (StreamRefused | IOException refused) {
                words.write(CommandStreams.utf8(String.valueOf(refused.getMessage())));
                words.flush();
                data.output().close();
            }
        } catch (IOException gone) {
            LOG.debug("client went away port={}", port, gone);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            data.forget();
            error.forget();
        }
    }

    private static void join(Channel data, Duplex tunnel, int port)
            throws InterruptedException, IOException {
        var up = Thread.ofVirtual().name("port-forward-up").start(() -> up(data, tunnel, port));
        try (var down = data.output()) {
            pass(tunnel.input(), down);
        } catch (IOException broken) {
            LOG.debug("forwarded connection broke port={}", port, broken);
        } finally {
            data.ignoreInput();
            up.join();
        }
    }

    private static void up(Channel data, Duplex tunnel, int port) {
        try {
            pass(data.input(), tunnel.output());
            tunnel.shutdownOutput();
        } catch (IOException ended) {
            LOG.debug("forwarded connection ended port={}", port, ended);
            data.ignoreInput();
        }
    }

    private static void pass(InputStream from, OutputStream to) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        int count;
        while ((count = from.read(buffer)) >= 0) {
            to.write(buffer, 0, count);
            to.flush();
        }
    }
}
