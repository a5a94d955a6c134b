package dev.berth.bench.soak;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A cluster's API server as a user with a token sees it. Any thread may call. */
final class Kube implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final String endpoint;
    private final Supplier<String> token;
    private final HttpClient http;

    Kube(String endpoint, String certificateAuthority, Supplier<String> token) throws IOException {
        this.endpoint = endpoint;
        this.token = token;
        http =
                HttpClient.newBuilder()
                        .sslContext(trusting(certificateAuthority))
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(5))
                        .build();
    }

    private static SSLContext trusting(String certificateAuthority) throws IOException {
        try {
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
            return tls;
        } catch (GeneralSecurityException e) {
            throw new IOException("the cluster's certificate authority cannot be used", e);
        }
    }

    /** The API server answered, and not as asked. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;
        private final int code;

        Refused(String what, int code, String body) {
            super(what + ": " + code + " " + body);
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    /** The text of a path that answers no JSON. */
    String text(String path) throws IOException, InterruptedException {
        return answered("GET", path, "", "");
    }

    /** An object or a list. */
    JsonNode get(String path) throws IOException, InterruptedException {
        return JSON.readTree(text(path));
    }

    /** The items of a list. */
    List<JsonNode> list(String path) throws IOException, InterruptedException {
        var items = new ArrayList<JsonNode>();
        get(path).path("items").forEach(items::add);
        return items;
    }

    /** Creates an object; one that is there already is left as it is. */
    void create(String path, String object) throws IOException, InterruptedException {
        try {
            answered("POST", path, "application/json", object);
        } catch (Refused no) {
            if (no.code() != 409) {
                throw no;
            }
        }
    }

    /** Changes an object. */
    void merge(String path, String patch) throws IOException, InterruptedException {
        answered("PATCH", path, "application/merge-patch+json", patch);
    }

    /** Deletes an object, or a collection; what is gone already may be. */
    void delete(String path) throws IOException, InterruptedException {
        try {
            answered("DELETE", path, "application/json", "{\"propagationPolicy\":\"Background\"}");
        } catch (Refused no) {
            if (no.code() != 404) {
                throw no;
            }
        }
    }

    /** The lines of an answer that goes on, such as a log that is followed. */
    Stream<String> lines(String path) throws IOException, InterruptedException {
        var response = http.send(request(path).GET().build(), HttpResponse.BodyHandlers.ofLines());
        if (response.statusCode() != 200) {
            throw new Refused("GET " + path, response.statusCode(), "");
        }
        return response.body();
    }

    private String answered(String method, String path, String type, String body)
            throws IOException, InterruptedException {
        var request = request(path).timeout(PATIENCE);
        if (!type.isEmpty()) {
            request.header("content-type", type);
        }
        var response =
                http.send(
                        request.method(method, HttpRequest.BodyPublishers.ofString(body)).build(),
                        HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() / 100 != 2) {
            throw new Refused(method + " " + path, response.statusCode(), response.body());
        }
        return response.body();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(endpoint + path))
                .header("authorization", "Bearer " + token.get());
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
