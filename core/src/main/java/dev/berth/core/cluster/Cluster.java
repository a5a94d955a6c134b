package dev.berth.core.cluster;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An EKS cluster as DescribeCluster tells it, and what Berth keeps besides. Source: eks-fargate
 * §12.3 (D)
 *
 * @param name 1 to 100 letters, digits, {@code -} and {@code _}
 * @param id 32 upper-case hex digits, the part of AWS's endpoint and issuer names that tells
 *     clusters of one name apart
 * @param arn {@code arn:aws:eks:R:A:cluster/NAME}
 * @param accountId 12 digits
 * @param region such as {@code eu-west-1}
 * @param createdAt when it was asked for
 * @param creatorArn who asked for it, as STS tells the caller; this principal is its first admin
 * @param asked the request that made it
 * @param config its settings
 * @param runVersion the minor version that really runs; differs from the asked one where that
 *     cannot be run
 * @param platformVersion {@code eks.} and a number
 * @param status where in its life it stands
 * @param access how to reach it, or null until it first answered
 * @param issues what is wrong with it
 * @param tags at most 50
 */
public record Cluster(
        String name,
        String id,
        String arn,
        String accountId,
        String region,
        Instant createdAt,
        String creatorArn,
        NewCluster asked,
        ClusterConfig config,
        String runVersion,
        String platformVersion,
        Status status,
        @Nullable Access access,
        List<Issue> issues,
        Map<String, String> tags) {
    /** Copies the collections. */
    public Cluster {
        issues = List.copyOf(issues);
        tags = Map.copyOf(tags);
    }

    /** The minor version that DescribeCluster tells: the asked one, whatever runs. */
    public String version() {
        return config.version();
    }

    /**
     * This cluster after a step of its life.
     *
     * @throws IllegalStateException when its life does not allow that step
     */
    public Cluster to(Status next) {
        if (!status.mayBecome(next)) {
            throw new IllegalStateException(
                    "cluster " + name + " cannot go from " + status + " to " + next);
        }
        return new Cluster(
                name,
                id,
                arn,
                accountId,
                region,
                createdAt,
                creatorArn,
                asked,
                config,
                runVersion,
                platformVersion,
                next,
                access,
                issues,
                tags);
    }

    /** This cluster, reached in another way. */
    public Cluster reachedBy(Access better) {
        return new Cluster(
                name,
                id,
                arn,
                accountId,
                region,
                createdAt,
                creatorArn,
                asked,
                config,
                runVersion,
                platformVersion,
                status,
                better,
                issues,
                tags);
    }

    /** This cluster with other settings. */
    public Cluster with(ClusterConfig other) {
        return new Cluster(
                name,
                id,
                arn,
                accountId,
                region,
                createdAt,
                creatorArn,
                asked,
                other,
                runVersion,
                platformVersion,
                status,
                access,
                issues,
                tags);
    }

    /** This cluster with exactly these troubles. */
    public Cluster ailing(List<Issue> troubles) {
        return new Cluster(
                name,
                id,
                arn,
                accountId,
                region,
                createdAt,
                creatorArn,
                asked,
                config,
                runVersion,
                platformVersion,
                status,
                access,
                troubles,
                tags);
    }

    /** This cluster with exactly these tags. */
    public Cluster tagged(Map<String, String> others) {
        return new Cluster(
                name,
                id,
                arn,
                accountId,
                region,
                createdAt,
                creatorArn,
                asked,
                config,
                runVersion,
                platformVersion,
                status,
                access,
                issues,
                others);
    }

    /**
     * How to reach a cluster; renewed at each start of its control plane.
     *
     * @param endpoint the URL of its API server for clients on this machine
     * @param certificateAuthorityPem what that endpoint's certificate is to be checked with
     * @param issuer the issuer of its service-account tokens
     * @param kubernetesVersion what really runs, such as {@code v1.36.3}
     */
    public record Access(
            String endpoint,
            String certificateAuthorityPem,
            String issuer,
            String kubernetesVersion) {}

    /**
     * Something that is wrong with a cluster.
     *
     * @param code one of EKS's cluster issue codes, such as {@code InternalFailure} or {@code
     *     ClusterUnreachable}
     * @param message for people
     * @param resourceIds what is concerned
     */
    public record Issue(String code, String message, List<String> resourceIds) {
        /** Copies the list. */
        public Issue {
            resourceIds = List.copyOf(resourceIds);
        }
    }

    /** Where in its life a cluster stands. Source: eks-fargate §12.4 (D) */
    public enum Status {
        /** Asked for. */
        CREATING,
        /** Its API server answers, or did before Berth ended. */
        ACTIVE,
        /** It answers while a change is being made. */
        UPDATING,
        /** It is being removed. */
        DELETING,
        /** It could not be made; all that is left is to delete it. */
        FAILED;

        /** Whether this step is part of a cluster's life; a status never follows itself. */
        public boolean mayBecome(Status next) {
            return next().contains(next);
        }

        private Set<Status> next() {
            return switch (this) {
                case CREATING -> Set.of(ACTIVE, FAILED, DELETING);
                case ACTIVE -> Set.of(UPDATING, DELETING);
                case UPDATING -> Set.of(ACTIVE, DELETING);
                case FAILED -> Set.of(DELETING);
                case DELETING -> Set.of();
            };
        }
    }
}
