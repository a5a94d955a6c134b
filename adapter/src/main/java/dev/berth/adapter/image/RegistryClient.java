package dev.berth.adapter.image;

import dev.berth.adapter.image.RegistrySettings.Endpoint;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.PullFailed.Why;
import dev.berth.port.Images.RegistryCredential;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Speaks the distribution protocol with registries: asks mirrors first, answers challenges, follows
 * redirects without taking secrets along, and words failures as containerd does, because the
 * kubelet shows them to people. Used by any thread.
 */
final class RegistryClient implements AutoCloseable {
    private static final int REDIRECTS_MAX = 5;
    private static final int TOKEN_BYTES_MAX = 1024 * 1024;

    private final RegistrySettings settings;
    private final Limits limits;
    private final Object lock = new Object();
    private @Nullable HttpClient http;

    RegistryClient(RegistrySettings settings, Limits limits) {
        this.settings = settings;
        this.limits = limits;
    }

    /**
     * How long to wait. All are our choice.
     *
     * @param connect for a connection
     * @param answer for the first line of an answer
     * @param stall between two pieces of a body
     */
    record Limits(Duration connect, Duration answer, Duration stall) {
        /** What users get. */
        static Limits usual() {
            return new Limits(
                    Duration.ofSeconds(15), Duration.ofSeconds(60), Duration.ofSeconds(30));
        }
    }

    /** Begins to pull one image; keeps what it learns of credentials and tokens. */
    Session session(ImageReference reference, List<RegistryCredential> credentials) {
        return new Session(reference, credentials, settings.endpoints(reference.registry()));
    }

    /**
     * As the other, by an address that stands for the registry itself.
     *
     * @param base the address, without a slash at the end
     */
    Session session(ImageReference reference, List<RegistryCredential> credentials, String base) {
        return new Session(
                reference, credentials, List.of(new Endpoint(base, reference.registry(), false)));
    }

    @Override
    public void close() {
        synchronized (lock) {
            if (http != null) {
                http.shutdownNow();
            }
        }
    }

    /** Made at the first use: it costs a start of Berth some tens of milliseconds otherwise. */
    private HttpClient http() {
        synchronized (lock) {
            if (http == null) {
                http =
                        HttpClient.newBuilder()
                                .sslContext(RegistryTrust.context(settings.certificates()))
                                .connectTimeout(limits.connect())
                                .followRedirects(HttpClient.Redirect.NEVER)
                                .executor(Executors.newVirtualThreadPerTaskExecutor())
                                .build();
            }
            return http;
        }
    }

    /**
     * What a registry says of a reference.
     *
     * @param digest of the manifest, or null when the registry does not say
     * @param mediaType of the manifest, possibly empty
     */
    record Resolved(@Nullable Digest digest, String mediaType) {}

    /**
     * A document from a registry.
     *
     * @param content its bytes
     * @param mediaType as the registry says, possibly empty
     */
    @SuppressWarnings("ArrayRecordComponent") // Carried, never compared.
    record Document(byte[] content, String mediaType) {}

    /**
     * A body that flows.
     *
     * @param stream to read and close
     * @param offset where in the content it begins: what was asked for, or 0
     */
    record Body(InputStream stream, long offset) {}

    /** One image's conversation with its registry and its mirrors. Used by any thread. */
    final class Session {
        private final ImageReference reference;
        private final List<Access> accesses;

        private Session(
                ImageReference reference,
                List<RegistryCredential> credentials,
                List<Endpoint> endpoints) {
            this.reference = reference;
            this.accesses = new ArrayList<>();
            for (Endpoint endpoint : endpoints) {
                // What a pod shows for a registry is shown to its mirrors too, as containerd does:
                // the machine's owner has named them.
                if (credentials.isEmpty()) {
                    accesses.add(new Access(endpoint, null));
                }
                for (RegistryCredential each : credentials) {
                    accesses.add(new Access(endpoint, each));
                }
            }
        }

