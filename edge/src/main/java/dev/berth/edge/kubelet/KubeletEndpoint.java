package dev.berth.edge.kubelet;

import dev.berth.edge.kubelet.Doors.Door;
import dev.berth.engine.nodes.NodeAccess;
import dev.berth.engine.podworker.PodStreams;
import dev.berth.engine.podworker.PodStreams.Duplex;
import dev.berth.engine.podworker.PodStreams.LogOptions;
import dev.berth.engine.podworker.PodStreams.StreamRefused;
import io.helidon.common.tls.Tls;
import io.helidon.common.tls.TlsClientAuth;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The kubelet endpoint of all nodes of one cluster, on loopback. Nodes are told apart by the door
 * that a connection came by (see {@link Doors}); who gets in to what, {@link Guard} says. By a door
 * of its own the API server's aggregation layer gets the resource metrics.
 */
public final class KubeletEndpoint implements AutoCloseable {
    /** For how long a stream may carry nothing, as a kubelet's streamingConnectionIdleTimeout. */
    private static final Duration STREAM_IDLE_MAX = Duration.ofHours(4);

    private final PodStreams pods;
    private final Doors doors;
    private final Entrance entrance;
    private final WebServer server;

    /**
     * An endpoint that is started by {@link #start}.
     *
     * @param tls shows the certificate of the node that a connection is for, and lets everybody
     *     show a certificate of whatever authority
     * @param doors by which connections come; {@link #dial} announces them there
     */
    public KubeletEndpoint(
            PodStreams pods,
            NodeReports reports,
            ResourceMetrics metrics,
            SSLContext tls,
            Doors doors,
            ClientCertificates certificates,
            NodeAccess access) {
        this.pods = pods;
        this.doors = doors;
        this.entrance = new Entrance(doors, certificates, access, reports);
        var upgrades = new StreamUpgrades(pods, entrance);
        this.server =
                WebServer.builder()
                        .host("127.0.0.1")
                        .port(0)
                        .shutdownHook(false)
                        .idleConnectionTimeout(STREAM_IDLE_MAX)
                        // An answer is two writes: unless told, the second waits 40 ms for the
                        // first.
                        .connectionOptions(options -> options.tcpNoDelay(true))
                        .tls(
                                Tls.builder()
                                        .sslContext(tls)
                                        .clientAuth(TlsClientAuth.OPTIONAL)
                                        .build())
                        .addConnectionSelector(
                                Http1ConnectionSelector.builder()
                                        .config(Http1Config.create())
                                        .addUpgrader(upgrades.spdy())
                                        .addUpgrader(upgrades.webSocket())
                                        .build())
                        .routing(routing ->
                                routing.addFilter(entrance::filter)
                                        .get("/apis/{*}", metrics::answer)
                                        .get("/apis", metrics::answer)
                                        .register(reports)
                                        .get("/containerLogs/{*}", this::logs)
                                        .any("/exec/{*}", upgrades::refuse)
                                        .any("/attach/{*}", upgrades::refuse)
                                        .any("/portForward/{*}", upgrades::refuse))
                        .build();
    }

    /** Begins to listen. */
    public void start() {
        server.start();
        if (!server.isRunning()) {
            throw new IllegalStateException("the nodes' endpoint cannot listen on 127.0.0.1");
        }
    }

    /** The port it listens on, on 127.0.0.1. */
    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.stop();
    }

    /** Opens a connection to this endpoint that is meant for a node, or for the metrics. */
    public Duplex dial(Door door) throws IOException {
        return doors.open(door, port());
    }

    private void logs(ServerRequest request, ServerResponse response)
            throws IOException, InterruptedException {
        var parsed = StreamRequest.parse(request.path().rawPath(), request.query().rawValue());
        if (parsed.isEmpty()) {
            response.status(Status.NOT_FOUND_404).send();
            return;
        }
        LogOptions options;
        try {
            options = logOptions(parsed.get());
        } catch (NumberFormatException | DateTimeParseException wrong) {
            response.status(Status.BAD_REQUEST_400)
                    .send("{\"message\": \"Unable to decode query.\"}");
            return;
        }
        try (var out = new WhenNeeded(response)) {
            var wanted = parsed.get();
            var pod = pods.podForLogs(wanted.namespace(), wanted.pod());
            // A node knows its own pods only.
            if (!pod.nodeName().equals(entrance.node(request.remotePeer()))) {
                throw new StreamRefused(404, "pod \"" + wanted.pod() + "\" does not exist");
            }
            pods.logs(pod, wanted.container(), options, out);
            out.flush();
        } catch (StreamRefused not) {
            response.status(Status.create(not.code())).send(String.valueOf(not.getMessage()));
        }
    }

    /**
     * The response's body, begun by the first write, so that until then an error can be answered.
     */
    private static final class WhenNeeded extends OutputStream {
        private final ServerResponse response;
        private @Nullable OutputStream begun;

        WhenNeeded(ServerResponse response) {
            this.response = response;
        }

        private OutputStream body() {
            var body = begun;
            if (body == null) {
                response.header("Content-Type", "text/plain");
                body = response.outputStream();
                begun = body;
            }
            return body;
        }

        @Override
        public void write(int one) throws IOException {
            body().write(one);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            body().write(bytes, from, length);
        }

        @Override
        public void flush() throws IOException {
            body().flush();
        }

        @Override
        public void close() throws IOException {
            if (begun != null) {
                begun.close();
            }
        }
    }

    private static LogOptions logOptions(StreamRequest request) {
        var since =
                request.first("sinceTime")
                        .map(text -> OffsetDateTime.parse(text).toInstant())
                        .or(() ->
                                request.first("sinceSeconds")
                                        .map(seconds ->
                                                Instant.now()
                                                        .minusSeconds(Long.parseLong(seconds))));
        return new LogOptions(
                request.flag("previous"),
                request.flag("follow"),
                request.first("tail")
                        .or(() -> request.first("tailLines"))
                        .filter(lines -> !lines.equals("all"))
                        .map(Long::valueOf)
                        .orElse(-1L),
                since.orElse(null),
                request.flag("timestamps"),
                request.first("limitBytes").map(Long::valueOf).orElse(-1L));
    }
}
