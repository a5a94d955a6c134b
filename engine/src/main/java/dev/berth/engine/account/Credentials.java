package dev.berth.engine.account;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.Principal;
import dev.berth.engine.account.signature.KeyRing;
import dev.berth.port.Store;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.Stored;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The account's keys: one long-lived key of its root, made at first start, and the keys of roles
 * that somebody assumed. All are in the Store, so they survive a restart. Safe for any thread.
 */
public final class Credentials implements KeyRing {
    private static final Kind<AccountRecord> ACCOUNTS = new Kind<>("accounts", AccountRecord.class);
    private static final Kind<SessionRecord> SESSIONS = new Kind<>("sessions", SessionRecord.class);
    private static final String ID = "account";

    /** A session lasts an hour unless it is asked for otherwise. Source: STS AssumeRole (D) */
    private static final Duration SESSION_DEFAULT = Duration.ofHours(1);

    /** A role assumed by a role lasts no longer than this. Source: STS AssumeRole (D) */
    private static final Duration CHAINED_MAX = Duration.ofHours(1);

    /** Ended sessions are looked for no more often than this. */
    private static final Duration SWEEP_EVERY = Duration.ofMinutes(15);

    /** An ended session stays so long, so that its caller is told that it has ended. */
    private static final Duration KEPT_AFTER_END = Duration.ofHours(1);

    /** So many sessions are kept in memory; beyond that they are read again. */
    private static final int REMEMBERED_MAX = 10_000;

    private final Store store;
    private final Time time;
    private final Secrets secrets;
    private final Map<String, Key> remembered = new ConcurrentHashMap<>();
    private final AtomicReference<Instant> nextSweep = new AtomicReference<>(Instant.MIN);
    private volatile @Nullable AccountRecord account;

    /**
     * Keys that are read by {@link #start}.
     *
     * @param random makes secrets; must not be guessable
     */
    public Credentials(Store store, Time time, RandomGenerator random) {
        this.store = store;
        this.time = time;
        this.secrets = new Secrets(random);
    }

    /**
     * Reads the account, or makes it.
     *
     * @param accountId 12 digits for an account that is to be made; one that is there keeps its own
     */
    public void start(String accountId) {
        Optional<Stored<AccountRecord>> found = store.get(ACCOUNTS, ID);
        while (found.isEmpty()) {
            var made =
                    new AccountRecord(
                            accountId,
                            secrets.accessKeyId("AKIA"),
                            secrets.secretAccessKey(),
                            time.now());
            try {
                found = Optional.of(store.put(ACCOUNTS, ID, made, 0));
            } catch (Conflict _) {
                found = store.get(ACCOUNTS, ID);
            }
        }
        account = found.get().value();
    }

    /** 12 digits. */
    public String accountId() {
        return account().accountId();
    }

    /** The root's key. */
    public Key root() {
        AccountRecord record = account();
        var principal =
                new Principal(
                        record.accountId(),
                        "arn:aws:iam::" + record.accountId() + ":root",
                        record.accountId(),
                        record.rootAccessKeyId(),
                        null);
        return new Key(
                record.rootAccessKeyId(), record.rootSecretAccessKey(), null, null, principal);
    }

    /** When the account was made. */
    public Instant createdAt() {
        return account().createdAt();
    }

    @Override
    public Optional<Key> key(String accessKeyId) {
        if (accessKeyId.equals(account().rootAccessKeyId())) {
            return Optional.of(root());
        }
        Key known = remembered.get(accessKeyId);
        if (known != null) {
            return Optional.of(known);
        }
        if (!accessKeyId.startsWith("ASIA") || accessKeyId.length() != 20) {
            return Optional.empty();
        }
        Optional<Key> found = store.get(SESSIONS, accessKeyId).map(stored -> stored.value().key());
        found.ifPresent(this::remember);
        return found;
    }

    /**
     * What somebody asks when assuming a role.
     *
     * @param roleArn the role
     * @param sessionName 2 to 64 characters
     * @param duration how long, or null for an hour
     * @param externalId what the role's trust may insist on, or null
     */
    public record Wish(
            String roleArn,
            String sessionName,
            @Nullable Duration duration,
            @Nullable String externalId) {}

    /**
     * Gives out credentials of a role. A role that is not there is refused in the same words as one
     * that does not trust the caller. The root may assume roles here, which AWS forbids: our
     * choice, since Berth has no users.
     */
    public Key assume(Principal caller, Wish wish, Roles roles) throws Refused {
        Optional<RoleRecord> found = roles.record(wish.roleArn());
        if (found.isEmpty() || !found.get().trust().admits(caller, wish.externalId())) {
            throw new Refused(
                    new AwsFault(
                            "AccessDenied",
                            403,
                            "User: "
                                    + caller.arn()
                                    + " is not authorized to perform: sts:AssumeRole on resource: "
                                    + wish.roleArn()));
        }
        RoleRecord role = found.get();
        Duration asked = wish.duration();
        Duration duration = asked == null ? SESSION_DEFAULT : asked;
        if (duration.toSeconds() > role.maxSessionSeconds()) {
            throw tooLong(
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
        }
        if (caller.sessionName() != null && duration.compareTo(CHAINED_MAX) > 0) {
            throw tooLong(
                    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed"
                            + " by role chaining");
        }
        sweep();
        while (true) {
            var session =
                    new SessionRecord(
                            secrets.accessKeyId("ASIA"),
                            secrets.secretAccessKey(),
                            secrets.sessionToken(),
                            accountId(),
                            role.name(),
                            role.id(),
                            wish.sessionName(),
                            time.now().plus(duration));
            try {
                store.put(SESSIONS, session.accessKeyId(), session, 0);
                Key key = session.key();
                remember(key);
                return key;
            } catch (Conflict _) {
                // The same 80 random bits twice; draw again.
            }
        }
    }

    private void remember(Key key) {
        if (remembered.size() >= REMEMBERED_MAX) {
            remembered.clear();
        }
        remembered.put(key.accessKeyId(), key);
    }

    /** Removes sessions that ended a while ago, now and then. */
    private void sweep() {
        Instant now = time.now();
        Instant due = nextSweep.get();
        if (now.isBefore(due) || !nextSweep.compareAndSet(due, now.plus(SWEEP_EVERY))) {
            return;
        }
        for (Stored<SessionRecord> stored : store.list(SESSIONS, "")) {
            if (stored.value().expiresAt().plus(KEPT_AFTER_END).isBefore(now)) {
                remembered.remove(stored.id());
                try {
                    store.delete(SESSIONS, stored.id(), stored.revision());
                } catch (Conflict _) {
                    // Another sweep was faster.
                }
            }
        }
    }

    private static Refused tooLong(String message) {
        return new Refused(new AwsFault("ValidationError", 400, message));
    }

    private AccountRecord account() {
        AccountRecord record = account;
        if (record == null) {
            throw new IllegalStateException("not started");
        }
        return record;
    }
}
