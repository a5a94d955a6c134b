package dev.berth.core.profile;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Makes Fargate profiles for tests: start with {@link #aProfile()} and say only what matters. What
 * is not said is an ACTIVE profile {@code fp-default} over the namespace {@code default}.
 */
public final class ProfileBuilder {
    private String name = "fp-default";
    private String clusterName = "shirwalab-eks-dev";
    private Instant createdAt = Instant.parse("2026-01-01T00:00:00Z");
    private String podExecutionRoleArn = "arn:aws:iam::111122223333:role/eks-fargate-pods";
    private List<String> subnets =
            List.of(
                    "subnet-0aaaaaaaaaaaaaaa1",
                    "subnet-0aaaaaaaaaaaaaaa2",
                    "subnet-0aaaaaaaaaaaaaaa3");
    private final List<FargateProfile.Selector> selectors = new ArrayList<>();
    private FargateProfile.Status status = FargateProfile.Status.ACTIVE;
    private Map<String, String> tags = Map.of();
    private List<String> issues = List.of();

    private ProfileBuilder() {}

    /** An ACTIVE profile {@code fp-default} over the namespace {@code default}. */
    public static ProfileBuilder aProfile() {
        return new ProfileBuilder();
    }

    /** The same with another name. */
    public static ProfileBuilder aProfile(String name) {
        return aProfile().named(name);
    }

    /** Sets the name. */
    public ProfileBuilder named(String newName) {
        name = newName;
        return this;
    }

    /** Sets the cluster. */
    public ProfileBuilder cluster(String newClusterName) {
        clusterName = newClusterName;
        return this;
    }

    /** Sets when it was asked for. */
    public ProfileBuilder createdAt(Instant when) {
        createdAt = when;
        return this;
    }

    /** Sets the pod execution role. */
    public ProfileBuilder role(String arn) {
        podExecutionRoleArn = arn;
        return this;
    }

    /** Sets the subnets. */
    public ProfileBuilder subnets(String... ids) {
        subnets = List.of(ids);
        return this;
    }

    /** Adds a selector that takes every pod of a namespace. */
    public ProfileBuilder selecting(String namespace) {
        return selecting(namespace, Map.of());
    }

    /** Adds a selector with one label. */
    public ProfileBuilder selecting(String namespace, String key, String value) {
        return selecting(namespace, Map.of(key, value));
    }

    /** Adds a selector; the first one replaces the one a profile has by itself. */
    public ProfileBuilder selecting(String namespace, Map<String, String> labels) {
        selectors.add(new FargateProfile.Selector(namespace, labels));
        return this;
    }

    /** Sets the status. */
    public ProfileBuilder status(FargateProfile.Status newStatus) {
        status = newStatus;
        return this;
    }

    /** Sets the tags. */
    public ProfileBuilder tags(Map<String, String> newTags) {
        tags = newTags;
        return this;
    }

    /** Sets why it does not work. */
    public ProfileBuilder issues(String... newIssues) {
        issues = List.of(newIssues);
        return this;
    }

    /** The profile. */
    public FargateProfile build() {
        return new FargateProfile(
                name,
                "arn:aws:eks:eu-west-1:111122223333:fargateprofile/%s/%s/52c53266-80a0-9f2a-483d-d3589790ece4"
                        .formatted(clusterName, name),
                clusterName,
                createdAt,
                podExecutionRoleArn,
                subnets,
                selectors.isEmpty()
                        ? List.of(new FargateProfile.Selector("default", Map.of()))
                        : selectors,
                status,
                tags,
                issues);
    }
}
