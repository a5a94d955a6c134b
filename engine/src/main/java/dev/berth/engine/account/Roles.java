package dev.berth.engine.account;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.TrustPolicy;
import dev.berth.port.Store;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.Stored;
import dev.berth.port.Time;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The account's IAM roles and the managed policies attached to them. Safe for any thread. */
public final class Roles implements RoleView {
    private static final Kind<RoleRecord> KIND = new Kind<>("roles", RoleRecord.class);

    /** Writers who meet at one role take turns; so often before the caller is told. */
    private static final int TRIES_MAX = 20;

    private static final int TAGS_MAX = 50;

    /** IAM's quota for a trust policy, blanks not counted. */
    private static final int TRUST_CHARACTERS_MAX = 2048;

    private final Store store;
    private final Time time;
    private final Secrets secrets;
    private final String accountId;

    /**
     * The roles of an account.
     *
     * @param random makes the unique ids
     */
    public Roles(Store store, Time time, RandomGenerator random, String accountId) {
        this.store = store;
        this.time = time;
        this.secrets = new Secrets(random);
        this.accountId = accountId;
    }

    /**
     * A role that somebody wants.
     *
     * @param name as in {@link RoleRecord}
     * @param path as in {@link RoleRecord}
     * @param trustDocument as in {@link RoleRecord}
     * @param trust as in {@link RoleRecord}
     * @param description as in {@link RoleRecord}
     * @param maxSessionSeconds as in {@link RoleRecord}
     * @param permissionsBoundaryArn as in {@link RoleRecord}
     * @param tags as in {@link RoleRecord}
     */
    public record Wanted(
            String name,
            String path,
            String trustDocument,
            TrustPolicy trust,
            @Nullable String description,
            int maxSessionSeconds,
            @Nullable String permissionsBoundaryArn,
            Map<String, String> tags) {
        /** Copies the tags. */
        public Wanted {
            tags = Map.copyOf(tags);
        }
    }

    /** One step from a role to what it shall be. */
    @FunctionalInterface
    public interface Change {
        /** Decides on the present role. */
        RoleRecord apply(RoleRecord role) throws Refused;
    }

    /** Makes a role. */
    public RoleRecord create(Wanted wanted) throws Refused {
        checkTrustSize(wanted.trustDocument());
        String boundary = wanted.permissionsBoundaryArn();
        if (boundary != null) {
            attachable(boundary);
        }
        var role =
                new RoleRecord(
                        wanted.name(),
                        wanted.path(),
                        secrets.uniqueId("AROA"),
                        "arn:aws:iam::" + accountId + ":role" + wanted.path() + wanted.name(),
                        wanted.trustDocument(),
                        wanted.trust(),
                        wanted.description(),
                        wanted.maxSessionSeconds(),
                        boundary,
                        wanted.tags(),
                        List.of(),
                        time.now());
        try {
            return store.put(KIND, idOf(wanted.name()), role, 0).value();
        } catch (Conflict _) {
            throw refused(
                    "EntityAlreadyExists",
                    409,
                    "Role with name " + wanted.name() + " already exists.");
        }
    }

    /** The role with this name. */
    public RoleRecord get(String name) throws Refused {
        return stored(name).value();
    }

    /** All roles whose path begins so, by path and name. */
    public List<RoleRecord> list(String pathPrefix) {
        return store.list(KIND, "").stream()
                .map(Stored::value)
                .filter(role -> role.path().startsWith(pathPrefix))
                .sorted(Comparator.comparing(RoleRecord::path).thenComparing(RoleRecord::name))
                .toList();
    }

    /** Removes a role that has no policies any more. */
    public void delete(String name) throws Refused {
        for (int i = 0; i < TRIES_MAX; i++) {
            Stored<RoleRecord> stored = stored(name);
            if (!stored.value().attachedPolicyArns().isEmpty()) {
                throw refused(
                        "DeleteConflict",
                        409,
                        "Cannot delete entity, must detach all policies first.");
            }
            try {
                store.delete(KIND, stored.id(), stored.revision());
                return;
            } catch (Conflict _) {
                // Somebody changed it; look again.
            }
        }
        throw tooBusy(name);
    }

