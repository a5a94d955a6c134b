package dev.berth.engine.podworker;

import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;

/**
 * Pokes a pod's thread when something falls due. One time is set; another replaces it. Owned by
 * that thread.
 */
final class Alarm implements AutoCloseable {
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(10);

    private final Time time;
    private final PodMailbox box;
    private Subscription timer = () -> {};
    private Duration patience = FIRST;

    Alarm(Time time, PodMailbox box) {
        this.time = time;
        this.box = box;
    }

    /** Time goes on while one counts, so what was to come may be past. */
    void in(Duration delay) {
        close();
        if (!delay.isPositive()) {
            box.poke();
        } else {
            timer = time.after(delay, box::poke);
        }
    }

    /** After a failure of the world: in 1 s, then 2 s, 4 s and so on to 10 s. */
    void later() {
        in(patience());
    }

    /** The same as a length of time only, which counts as waited. */
    Duration patience() {
        var delay = patience;
        patience = patience.multipliedBy(2);
        if (patience.compareTo(LONGEST) > 0) {
            patience = LONGEST;
        }
        return delay;
    }

    /** The world does not fail any more. */
    void worldIsWell() {
        patience = FIRST;
    }

    @Override
    public void close() {
        timer.close();
    }
}
