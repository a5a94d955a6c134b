package dev.berth.engine.nodes;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.core.identity.KubernetesUser;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Time;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may ask the nodes of one cluster for what, which its API server decides: TokenReviews and
 * SubjectAccessReviews, with answers kept as long as a kubelet keeps them (2 minutes for who
 * somebody is, 5 minutes for yes, 30 seconds for no). Tokens are kept as hashes only. Any thread
 * may call.
 */
public final class NodeAccess {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAccess.class);
    private static final Duration TOKENS_KEPT = Duration.ofMinutes(2);
    private static final Duration YES_KEPT = Duration.ofMinutes(5);
    private static final Duration NO_KEPT = Duration.ofSeconds(30);

    /** Answers kept at once; the oldest go first (our choice). */
    private static final int KEPT_MAX = 4096;

    private final KubeApi api;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final Kept<String, Optional<KubernetesUser>> users = new Kept<>();
    private final Kept<Question, Boolean> rights = new Kept<>();

    /** Asks this API server. */
    public NodeAccess(KubeApi api, Time time) {
        this.api = api;
        this.time = time;
    }

    /** An answer about a right. */
    public enum Answer {
        /** May. */
        YES,
        /** May not. */
        NO,
        /** The API server could not be asked. */
        UNKNOWN
    }

    private record Question(
            String username,
            String uid,
            List<String> groups,
            Map<String, List<String>> extra,
            String verb,
            String subresource,
            String nodeName) {}

    private record Answered<V>(V value, Instant until) {}

    /** Answers until they are too old. */
    private static final class Kept<K, V> extends LinkedHashMap<K, Answered<V>> {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, Answered<V>> eldest) {
            return size() > KEPT_MAX;
        }

        private Optional<V> fresh(K key, Instant now) {
            var answered = get(key);
            return answered == null || !answered.until().isAfter(now)
                    ? Optional.empty()
                    : Optional.of(answered.value());
        }
    }

    /** Whose bearer token it is; empty when it is nobody's, or nobody can tell now. */
    public Optional<KubernetesUser> user(String token) {
        var key = hash(token);
        lock.lock();
        try {
            var known = users.fresh(key, time.now());
            if (known.isPresent()) {
                return known.get();
            }
        } finally {
            lock.unlock();
        }
        try {
            var user = api.reviewToken(token);
            lock.lock();
            try {
                users.put(key, new Answered<>(user, time.now().plus(TOKENS_KEPT)));
            } finally {
                lock.unlock();
            }
            return user;
        } catch (KubeUnavailable unavailable) {
            LOG.warn("a token cannot be checked why={}", unavailable.getMessage());
            return Optional.empty();
        }
    }

    /**
     * Whether a user may do something with a node.
     *
     * @param verb {@code get}, {@code create}, …, or empty for another method
     * @param subresource of nodes
     */
    public Answer may(KubernetesUser user, String verb, String subresource, String nodeName) {
        var question =
                new Question(
                        user.username(),
                        user.uid(),
                        user.groups(),
                        user.extra(),
                        verb,
                        subresource,
                        nodeName);
        lock.lock();
        try {
            var known = rights.fresh(question, time.now());
            if (known.isPresent()) {
                return known.get() ? Answer.YES : Answer.NO;
            }
        } finally {
            lock.unlock();
        }
        try {
            var may = api.mayUseNode(user, verb, subresource, nodeName);
            lock.lock();
            try {
                rights.put(
                        question, new Answered<>(may, time.now().plus(may ? YES_KEPT : NO_KEPT)));
            } finally {
                lock.unlock();
            }
            return may ? Answer.YES : Answer.NO;
        } catch (KubeUnavailable unavailable) {
            LOG.warn("a right cannot be checked why={}", unavailable.getMessage());
            return Answer.UNKNOWN;
        }
    }

    /** The pods that are bound to a node, as the API server has them; empty when it is away. */
    public Optional<byte[]> pods(String nodeName) {
        try {
            return Optional.of(api.podsOfNode(nodeName));
        } catch (KubeUnavailable unavailable) {
            LOG.warn("pods cannot be listed why={}", unavailable.getMessage());
            return Optional.empty();
        }
    }

    private static String hash(String token) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }
}