    /** Changes a role, as often as others get in between. */
    public RoleRecord change(String name, Change change) throws Refused {
        for (int i = 0; i < TRIES_MAX; i++) {
            Stored<RoleRecord> stored = stored(name);
            RoleRecord next = change.apply(stored.value());
            if (next.equals(stored.value())) {
                return next;
            }
            try {
                return store.put(KIND, stored.id(), next, stored.revision()).value();
            } catch (Conflict _) {
                // Somebody changed it; decide again.
            }
        }
        throw tooBusy(name);
    }

    /** Replaces the trust policy. */
    public void trust(String name, String document, TrustPolicy read) throws Refused {
        checkTrustSize(document);
        change(name, role -> role.trusting(document, read));
    }

    /** Adds tags, or gives tags that are there another value. */
    public void tag(String name, Map<String, String> tags) throws Refused {
        change(
                name,
                role -> {
                    Map<String, String> all = role.sortedTags();
                    all.putAll(tags);
                    if (all.size() > TAGS_MAX) {
                        throw refused(
                                "LimitExceeded",
                                409,
                                "The number of tags has reached the maximum limit.");
                    }
                    return role.tagged(all);
                });
    }

    /** Removes tags; those that are not there are no fault. */
    public void untag(String name, List<String> keys) throws Refused {
        change(
                name,
                role -> {
                    Map<String, String> left = role.sortedTags();
                    left.keySet().removeAll(keys);
                    return role.tagged(left);
                });
    }

    /** Attaches a managed policy; once more is no fault. */
    public void attach(String name, String policyArn) throws Refused {
        attachable(policyArn);
        change(name, role -> role.attached(policyArn));
    }

    /** Detaches a managed policy. */
    public void detach(String name, String policyArn) throws Refused {
        change(
                name,
                role -> {
                    if (!role.attachedPolicyArns().contains(policyArn)) {
                        throw refused(
                                "NoSuchEntity", 404, "Policy " + policyArn + " was not found.");
                    }
                    return role.detached(policyArn);
                });
    }

    /** To how many roles a policy is attached. */
    public int attachments(String policyArn) {
        return (int)
                list("").stream()
                        .filter(role -> role.attachedPolicyArns().contains(policyArn))
                        .count();
    }

    @Override
    public Optional<RoleFacts> role(String arn) {
        return record(arn)
                .map(role ->
                        new RoleFacts(
                                role.arn(),
                                role.id(),
                                role.name(),
                                role.trust().trustedServices(),
                                role.trust().sourceArns(),
                                role.attachedPolicyArns()));
    }

    /** The role with this ARN; its path must be right too. */
    Optional<RoleRecord> record(String arn) {
        String prefix = "arn:aws:iam::" + accountId + ":role/";
        if (!arn.startsWith(prefix)) {
            return Optional.empty();
        }
        return store.get(KIND, idOf(arn.substring(arn.lastIndexOf('/') + 1)))
                .map(Stored::value)
                .filter(role -> role.arn().equals(arn));
    }

    private Stored<RoleRecord> stored(String name) throws Refused {
        Optional<Stored<RoleRecord>> found = store.get(KIND, idOf(name));
        if (found.isEmpty()) {
            throw refused("NoSuchEntity", 404, "The role with name " + name + " cannot be found.");
        }
        return found.get();
    }

    /** Names differ by more than case. */
    private static String idOf(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private static void attachable(String policyArn) throws Refused {
        if (ManagedPolicy.byArn(policyArn).isEmpty()) {
            throw refused(
                    "NoSuchEntity",
                    404,
                    "Policy " + policyArn + " does not exist or is not attachable.");
        }
    }

    private static void checkTrustSize(String document) throws Refused {
        if (document.chars().filter(c -> !Character.isWhitespace(c)).count()
                > TRUST_CHARACTERS_MAX) {
            throw refused(
                    "LimitExceeded",
                    409,
                    "Cannot exceed quota for ACLSizePerRole: " + TRUST_CHARACTERS_MAX);
        }
    }

    private static Refused tooBusy(String name) {
        return refused(
                "ConcurrentModification",
                409,
                "The role " + name + " is being changed by other requests; try again.");
    }

    private static Refused refused(String code, int status, String message) {
        return new Refused(new AwsFault(code, status, message));
    }
}
