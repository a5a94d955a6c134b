package dev.berth.core.identity;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who may assume a role: the trust policy of the role, read. What we cannot evaluate never lets
 * anybody in: a statement with a condition that is not understood grants nothing.
 *
 * @param statements in the order of the document
 */
public record TrustPolicy(List<Statement> statements) {
    private static final String ASSUME = "sts:AssumeRole";

    /** Copies the list. */
    public TrustPolicy {
        statements = List.copyOf(statements);
    }

    /**
     * One statement.
     *
     * @param allow whether it allows, else it denies
     * @param actions as written, such as {@code sts:AssumeRole}
     * @param services service principals, such as {@code eks-fargate-pods.amazonaws.com}
     * @param awsPrincipals accounts, ARNs or {@code *}
     * @param federated identity providers
     * @param sourceArns patterns of conditions on {@code aws:SourceArn}
     * @param externalIds values of a condition on {@code sts:ExternalId}; empty without one
     * @param otherConditions names of conditions that are not understood
     */
    public record Statement(
            boolean allow,
            List<String> actions,
            List<String> services,
            List<String> awsPrincipals,
            List<String> federated,
            List<String> sourceArns,
            List<String> externalIds,
            List<String> otherConditions) {
        /** Copies the lists. */
        public Statement {
            actions = List.copyOf(actions);
            services = List.copyOf(services);
            awsPrincipals = List.copyOf(awsPrincipals);
            federated = List.copyOf(federated);
            sourceArns = List.copyOf(sourceArns);
            externalIds = List.copyOf(externalIds);
            otherConditions = List.copyOf(otherConditions);
        }

        private boolean isAboutAssuming() {
            for (String action : actions) {
                if (action.equals("*")
                        || action.equals("sts:*")
                        || action.equalsIgnoreCase(ASSUME)) {
                    return true;
                }
            }
            return false;
        }

        private boolean names(Principal caller) {
            return awsPrincipals.stream().anyMatch(principal -> same(principal, caller));
        }
    }

    /** The services that may assume the role, whatever their conditions. */
    public List<String> trustedServices() {
        return allowing(_ -> true).stream().flatMap(s -> s.services().stream()).distinct().toList();
    }

    /** The patterns that {@code aws:SourceArn} must match where services are trusted. */
    public List<String> sourceArns() {
        return allowing(s -> !s.services().isEmpty()).stream()
                .flatMap(s -> s.sourceArns().stream())
                .distinct()
                .toList();
    }

    /**
     * Whether a caller of the AWS API may assume the role.
     *
     * @param externalId what the caller sends as ExternalId, or null
     */
    public boolean admits(Principal caller, @Nullable String externalId) {
        for (Statement statement : statements) {
            if (!statement.allow()
                    && statement.isAboutAssuming()
                    && statement.names(caller)
                    && statement.otherConditions().isEmpty()) {
                return false;
            }
        }
        return !allowing(s ->
                        s.names(caller)
                                && s.otherConditions().isEmpty()
                                && s.sourceArns().isEmpty()
                                && (s.externalIds().isEmpty()
                                        || (externalId != null
                                                && s.externalIds().contains(externalId))))
                .isEmpty();
    }

    private List<Statement> allowing(Predicate<Statement> also) {
        var found = new ArrayList<Statement>();
        for (Statement statement : statements) {
            if (statement.allow() && statement.isAboutAssuming() && also.test(statement)) {
                found.add(statement);
            }
        }
        return found;
    }

    private static boolean same(String principal, Principal caller) {
        return principal.equals("*")
                || principal.equals(caller.accountId())
                || principal.equals("arn:aws:iam::" + caller.accountId() + ":root")
                || principal.equals(caller.arn())
                || roleNameOf(caller)
                        .filter(role -> isRole(principal, caller.accountId(), role))
                        .isPresent();
    }

    /** The role's name in {@code arn:aws:sts::A:assumed-role/R/S}. */
    private static Optional<String> roleNameOf(Principal caller) {
        String prefix = "arn:aws:sts::" + caller.accountId() + ":assumed-role/";
        if (!caller.arn().startsWith(prefix)) {
            return Optional.empty();
        }
        int slash = caller.arn().indexOf('/', prefix.length());
        return slash < 0
                ? Optional.empty()
                : Optional.of(caller.arn().substring(prefix.length(), slash));
    }

    /** Role names are unique in an account, so the path in an ARN does not matter. */
    private static boolean isRole(String arn, String accountId, String name) {
        return arn.startsWith("arn:aws:iam::" + accountId + ":role/")
                && arn.substring(arn.lastIndexOf('/') + 1).equals(name);
    }
}
