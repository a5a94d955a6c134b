package dev.berth.bench;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A cluster's API as a user with a token sees it: pods are made and watched, and nothing is cached.
 */
final class Cluster implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String PODS = "/api/v1/namespaces/default/pods";
    private static final String EVENTS =
            "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=";

    private final String endpoint;
    private final String token;
    private final String image;
    private final HttpClient http;
    private final AtomicInteger watchesAgain = new AtomicInteger();
    private volatile boolean closed;
    private final Map<String, CountDownLatch> waiting = new ConcurrentHashMap<>();
    private final Map<String, Long> runningAt = new ConcurrentHashMap<>();
    private final Map<String, CountDownLatch> leaving = new ConcurrentHashMap<>();

    /**
     * Asks nothing yet.
     *
     * @param image what its pods run
     */
    Cluster(String endpoint, String certificateAuthority, String token, String image)
            throws IOException, GeneralSecurityException {
        this.endpoint = endpoint;
        this.token = token;
        this.image = image;
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry(
                "ca",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(
                                        Base64.getDecoder().decode(certificateAuthority))));
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        var tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        http =
                HttpClient.newBuilder()
                        .sslContext(tls)
                        .connectTimeout(Duration.ofSeconds(5))
                        .build();
    }

    /**
     * Follows the pods from now on, on a thread of its own. A watch may end at any time, as when
     * the API server finds its client too slow; the next one begins where it ended.
     */
    void follow() throws IOException, InterruptedException {
        var version = get(PODS + "?limit=1").path("metadata").path("resourceVersion").asString();
        var first = watch(version);
        Thread.ofVirtual().name("watch").start(() -> followOn(first, version));
    }

    private Stream<String> watch(String version) throws IOException, InterruptedException {
        return http.send(
                        request(PODS + "?watch=1&resourceVersion=" + version).GET().build(),
                        HttpResponse.BodyHandlers.ofLines())
                .body();
    }

    private void followOn(Stream<String> first, String from) {
        var version = from;
        var stream = first;
        while (true) {
            try (var lines = stream) {
                for (var each = lines.iterator(); each.hasNext(); ) {
                    version = told(each.next());
                }
            } catch (UncheckedIOException ended) {
                if (closed) {
                    return;
                }
            }
            try {
                stream = watch(version);
                watchesAgain.incrementAndGet();
            } catch (IOException | InterruptedException end) {
                return; // the bench has ended, or it will miss the pods and say so
            }
        }
    }

    /** How often the watch ended before its time. */
    int watchesAgain() {
        return watchesAgain.get();
    }

    /** Takes note of an event; returns its version. */
    private String told(String line) {
        var now = System.nanoTime();
        var event = JSON.readTree(line);
        if (event.path("type").asString().equals("ERROR")) {
            throw new IllegalStateException("the watch failed: " + line);
        }
        var name = event.path("object").path("metadata").path("name").asString("");
        if (event.path("type").asString().equals("DELETED")) {
            var left = leaving.get(name);
            if (left != null) {
                left.countDown();
            }
        } else if (event.path("object").path("status").path("phase").asString("").equals("Running")
                && runningAt.putIfAbsent(name, now) == null) {
            var waits = waiting.get(name);
            if (waits != null) {
                waits.countDown();
            }
        }
        return event.path("object").path("metadata").path("resourceVersion").asString();
    }

    /**
     * A pod that was asked for.
     *
     * @param name the pod's
     * @param began the moment before the request was sent, in nanoseconds
     * @param at the same, by the wall clock
     * @param uid the pod's
     */
    record Created(String name, long began, Instant at, String uid) {}

    /** Makes a pod. */
    Created create(String name) throws IOException, InterruptedException {
        waiting.put(name, new CountDownLatch(1));
        return create(name, PODS);
    }

    /** Lets a pod be admitted, and not made. */
    void admit(String name) throws IOException, InterruptedException {
        create(name, PODS + "?dryRun=All");
    }

    private Created create(String name, String path) throws IOException, InterruptedException {
        var pod =
                Map.of(
                        "apiVersion",
                        "v1",
                        "kind",
                        "Pod",
                        "metadata",
                        Map.of("name", name, "labels", Map.of("compute-type", "fargate")),
                        "spec",
                        Map.of(
                                "terminationGracePeriodSeconds",
                                1,
                                "containers",
                                new Object[] {
                                    Map.of(
                                            "name",
                                            "main",
                                            "image",
                                            image,
                                            "imagePullPolicy",
                                            "IfNotPresent",
                                            "command",
                                            new String[] {"sleep", "3600"})
                                }));
        var at = Instant.now();
        var began = System.nanoTime();
        var response =
                http.send(
                        request(path)
                                .header("content-type", "application/json")
                                .POST(
                                        HttpRequest.BodyPublishers.ofByteArray(
                                                JSON.writeValueAsBytes(pod)))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 201) {
            throw new IOException(
                    "creating " + name + ": " + response.statusCode() + " " + response.body());
        }
        var uid = JSON.readTree(response.body()).path("metadata").path("uid").asString();
        return new Created(name, began, at, uid);
    }

    /** Waits until a pod runs; returns that moment, in nanoseconds. */
    long awaitRunning(String name) throws IOException, InterruptedException {
        var latch = waiting.get(name);
        if (latch == null || !latch.await(120, TimeUnit.SECONDS)) {
            throw new IOException(
                    name
                            + " did not run within two minutes: "
                            + text(PODS + "/" + name)
                            + text(EVENTS + name));
        }
        return runningAt.getOrDefault(name, 0L);
    }

    /** Deletes a pod at once. */
    void delete(String name) throws IOException, InterruptedException {
        leaving.put(name, new CountDownLatch(1));
        http.send(
                request(PODS + "/" + name + "?gracePeriodSeconds=1").DELETE().build(),
                HttpResponse.BodyHandlers.discarding());
    }

    /** Waits until a deleted pod is gone. */
    void awaitGone(String name) throws IOException, InterruptedException {
        var latch = leaving.get(name);
        if (latch == null || !latch.await(60, TimeUnit.SECONDS)) {
            throw new IOException(name + " did not go within a minute");
        }
    }

    /** The text of a path that answers no JSON. */
    String text(String path) throws IOException, InterruptedException {
        return http.send(request(path).GET().build(), HttpResponse.BodyHandlers.ofString()).body();
    }

    private JsonNode get(String path) throws IOException, InterruptedException {
        return JSON.readTree(text(path));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(endpoint + path))
                .header("authorization", "Bearer " + token);
    }

    @Override
    public void close() {
        closed = true;
        http.shutdownNow();
    }
}
