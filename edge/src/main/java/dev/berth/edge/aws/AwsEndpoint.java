package dev.berth.edge.aws;

import dev.berth.edge.aws.wire.WireAnswer;
import dev.berth.edge.aws.wire.WireRequest;
import dev.berth.engine.account.signature.KeyRing;
import dev.berth.engine.account.signature.SignatureVerifier;
import dev.berth.engine.account.signature.SignedRequest;
import io.helidon.common.media.type.MediaTypes;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Status;
import io.helidon.http.encoding.ContentEncodingContext;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server in front of all AWS services: one port on loopback, a virtual thread for each
 * connection. {@code GET /healthz} answers without a signature.
 */
public final class AwsEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AwsEndpoint.class);

    /** Larger bodies are refused; the largest AWS limit of our operations is far below. */
    static final int BODY_BYTES_MAX = 1 << 20;

    /**
     * So much of a refused body is still read, and thrown away, so that its sender sees the answer.
     */
    private static final long DISCARDED_BYTES_MAX = 64L << 20;

    private final AwsServices services;
    private final AwsGateway gateway;
    private final String host;
    private final int port;
    private @Nullable WebServer server;

    /**
     * An endpoint that is not started yet.
     *
     * @param services what is served
     * @param keys who may call
     * @param region the one region, such as {@code eu-west-1}
     * @param host the address to listen on, such as {@code 127.0.0.1}
     * @param port the port, or 0 for any free one
     * @param clock the wall clock
     */
    public AwsEndpoint(
            AwsServices services,
            KeyRing keys,
            String region,
            String host,
            int port,
            Supplier<Instant> clock) {
        this.services = services;
        this.gateway = new AwsGateway(services, new SignatureVerifier(keys), region, clock);
        this.host = host;
        this.port = port;
    }

    /** Listens; returns when requests are answered. Models are read on while the caller goes on. */
    public void start() throws IOException {
        Thread.ofVirtual().name("aws-models").start(services::load);
        WebServer started =
                WebServer.builder()
                        .address(InetAddress.getByName(host))
                        .port(port)
                        .shutdownHook(false)
                        // An answer is two writes: unless told, the second waits 40 ms for the
                        // first.
                        .connectionOptions(options -> options.tcpNoDelay(true))
                        .featuresDiscoverServices(false)
                        .mediaContext(
                                MediaContext.builder().mediaSupportsDiscoverServices(false).build())
                        .contentEncoding(
                                ContentEncodingContext.builder()
                                        .contentEncodingsDiscoverServices(false)
                                        .build())
                        .routing(routing -> routing.any(this::handle))
                        .build()
                        .start();
        if (!started.isRunning()) {
            throw new IOException("cannot listen on " + host + ":" + port + ": " + whyNot());
        }
        server = started;
        LOG.info("AWS endpoint listens host={} port={}", host, started.port());
    }

    /** The system's words; the server only logs them. */
    private String whyNot() {
        try (var _ = new ServerSocket(port, 1, InetAddress.getByName(host))) {
            return "the server did not start";
        } catch (IOException why) {
            return String.valueOf(why.getMessage());
        }
    }

    /** The port that is listened on. */
    public int port() {
        WebServer running = server;
        if (running == null) {
            throw new IllegalStateException("not started");
        }
        return running.port();
    }

    /** Stops listening; calls under way are cut. */
    @Override
    public void close() {
        WebServer running = server;
        server = null;
        if (running != null) {
            running.stop();
        }
    }

    private void handle(ServerRequest request, ServerResponse response)
            throws IOException, InterruptedException {
        HttpPrologue prologue = request.prologue();
        String path = prologue.uriPath().rawPath();
        if (path.equals("/healthz")) {
            response.headers().contentType(MediaTypes.TEXT_PLAIN);
            response.send("ok");
            return;
        }
        String requestId = UUID.randomUUID().toString();
        long began = System.nanoTime();
        var head =
                new SignedRequest(
                        prologue.method().text(),
                        path,
                        prologue.query().rawValue(),
                        headers(request));
        byte[] body = body(request);
        WireAnswer answer =
                body == null
                        ? gateway.tooLarge(
                                new WireRequest(head, new byte[0]), BODY_BYTES_MAX, requestId)
                        : gateway.answer(new WireRequest(head, body), requestId);
        response.status(Status.create(answer.status()));
        answer.headers().forEach((name, value) -> response.header(HeaderNames.create(name), value));
        response.send(answer.body());
        if (LOG.isDebugEnabled()) {
            LOG.debug(
                    "{} {} status={} micros={} requestId={}",
                    head.method(),
                    path,
                    answer.status(),
                    (System.nanoTime() - began) / 1000,
                    requestId);
        }
    }

    private static Map<String, List<String>> headers(ServerRequest request) {
        var headers = new HashMap<String, List<String>>();
        for (Header header : request.headers()) {
            headers.computeIfAbsent(header.name().toLowerCase(Locale.ROOT), _ -> new ArrayList<>(1))
                    .addAll(header.allValues());
        }
        return headers;
    }

    /** The whole body, or null when it is too large; then what is left of it has been read away. */
    private static byte @Nullable [] body(ServerRequest request) throws IOException {
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        try (InputStream stream = request.content().inputStream()) {
            byte[] body = stream.readNBytes(BODY_BYTES_MAX + 1);
            if (body.length <= BODY_BYTES_MAX) {
                return body;
            }
            var sink = new byte[64 << 10];
            long left = DISCARDED_BYTES_MAX;
            for (int n = stream.read(sink); n >= 0 && left > 0; n = stream.read(sink)) {
                left -= n;
            }
            return null;
        }
    }
}
