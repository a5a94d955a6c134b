package dev.berth.core.identity;

import java.util.List;

/**
 * What the ConfigMap {@code kube-system/aws-auth} says, after its YAML was read: bad entries are
 * already left out. Source: eks-fargate §13.3 (D)
 *
 * @param roles {@code mapRoles}, in order
 * @param users {@code mapUsers}, in order
 * @param accounts {@code mapAccounts}
 */
public record AwsAuthMapping(List<Entry> roles, List<Entry> users, List<String> accounts) {
    /** No mapping at all, as without the ConfigMap. */
    public static final AwsAuthMapping NONE = new AwsAuthMapping(List.of(), List.of(), List.of());

    /** Copies the collections. */
    public AwsAuthMapping {
        roles = List.copyOf(roles);
        users = List.copyOf(users);
        accounts = List.copyOf(accounts);
    }

    /**
     * One mapping.
     *
     * @param arn the role's or user's ARN as it is written there
     * @param username the Kubernetes user, with templates
     * @param groups the Kubernetes groups, with templates
     */
    public record Entry(String arn, String username, List<String> groups) {
        /** Copies the groups. */
        public Entry {
            groups = List.copyOf(groups);
        }
    }
}
