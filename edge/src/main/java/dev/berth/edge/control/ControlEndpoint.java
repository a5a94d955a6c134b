package dev.berth.edge.control;

import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers {@code POST /NAME} with a JSON object of arguments: progress lines, then a result or an
 * error.
 */
public final class ControlEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlEndpoint.class);
    private static final JsonMapper JSON = JsonMapper.shared();

    private final byte[] secret;
    private final Map<String, Command> commands;
    private final WebServer server;

    /** One command. */
    @FunctionalInterface
    public interface Command {
        /**
         * Does it.
         *
         * @param arguments from the caller
         * @param progress told in a few words what is being done
         * @return the result, made of maps, lists, texts and numbers
         */
        Object run(Map<String, String> arguments, Consumer<String> progress) throws Exception;
    }

    /**
     * An endpoint that is started by {@link #start}.
     *
     * @param secret what callers must show
     * @param commands by name
     */
    public ControlEndpoint(String secret, Map<String, Command> commands) {
        this.secret = ("Bearer " + secret).getBytes(StandardCharsets.UTF_8);
        this.commands = Map.copyOf(commands);
        this.server =
                WebServer.builder()
                        .host("127.0.0.1")
                        .port(0)
                        .shutdownHook(false)
                        // An answer is two writes: unless told, the second waits 40 ms for the
                        // first.
                        .connectionOptions(options -> options.tcpNoDelay(true))
                        .maxPayloadSize(64 * 1024)
                        .routing(routing -> routing.post("/{name}", this::answer))
                        .build();
    }

    /** Begins to listen. */
    public void start() throws IOException {
        server.start();
        if (!server.isRunning()) {
            throw new IOException("cannot listen for commands on 127.0.0.1; the log tells why");
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

    private void answer(ServerRequest request, ServerResponse response) throws IOException {
        var shown = request.headers().first(HeaderNames.AUTHORIZATION).orElse("");
        if (!MessageDigest.isEqual(secret, shown.getBytes(StandardCharsets.UTF_8))) {
            response.status(Status.FORBIDDEN_403).send();
            return;
        }
        var command = commands.get(request.path().pathParameters().get("name"));
        if (command == null) {
            response.status(Status.NOT_FOUND_404).send();
            return;
        }
        var arguments = new LinkedHashMap<String, String>();
        JSON.readTree(request.content().as(byte[].class))
                .properties()
                .forEach(argument ->
                        arguments.put(argument.getKey(), argument.getValue().asString()));
        try (var out = response.outputStream()) {
            try {
                line(out, "result", command.run(arguments, words -> line(out, "progress", words)));
            } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
                line(out, "error", "Berth is stopping");
            } catch (Exception failed) {
                LOG.debug("command failed command={}", request.path().path(), failed);
                line(
                        out,
                        "error",
                        failed.getMessage() == null ? failed.toString() : failed.getMessage());
            }
        }
    }

    private static void line(OutputStream out, String name, Object value) {
        try {
            out.write(
                    (JSON.writeValueAsString(Map.of(name, value)) + "\n")
                            .getBytes(StandardCharsets.UTF_8));
            out.flush();
        } catch (IOException gone) {
            throw new UncheckedIOException(gone);
        }
    }
}
