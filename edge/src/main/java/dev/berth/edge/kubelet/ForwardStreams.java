package dev.berth.edge.kubelet;

import dev.berth.edge.kubelet.SpdyConnection.Stream;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
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

    private final Forwarding forwarding;
    private final Map<String, Pair> waiting = new HashMap<>();

    ForwardStreams(Forwarding forwarding) {
        this.forwarding = forwarding;
    }

    private record Pair(@Nullable Stream data, @Nullable Stream error) {}

    @Override
    public void opened(Stream stream) {
        var isError = "error".equals(stream.header("streamtype"));
        var port = port(stream);
        if (port.isEmpty() || !(isError || "data".equals(stream.header("streamtype")))) {
            LOG.debug("a stream for no port or of no kind");
            stream.refuse();
            return;
        }
        var pair = waiting.getOrDefault(id(stream, isError), new Pair(null, null));
        pair = isError ? new Pair(pair.data, stream) : new Pair(stream, pair.error);
        if (pair.data == null || pair.error == null) {
            waiting.put(id(stream, isError), pair);
            return;
        }
        waiting.remove(id(stream, isError));
        var data = pair.data;
        var error = pair.error;
        Thread.ofVirtual()
                .name("port-forward")
                .start(() -> forwarding.forward(data, error, port.get()));
    }

    private static Optional<Integer> port(Stream stream) {
        var text = String.valueOf(stream.header("port"));
        return text.matches("[0-9]{1,5}")
                ? Optional.of(Integer.valueOf(text)).filter(port -> port > 0 && port < 65536)
                : Optional.empty();
    }

    /** Clients that give no ids open the stream of errors first and the one of data after it. */
    private static String id(Stream stream, boolean isError) {
        var id = stream.header("requestid");
        return id != null ? id : "stream " + (isError ? stream.id() : stream.id() - 2);
    }
}
