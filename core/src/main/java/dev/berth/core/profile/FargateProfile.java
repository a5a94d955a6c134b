package dev.berth.core.profile;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A Fargate profile. Immutable but for tags and status. Source: eks-fargate §2.1 (D)
 *
 * @param name unique in its cluster
 * @param arn {@code arn:aws:eks:R:A:fargateprofile/CLUSTER/NAME/UUID}
 * @param clusterName its cluster
 * @param createdAt when it was asked for
 * @param podExecutionRoleArn whose permissions its pods' nodes have
 * @param subnets where its pods get addresses; private ones only
 * @param selectors at least one, at most five
 * @param status where in its life it stands
 * @param tags at most 50
 * @param issues why it does not work, {@code code: message} each
 */
public record FargateProfile(
        String name,
        String arn,
        String clusterName,
        Instant createdAt,
        String podExecutionRoleArn,
        List<String> subnets,
        List<Selector> selectors,
        Status status,
        Map<String, String> tags,
        List<String> issues) {
    /** Copies the collections. */
    public FargateProfile {
        subnets = List.copyOf(subnets);
        selectors = List.copyOf(selectors);
        tags = Map.copyOf(tags);
        issues = List.copyOf(issues);
    }

    /**
     * Which pods: those of the namespace that carry all the labels; {@code *} and {@code ?} are
     * wildcards in all three texts. Source: eks-fargate §2.2, §2.3 (D)
     *
     * @param namespace a namespace or a pattern
     * @param labels at most five pairs; empty takes every pod of the namespace
     */
    public record Selector(String namespace, Map<String, String> labels) {
        /** Copies the collections. */
        public Selector {
            labels = Map.copyOf(labels);
        }
    }

    /** Where in its life a profile stands. Source: eks-fargate §12.4 (D) */
    public enum Status {
        /** Asked for. */
        CREATING,
        /** Claims pods. */
        ACTIVE,
        /** Its pods are being removed. */
        DELETING,
        /** It could not be made. */
        CREATE_FAILED,
        /** It could not be removed. */
        DELETE_FAILED
    }
}