        /** Asks which manifest the reference means now. */
        Resolved resolve() throws PullFailed, InterruptedException {
            try (Answer answer =
                    ask(
                            "HEAD",
                            "/manifests/" + reference.selector(),
                            Map.of("Accept", ImageManifest.ACCEPT),
                            reference.toString())) {
                String said = answer.header("Docker-Content-Digest");
                return new Resolved(
                        Digest.isOne(said) ? Digest.of(said) : null, answer.mediaType());
            } catch (PullFailed failed) {
                throw prefixed("failed to resolve reference \"" + reference + "\": ", failed);
            }
        }

        /** Fetches a manifest by its digest or tag. */
        Document manifest(String selector) throws PullFailed, InterruptedException {
            try (Answer answer =
                    ask(
                            "GET",
                            "/manifests/" + selector,
                            Map.of("Accept", ImageManifest.ACCEPT),
                            reference.name() + (selector.contains(":") ? "@" : ":") + selector)) {
                byte[] content = answer.stream().readNBytes(ImageManifest.BYTES_MAX + 1);
                if (content.length > ImageManifest.BYTES_MAX) {
                    throw new PullFailed(
                            Why.CORRUPT,
                            "invalid manifest: more than " + ImageManifest.BYTES_MAX + " bytes",
                            null);
                }
                return new Document(content, answer.mediaType());
            } catch (IOException broken) {
                throw unreachable("failed to fetch manifest " + selector, broken);
            }
        }

        /** Opens a blob, from the given byte on when the registry can do that. */
        Body blob(Digest digest, long offset) throws PullFailed, InterruptedException {
            Answer answer =
                    ask(
                            "GET",
                            "/blobs/" + digest,
                            offset > 0 ? Map.of("Range", "bytes=" + offset + "-") : Map.of(),
                            reference.at(digest));
            boolean partial = answer.response.statusCode() == 206;
            return new Body(answer.stream(), partial ? offset : 0);
        }

        /** Asks one place after the other with one credential after the other. */
        private Answer ask(String method, String path, Map<String, String> headers, String what)
                throws PullFailed, InterruptedException {
            @Nullable PullFailed first = null;
            @Nullable PullFailed last = null;
            for (Access access : accesses) {
                try {
                    return access.ask(method, path, headers, what);
                } catch (PullFailed failed) {
                    last = failed;
                    if (first == null && failed.why() != Why.NOT_FOUND) {
                        first = failed;
                    }
                }
            }
            if (last == null) {
                throw new AssertionError("no endpoint for " + reference);
            }
            // The registry itself comes last; when it knows that there is no such image, then so
            // it is, whatever a mirror's trouble was.
            throw first == null || last.why() == Why.NOT_FOUND ? last : first;
        }

        /** One place with one credential. */
        private final class Access {
            private final Endpoint endpoint;
            private final @Nullable RegistryCredential credential;
            private volatile @Nullable String authorization;

            private Access(Endpoint endpoint, @Nullable RegistryCredential credential) {
                this.endpoint = endpoint;
                this.credential = credential;
            }

            private Answer ask(String method, String path, Map<String, String> headers, String what)
                    throws PullFailed, InterruptedException {
                URI address =
                        URI.create(
                                endpoint.base()
                                        + "/v2/"
                                        + reference.repository()
                                        + path
                                        + (endpoint.mirror()
                                                ? "?ns=" + encode(reference.registry())
                                                : ""));
                Answer answer = send(method, address, headers, authorization);
                if (answer.response.statusCode() == 401) {
                    String challenge = answer.header("WWW-Authenticate");
                    List<Challenge> challenges =
                            Challenge.parse(
                                    answer.response.headers().allValues("WWW-Authenticate"));
                    answer.close();
                    if (authorization != null && challenge.contains("insufficient_scope")) {
                        throw denied("server message: insufficient_scope: authorization failed");
                    }
                    authorization = authorize(challenges);
                    answer = send(method, address, headers, authorization);
                }
                if (answer.response.statusCode() == 405 && method.equals("HEAD")) {
                    answer.close();
                    answer = send("GET", address, headers, authorization);
                }
                int status = answer.response.statusCode();
                if (status == 200 || status == 206) {
                    return answer;
                }
                String challenge = answer.header("WWW-Authenticate");
                answer.close();
                if (status == 404) {
                    throw new PullFailed(Why.NOT_FOUND, what + ": not found", null);
                }
                if (status == 401) {
                    throw denied(
                            challenge.contains("insufficient_scope")
                                    ? "server message: insufficient_scope: authorization failed"
                                    : challenge.contains("invalid_token")
                                            ? "server message: invalid_token: authorization failed"
                                            : "authorization failed");
                }
                throw new PullFailed(
                        status == 403 ? Why.UNAUTHORIZED : Why.UNREACHABLE,
                        unexpected(method, address, status),
                        null);
            }

