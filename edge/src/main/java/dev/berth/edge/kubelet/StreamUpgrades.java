package dev.berth.edge.kubelet;

import dev.berth.engine.podworker.PodStreams;
import dev.berth.engine.podworker.PodStreams.StreamRefused;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Status;
import io.helidon.http.WritableHeaders;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.spi.Http1Upgrader;
import io.helidon.webserver.spi.ServerConnection;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns requests for exec, attach and port-forward into connections that carry streams: SPDY/3.1,
 * which API servers speak whatever their client speaks, or a WebSocket of the older protocols,
 * which they hand on as it is. What cannot be done is answered before, in a kubelet's words.
 */
final class StreamUpgrades {
    private static final Logger LOG = LoggerFactory.getLogger(StreamUpgrades.class);
    private static final String PROTOCOL_HEADER = "x-stream-protocol-version";
    private static final List<String> COMMAND_PROTOCOLS = List.of("v4.channel.k8s.io");
    private static final List<String> FORWARD_PROTOCOLS = List.of("portforward.k8s.io");

    private final PodStreams pods;
    private final Entrance entrance;

    StreamUpgrades(PodStreams pods, Entrance entrance) {
        this.pods = pods;
        this.entrance = entrance;
    }

    Http1Upgrader spdy() {
        return new Spdy();
    }

    Http1Upgrader webSocket() {
        return new WebSocket();
    }

    /** Answers a request that has not become a stream. */
    void refuse(ServerRequest request, ServerResponse response) {
        var parsed = StreamRequest.parse(request.path().rawPath(), request.query().rawValue());
        if (parsed.isEmpty()) {
            response.status(Status.NOT_FOUND_404).send();
            return;
        }
        var webSocket = !values(request.headers(), "sec-websocket-key").isEmpty();
        var offered = values(request.headers(), PROTOCOL_HEADER);
        try {
            check(parsed.get(), entrance.node(request.remotePeer()), webSocket);
            throw webSocket || !values(request.headers(), "upgrade").contains("SPDY/3.1")
                    ? new StreamRefused(400, "Upgrade request required")
                    : offered.isEmpty()
                            ? new StreamRefused(
                                    400, "unable to upgrade: X-Stream-Protocol-Version is required")
                            : new StreamRefused(
                                    403,
                                    "unable to upgrade: unable to negotiate protocol: client supports %s, server accepts %s"
                                            .formatted(list(offered), list(spoken(parsed.get()))));
        } catch (StreamRefused not) {
            response.status(Status.create(not.code())).send(String.valueOf(not.getMessage()));
        }
    }

    private static String list(List<String> texts) {
        return "[" + String.join(" ", texts) + "]";
    }

    private static List<String> spoken(StreamRequest request) {
        return request.verb().equals("portForward") ? FORWARD_PROTOCOLS : COMMAND_PROTOCOLS;
    }

    /** What a kubelet looks at before it switches protocols. */
    private void check(StreamRequest request, String node, boolean webSocket) throws StreamRefused {
        if (request.verb().equals("portForward")) {
            if (webSocket) {
                request.ports();
            }
            pod(request, node);
            return;
        }
        if (!request.flag("input") && !request.flag("output") && !request.errorOutput()) {
            throw new StreamRefused(400, "you must specify at least 1 of stdin, stdout, stderr");
        }
        var pod = pod(request, node);
        pods.checkRuns(pod, request.container(), request.verb().equals("attach"));
    }

    /** A node knows its own pods only. */
    private PodStreams.PodRef pod(StreamRequest request, String node) throws StreamRefused {
        var pod = pods.pod(request.namespace(), request.pod(), request.uid());
        if (!pod.nodeName().equals(node)) {
            throw new StreamRefused(404, "pod does not exist");
        }
        return pod;
    }

    /** The request, when it can be done; else it falls through to {@link #refuse}. */
    private Optional<StreamRequest> possible(
            ConnectionContext context,
            HttpPrologue prologue,
            WritableHeaders<?> headers,
            boolean webSocket) {
        if (!entrance.open(context.remotePeer(), headers, prologue)) {
            return Optional.empty();
        }
        var parsed = StreamRequest.parse(prologue.uriPath().rawPath(), prologue.query().rawValue());
        try {
            if (parsed.isPresent()) {
                check(parsed.get(), entrance.node(context.remotePeer()), webSocket);
            }
            return parsed;
        } catch (StreamRefused not) {
            return Optional.empty();
        }
    }

    private static void switchProtocols(ConnectionContext context, String headers) {
        context.dataWriter()
                .writeNow(
                        BufferData.create(
                                CommandStreams.utf8(
                                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                                + headers
                                                + "\r\n")));
    }

    private static List<String> values(io.helidon.http.Headers headers, String lowerCaseName) {
        return headers.stream()
                .filter(header -> header.name().toLowerCase(Locale.ROOT).equals(lowerCaseName))
                .flatMap(header -> header.allValues().stream())
                .flatMap(values -> Arrays.stream(values.split(",", -1)))
                .map(String::strip)
                .toList();
    }

    private CommandStreams command(StreamRequest request, boolean structured) {
        return new CommandStreams(request, structured, () -> session(request));
    }

    private PodStreams.Session session(StreamRequest request)
            throws StreamRefused, InterruptedException {
        var pod = pods.pod(request.namespace(), request.pod(), request.uid());
        return request.verb().equals("attach")
                ? pods.attach(pod, request.container())
                : pods.exec(
                        pod,
                        request.container(),
                        request.query().getOrDefault("command", List.of()),
                        request.flag("tty"),
                        request.flag("input"));
    }

