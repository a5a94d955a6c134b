package dev.berth.adapter.time;

import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The machine's clock. One platform thread keeps all timers; each task runs on a virtual thread of
 * its own, so a slow one delays no other. Delays of half a second or more end up to 20 ms late,
 * many at once.
 */
public final class SystemTime implements Time, AutoCloseable {
    /** From this on, a delay may be longer by up to {@link #TOGETHER_NANOS} (our choice). */
    private static final long LONG_NANOS = 500_000_000;

    /** Waking up costs more than most of what timers do, so long ones wake up together. */
    private static final long TOGETHER_NANOS = 20_000_000;

    private final ScheduledThreadPoolExecutor timers;

    /** A clock whose timers have a thread from now on. */
    public SystemTime() {
        timers =
                new ScheduledThreadPoolExecutor(
                        1, Thread.ofPlatform().daemon().name("timers").factory());
        timers.setRemoveOnCancelPolicy(true);
        timers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    @Override
    public Instant now() {
        return Instant.now();
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public Subscription after(Duration delay, Runnable task) {
        if (timers.isShutdown()) {
            return () -> {};
        }
        var timer =
                timers.schedule(
                        () -> {
                            var _ = Thread.ofVirtual().name("timer").start(task);
                        },
                        gathered(delay.toNanos()),
                        TimeUnit.NANOSECONDS);
        return () -> timer.cancel(false);
    }

    /** A long delay ends together with others, at the next of the moments that they share. */
    private static long gathered(long nanos) {
        if (nanos < LONG_NANOS || nanos > Long.MAX_VALUE / 2) {
            return nanos;
        }
        return nanos + Math.floorMod(-(System.nanoTime() + nanos), TOGETHER_NANOS);
    }

    @Override
    public void close() {
        timers.shutdownNow();
    }
}