            private String authorize(List<Challenge> challenges)
                    throws PullFailed, InterruptedException {
                for (Challenge challenge : challenges) {
                    if (challenge.scheme().equals("bearer")) {
                        return "Bearer " + token(challenge);
                    }
                    if (challenge.scheme().equals("basic")) {
                        if (credential == null) {
                            throw denied("authorization failed: no basic auth credentials");
                        }
                        return basic(credential);
                    }
                }
                throw denied("authorization failed");
            }

            private String token(Challenge challenge) throws PullFailed, InterruptedException {
                String kind = credential == null ? "anonymous" : "oauth";
                String realm = challenge.parameters().getOrDefault("realm", "");
                URI base;
                try {
                    base = URI.create(realm);
                } catch (IllegalArgumentException bad) {
                    throw denied("authorization failed: invalid token auth realm");
                }
                if (!isAllowed(base)) {
                    throw denied("authorization failed: invalid token auth realm");
                }
                StringBuilder query = new StringBuilder();
                String service = challenge.parameters().getOrDefault("service", "");
                if (!service.isEmpty()) {
                    query.append("service=").append(encode(service)).append('&');
                }
                String scope =
                        challenge
                                .parameters()
                                .getOrDefault(
                                        "scope", "repository:" + reference.repository() + ":pull");
                query.append("scope=").append(encode(scope));
                URI address = URI.create(realm + (realm.contains("?") ? "&" : "?") + query);
                String failing = "failed to authorize: failed to fetch " + kind + " token: ";
                try (Answer answer =
                        send(
                                "GET",
                                address,
                                Map.of("Accept", "application/json"),
                                credential == null ? null : basic(credential))) {
                    int status = answer.response.statusCode();
                    if (status != 200) {
                        throw new PullFailed(
                                status == 401 || status == 403 || status == 400
                                        ? Why.UNAUTHORIZED
                                        : Why.UNREACHABLE,
                                failing + unexpected("GET", address, status),
                                null);
                    }
                    JsonNode said = Json.read(answer.stream().readNBytes(TOKEN_BYTES_MAX));
                    String token = said == null ? "" : Json.text(said, "token");
                    if (token.isEmpty() && said != null) {
                        token = Json.text(said, "access_token");
                    }
                    if (token.isEmpty()
                            || token.chars().anyMatch(each -> each < 33 || each > 126)) {
                        throw denied(
                                "authorization server did not include a token in the response");
                    }
                    return token;
                } catch (IOException broken) {
                    throw unreachable(failing + "Get \"" + address + "\"", broken);
                }
            }
        }
    }

