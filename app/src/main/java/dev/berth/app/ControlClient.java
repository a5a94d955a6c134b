package dev.berth.app;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a running Berth to do something. */
final class ControlClient {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final InstanceFile instance;

    ControlClient(InstanceFile instance) {
        this.instance = instance;
    }

    /**
     * Runs a command and returns its result.
     *
     * @param patience until the first word of an answer
     * @param progress told what it says meanwhile
     * @throws IOException with Berth's own words when it could not
     */
    JsonNode run(
            String command,
            Map<String, String> arguments,
            Duration patience,
            Consumer<String> progress)
            throws IOException, InterruptedException {
        var request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://127.0.0.1:"
                                                + instance.controlPort()
                                                + "/"
                                                + command))
                        .header("authorization", "Bearer " + instance.controlSecret())
                        .timeout(patience)
                        .POST(
                                HttpRequest.BodyPublishers.ofByteArray(
                                        JSON.writeValueAsBytes(arguments)))
                        .build();
        try (var http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build()) {
            var response = http.send(request, HttpResponse.BodyHandlers.ofLines());
            if (response.statusCode() != 200) {
                throw new IOException(
                        "the running Berth answered " + response.statusCode() + " to " + command);
            }
            for (var line : (Iterable<String>) response.body()::iterator) {
                var tree = JSON.readTree(line.getBytes(StandardCharsets.UTF_8));
                if (tree.has("progress")) {
                    progress.accept(tree.path("progress").asString());
                } else if (tree.has("error")) {
                    throw new IOException(tree.path("error").asString());
                } else {
                    return tree.path("result");
                }
            }
        }
        throw new IOException("the running Berth went away during " + command);
    }
}
