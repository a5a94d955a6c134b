package dev.berth.core.usage;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The last readings of CPU time, to tell rates by: each new reading is compared with an older one
 * of the same thing. Holds at most two readings of a thing and forgets what was not read for a
 * while; not for several threads at once.
 */
public final class Rates {
    /** A rate over less than this says little. */
    public static final Duration SHORTEST = Duration.ofSeconds(1);

    /** What lies further back tells of another time. Our choice: four scrapes of metrics-server. */
    public static final Duration LONGEST = Duration.ofSeconds(60);

    private final Map<String, Held> held = new LinkedHashMap<>();

    private record Reading(Instant at, long nanos) {}

    /** The newest reading, and one that is older by {@link #SHORTEST} at least. */
    private record Held(Reading newest, Optional<Reading> older) {}

    /**
     * A rate.
     *
     * @param nanoCores thousand-millionths of a core
     * @param window over how long
     */
    public record Rate(long nanoCores, Duration window) {}

    /**
     * Notes a reading and tells the rate since an earlier one, if there is one that is neither too
     * young nor too old. A counter that went back is a new thing's.
     */
    public Optional<Rate> read(String thing, Instant at, long cpuNanos) {
        var now = new Reading(at, cpuNanos);
        var before = held.remove(thing);
        held.values().removeIf(other -> old(other.newest(), at));
        if (before == null || old(before.newest(), at) || before.newest().nanos() > cpuNanos) {
            held.put(thing, new Held(now, Optional.empty()));
            return Optional.empty();
        }
        var base =
                before.newest().at().plus(SHORTEST).isAfter(at)
                        ? before.older()
                        : Optional.of(before.newest());
        // A young newest reading stays the one to compare with, or frequent askers would never
        // have one that is old enough.
        var next =
                before.newest().at().plus(SHORTEST).isAfter(at)
                        ? before
                        : new Held(now, Optional.of(before.newest()));
        held.put(thing, next);
        return base.filter(from -> !old(from, at)).map(from -> rate(from, now));
    }

    private static boolean old(Reading reading, Instant now) {
        return reading.at().plus(LONGEST).isBefore(now);
    }

    private static Rate rate(Reading from, Reading to) {
        var window = Duration.between(from.at(), to.at());
        var cores = (double) (to.nanos() - from.nanos()) / window.toNanos();
        return new Rate(Math.round(cores * 1e9), window);
    }
}