    /** Sends one request and follows redirects. */
    private Answer send(
            String method, URI address, Map<String, String> headers, @Nullable String authorization)
            throws PullFailed, InterruptedException {
        URI at = address;
        String secret = authorization;
        for (int redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(at)
                            .method(method, HttpRequest.BodyPublishers.noBody())
                            .timeout(limits.answer())
                            .header("User-Agent", "berth");
            if ("http".equals(at.getScheme())) {
                request.version(HttpClient.Version.HTTP_1_1);
            }
            headers.forEach(request::header);
            if (secret != null) {
                request.header("Authorization", secret);
            }
            Answer answer;
            try {
                answer =
                        new Answer(
                                http().send(
                                                request.build(),
                                                HttpResponse.BodyHandlers.ofInputStream()));
            } catch (IOException failed) {
                throw unreachable(
                        "failed to do request: "
                                + method.charAt(0)
                                + method.substring(1).toLowerCase(Locale.ROOT)
                                + " \""
                                + at
                                + "\"",
                        at,
                        failed);
            }
            int status = answer.response.statusCode();
            String location = answer.header("Location");
            boolean moved =
                    status == 301
                            || status == 302
                            || status == 303
                            || status == 307
                            || status == 308;
            if (!moved || location.isEmpty()) {
                return answer;
            }
            answer.close();
            URI next;
            try {
                next = at.resolve(location);
            } catch (IllegalArgumentException bad) {
                throw new PullFailed(
                        Why.UNREACHABLE, "failed to do request: bad redirect from " + at, bad);
            }
            if (!isAllowed(next)) {
                throw new PullFailed(
                        Why.UNREACHABLE,
                        "failed to do request: "
                                + at
                                + " redirects to "
                                + next
                                + ", which is not https",
                        null);
            }
            if (!next.getScheme().equals(at.getScheme())
                    || !String.valueOf(next.getRawAuthority()).equals(at.getRawAuthority())) {
                // Object stores refuse requests with a foreign Authorization, and it is none of
                // their business.
                secret = null;
            }
            at = next;
        }
        throw new PullFailed(
                Why.UNREACHABLE,
                "failed to do request: stopped after " + REDIRECTS_MAX + " redirects",
                null);
    }

    private static boolean isAllowed(URI address) {
        return address.getHost() != null
                && ("https".equals(address.getScheme())
                        || ("http".equals(address.getScheme())
                                && RegistrySettings.isLoopback(address.getHost())));
    }

    private static PullFailed denied(String reason) {
        return new PullFailed(
                Why.UNAUTHORIZED,
                "pull access denied, repository does not exist or may require authorization: "
                        + reason,
                null);
    }

    private static PullFailed unreachable(String doing, IOException failure) {
        return new PullFailed(Why.UNREACHABLE, doing + ": " + told(failure, null), failure);
    }

    private static PullFailed unreachable(String doing, URI address, IOException failure) {
        return new PullFailed(Why.UNREACHABLE, doing + ": " + told(failure, address), failure);
    }

