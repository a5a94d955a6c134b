package dev.berth.engine.account;

import dev.berth.core.identity.TrustPolicy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An IAM role as it is stored.
 *
 * @param name unique in the account, whatever its case
 * @param path begins and ends with a slash
 * @param id {@code AROA…}
 * @param arn {@code arn:aws:iam::A:role} + path + name
 * @param trustDocument the trust policy exactly as it was given
 * @param trust the same, read
 * @param description what people say about it, or null
 * @param maxSessionSeconds 3600 to 43200
 * @param permissionsBoundaryArn a policy, or null; kept, not evaluated
 * @param tags by key
 * @param attachedPolicyArns the managed policies, in the order they were attached
 * @param createdAt when it was made
 */
public record RoleRecord(
        String name,
        String path,
        String id,
        String arn,
        String trustDocument,
        TrustPolicy trust,
        @Nullable String description,
        int maxSessionSeconds,
        @Nullable String permissionsBoundaryArn,
        Map<String, String> tags,
        List<String> attachedPolicyArns,
        Instant createdAt) {
    /** Copies the collections. */
    public RoleRecord {
        tags = Map.copyOf(tags);
        attachedPolicyArns = List.copyOf(attachedPolicyArns);
    }

    /** The tags, ordered by key. */
    public Map<String, String> sortedTags() {
        return new TreeMap<>(tags);
    }

    /** With another trust policy. */
    public RoleRecord trusting(String document, TrustPolicy read) {
        return new RoleRecord(
                name,
                path,
                id,
                arn,
                document,
                read,
                description,
                maxSessionSeconds,
                permissionsBoundaryArn,
                tags,
                attachedPolicyArns,
                createdAt);
    }

    /** With another description and length of sessions. */
    public RoleRecord described(@Nullable String newDescription, int newMaxSessionSeconds) {
        return new RoleRecord(
                name,
                path,
                id,
                arn,
                trustDocument,
                trust,
                newDescription,
                newMaxSessionSeconds,
                permissionsBoundaryArn,
                tags,
                attachedPolicyArns,
                createdAt);
    }

    /** With these tags instead of its own. */
    public RoleRecord tagged(Map<String, String> newTags) {
        return new RoleRecord(
                name,
                path,
                id,
                arn,
                trustDocument,
                trust,
                description,
                maxSessionSeconds,
                permissionsBoundaryArn,
                newTags,
                attachedPolicyArns,
                createdAt);
    }

    RoleRecord withPolicies(List<String> arns) {
        return new RoleRecord(
                name,
                path,
                id,
                arn,
                trustDocument,
                trust,
                description,
                maxSessionSeconds,
                permissionsBoundaryArn,
                tags,
                arns,
                createdAt);
    }

    RoleRecord attached(String policyArn) {
        var arns = new ArrayList<>(attachedPolicyArns);
        if (!arns.contains(policyArn)) {
            arns.add(policyArn);
        }
        return withPolicies(arns);
    }

    RoleRecord detached(String policyArn) {
        var arns = new ArrayList<>(attachedPolicyArns);
        arns.remove(policyArn);
        return withPolicies(arns);
    }
}
