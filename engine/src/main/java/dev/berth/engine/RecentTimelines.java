package dev.berth.engine;

import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The timelines of the last pods, in memory: about 150 bytes a pod. When there are more than the
 * limit, the pod that was stamped first is forgotten first. Any thread may call.
 */
@SuppressWarnings("EnumOrdinal") // indexes an array that is never stored
public final class RecentTimelines implements Timeline {
    private static final long UNSET = Long.MIN_VALUE;
    private static final Phase[] PHASES = Phase.values();

    private final Time time;
    private final int podsMax;
    private final Instant origin;
    private final long originNanos;
    private final ConcurrentHashMap<String, AtomicLongArray> stamps = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> order = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pods = new AtomicInteger();

    /** Remembers at most so many pods, 1 or more. */
    public RecentTimelines(Time time, int podsMax) {
        if (podsMax < 1) {
            throw new IllegalArgumentException("podsMax: " + podsMax);
        }
        this.time = time;
        this.podsMax = podsMax;
        this.origin = time.now();
        this.originNanos = time.nanos();
    }

    @Override
    public void stamp(String podUid, Phase phase) {
        var nanos = time.nanos() - originNanos;
        var of = stamps.get(podUid);
        if (of == null) {
            var fresh = new AtomicLongArray(PHASES.length);
            for (int i = 0; i < PHASES.length; i++) {
                fresh.setPlain(i, UNSET);
            }
            of = stamps.putIfAbsent(podUid, fresh);
            if (of == null) {
                of = fresh;
                order.add(podUid);
                if (pods.incrementAndGet() > podsMax) {
                    forgetFirst();
                }
            }
        }
        of.compareAndSet(phase.ordinal(), UNSET, nanos);
    }

    /**
     * The stamps of a pod, empty when none are known. They come from a clock that never jumps, so
     * their differences are exact whatever the wall clock did meanwhile.
     */
    public Map<Phase, Instant> of(String podUid) {
        var known = new EnumMap<Phase, Instant>(Phase.class);
        var of = stamps.get(podUid);
        if (of != null) {
            for (var phase : PHASES) {
                var nanos = of.get(phase.ordinal());
                if (nanos != UNSET) {
                    known.put(phase, origin.plus(Duration.ofNanos(nanos)));
                }
            }
        }
        return known;
    }

    private void forgetFirst() {
        var first = order.poll();
        if (first != null) {
            stamps.remove(first);
            pods.decrementAndGet();
        }
    }
}