    private Forwarding forwarding(StreamRequest request) {
        return new Forwarding(port ->
                pods.portForward(
                        pods.pod(request.namespace(), request.pod(), request.uid()), port));
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
            var possible = possible(context, prologue, headers, false);
            if (possible.isEmpty()) {
                return null;
            }
            var request = possible.get();
            var offered = values(headers, PROTOCOL_HEADER);
            var chosen = spoken(request).stream().filter(offered::contains).findFirst();
            if (chosen.isEmpty()) {
                return null;
            }
            switchProtocols(
                    context,
                    "Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: " + chosen.get() + "\r\n");
            var activity = new Activity();
            var connection = new SpdyConnection(activity.input(context), activity.output(context));
            return new Upgraded(
                    request,
                    activity,
                    connection,
                    () -> {
                        if (request.verb().equals("portForward")) {
                            connection.run(new ForwardStreams(forwarding(request)));
                        } else {
                            var command = command(request, true);
                            Thread.ofVirtual().name("exec").start(() -> command.run(connection));
                            try {
                                connection.run(command);
                            } finally {
                                command.clientGone();
                            }
                        }
                    });
        }
    }

    /** Turns a request into a WebSocket connection. */
    private final class WebSocket implements Http1Upgrader {
        @Override
        public String supportedProtocol() {
            return "websocket";
        }

        @Override
        public @Nullable ServerConnection upgrade(
                ConnectionContext context, HttpPrologue prologue, WritableHeaders<?> headers) {
            var possible = possible(context, prologue, headers, true);
            var key = values(headers, "sec-websocket-key");
            var chosen =
                    WebSocketConnection.Protocol.among(values(headers, "sec-websocket-protocol"));
            if (possible.isEmpty() || key.isEmpty() || chosen.isEmpty()) {
                return null;
            }
            var request = possible.get();
            var protocol = chosen.get();
            switchProtocols(
                    context,
                    "Upgrade: websocket\r\nSec-WebSocket-Accept: "
                            + WebSocketConnection.accept(key.getFirst())
                            + (protocol.name().isEmpty()
                                    ? ""
                                    : "\r\nSec-WebSocket-Protocol: " + protocol.name())
                            + "\r\n");
            var activity = new Activity();
            var connection =
                    new WebSocketConnection(
                            activity.input(context), activity.output(context), protocol);
            return new Upgraded(
                    request,
                    activity,
                    connection,
                    request.verb().equals("portForward")
                            ? () -> forwardPorts(request, connection)
                            : () -> runCommand(request, connection, protocol.structured()));
        }

        private void runCommand(
                StreamRequest request, WebSocketConnection connection, boolean structured)
                throws IOException {
            var command = command(request, structured);
            var first = WebSocketConnection.ERROR;
            var numbers = List.of("stdin", "stdout", "stderr", "error", "resize");
            for (var number = numbers.size() - 1; number >= 0; number--) {
                var type = numbers.get(number);
                if (asked(request, type)) {
                    command.opened(type, connection.channel(number));
                    first = type.startsWith("std") && number > 0 ? number : first;
                }
            }
            connection.greet(first);
            Thread.ofVirtual().name("exec").start(() -> command.run(connection));
            try {
                connection.run();
            } finally {
                command.clientGone();
            }
        }

        private static boolean asked(StreamRequest request, String type) {
            return switch (type) {
                case "stdin" -> request.flag("input");
                case "stdout" -> request.flag("output");
                case "stderr" -> request.errorOutput();
                case "resize" -> request.flag("tty");
                default -> true;
            };
        }

        /**
         * Each port has two streams, of data and of errors; the first message on each is the port,
         * two bytes, the lower one first. All are forwarded from the beginning, once.
         */
        private void forwardPorts(StreamRequest request, WebSocketConnection connection)
                throws IOException {
            var forwarding = forwarding(request);
            List<Integer> ports;
            try {
                ports = request.ports();
            } catch (StreamRefused checkedBefore) {
                throw new IOException(checkedBefore);
            }
            var threads = new Thread[ports.size()];
            for (var at = 0; at < threads.length; at++) {
                var port = ports.get(at);
                var data = connection.channel(2 * at);
                var error = connection.channel(2 * at + 1);
                var bytes = new byte[] {(byte) (int) port, (byte) (port >> 8)};
                data.output().write(bytes);
                error.output().write(bytes);
                threads[at] =
                        Thread.ofVirtual()
                                .name("port-forward")
                                .unstarted(() -> forwarding.forward(data, error, port));
            }
            Thread.ofVirtual()
                    .name("port-forward-all")
                    .start(() -> {
                        try (connection) {
                            for (var each : threads) {
                                each.start();
                            }
                            for (var each : threads) {
                                each.join();
                            }
                        } catch (InterruptedException stop) {
                            Thread.currentThread().interrupt();
                        }
                    });
            connection.run();
        }
    }

    private interface Serving {
        void run() throws IOException;
    }

    /** A connection that carries streams from now on. */
    private record Upgraded(
            StreamRequest request, Activity activity, Closeable connection, Serving serving)
            implements ServerConnection {
        @Override
        public void handle(Limit limit) {
            try {
                serving.run();
            } catch (IOException | RuntimeException ended) {
                LOG.debug(
                        "stream connection ended pod={}/{}",
                        request.namespace(),
                        request.pod(),
                        ended);
                close(true);
            }
        }

        @Override
        public Duration idleTime() {
            return activity.idleTime();
        }

        @Override
        public void close(boolean interrupt) {
            try {
                connection.close();
            } catch (IOException gone) {
                LOG.debug("stream connection did not close", gone);
            }
        }
    }
}
