package dev.berth.edge.authn;

import dev.berth.core.identity.KubernetesUser;
import dev.berth.core.identity.Principal;
import dev.berth.core.identity.UserMapping;
import dev.berth.core.identity.UserMapping.Outcome.Mapped;
import dev.berth.core.identity.UserMapping.Outcome.Nobody;
import dev.berth.engine.account.PresignedIdentity;
import dev.berth.engine.account.signature.Verdict.Accepted;
import dev.berth.engine.account.signature.Verdict.Rejected;
import dev.berth.engine.clusters.AwsAuthView;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers an API server's TokenReview. A refusal is {@code authenticated: false} with the reason in
 * {@code status.error}, which the API server logs and does not tell its client. Any thread may
 * call.
 */
public final class TokenReviews {
    private static final Logger log = LoggerFactory.getLogger(TokenReviews.class);

    private final JsonMapper json = JsonMapper.shared();
    private final StsHosts hosts;
    private final PresignedIdentity identities;
    private final AwsAuthView awsAuth;
    private final InstantSource clock;

    /**
     * Judges tokens with these.
     *
     * @param hosts whose presigned URLs are welcome
     * @param identities who signed
     * @param awsAuth who is who in a cluster
     */
    public TokenReviews(
            StsHosts hosts,
            PresignedIdentity identities,
            AwsAuthView awsAuth,
            InstantSource clock) {
        this.hosts = hosts;
        this.identities = identities;
        this.awsAuth = awsAuth;
        this.clock = clock;
    }

    /**
     * Answers a review.
     *
     * @param clusterName whose API server asks
     * @param body a TokenReview of {@code authentication.k8s.io/v1}, as JSON
     * @return the TokenReview with its status
     * @throws IllegalArgumentException when the body is no TokenReview
     */
    public byte[] review(String clusterName, byte[] body) {
        var review = read(body);
        var answer = json.createObjectNode();
        answer.put("apiVersion", review.path("apiVersion").asString());
        answer.put("kind", "TokenReview");
        var status = answer.putObject("status");
        try {
            write(user(clusterName, review.path("spec").path("token").asString("")), status);
        } catch (TokenRefused refused) {
            log.info("token refused cluster={} reason={}", clusterName, refused.getMessage());
            status.put("authenticated", false);
            status.put("error", refused.getMessage());
        }
        return json.writeValueAsBytes(answer);
    }

    private KubernetesUser user(String clusterName, String token) throws TokenRefused {
        var url = ClusterToken.url(token, hosts, clock.instant());
        return mapped(
                clusterName,
                switch (identities.verify(url, clusterName)) {
                    case Accepted accepted -> accepted.principal();
                    case Rejected rejected -> throw TokenRefused.sts(rejected.message());
                });
    }

    private KubernetesUser mapped(String clusterName, Principal caller) throws TokenRefused {
        var mapping = AwsAuthYaml.mapping(awsAuth.data(clusterName));
        return switch (UserMapping.map(caller, awsAuth.creatorArn(clusterName), mapping)) {
            case Mapped mapped -> mapped.user();
            case Nobody nobody -> throw TokenRefused.unmapped(nobody.reason());
        };
    }

    private JsonNode read(byte[] body) {
        try {
            var review = json.readTree(body);
            if (!review.path("kind").asString("").equals("TokenReview")
                    || !review.path("apiVersion")
                            .asString("")
                            .startsWith("authentication.k8s.io/")) {
                throw new IllegalArgumentException("not a TokenReview");
            }
            return review;
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not JSON", e);
        }
    }

    private static void write(KubernetesUser user, ObjectNode status) {
        status.put("authenticated", true);
        var written = status.putObject("user");
        written.put("username", user.username());
        written.put("uid", user.uid());
        var groups = written.putArray("groups");
        user.groups().forEach(groups::add);
        var extra = written.putObject("extra");
        user.extra()
                .forEach((name, values) -> {
                    var all = extra.putArray(name);
                    values.forEach(all::add);
                });
    }
}
