package dev.berth.adapter.time;

import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The machine's clock. One platform thread keeps all timers; each task runs on a virtual thread of
 * its own, so a slow one delays no other.
 */
public final class SystemTime implements Time, AutoCloseable {
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
                        delay.toNanos(),
                        TimeUnit.NANOSECONDS);
        return () -> timer.cancel(false);
    }

    @Override
    public void close() {
        timers.shutdownNow();
    }
}
