package dev.berth.compat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A WebSocket to a pod through its cluster's API server, as clients in browsers and in languages
 * without SPDY have it: the first byte of each message is its stream's number.
 */
final class PodSocket implements WebSocket.Listener, AutoCloseable {
    /** What the API server hands on to a node as it is. */
    static final String OLD = "v4.channel.k8s.io";

    /** What the API server makes SPDY of. */
    static final String NEW = "v5.channel.k8s.io";

    private final Map<Integer, ByteArrayOutputStream> came = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Semaphore messages = new Semaphore(0);
    private final boolean reading;
    private WebSocket socket;

    private PodSocket(boolean reading) {
        this.reading = reading;
    }

    /** Where a cluster's API server is, and what it takes. */
    record Door(HttpClient http, String server, String token) {
        static Door of(OneBerth berth, String cluster) throws Exception {
            var described = berth.client().eks("GET", "/clusters/" + cluster, null).path("cluster");
            var pem =
                    Base64.getDecoder()
                            .decode(described.path("certificateAuthority").path("data").asString());
            var store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            store.setCertificateEntry(
                    "ca",
                    CertificateFactory.getInstance("X.509")
                            .generateCertificate(new ByteArrayInputStream(pem)));
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            var tls = SSLContext.getInstance("TLS");
            tls.init(null, trust.getTrustManagers(), null);
            return new Door(
                    HttpClient.newBuilder().sslContext(tls).build(),
                    described.path("endpoint").asString(),
                    berth.client().token(cluster, Instant.now()));
        }

        /** Opens a stream of a pod; {@code what} is the sub-resource with its query. */
        PodSocket open(String pod, String what, String protocol) throws Exception {
            return open(pod, what, protocol, true);
        }

        /** Opens one that is not read. */
        PodSocket openUnread(String pod, String what, String protocol) throws Exception {
            return open(pod, what, protocol, false);
        }

        private PodSocket open(String pod, String what, String protocol, boolean reading)
                throws Exception {
            var opened = new PodSocket(reading);
            opened.socket =
                    http.newWebSocketBuilder()
                            .subprotocols(protocol)
                            .header("Authorization", "Bearer " + token)
                            .buildAsync(
                                    URI.create(
                                            server.replaceFirst("^https", "wss")
                                                    + "/api/v1/namespaces/default/pods/"
                                                    + pod
                                                    + "/"
                                                    + what),
                                    opened)
                            .get(60, TimeUnit.SECONDS);
            return opened;
        }
    }

    @Override
    public void onOpen(WebSocket opened) {
        if (reading) {
            opened.request(1);
        }
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
        // Our servers' messages are whole frames, and a frame comes whole or in parts of which
        // only the first has the number.
        var bytes = new byte[data.remaining()];
        data.get(bytes);
        if (bytes.length > 0) {
            var number = part >= 0 ? part : bytes[0];
            var start = part >= 0 ? 0 : 1;
            came.computeIfAbsent(number, none -> new ByteArrayOutputStream())
                    .write(bytes, start, bytes.length - start);
            part = last ? -1 : number;
        }
        messages.release();
        from.request(1);
        return null;
    }

    private int part = -1;

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        ended.complete(null);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable failure) {
        ended.completeExceptionally(failure);
    }

    /** Sends to a stream. */
    void send(int number, String text) throws Exception {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        var message = new byte[bytes.length + 1];
        message[0] = (byte) number;
        System.arraycopy(bytes, 0, message, 1, bytes.length);
        socket.sendBinary(ByteBuffer.wrap(message), true).get(60, TimeUnit.SECONDS);
    }

    /** Waits until the other side has closed. */
    PodSocket toItsEnd() throws Exception {
        ended.get(120, TimeUnit.SECONDS);
        return this;
    }

    /** Waits until a stream has brought a text. */
    void until(int number, String text) throws Exception {
        while (!text(number).contains(text)) {
            if (!messages.tryAcquire(30, TimeUnit.SECONDS)) {
                throw new AssertionError("not within 30 s: " + text + " but " + text(number));
            }
        }
    }

    /** What has come on a stream. */
    byte[] bytes(int number) {
        var bytes = came.get(number);
        return bytes == null ? new byte[0] : bytes.toByteArray();
    }

    /** What has come on a stream. */
    String text(int number) {
        return new String(bytes(number), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        socket.abort();
    }
}
