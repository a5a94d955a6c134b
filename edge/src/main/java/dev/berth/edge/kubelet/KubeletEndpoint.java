package dev.berth.edge.kubelet;

import dev.berth.edge.kubelet.Doors.Door;
import dev.berth.edge.kubelet.NodeStreams.LogQuery;
import dev.berth.edge.kubelet.NodeStreams.NotPossible;
import dev.berth.engine.nodes.NodeAccess;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.tls.Tls;
import io.helidon.common.tls.TlsClientAuth;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Status;
import io.helidon.http.WritableHeaders;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.http1.spi.Http1Upgrader;
import io.helidon.webserver.spi.ServerConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kubelet endpoint of all nodes of one cluster, on loopback. Nodes are told apart by the door
 * that a connection came by (see {@link Doors}); who gets in to what, {@link Guard} says. By a door
 * of its own the API server's aggregation layer gets the resource metrics.
 */
public final class KubeletEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(KubeletEndpoint.class);
    private static final List<String> COMMAND_PROTOCOLS = List.of("v4.channel.k8s.io");
    private static final List<String> FORWARD_PROTOCOLS = List.of("portforward.k8s.io");

    private final NodeStreams node;
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
            NodeStreams node,
            NodeReports reports,
            ResourceMetrics metrics,
            SSLContext tls,
            Doors doors,
            ClientCertificates certificates,
            NodeAccess access) {
        this.node = node;
        this.doors = doors;
        this.entrance = new Entrance(doors, certificates, access, reports);
        this.server =
                WebServer.builder()
                        .host("127.0.0.1")
                        .port(0)
                        .shutdownHook(false)
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
                                        .addUpgrader(new Spdy())
                                        .addUpgrader(new WebSocket())
                                        .build())
                        .routing(routing ->
                                routing.addFilter(entrance::filter)
                                        .get("/apis/{*}", metrics::answer)
                                        .get("/apis", metrics::answer)
                                        .register(reports)
                                        .get("/containerLogs/{*}", this::logs)
                                        .any("/exec/{*}", this::notUpgraded)
                                        .any("/attach/{*}", this::notUpgraded)
                                        .any("/portForward/{*}", this::notUpgraded))
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
    public NodeStreams.Tunnel dial(Door door) throws IOException {
        return doors.open(door, port());
    }

    private void logs(ServerRequest request, ServerResponse response)
            throws IOException, InterruptedException {
        var parsed = parse(request);
        if (parsed.isEmpty()) {
            response.status(Status.NOT_FOUND_404).send();
            return;
        }
        LogQuery query;
        try {
            query = logQuery(parsed.get());
        } catch (NumberFormatException | DateTimeParseException wrong) {
            response.status(Status.BAD_REQUEST_400).send("{\"message\": \"Bad request.\"}");
            return;
        }
        try (var out = new WhenNeeded(response)) {
            check(request.remotePeer(), parsed.get());
            node.logs(parsed.get().target(), query, out);
            out.flush();
        } catch (NotPossible not) {
            response.status(Status.create(not.status())).send(not.getMessage());
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

    private static LogQuery logQuery(StreamRequest request) {
        var since =
                request.first("sinceTime")
                        .map(Instant::parse)
                        .or(() ->
                                request.first("sinceSeconds")
                                        .map(seconds ->
                                                Instant.now()
                                                        .minusSeconds(Long.parseLong(seconds))));
        return new LogQuery(
                request.flag("follow"),
                request.flag("previous"),
                request.first("tailLines")
                        .filter(lines -> !lines.equals("all"))
                        .map(Long::valueOf)
                        .orElse(null),
                since.orElse(null),
                request.flag("timestamps"),
                request.first("limitBytes").map(Long::valueOf).orElse(null));
    }

    /**
     * A stream request that did not become a stream: it cannot be done, or no known protocol was
     * offered.
     */
    private void notUpgraded(ServerRequest request, ServerResponse response) {
        var parsed = parse(request);
        if (parsed.isEmpty()) {
            response.status(Status.NOT_FOUND_404).send();
            return;
        }
        try {
            check(request.remotePeer(), parsed.get());
            response.status(Status.BAD_REQUEST_400)
                    .send(
                            "unable to upgrade: missing upgrade headers in request, or no protocol that is spoken here");
        } catch (NotPossible not) {
            response.status(Status.create(not.status())).send(not.getMessage());
        }
    }

    /** A node knows its own pods only. */
    private void check(PeerInfo peer, StreamRequest request) throws NotPossible {
        node.checkPod(request.namespace(), request.pod(), entrance.node(peer));
    }

    private static Optional<StreamRequest> parse(ServerRequest request) {
        return StreamRequest.parse(request.path().rawPath(), request.query().rawValue());
    }

    /** Turns a request into a SPDY connection. */
    private final class Spdy implements Http1Upgrader {
        @Override
        public String supportedProtocol() {
            return "SPDY/3.1";
        }

        @Override
        public @Nullable ServerConnection upgrade(
                ConnectionContext context, HttpPrologue prologue, WritableHeaders<?> headers) {
            var parsed =
                    StreamRequest.parse(prologue.uriPath().rawPath(), prologue.query().rawValue());
            if (parsed.isEmpty() || !entrance.open(context.remotePeer(), headers, prologue)) {
                return null;
            }
            var request = parsed.get();
            var spoken =
                    request.verb().equals("portForward") ? FORWARD_PROTOCOLS : COMMAND_PROTOCOLS;
            var offered = values(headers, "x-stream-protocol-version");
            var chosen = spoken.stream().filter(offered::contains).findFirst();
            try {
                check(context.remotePeer(), request);
            } catch (NotPossible not) {
                return null;
            }
            if (chosen.isEmpty()) {
                return null;
            }
            context.dataWriter()
                    .writeNow(
                            BufferData.create(
                                    CommandStreams.utf8(
                                            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: "
                                                    + chosen.get()
                                                    + "\r\n\r\n")));
            return new Upgraded(context, request);
        }
    }

    /** Turns a request for a command into a WebSocket connection. */
    private final class WebSocket implements Http1Upgrader {
        @Override
        public String supportedProtocol() {
            return "websocket";
        }

        @Override
        public @Nullable ServerConnection upgrade(
                ConnectionContext context, HttpPrologue prologue, WritableHeaders<?> headers) {
            var parsed =
                    StreamRequest.parse(prologue.uriPath().rawPath(), prologue.query().rawValue());
            var key = values(headers, "sec-websocket-key");
            var protocol =
                    WebSocketConnection.Protocol.among(values(headers, "sec-websocket-protocol"));
            if (parsed.isEmpty()
                    || parsed.get().verb().equals("portForward")
                    || key.isEmpty()
                    || protocol.isEmpty()
                    || !entrance.open(context.remotePeer(), headers, prologue)) {
                return null;
            }
            var request = parsed.get();
            try {
                check(context.remotePeer(), request);
            } catch (NotPossible not) {
                return null;
            }
            var name = protocol.get().name();
            context.dataWriter()
                    .writeNow(
                            BufferData.create(
                                    CommandStreams.utf8(
                                            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
                                                    + WebSocketConnection.accept(key.getFirst())
                                                    + (name.isEmpty()
                                                            ? ""
                                                            : "\r\nSec-WebSocket-Protocol: " + name)
                                                    + "\r\n\r\n")));
            return new UpgradedToWebSocket(context, request, protocol.get());
        }
    }

    private static List<String> values(WritableHeaders<?> headers, String lowerCaseName) {
        return headers.stream()
                .filter(header -> header.name().toLowerCase(Locale.ROOT).equals(lowerCaseName))
                .flatMap(header -> header.allValues().stream())
                .flatMap(values -> Arrays.stream(values.split(",", -1)))
                .map(String::strip)
                .toList();
    }

    /** A connection that is a WebSocket from now on. */
    private final class UpgradedToWebSocket implements ServerConnection {
        private final WebSocketConnection connection;
        private final StreamRequest request;
        private final boolean structured;

        UpgradedToWebSocket(
                ConnectionContext context,
                StreamRequest request,
                WebSocketConnection.Protocol protocol) {
            this.connection =
                    new WebSocketConnection(
                            new Incoming(context.dataReader()),
                            new Outgoing(context.dataWriter()),
                            protocol);
            this.request = request;
            this.structured = protocol.structured();
        }

        @Override
        public void handle(io.helidon.common.concurrency.limits.Limit limit) {
            try {
                var command = new CommandStreams(node, request, structured);
                var first = WebSocketConnection.ERROR;
                var numbers = List.of("stdin", "stdout", "stderr", "error", "resize");
                for (var number = numbers.size() - 1; number >= 0; number--) {
                    var type = numbers.get(number);
                    if (asked(type)) {
                        command.opened(type, connection.channel(number));
                        first = type.startsWith("std") && number > 0 ? number : first;
                    }
                }
                connection.greet(first);
                Thread.ofVirtual().name("exec").start(() -> command.run(connection));
                connection.run();
            } catch (IOException | RuntimeException ended) {
                LOG.debug(
                        "stream connection ended pod={}/{}",
                        request.namespace(),
                        request.pod(),
                        ended);
                connection.close();
            }
        }

        private boolean asked(String type) {
            var terminal = request.flag("tty");
            return switch (type) {
                case "stdin" -> request.flag("input");
                case "stdout" -> request.flag("output");
                case "stderr" -> request.flag("error") && !terminal;
                case "resize" -> terminal;
                default -> true;
            };
        }

        @Override
        public Duration idleTime() {
            return Duration.ZERO;
        }

        @Override
        public void close(boolean interrupt) {
            connection.close();
        }
    }

    /** A connection that speaks SPDY from now on. */
    private final class Upgraded implements ServerConnection {
        private final SpdyConnection connection;
        private final StreamRequest request;

        Upgraded(ConnectionContext context, StreamRequest request) {
            this.connection =
                    new SpdyConnection(
                            new Incoming(context.dataReader()), new Outgoing(context.dataWriter()));
            this.request = request;
        }

        @Override
        public void handle(io.helidon.common.concurrency.limits.Limit limit) {
            serve();
        }

        private void serve() {
            try {
                if (request.verb().equals("portForward")) {
                    connection.run(new ForwardStreams(node, request));
                } else {
                    var command = new CommandStreams(node, request, true);
                    Thread.ofVirtual().name("exec").start(() -> command.run(connection));
                    connection.run(command);
                }
            } catch (IOException | RuntimeException ended) {
                LOG.debug(
                        "stream connection ended pod={}/{}",
                        request.namespace(),
                        request.pod(),
                        ended);
                connection.close();
            }
        }

        @Override
        public Duration idleTime() {
            return Duration.ZERO;
        }

        @Override
        public void close(boolean interrupt) {
            connection.close();
        }
    }

    /** Helidon's reader as a stream. */
    private static final class Incoming extends InputStream {
        private final DataReader reader;

        Incoming(DataReader reader) {
            this.reader = reader;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            try {
                reader.ensureAvailable();
                var count = Math.min(length, reader.available());
                var got = reader.readBytes(count);
                System.arraycopy(got, 0, bytes, from, got.length);
                return got.length;
            } catch (DataReader.InsufficientDataAvailableException end) {
                return -1;
            } catch (RuntimeException broken) {
                throw new IOException("the connection broke", broken);
            }
        }
    }

    /** Helidon's writer as a stream. */
    private static final class Outgoing extends OutputStream {
        private final DataWriter writer;
        private final java.io.ByteArrayOutputStream held = new java.io.ByteArrayOutputStream();

        Outgoing(DataWriter writer) {
            this.writer = writer;
        }

        @Override
        public void write(int one) {
            held.write(one);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            held.write(bytes, from, length);
        }

        @Override
        public void flush() throws IOException {
            if (held.size() > 0) {
                try {
                    writer.writeNow(BufferData.create(held.toByteArray()));
                } catch (RuntimeException broken) {
                    throw new IOException("the connection broke", broken);
                }
                held.reset();
            }
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
