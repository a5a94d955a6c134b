package dev.berth.adapter.kube;

import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One HTTP/2 connection's worth of requests to an API server. Blocking calls, made for virtual
 * threads; any thread may call.
 */
final class ApiConnection implements AutoCloseable {
    /**
     * Requests under way at once, watches not counted. Below the 100 streams which the API server
     * allows on one connection, so that the client never has to open a second one.
     */
    private static final int REQUESTS_MAX = 64;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

    private final String endpoint;
    private final HttpClient client;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore requests = new Semaphore(REQUESTS_MAX);
    private final Traffic traffic = new Traffic();
    private final JsonMapper json = JsonMapper.shared();

    /**
     * Makes no connection yet.
     *
     * @param endpoint {@code https://host:port}
     */
    ApiConnection(String endpoint, String caPem, String clientCertPem, String clientKeyPem) {
        this.endpoint = endpoint.endsWith("/") ? endpoint.replaceAll("/+$", "") : endpoint;
        this.client =
                HttpClient.newBuilder()
                        .sslContext(Tls.context(caPem, clientCertPem, clientKeyPem))
                        .sslParameters(Tls.parameters())
                        .connectTimeout(CONNECT_TIMEOUT)
                        .executor(threads)
                        .build();
    }

    /** The requests that are under way. */
    Traffic traffic() {
        return traffic;
    }

    /** What a body is, for the server. */
    enum Content {
        /** An object. */
        JSON("application/json"),
        /** RFC 7386: null removes, lists are replaced. */
        MERGE_PATCH("application/merge-patch+json"),
        /** The same, with lists of the API merged by their keys. */
        STRATEGIC_PATCH("application/strategic-merge-patch+json"),
        /** Server-side apply; JSON is YAML, too. */
        APPLY_PATCH("application/apply-patch+yaml");

        private final String type;

        Content(String type) {
            this.type = type;
        }
    }

    /** How much of objects is read. */
    enum Form {
        /** All. */
        WHOLE("application/json", "application/json"),
        /** Names, labels, versions. A watch that is offered the list's form sends nothing. */
        METADATA(
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");

        private final String read;
        private final String watched;

        Form(String read, String watched) {
            this.read = read;
            this.watched = watched;
        }
    }

    /** Reads an object or a list; empty when it does not exist. */
    Optional<JsonNode> get(String path) {
        return get(path, Form.WHOLE);
    }

    /** Reads an object or a list; empty when it does not exist. */
    Optional<JsonNode> get(String path, Form form) {
        try {
            return Optional.of(tree(send("GET", path, form, null, null)));
        } catch (KubeRefused e) {
            if (e.code() == 404) {
                return Optional.empty();
            }
            throw new KubeUnavailable("GET " + path + ": " + e.getMessage(), e);
        }
    }

    /** Reads a list, unread. */
    byte[] read(String path) {
        try {
            return send("GET", path, Form.WHOLE, null, null);
        } catch (KubeRefused e) {
            throw new KubeUnavailable("GET " + path + ": " + e.getMessage(), e);
        }
    }

    /** Creates an object; returns the answer unread. */
    byte[] post(String path, Object body) throws KubeRefused {
        return send("POST", path, Content.JSON, bytes(body));
    }

    /** Replaces an object. */
    void put(String path, Object body) throws KubeRefused {
        send("PUT", path, Content.JSON, bytes(body));
    }

    /** Changes an object; returns the answer unread. */
    byte[] patch(String path, Content content, Object body) throws KubeRefused {
        return send("PATCH", path, content, bytes(body));
    }

    /** Deletes an object. */
    void delete(String path, @Nullable Object options) throws KubeRefused {
        send(
                "DELETE",
                path,
                options == null ? null : Content.JSON,
                options == null ? null : bytes(options));
    }

    /**
     * Opens a watch; the caller reads lines from it until its end.
     *
     * @throws KubeRefused 410 when its version is too old
     */
    InputStream watch(String path, Form form) throws KubeRefused {
        try {
            var answer =
                    client.send(
                            HttpRequest.newBuilder(URI.create(endpoint + path))
                                    .header("Accept", form.watched)
                                    .build(),
                            BodyHandlers.ofInputStream());
            if (answer.statusCode() == 200) {
                return answer.body();
            }
            try (var body = answer.body()) {
                throw failure("GET " + path, answer.statusCode(), body.readAllBytes());
            }
        } catch (IOException e) {
            throw new KubeUnavailable("GET " + path + ": " + e, e);
        } catch (InterruptedException e) {
            throw interrupted("GET " + path, e);
        }
    }

    /** An answer's body as a tree. */
    JsonNode tree(byte[] body) {
        try {
            return json.readTree(body);
        } catch (JacksonException e) {
            throw new KubeUnavailable("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** A path segment or query value, escaped. */
    static String escaped(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private byte[] bytes(Object body) {
        return json.writeValueAsBytes(body);
    }

    private byte[] send(
            String method, String path, @Nullable Content content, byte @Nullable [] body)
            throws KubeRefused {
        return send(method, path, Form.WHOLE, content, body);
    }

    private byte[] send(
            String method,
            String path,
            Form form,
            @Nullable Content content,
            byte @Nullable [] body)
            throws KubeRefused {
        var what = method + " " + path;
        var request =
                HttpRequest.newBuilder(URI.create(endpoint + path))
                        .timeout(REQUEST_TIMEOUT)
                        .header("Accept", form.read)
                        .method(
                                method,
                                body == null
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofByteArray(body));
        if (content != null) {
            request.header("Content-Type", content.type);
        }
        traffic.begin();
        try {
            requests.acquire();
            HttpResponse<byte[]> answer;
            try {
                answer = client.send(request.build(), BodyHandlers.ofByteArray());
            } finally {
                requests.release();
            }
            if (answer.statusCode() < 300) {
                return answer.body();
            }
            throw failure(what, answer.statusCode(), answer.body());
        } catch (IOException e) {
            throw new KubeUnavailable(what + ": " + e, e);
        } catch (InterruptedException e) {
            throw interrupted(what, e);
        } finally {
            traffic.end();
        }
    }

    private static KubeUnavailable interrupted(String what, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new KubeUnavailable(what + ": interrupted", e);
    }

    /** The server's no; throws when it means that asking again may help. */
    private KubeRefused failure(String what, int code, byte[] body) {
        var message = message(body);
        if (code == 429 || code >= 500) {
            throw new KubeUnavailable(what + ": " + code + " " + message, null);
        }
        return new KubeRefused(code, message);
    }

    private String message(byte[] body) {
        try {
            return json.readTree(body).path("message").asString("");
        } catch (JacksonException _) {
            return new String(body, StandardCharsets.UTF_8).strip();
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
        threads.shutdownNow();
    }
}
