package dev.berth.core.pod;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How long things that fail again and again are left alone, by name: the first repetition comes at
 * once, then after 10 s, 20 s, 40 s and so on to 5 minutes. A thing that has not failed for 10
 * minutes begins anew.
 *
 * @param entries what is known by name
 */
public record RestartBackOffs(Map<String, Entry> entries) {
    /** The first wait. */
    public static final Duration FIRST = Duration.ofSeconds(10);

    /** The longest wait. */
    public static final Duration LONGEST = Duration.ofMinutes(5);

    private static final Duration FORGOTTEN_AFTER = LONGEST.multipliedBy(2);

    /** Nothing has failed. */
    public static final RestartBackOffs NONE = new RestartBackOffs(Map.of());

    /** Copies the map. */
    public RestartBackOffs {
        entries = Map.copyOf(entries);
    }

    /**
     * What is known of one thing.
     *
     * @param delay how long it waits after its next failure
     * @param since when that was decided
     */
    public record Entry(Duration delay, Instant since) {}

    /** How long the thing must wait after a failure at this time; zero is not at all. */
    public Duration delay(String name, Instant failedAt) {
        return known(name, failedAt).map(Entry::delay).orElse(Duration.ZERO);
    }

    /** Until when the thing that failed then is to be left alone, or empty when it may go on. */
    public Optional<Instant> until(String name, Instant failedAt, Instant now) {
        return known(name, failedAt)
                .map(entry -> failedAt.plus(entry.delay()))
                .filter(now::isBefore);
    }

    /** Notes that the thing that failed then is tried again now. */
    public RestartBackOffs tried(String name, Instant failedAt, Instant now) {
        var next =
                known(name, failedAt)
                        .map(entry -> min(entry.delay().multipliedBy(2), LONGEST))
                        .orElse(FIRST);
        var changed = new HashMap<>(entries);
        changed.put(name, new Entry(next, now));
        return new RestartBackOffs(changed);
    }

    /** The same, of which that thing has never failed. */
    public RestartBackOffs without(String name) {
        var changed = new HashMap<>(entries);
        changed.remove(name);
        return new RestartBackOffs(changed);
    }

    private Optional<Entry> known(String name, Instant failedAt) {
        return Optional.ofNullable(entries.get(name))
                .filter(entry -> !failedAt.isAfter(entry.since().plus(FORGOTTEN_AFTER)));
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
