package dev.berth.edge.authn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.identity.Principal;
import dev.berth.engine.account.ClusterTokens;
import dev.berth.engine.account.signature.KeyRing;
import dev.berth.engine.account.signature.RequestSigner;
import dev.berth.engine.account.signature.SignatureVerifier;
import dev.berth.engine.clusters.AwsAuthView;
import dev.berth.testkit.FakeTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From a TokenReview to its answer, with real signatures. */
class TokenReviewsTest {
    private static final String ACCOUNT = "111122223333";
    private static final KeyRing.Key ROOT =
            new KeyRing.Key(
                    "AKIAROOT",
                    "root-secret",
                    null,
                    null,
                    new Principal(
                            ACCOUNT, "arn:aws:iam::111122223333:root", ACCOUNT, "AKIAROOT", null));
    private static final KeyRing.Key SESSION =
            new KeyRing.Key(
                    "ASIASESSION",
                    "session-secret",
                    "session-token",
                    null,
                    new Principal(
                            ACCOUNT,
                            "arn:aws:sts::111122223333:assumed-role/Dev/ann@example.com",
                            "AROADEV:ann@example.com",
                            "ASIASESSION",
                            "ann@example.com"));

    private final FakeTime time = new FakeTime();
    private final TokenReviews reviews =
            new TokenReviews(
                    new StsHosts("aws", Set.of("127.0.0.1:4566")),
                    new ClusterTokens(
                            new SignatureVerifier(id ->
                                    id.equals(ROOT.accessKeyId())
                                            ? Optional.of(ROOT)
                                            : id.equals(SESSION.accessKeyId())
                                                    ? Optional.of(SESSION)
                                                    : Optional.empty()),
                            time),
                    new AwsAuthView() {
                        @Override
                        public Map<String, String> data(String clusterName) {
                            return Map.of(
                                    "mapRoles",
                                    """
                                    - rolearn: arn:aws:iam::111122223333:role/Dev
                                      username: dev:{{SessionName}}
                                      groups: [developers]
                                    """);
                        }

                        @Override
                        public Optional<String> creatorArn(String clusterName) {
                            return Optional.of("arn:aws:iam::111122223333:root");
                        }
                    },
                    time::now);

    @ParameterizedTest
    @ValueSource(strings = {"https://sts.eu-west-1.amazonaws.com", "http://127.0.0.1:4566"})
    void the_creator_is_admin(String base) {
        var status = status("lab", token(ROOT, base, "lab", "sts"));
        assertThat(status.path("authenticated").asBoolean()).isTrue();
        assertThat(status.path("user").path("username").asString()).isEqualTo("kubernetes-admin");
        assertThat(status.path("user").path("groups").get(0).asString())
                .isEqualTo("system:masters");
        assertThat(status.path("user").path("extra").path("accessKeyId").get(0).asString())
                .isEqualTo("AKIAROOT");
    }

    @Test
    void a_session_is_mapped_by_its_role() {
        var status = status("lab", token(SESSION, "https://sts.amazonaws.com", "lab", "sts"));
        assertThat(status.path("user").path("username").asString())
                .isEqualTo("dev:ann-example.com");
        assertThat(status.path("user").path("uid").asString())
                .isEqualTo("aws-iam-authenticator:111122223333:AROADEV");
    }

    @Test
    void a_token_of_another_cluster_is_refused() {
        var status = status("other", token(ROOT, "https://sts.amazonaws.com", "lab", "sts"));
        assertThat(status.path("authenticated").asBoolean(true)).isFalse();
        assertThat(status.path("error").asString())
                .startsWith("sts getCallerIdentity failed: The request signature we calculated");
    }

    @Test
    void a_signature_for_another_service_is_refused() {
        var status = status("lab", token(ROOT, "https://sts.amazonaws.com", "lab", "ec2"));
        assertThat(status.path("error").asString())
                .isEqualTo(
                        "sts getCallerIdentity failed: Credential should be scoped to correct"
                                + " service: 'sts'.");
    }

    @Test
    void a_changed_signature_is_refused() {
        var other = new KeyRing.Key("AKIAROOT", "guessed", null, null, ROOT.principal());
        var status = status("lab", token(other, "https://sts.amazonaws.com", "lab", "sts"));
        assertThat(status.path("authenticated").asBoolean(true)).isFalse();
    }

    @Test
    void it_ends_after_fifteen_minutes() {
        var token = token(ROOT, "https://sts.amazonaws.com", "lab", "sts");
        time.advance(Duration.ofMinutes(14));
        assertThat(status("lab", token).path("authenticated").asBoolean()).isTrue();
        time.advance(Duration.ofMinutes(1).plusSeconds(1));
        assertThat(status("lab", token).path("error").asString())
                .contains("X-Amz-Date parameter is expired (15 minute expiration)");
    }

    @Test
    void another_kind_of_token_is_refused_without_a_fuss() {
        assertThat(status("lab", "eyJhbGciOiJFUzI1NiJ9.e30.x").path("error").asString())
                .isEqualTo(
                        "input token was not properly formatted: token is missing expected"
                                + " \"k8s-aws-v1.\" prefix");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "{\"kind\":\"Pod\"}", "{\"kind\":\"TokenReview\"}"})
    void what_is_no_review_is_told_so(String body) {
        assertThatThrownBy(() -> reviews.review("lab", body.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private String token(KeyRing.Key key, String base, String cluster, String service) {
        var url =
                new RequestSigner(key)
                        .presign(
                                base,
                                "/",
                                Map.of("Action", "GetCallerIdentity", "Version", "2011-06-15"),
                                Map.of("x-k8s-aws-id", cluster),
                                "eu-west-1",
                                service,
                                Duration.ofMinutes(1),
                                time.now());
        return ClusterTokenTest.token(url);
    }

    private JsonNode status(String cluster, String token) {
        var json = JsonMapper.shared();
        var review = json.createObjectNode();
        review.put("apiVersion", "authentication.k8s.io/v1");
        review.put("kind", "TokenReview");
        review.putObject("spec").put("token", token);
        var answer = json.readTree(reviews.review(cluster, json.writeValueAsBytes(review)));
        assertThat(answer.path("apiVersion").asString()).isEqualTo("authentication.k8s.io/v1");
        assertThat(answer.path("kind").asString()).isEqualTo("TokenReview");
        return answer.path("status");
    }
}
