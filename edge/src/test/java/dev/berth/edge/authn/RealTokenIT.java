package dev.berth.edge.authn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.core.identity.Principal;
import dev.berth.engine.account.ClusterTokens;
import dev.berth.engine.account.signature.KeyRing;
import dev.berth.engine.account.signature.SignatureVerifier;
import dev.berth.engine.clusters.AwsAuthView;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** Tokens that the real aws CLI makes. */
class RealTokenIT {
    private static final String ARN = "arn:aws:iam::111122223333:root";
    private static final KeyRing.Key KEY =
            new KeyRing.Key(
                    "AKIAIOSFODNN7EXAMPLE",
                    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                    null,
                    null,
                    new Principal(
                            "111122223333", ARN, "111122223333", "AKIAIOSFODNN7EXAMPLE", null));

    @Test
    void a_token_for_sts_is_accepted() throws Exception {
        assertThat(username(awsToken("shirwalab-eks-dev", null))).isEqualTo("kubernetes-admin");
    }

    @Test
    void a_token_for_berths_own_endpoint_is_accepted() throws Exception {
        assertThat(username(awsToken("shirwalab-eks-dev", "http://127.0.0.1:4566")))
                .isEqualTo("kubernetes-admin");
    }

    @Test
    void a_token_for_another_cluster_is_not() throws Exception {
        assertThat(username(awsToken("another", null))).isEmpty();
    }

    private static String username(String token) {
        var json = JsonMapper.shared();
        var review = json.createObjectNode();
        review.put("apiVersion", "authentication.k8s.io/v1");
        review.put("kind", "TokenReview");
        review.putObject("spec").put("token", token);
        var answer = reviews().review("shirwalab-eks-dev", json.writeValueAsBytes(review));
        return json.readTree(answer).path("status").path("user").path("username").asString("");
    }

    private static TokenReviews reviews() {
        var time =
                new Time() {
                    @Override
                    public Instant now() {
                        return Instant.now();
                    }

                    @Override
                    public long nanos() {
                        return System.nanoTime();
                    }

                    @Override
                    public Subscription after(Duration delay, Runnable task) {
                        throw new UnsupportedOperationException();
                    }
                };
        var creator =
                new AwsAuthView() {
                    @Override
                    public Map<String, String> data(String clusterName) {
                        return Map.of();
                    }

                    @Override
                    public Optional<String> creatorArn(String clusterName) {
                        return Optional.of(ARN);
                    }
                };
        return new TokenReviews(
                new StsHosts("aws", Set.of("127.0.0.1:4566")),
                new ClusterTokens(new SignatureVerifier(_ -> Optional.of(KEY)), time),
                creator,
                InstantSource.system());
    }

    private static String awsToken(String cluster, @Nullable String endpoint) throws Exception {
        boolean there =
                Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "aws")));
        assumeTrue(there, "the aws CLI is not installed");
        var builder =
                new ProcessBuilder(
                        "aws", "eks", "get-token", "--cluster-name", cluster, "--output", "json");
        var environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("AWS_"));
        environment.put("AWS_ACCESS_KEY_ID", KEY.accessKeyId());
        environment.put("AWS_SECRET_ACCESS_KEY", KEY.secret());
        environment.put("AWS_REGION", "eu-west-1");
        environment.put("AWS_DEFAULT_REGION", "eu-west-1");
        if (endpoint != null) {
            environment.put("AWS_ENDPOINT_URL", endpoint);
        }
        var process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return JsonMapper.shared().readTree(text).path("status").path("token").asString();
    }
}
