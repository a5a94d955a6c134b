package dev.berth.adapter.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A registry on loopback that holds what it is given and misbehaves when it is told to. */
final class TestRegistry implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final Map<String, Stored> manifests = new ConcurrentHashMap<>();
    private final Map<String, Integer> cutAfter = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile @Nullable String basic;
    private volatile @Nullable String bearerUser;
    private volatile boolean bearer;
    private volatile boolean ranges = true;
    private volatile boolean digestHeader = true;
    private volatile @Nullable URI blobsElsewhere;
    private volatile @Nullable CountDownLatch gate;
    private volatile int status;
    private volatile int tokenUses = Integer.MAX_VALUE;
    private final AtomicInteger tokens = new AtomicInteger();
    private final AtomicInteger usesLeft = new AtomicInteger();

    @SuppressWarnings("ArrayRecordComponent") // Carried, never compared.
    private record Stored(byte[] content, String mediaType) {}

    TestRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    /** {@code 127.0.0.1:port}. */
    String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    URI address() {
        return URI.create("http://" + host());
    }

    /** Every request so far: method and path, and {@code +auth} when it had an Authorization. */
    List<String> requests() {
        return List.copyOf(requests);
    }

    long downloads(Digest digest) {
        return requests.stream()
                .filter(each -> each.startsWith("GET") && each.contains("/blobs/" + digest))
                .count();
    }

    void blob(byte[] content) {
        blobs.put(Digest.sha256Of(content).toString(), content);
    }

    void blobAs(Digest digest, byte[] content) {
        blobs.put(digest.toString(), content);
    }

    Digest manifest(String repository, String tag, byte[] content, String mediaType) {
        Digest digest = Digest.sha256Of(content);
        manifests.put(repository + "@" + digest, new Stored(content, mediaType));
        manifests.put(repository + "@" + tag, new Stored(content, mediaType));
        return digest;
    }

    void manifestAs(String repository, String selector, byte[] content, String mediaType) {
        manifests.put(repository + "@" + selector, new Stored(content, mediaType));
    }

    void wantsBasic(String user, String password) {
        basic = encode(user, password);
    }

    /** Wants tokens; the token service wants this user, or nobody when null. */
    void wantsBearer(@Nullable String user, @Nullable String password) {
        bearer = true;
        bearerUser = user == null ? null : encode(user, password);
    }

    /** Makes each token good for so many requests only. */
    void tokensLast(int wanted) {
        tokenUses = wanted;
    }

    void answersAlways(int wanted) {
        status = wanted;
    }

    void knowsNoRanges() {
        ranges = false;
    }

    void saysNoDigests() {
        digestHeader = false;
    }

    /** Breaks the first download of a blob off after some bytes. */
    void breaksOff(Digest digest, int bytes) {
        cutAfter.put(digest.toString(), bytes);
    }

    void redirectsBlobsTo(URI elsewhere) {
        blobsElsewhere = elsewhere;
    }

    /** Lets blobs flow only half until the returned latch is opened. */
    CountDownLatch holdsBlobs() {
        CountDownLatch latch = new CountDownLatch(1);
        gate = latch;
        return latch;
    }

    private static String encode(String user, @Nullable String password) {
        return "Basic "
                + Base64.getEncoder()
                        .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            requests.add(
                    exchange.getRequestMethod()
                            + " "
                            + path
                            + (authorization == null ? "" : " +auth"));
            if (status != 0) {
                answer(exchange, status, new byte[0]);
                return;
            }
            if (path.equals("/token")) {
                boolean allowed = bearerUser == null || bearerUser.equals(authorization);
                usesLeft.set(tokenUses);
                answer(
                        exchange,
                        allowed ? 200 : 401,
                        "{\"token\":\"t0ken%d\"}"
                                .formatted(tokens.incrementAndGet())
                                .getBytes(StandardCharsets.UTF_8));
                return;
            }
            if (bearer
                    && !(("Bearer t0ken" + tokens.get()).equals(authorization)
                            && usesLeft.getAndDecrement() > 0)) {
                exchange.getResponseHeaders()
                        .add(
                                "WWW-Authenticate",
                                "Bearer service=\"test, registry\", realm=\"http://"
                                        + host()
                                        + "/token\"");
                answer(exchange, 401, new byte[0]);
                return;
            }
            if (basic != null && !basic.equals(authorization)) {
                exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"test\"");
                answer(exchange, 401, new byte[0]);
                return;
            }
            int manifest = path.indexOf("/manifests/");
            int blob = path.indexOf("/blobs/");
            if (path.startsWith("/v2/") && manifest > 0) {
                Stored stored =
                        manifests.get(
                                path.substring(4, manifest) + "@" + path.substring(manifest + 11));
                if (stored == null) {
                    answer(exchange, 404, new byte[0]);
                    return;
                }
                exchange.getResponseHeaders().add("Content-Type", stored.mediaType());
                if (digestHeader) {
                    exchange.getResponseHeaders()
                            .add(
                                    "Docker-Content-Digest",
                                    Digest.sha256Of(stored.content()).toString());
                }
                answer(exchange, 200, stored.content());
            } else if (path.startsWith("/v2/") && blob > 0) {
                blob(exchange, path.substring(blob + 7));
            } else {
                answer(exchange, 404, new byte[0]);
            }
        }
    }

    private void blob(HttpExchange exchange, String digest) throws IOException {
        URI elsewhere = blobsElsewhere;
        if (elsewhere != null) {
            exchange.getResponseHeaders()
                    .add("Location", elsewhere + exchange.getRequestURI().getPath());
            answer(exchange, 307, new byte[0]);
            return;
        }
        byte[] content = blobs.get(digest);
        if (content == null) {
            answer(exchange, 404, new byte[0]);
            return;
        }
        int from = 0;
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (range != null && ranges) {
            from = Integer.parseInt(range.replaceAll("bytes=([0-9]+)-", "$1"));
            exchange.getResponseHeaders()
                    .add(
                            "Content-Range",
                            "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(range != null && ranges ? 206 : 200, content.length - from);
        OutputStream out = exchange.getResponseBody();
        Integer cut = cutAfter.remove(digest);
        if (cut != null) {
            out.write(content, from, cut);
            out.flush();
            throw new IOException("broken off as told");
        }
        CountDownLatch latch = gate;
        int half = (content.length - from) / 2;
        out.write(content, from, half);
        out.flush();
        if (latch != null) {
            try {
                latch.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }
        out.write(content, from + half, content.length - from - half);
    }

    private static void answer(HttpExchange exchange, int code, byte[] content) throws IOException {
        boolean head = exchange.getRequestMethod().equals("HEAD");
        if (head) {
            exchange.getResponseHeaders().add("Content-Length", "" + content.length);
        }
        exchange.sendResponseHeaders(code, head || content.length == 0 ? -1 : content.length);
        if (!head && content.length > 0) {
            exchange.getResponseBody().write(content);
        }
    }

    @Override
    public void close() {
        CountDownLatch latch = gate;
        if (latch != null) {
            latch.countDown();
        }
        server.stop(0);
        threads.shutdownNow();
    }
}
