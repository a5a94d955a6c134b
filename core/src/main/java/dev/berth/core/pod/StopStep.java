package dev.berth.core.pod;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One look at containers that are being stopped.
 *
 * @param ask who gets its stop signal now
 * @param kill who has had its time
 * @param next when to look again, if nothing happens before
 */
public record StopStep(List<String> ask, List<String> kill, Optional<Instant> next) {
    /** Copies the lists. */
    public StopStep {
        ask = List.copyOf(ask);
        kill = List.copyOf(kill);
    }

    /**
     * A container that still runs and shall not.
     *
     * @param name the container
     * @param hooked whether its preStop hook still runs
     * @param after who must have ended before it is asked
     * @param askedAt when it got its stop signal, or null before
     */
    public record Leaving(
            String name, boolean hooked, Set<String> after, @Nullable Instant askedAt) {
        /** Copies the set. */
        public Leaving {
            after = Set.copyOf(after);
        }

        /** The same, asked. */
        public Leaving asked(Instant when) {
            return new Leaving(name, hooked, after, when);
        }
    }

    /**
     * Decides. A container is asked once its hook has ended and its turn has come, at the latest at
     * the end of the grace period; it then has the rest of that, and never less than {@value
     * StopPlan#GRACE_LEAST_SECONDS} seconds, until it is killed.
     *
     * @param leaving all that still run
     * @param until the end of the grace period
     */
    public static StopStep of(Collection<Leaving> leaving, Instant until, Instant now) {
        var here = leaving.stream().map(Leaving::name).collect(Collectors.toSet());
        var ask = new ArrayList<String>();
        var kill = new ArrayList<String>();
        Instant next = null;
        for (var one : leaving) {
            Instant due;
            if (one.askedAt() == null) {
                var free = !one.hooked() && one.after().stream().noneMatch(here::contains);
                if (free || !now.isBefore(until)) {
                    ask.add(one.name());
                    continue;
                }
                due = until;
            } else {
                var least = one.askedAt().plusSeconds(StopPlan.GRACE_LEAST_SECONDS);
                due = least.isAfter(until) ? least : until;
                if (!now.isBefore(due)) {
                    kill.add(one.name());
                    continue;
                }
            }
            next = next == null || due.isBefore(next) ? due : next;
        }
        return new StopStep(ask, kill, Optional.ofNullable(next));
    }

    /**
     * Who must have ended before this container is asked: for a sidecar all containers and the
     * sidecars after it, for others nobody.
     */
    public static Set<String> after(PodSpec spec, String name) {
        var sidecars =
                spec.initContainers().stream()
                        .filter(Container::sidecar)
                        .map(Container::name)
                        .toList();
        var place = sidecars.indexOf(name);
        if (place < 0) {
            return Set.of();
        }
        var before = spec.containers().stream().map(Container::name).collect(Collectors.toSet());
        before.addAll(sidecars.subList(place + 1, sidecars.size()));
        return before;
    }
}
