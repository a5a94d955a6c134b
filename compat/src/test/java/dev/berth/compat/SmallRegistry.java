package dev.berth.compat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A registry on loopback that has what it was given and says 404 to all else. */
final class SmallRegistry implements AutoCloseable {
    private static final byte[] UNKNOWN =
            "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}"
                    .getBytes(StandardCharsets.UTF_8);

    private final HttpServer server;
    private final Map<String, byte[]> content = new ConcurrentHashMap<>();
    private volatile String wanted = "";

    private SmallRegistry(HttpServer server) {
        this.server = server;
    }

    static SmallRegistry start() throws IOException {
        var registry =
                new SmallRegistry(
                        HttpServer.create(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        registry.content.put("/v2/", "{}".getBytes(StandardCharsets.UTF_8));
        registry.server.createContext("/", registry::answer);
        registry.server.start();
        return registry;
    }

    String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Offers an image of docker.io's library. */
    void put(String name, String tag, SmallImage image) {
        var repository = "/v2/library/" + name + "/";
        content.put(repository + "manifests/" + tag, image.manifest());
        content.put(
                repository + "manifests/" + SmallImage.digest(image.manifest()), image.manifest());
        for (var blob : image.blobs()) {
            content.put(repository + "blobs/" + SmallImage.digest(blob), blob);
        }
    }

    /** Lets only this user in from now on. */
    void wants(String user, String password) {
        wanted =
                "Basic "
                        + Base64.getEncoder()
                                .encodeToString(
                                        (user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!wanted.isEmpty()
                    && !wanted.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"small\"");
                exchange.sendResponseHeaders(401, -1);
                return;
            }
            var path = exchange.getRequestURI().getPath();
            var found = content.get(path);
            if (found != null && path.contains("/manifests/")) {
                exchange.getResponseHeaders().set("content-type", SmallImage.MANIFEST);
                exchange.getResponseHeaders()
                        .set("docker-content-digest", SmallImage.digest(found));
            }
            var body = found == null ? UNKNOWN : found;
            var head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(found == null ? 404 : 200, head ? -1 : body.length);
            if (!head) {
                exchange.getResponseBody().write(body);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
