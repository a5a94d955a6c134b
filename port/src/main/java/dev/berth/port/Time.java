package dev.berth.port;

import java.time.Duration;
import java.time.Instant;

/** The clock and the timer. Tests move it by hand. */
public interface Time {
    /** The wall clock's time. */
    Instant now();

    /** A clock that never jumps, in nanoseconds from an arbitrary origin. */
    long nanos();

    /**
     * Runs a task once after a delay, on a thread of its own that may block.
     *
     * @param delay zero or more
     * @return closing it prevents the run, unless it has begun
     */
    Subscription after(Duration delay, Runnable task);
}
