package dev.berth.core.identity;

import java.util.List;
import java.util.Map;

/**
 * A user as a TokenReview tells it to the API server.
 *
 * @param username its name
 * @param uid {@code aws-iam-authenticator:ACCOUNT:PRINCIPAL-ID}
 * @param groups its groups
 * @param extra further facts, by name
 */
public record KubernetesUser(
        String username, String uid, List<String> groups, Map<String, List<String>> extra) {
    /** Copies the collections. */
    public KubernetesUser {
        groups = List.copyOf(groups);
        extra = Map.copyOf(extra);
    }
}
