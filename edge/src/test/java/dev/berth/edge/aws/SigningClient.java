package dev.berth.edge.aws;

import dev.berth.engine.account.signature.KeyRing;
import dev.berth.engine.account.signature.RequestSigner;
import dev.berth.engine.account.signature.SignedRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** A plain HTTP client that signs whatever a test sends. */
final class SigningClient {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final URI base;
    private final KeyRing.Key key;
    private final String region;
    private final Supplier<Instant> clock;

    SigningClient(URI base, KeyRing.Key key, String region, Supplier<Instant> clock) {
        this.base = base;
        this.key = key;
        this.region = region;
        this.clock = clock;
    }

    SigningClient with(KeyRing.Key other) {
        return new SigningClient(base, other, region, clock);
    }

    SigningClient in(String otherRegion) {
        return new SigningClient(base, key, otherRegion, clock);
    }

    SigningClient at(Supplier<Instant> otherClock) {
        return new SigningClient(base, key, region, otherClock);
    }

    /** A form post of a query service. */
    HttpResponse<String> form(String service, String form) throws Exception {
        return send(
                service,
                "POST",
                "/",
                Map.of("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                form);
    }

    /** Signs with the service's name and sends; the path may have a query. */
    HttpResponse<String> send(
            String service, String method, String path, Map<String, String> headers, String body)
            throws IOException, InterruptedException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        int question = path.indexOf('?');
        var all = new TreeMap<String, List<String>>();
        headers.forEach((name, value) -> all.put(name, List.of(value)));
        all.put("host", List.of(base.getAuthority()));
        var head =
                new SignedRequest(
                        method,
                        question < 0 ? path : path.substring(0, question),
                        question < 0 ? "" : path.substring(question + 1),
                        all);
        Map<String, String> signed =
                new RequestSigner(key).sign(head, bytes, region, service, clock.get());
        var request = HttpRequest.newBuilder(URI.create(base + path));
        headers.forEach(request::header);
        signed.forEach(request::header);
        request.method(
                method,
                bytes.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(bytes));
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    /** Sends without a signature. */
    HttpResponse<String> plain(String method, String path, Map<String, String> headers, byte[] body)
            throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(base + path));
        headers.forEach(request::header);
        request.method(
                method,
                body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }
}
