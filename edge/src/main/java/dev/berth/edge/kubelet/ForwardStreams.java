package dev.berth.edge.kubelet;

import dev.berth.edge.kubelet.NodeStreams.NotPossible;
import dev.berth.edge.kubelet.SpdyConnection.Stream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards ports over a SPDY connection: each forwarded connection is a pair of streams, data and
 * error, with the same request id, as protocol portforward.k8s.io wants it. Owned by the
 * connection's reader.
 */
final class ForwardStreams implements SpdyConnection.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(ForwardStreams.class);

    private final NodeStreams node;
    private final StreamRequest request;
    private final Map<String, Pair> waiting = new HashMap<>();

    ForwardStreams(NodeStreams node, StreamRequest request) {
        this.node = node;
        this.request = request;
    }

    private record Pair(@Nullable Stream data, @Nullable Stream error) {}

    @Override
    public void opened(Stream stream) {
        var id = stream.header("requestid");
        if (id == null) {
            id = stream.header("port") + "";
        }
        var pair = waiting.getOrDefault(id, new Pair(null, null));
        pair =
                "error".equals(stream.header("streamtype"))
                        ? new Pair(pair.data, stream)
                        : new Pair(stream, pair.error);
        if (pair.data == null || pair.error == null) {
            waiting.put(id, pair);
            return;
        }
        waiting.remove(id);
        var data = pair.data;
        var error = pair.error;
        Thread.ofVirtual().name("port-forward").start(() -> forward(data, error));
    }

    private void forward(Stream data, Stream error) {
        var port = data.header("port");
        try (var words = error.output()) {
            try (var tunnel =
                    node.portForward(
                            request.namespace(),
                            request.pod(),
                            Integer.parseInt(String.valueOf(port)))) {
                var up =
                        Thread.ofVirtual()
                                .start(() -> {
                                    try {
                                        data.input().transferTo(tunnel.output());
                                        tunnel.shutdownOutput();
                                    } catch (IOException ended) {
                                        LOG.debug(
                                                "forwarded connection ended port={}", port, ended);
                                    }
                                });
                try (var down = data.output()) {
                    var buffer = new byte[32 * 1024];
                    int count;
                    while ((count = tunnel.input().read(buffer)) >= 0) {
                        down.write(buffer, 0, count);
                    }
                }
                data.ignoreInput();
                up.join();
            } catch (NotPossible not) {
                words.write(CommandStreams.utf8(not.getMessage()));
                data.output().close();
            } catch (IOException | NumberFormatException refused) {
                words.write(
                        CommandStreams.utf8(
                                "error forwarding port "
                                        + port
                                        + " to pod "
                                        + request.pod()
                                        + ": "
                                        + refused.getMessage()));
                data.output().close();
            }
        } catch (IOException gone) {
            LOG.debug("client went away port={}", port, gone);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
