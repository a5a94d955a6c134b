package dev.berth.edge.webhook;

import io.helidon.common.tls.Tls;
import io.helidon.common.tls.TlsClientAuth;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code POST /clusters/NAME/WEBHOOK} on loopback, for callers that show a certificate of
 * Berth's own authority, as its API servers do.
 */
public final class WebhookEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WebhookEndpoint.class);
    private static final int BODY_BYTES_MAX = 8 * 1024 * 1024;

    /** The first needs no instructions that only the slower of the JVM's compilers knows. */
    private static final List<String> CIPHERS =
            List.of("TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256");

    private final Map<String, Webhook> webhooks;
    private final WebServer server;

    /** One webhook: a review in, the answered review out. */
    @FunctionalInterface
    public interface Webhook {
        /**
         * Answers a review.
         *
         * @throws IllegalArgumentException when the body is no review
         */
        byte[] review(String clusterName, byte[] body) throws Exception;
    }

    /**
     * An endpoint that is started by {@link #start}.
     *
     * @param port a port of 127.0.0.1, 0 for any free one
     * @param webhooks by the last part of their path
     */
    public WebhookEndpoint(SSLContext tls, int port, Map<String, Webhook> webhooks) {
        this.webhooks = Map.copyOf(webhooks);
        this.server =
                WebServer.builder()
                        .host("127.0.0.1")
                        .port(port)
                        .shutdownHook(false)
                        // An answer is two writes: unless told, the second waits 40 ms for the
                        // first.
                        .connectionOptions(options -> options.tcpNoDelay(true))
                        .maxPayloadSize(BODY_BYTES_MAX)
                        .tls(
                                Tls.builder()
                                        .sslContext(tls)
                                        .enabledCipherSuites(CIPHERS)
                                        .clientAuth(TlsClientAuth.REQUIRED)
                                        .build())
                        .routing(
                                routing -> routing.post("/clusters/{name}/{webhook}", this::answer))
                        .build();
    }

    /** Begins to listen. */
    public void start() throws IOException {
        server.start();
        if (!server.isRunning()) {
            throw new IOException("cannot listen for API servers on 127.0.0.1; the log tells why");
        }
    }

    /** The port it listens on. */
    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.stop();
    }

    private void answer(ServerRequest request, ServerResponse response) {
        var cluster = request.path().pathParameters().get("name");
        var name = request.path().pathParameters().get("webhook");
        var webhook = webhooks.get(name);
        if (webhook == null) {
            response.status(Status.NOT_FOUND_404).send();
            return;
        }
        try {
            var answer = webhook.review(cluster, request.content().as(byte[].class));
            response.header(HeaderNames.CONTENT_TYPE, "application/json").send(answer);
        } catch (IllegalArgumentException noReview) {
            response.status(Status.BAD_REQUEST_400).send(String.valueOf(noReview.getMessage()));
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            response.status(Status.SERVICE_UNAVAILABLE_503).send();
        } catch (Exception failed) {
            LOG.warn("webhook failed cluster={} webhook={}", cluster, name, failed);
            response.status(Status.INTERNAL_SERVER_ERROR_500).send();
        }
    }
}
