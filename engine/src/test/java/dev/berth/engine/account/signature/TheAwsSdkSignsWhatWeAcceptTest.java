package dev.berth.engine.account.signature;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.identity.Principal;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.AwsSessionCredentialsIdentity;

/** AWS's own signer is the oracle: what it signs is accepted, byte for byte as it would be sent. */
class TheAwsSdkSignsWhatWeAcceptTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final String ID = "AKIAEXAMPLE";
    private static final String SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private static final Principal CALLER =
            new Principal(
                    "111122223333", "arn:aws:iam::111122223333:root", "111122223333", ID, null);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            textBlock =
                    """
                    POST   | /clusters                                         |                               | {"name":"x"}
                    GET    | /clusters/my-cluster                              |                               | ``
                    GET    | /tags/arn%3Aaws%3Aeks%3Aeu-west-1%3A1%3Acluster%2Fx |                             | ``
                    DELETE | /tags/arn%3Aaws%3Aeks%3Aeu-west-1%3A1%3Acluster%2Fx | tagKeys=b&tagKeys=a%2Fc%3D%20 | ``
                    GET    | /                                                 | z=1&Z=2&a-b=3&a=4&a.b=5&empty= | ``
                    POST   | /                                                 |                               | Action=GetCallerIdentity&Version=2011-06-15
                    GET    | /clusters/%E2%82%AC~a_b.c-d                       | maxResults=1&nextToken=%2B%2F%3D | ``
                    """)
    void a_signed_header(String method, String path, @Nullable String query, String body) {
        String uri = "https://localhost:4566" + path + (query == null ? "" : "?" + query);
        for (Optional<String> token : List.of(Optional.<String>empty(), Optional.of("to/ken+=="))) {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            SignedRequest signed =
                    sign(
                            request(method, uri)
                                    .putHeader("X-Amz-Target", "Logs.X  with   blanks ")
                                    .build(),
                            bytes,
                            token.orElse(null),
                            null);
            Verdict verdict =
                    verifier(token.orElse(null)).verify(wire(signed.request()), bytes, NOW);
            assertThat(verdict).isInstanceOf(Verdict.Accepted.class);

            byte[] other = (body + " ").getBytes(StandardCharsets.UTF_8);
            assertThat(verifier(token.orElse(null)).verify(wire(signed.request()), other, NOW))
                    .isInstanceOf(Verdict.Rejected.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"GET,/,Action=GetCallerIdentity&Version=2011-06-15", "GET,/a%2Fb/c,x=%20&y=%7E"})
    void a_presigned_url(String method, String path, String query) {
        String uri = "https://sts.eu-west-1.amazonaws.com" + path + "?" + query;
        SignedRequest signed =
                sign(
                        request(method, uri).putHeader("x-k8s-aws-id", "my-cluster").build(),
                        new byte[0],
                        "to/ken+==",
                        Duration.ofSeconds(60));
        String url = signed.request().getUri().toString();
        SignatureVerifier verifier = verifier("to/ken+==");
        Duration life = Duration.ofMinutes(15);
        assertThat(verifier.verifyPresigned(url, Map.of("x-k8s-aws-id", "my-cluster"), life, NOW))
                .isEqualTo(new Verdict.Accepted(CALLER, new Scope("20260102", "eu-west-1", "sts")));
        assertThat(verifier.verifyPresigned(url, Map.of("x-k8s-aws-id", "other"), life, NOW))
                .isInstanceOf(Verdict.Rejected.class);
    }

    private static SdkHttpFullRequest.Builder request(String method, String uri) {
        return SdkHttpFullRequest.builder()
                .method(SdkHttpMethod.fromValue(method))
                .uri(URI.create(uri));
    }

    private static SignedRequest sign(
            SdkHttpRequest request,
            byte[] body,
            @Nullable String token,
            @Nullable Duration presigned) {
        AwsCredentialsIdentity identity =
                token == null
                        ? AwsCredentialsIdentity.create(ID, SECRET)
                        : AwsSessionCredentialsIdentity.create(ID, SECRET, token);
        return AwsV4HttpSigner.create()
                .sign(r -> {
                    r.identity(identity)
                            .request(request)
                            .payload(
                                    ContentStreamProvider.fromInputStream(
                                            new ByteArrayInputStream(body)))
                            .putProperty(
                                    AwsV4HttpSigner.SERVICE_SIGNING_NAME,
                                    presigned == null ? "eks" : "sts")
                            .putProperty(AwsV4HttpSigner.REGION_NAME, "eu-west-1")
                            .putProperty(
                                    HttpSigner.SIGNING_CLOCK, Clock.fixed(NOW, ZoneOffset.UTC));
                    if (presigned != null) {
                        r.putProperty(
                                        AwsV4HttpSigner.AUTH_LOCATION,
                                        AwsV4HttpSigner.AuthLocation.QUERY_STRING)
                                .putProperty(AwsV4HttpSigner.EXPIRATION_DURATION, presigned);
                    }
                });
    }

    private static SignatureVerifier verifier(@Nullable String token) {
        var key = new KeyRing.Key(ID, SECRET, token, null, CALLER);
        return new SignatureVerifier(id -> id.equals(ID) ? Optional.of(key) : Optional.empty());
    }

    private static dev.berth.engine.account.signature.SignedRequest wire(SdkHttpRequest request) {
        var headers = new HashMap<String, List<String>>();
        request.headers()
                .forEach((name, values) ->
                        headers.put(name.toLowerCase(Locale.ROOT), new ArrayList<>(values)));
        URI uri = request.getUri();
        String query = uri.getRawQuery();
        return new dev.berth.engine.account.signature.SignedRequest(
                request.method().name(), uri.getRawPath(), query == null ? "" : query, headers);
    }
}