    /** A failure in the words that Go programs use, as far as it is one of the usual ones. */
    private static String told(IOException failure, @Nullable URI address) {
        String host = address == null ? "" : String.valueOf(address.getHost());
        int port =
                address == null
                        ? -1
                        : address.getPort() >= 0
                                ? address.getPort()
                                : "http".equals(address.getScheme()) ? 80 : 443;
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof UnresolvedAddressException || at instanceof UnknownHostException) {
                return "dial tcp: lookup " + host + ": no such host";
            }
            if (at instanceof HttpConnectTimeoutException) {
                return "dial tcp " + host + ":" + port + ": i/o timeout";
            }
            if (at instanceof SSLException) {
                String said = String.valueOf(at.getMessage());
                return said.contains("unrecognized SSL message")
                        ? "http: server gave HTTP response to HTTPS client"
                        : "tls: failed to verify certificate: "
                                + (said.contains("unable to find valid certification path")
                                        ? "x509: certificate signed by unknown authority"
                                        : said);
            }
        }
        if (failure instanceof java.net.ConnectException) {
            return "dial tcp " + host + ":" + port + ": connect: connection refused";
        }
        if (failure instanceof HttpTimeoutException) {
            return "net/http: timeout awaiting response headers";
        }
        String message = failure.getMessage();
        return message == null || message.isEmpty() ? "unexpected EOF" : message;
    }

    private static String unexpected(String method, URI address, int status) {
        return "unexpected status from "
                + method
                + " request to "
                + address
                + ": "
                + status
                + reasonOf(status);
    }

    private static String reasonOf(int status) {
        return switch (status) {
            case 400 -> " Bad Request";
            case 401 -> " Unauthorized";
            case 403 -> " Forbidden";
            case 405 -> " Method Not Allowed";
            case 416 -> " Requested Range Not Satisfiable";
            case 429 -> " Too Many Requests";
            case 500 -> " Internal Server Error";
            case 502 -> " Bad Gateway";
            case 503 -> " Service Unavailable";
            case 504 -> " Gateway Timeout";
            default -> "";
        };
    }

    /** The same failure with more said before it. */
    static PullFailed prefixed(String prefix, PullFailed failed) {
        PullFailed told = new PullFailed(failed.why(), prefix + failed.getMessage(), failed);
        told.setStackTrace(failed.getStackTrace());
        return told;
    }

    private static String basic(RegistryCredential credential) {
        String pair = credential.username() + ":" + credential.password();
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** An answer whose body is still to be read. */
    private final class Answer implements AutoCloseable {
        private final HttpResponse<InputStream> response;
        private @Nullable InputStream guarded;

        private Answer(HttpResponse<InputStream> response) {
            this.response = response;
        }

        private String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        private String mediaType() {
            String type = header("Content-Type");
            int semicolon = type.indexOf(';');
            return (semicolon < 0 ? type : type.substring(0, semicolon)).strip();
        }

        private InputStream stream() {
            if (guarded == null) {
                guarded = new Watched(response.body(), limits.stall());
            }
            return guarded;
        }

        @Override
        public void close() {
            try {
                if (guarded != null) {
                    guarded.close();
                } else {
                    response.body().close();
                }
            } catch (IOException ignored) {
                // The connection is given up; there is nothing to lose any more.
                return;
            }
        }
    }

    /** A stream that ends with a failure when nothing comes for too long. */
    private static final class Watched extends FilterInputStream {
        private final AtomicLong pieces = new AtomicLong();
        private final CountDownLatch closed = new CountDownLatch(1);
        private volatile boolean stalled;

        private Watched(InputStream in, Duration stall) {
            super(in);
            Thread.ofVirtual().name("image-stall").start(() -> watch(stall));
        }

        private void watch(Duration stall) {
            try {
                long before = -1;
                while (!closed.await(stall.toMillis(), TimeUnit.MILLISECONDS)) {
                    long now = pieces.get();
                    if (now == before || (before < 0 && now == 0)) {
                        stalled = true;
                        in.close();
                        return;
                    }
                    before = now;
                }
            } catch (InterruptedException | IOException stopped) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            int count = read(one, 0, 1);
            return count < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            try {
                int count = super.read(buffer, offset, length);
                if (stalled) {
                    throw new IOException("read: i/o timeout");
                }
                pieces.incrementAndGet();
                return count;
            } catch (IOException failed) {
                throw stalled ? new IOException("read: i/o timeout", failed) : failed;
            }
        }

        @Override
        public void close() throws IOException {
            closed.countDown();
            super.close();
        }
    }

    /**
     * One way a registry offers to be convinced.
     *
     * @param scheme in lower case
     * @param parameters by their names in lower case
     */
    record Challenge(String scheme, Map<String, String> parameters) {
        /** Reads the values of {@code WWW-Authenticate}; bearer challenges come first. */
        static List<Challenge> parse(List<String> values) {
            List<Challenge> challenges = new ArrayList<>();
            for (String value : values) {
                parse(value).ifPresent(challenges::add);
            }
            challenges.sort(
                    java.util.Comparator.comparing(each -> !each.scheme().equals("bearer")));
            return challenges;
        }

        private static Optional<Challenge> parse(String value) {
            String text = value.strip();
            int space = text.indexOf(' ');
            String scheme = (space < 0 ? text : text.substring(0, space)).toLowerCase(Locale.ROOT);
            Map<String, String> parameters = new HashMap<>();
            int at = space < 0 ? text.length() : space + 1;
            while (at < text.length()) {
                char each = text.charAt(at);
                if (each == ',' || each == ' ') {
                    at++;
                    continue;
                }
                int equals = text.indexOf('=', at);
                if (equals < 0) {
                    break;
                }
                String name = text.substring(at, equals).strip().toLowerCase(Locale.ROOT);
                StringBuilder content = new StringBuilder();
                at = equals + 1;
                if (at < text.length() && text.charAt(at) == '"') {
                    at++;
                    while (at < text.length() && text.charAt(at) != '"') {
                        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                            at++;
                        }
                        content.append(text.charAt(at++));
                    }
                    at++;
                } else {
                    while (at < text.length() && text.charAt(at) != ',') {
                        content.append(text.charAt(at++));
                    }
                }
                parameters.put(name, content.toString().strip());
            }
            return scheme.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Challenge(scheme, Map.copyOf(parameters)));
        }
    }
}
