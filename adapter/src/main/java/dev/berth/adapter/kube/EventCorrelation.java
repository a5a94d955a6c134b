package dev.berth.adapter.kube;

import dev.berth.port.KubeApi.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides what is written of events, as a kubelet's client does: equal ones are counted on one
 * object; those that differ by their message only are combined from the tenth on, within ten
 * minutes; and of a pod, {@value #BURST} events of a type are written, and then one in five
 * minutes. What is not written is counted all the same, and shows with the next that is. One thread
 * owns it.
 */
final class EventCorrelation {
    /** How many events of a pod and a type may be written at once. */
    static final int BURST = 25;

    /** How long until one more may be written. */
    static final Duration REFILL = Duration.ofMinutes(5);

    /** From so many different messages on they are combined. */
    static final int MESSAGES_MOST = 10;

    /** After so long without a further one, messages are told apart again. */
    static final Duration FORGETS = Duration.ofMinutes(10);

    static final String COMBINED = "(combined from similar events): ";

    /** How many of each are remembered; four of these make a kubelet's 4096. */
    private static final int REMEMBERED_MOST = 1024;

    private final Map<Same, Observed> observed = forgetting();
    private final Map<Similar, Messages> similar = forgetting();
    private final Map<Budgeted, Budget> budgets = forgetting();

    /** What makes two events equal; no message when it stands for combined ones. */
    private record Same(Similar similar, String fieldPath, @Nullable String message) {}

    /** What makes two events similar. */
    private record Similar(
            String podUid, boolean warning, String reason, String component, String host) {}

    private record Budgeted(String podUid, boolean warning, String component) {}

    private record Observed(String name, int count, Instant first) {}

    private record Messages(Set<String> texts, Instant last) {}

    /** A bucket of tokens. */
    private record Budget(double tokens, Instant at) {}

    /**
     * What is to be written.
     *
     * @param name of the event's object
     * @param message the event's, or that of combined ones
     * @param count how often this has happened
     * @param first when it happened first
     */
    record Writing(String name, String message, int count, Instant first) {
        /** Whether the object should be there already. */
        boolean again() {
            return count > 1;
        }
    }

    private static <K, V> Map<K, V> forgetting() {
        return new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > REMEMBERED_MOST;
            }
        };
    }

    /**
     * Takes note of an event.
     *
     * @param freshName for its object, should it need a new one
     * @return what is to be written, or empty when its pod has had enough
     */
    Optional<Writing> of(Event event, String freshName) {
        var like =
                new Similar(
                        event.podUid(),
                        event.warning(),
                        event.reason(),
                        event.component(),
                        event.host() == null ? "" : event.host());
        var combined = combined(like, event);
        var field = event.fieldPath() == null ? "" : event.fieldPath();
        var same = combined ? new Same(like, "", null) : new Same(like, field, event.message());
        var before = observed.get(same);
        var now =
                before == null
                        ? new Observed(freshName, 1, event.time())
                        : new Observed(before.name, before.count + 1, before.first);
        observed.put(same, now);
        if (!affordable(event)) {
            return Optional.empty();
        }
        return Optional.of(
                new Writing(
                        now.name,
                        combined ? COMBINED + event.message() : event.message(),
                        now.count,
                        now.first));
    }

    private boolean combined(Similar like, Event event) {
        var known = similar.get(like);
        var texts =
                known == null || Duration.between(known.last, event.time()).compareTo(FORGETS) > 0
                        ? new LinkedHashSet<String>()
                        : known.texts;
        texts.add(event.message());
        similar.put(like, new Messages(texts, event.time()));
        if (texts.size() < MESSAGES_MOST) {
            return false;
        }
        texts.remove(texts.iterator().next());
        return true;
    }

    private boolean affordable(Event event) {
        var key = new Budgeted(event.podUid(), event.warning(), event.component());
        var known = budgets.getOrDefault(key, new Budget(BURST, event.time()));
        var since = Math.max(0, Duration.between(known.at, event.time()).toMillis());
        var tokens = Math.min(BURST, known.tokens + (double) since / REFILL.toMillis());
        var enough = tokens >= 1;
        budgets.put(key, new Budget(enough ? tokens - 1 : tokens, event.time()));
        return enough;
    }
}
