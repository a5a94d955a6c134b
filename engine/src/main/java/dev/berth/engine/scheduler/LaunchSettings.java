package dev.berth.engine.scheduler;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.core.cluster.AwsAuth;
import dev.berth.core.logs.Logging;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.refusal.LaunchRefusals;
import dev.berth.core.refusal.Refusal;
import dev.berth.engine.account.RoleView;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What every launch asks of the cluster's ConfigMaps and of the account: where logs go, and which
 * roles are mapped and may be taken. Many launches at once share one reading, which counts for a
 * second; any thread may ask.
 */
final class LaunchSettings {
    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final String FARGATE = "eks-fargate-pods.amazonaws.com";

    private final KubeApi api;
    private final RoleView roles;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable FutureTask<Settings> reading;
    private volatile @Nullable Settings last;
    private final Map<String, Answer> assumable = new ConcurrentHashMap<>();

    /** Whether Fargate may take a profile's role, and when that was read. */
    private record Answer(boolean yes, long readNanos) {}

    /**
     * One reading.
     *
     * @param logging what is decided about logs
     * @param awsAuth the data of {@code kube-system/aws-auth}, empty when there is none
     * @param readNanos when its reading began
     */
    record Settings(Logging logging, Map<String, String> awsAuth, long readNanos) {
        /** Copies the data. */
        Settings {
            awsAuth = Map.copyOf(awsAuth);
        }
    }

    LaunchSettings(KubeApi api, RoleView roles, Time time) {
        this.api = api;
        this.roles = roles;
        this.time = time;
    }

    /** Settings that are at most a second old. */
    Settings fresh() {
        FutureTask<Settings> awaited;
        FutureTask<Settings> own = null;
        lock.lock();
        try {
            var known = last;
            if (known != null && time.nanos() - known.readNanos() < FRESH.toNanos()) {
                return known;
            }
            if (reading == null) {
                own = new FutureTask<>(this::read);
                reading = own;
            }
            awaited = reading;
        } finally {
            lock.unlock();
        }
        if (own != null) {
            own.run();
        }
        return result(awaited);
    }

    private Settings read() {
        try {
            var begun = time.nanos();
            // Side by side, because a pod waits for both.
            var auth = new FutureTask<>(this::awsAuth);
            Thread.ofVirtual().name("aws-auth").start(auth);
            var logging =
                    Logging.decide(
                            api.configMap(Logging.CONFIG_MAP_NAMESPACE, Logging.CONFIG_MAP_NAME)
                                    .isPresent());
            var settings = new Settings(logging, result(auth), begun);
            last = settings;
            return settings;
        } finally {
            ended();
        }
    }

    /** Waits for what another thread asks; its failure is this one's too. */
    private static <T> T result(FutureTask<T> asked) {
        try {
            return asked.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KubeUnavailable away) {
                throw new KubeUnavailable(String.valueOf(away.getMessage()), away);
            }
            if (e.getCause() instanceof Error bug) {
                throw bug;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new KubeUnavailable("stopped while the launch settings were read", stop);
        }
    }

    private void ended() {
        lock.lock();
        try {
            reading = null;
        } finally {
            lock.unlock();
        }
    }

    private Map<String, String> awsAuth() {
        var data = new HashMap<String, String>();
        api.configMap("kube-system", "aws-auth")
                .ifPresent(found -> found.forEach((key, value) -> data.put(key, text(value))));
        return data;
    }

    private static String text(byte[] value) {
        return new String(value, UTF_8);
    }

    /**
     * Why a profile may not launch pods, by these settings. Source: eks-fargate §4.5 (O)
     *
     * @param settings as they were read
     */
    Optional<Refusal> blocked(FargateProfile profile, Settings settings) {
        var role = profile.podExecutionRoleArn();
        if (!assumable(profile)) {
            return Optional.of(LaunchRefusals.roleNotAssumable(profile.name()));
        }
        return AwsAuth.hasRole(settings.awsAuth(), role)
                ? Optional.empty()
                : Optional.of(LaunchRefusals.roleNotAuthorised(profile.name()));
    }

    /**
     * Whether the profile was blocked when somebody looked last; then it is worth looking first.
     */
    boolean likelyBlocked(FargateProfile profile) {
        var known = last;
        return !assumable(profile) || (known != null && blocked(profile, known).isPresent());
    }

    private boolean assumable(FargateProfile profile) {
        var key = profile.podExecutionRoleArn() + " " + profile.arn();
        var now = time.nanos();
        var known = assumable.get(key);
        if (known == null || now - known.readNanos() >= FRESH.toNanos()) {
            var yes =
                    roles.role(profile.podExecutionRoleArn())
                            .filter(role -> role.trusts(FARGATE, profile.arn()))
                            .isPresent();
            assumable.values().removeIf(old -> now - old.readNanos() >= FRESH.toNanos());
            known = new Answer(yes, now);
            assumable.put(key, known);
        }
        return known.yes();
    }
}
