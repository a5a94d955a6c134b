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
     * This profile one step further in its life.
     *
     * @throws IllegalStateException when there is no such step
     */
    public FargateProfile become(Status next) {
        if (!status.canBecome(next)) {
            throw new IllegalStateException(
                    "profile %s cannot go from %s to %s".formatted(name, status, next));
        }
        return new FargateProfile(
                name,
                arn,
                clusterName,
                createdAt,
                podExecutionRoleArn,
                subnets,
                selectors,
                next,
                tags,
                issues);
    }

    /**
     * Whether one of its selectors matches such a pod; the profile's status does not matter here.
     * Source: eks-fargate §2.2 (D)
     */
    public boolean matches(String namespace, Map<String, String> labels) {
        return selectors.stream().anyMatch(selector -> selector.matches(namespace, labels));
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

        /**
         * Whether it takes a pod of that namespace with these labels: the namespace must match, and
         * each pair of the selector must match some label of the pod. Labels of the namespace or of
         * the pod's owner do not count. Source: eks-fargate §2.2, §2.3 (D)
         */
        public boolean matches(String podNamespace, Map<String, String> podLabels) {
            return Wildcard.matches(namespace, podNamespace)
                    && labels.entrySet().stream().allMatch(pair -> carries(podLabels, pair));
        }

        private static boolean carries(
                Map<String, String> podLabels, Map.Entry<String, String> pair) {
            return podLabels.entrySet().stream()
                    .anyMatch(label ->
                            Wildcard.matches(pair.getKey(), label.getKey())
                                    && Wildcard.matches(pair.getValue(), label.getValue()));
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
        DELETE_FAILED;

        /** Whether a profile may go from here to there in one step. */
        public boolean canBecome(Status next) {
            return switch (this) {
                case CREATING -> next == ACTIVE || next == CREATE_FAILED;
                case ACTIVE, CREATE_FAILED, DELETE_FAILED -> next == DELETING;
                case DELETING -> next == DELETE_FAILED;
            };
        }
    }
}
