package dev.berth.testkit;

import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A clock and a timer that move only when the test moves them. Any thread may set timers; the test
 * moves time from one thread.
 */
public final class FakeTime implements Time {
    private static final Duration TASK_AT_MOST = Duration.ofSeconds(60);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>(
                    Comparator.comparing(Timer::due).thenComparingLong(Timer::sequence));
    private final Instant origin;
    private Instant now;
    private long sequence;

    /** Starts at noon of 2026-01-02, UTC. */
    public FakeTime() {
        this(Instant.parse("2026-01-02T12:00:00Z"));
    }

    /** Starts at the given time. */
    public FakeTime(Instant start) {
        origin = start;
        now = start;
    }

    @Override
    public Instant now() {
        lock.lock();
        try {
            return now;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long nanos() {
        return Duration.between(origin, now()).toNanos();
    }

    @Override
    public Subscription after(Duration delay, Runnable task) {
        if (delay.isNegative()) {
            throw new IllegalArgumentException("a delay is zero or more, not " + delay);
        }
        lock.lock();
        try {
            var timer = new Timer(now.plus(delay), sequence++, task);
            timers.add(timer);
            changed.signalAll();
            return () -> cancel(timer);
        } finally {
            lock.unlock();
        }
    }

    private void cancel(Timer timer) {
        lock.lock();
        try {
            timers.remove(timer);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves time on, stopping at every timer that falls due on the way; each task runs on a thread
     * of its own and has ended before time moves further. Timers that a task sets are served too if
     * they fall due. A zero duration runs what is due now.
     */
    public void advance(Duration by) {
        var end = now().plus(by);
        for (var due = nextUntil(end); due != null; due = nextUntil(end)) {
            run(due);
        }
        lock.lock();
        try {
            now = end;
        } finally {
            lock.unlock();
        }
    }

    /** Moves time to the next timer and runs all that are due then; false when there is none. */
    public boolean advanceToNextTimer() {
        var next = nextDue();
        next.ifPresent(due -> advance(Duration.between(now(), due)));
        return next.isPresent();
    }

    /** When the next timer falls due, or empty without timers. */
    public Optional<Instant> nextDue() {
        lock.lock();
        try {
            return Optional.ofNullable(timers.peek()).map(Timer::due);
        } finally {
            lock.unlock();
        }
    }

    /** How many timers are set. */
    public int timers() {
        lock.lock();
        try {
            return timers.size();
        } finally {
            lock.unlock();
        }
    }

    /** How far from now the timers are, the nearest first. */
    public List<Duration> delays() {
        lock.lock();
        try {
            var delays = new ArrayList<Duration>();
            timers.forEach(timer -> delays.add(Duration.between(now, timer.due())));
            delays.sort(Comparator.naturalOrder());
            return delays;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until another thread has set a timer for exactly this delay from now.
     *
     * @throws AssertionError when none comes within 60 s of real time
     */
    public void awaitTimer(Duration delay) throws InterruptedException {
        lock.lock();
        try {
            var left = TASK_AT_MOST.toNanos();
            while (timers.stream().noneMatch(timer -> timer.due().equals(now.plus(delay)))) {
                left = changed.awaitNanos(left);
                if (left <= 0) {
                    throw new AssertionError(
                            "no timer for " + delay + " was set, only " + delays());
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Timer nextUntil(Instant end) {
        lock.lock();
        try {
            var first = timers.peek();
            if (first == null || first.due().isAfter(end)) {
                return null;
            }
            timers.remove(first);
            if (first.due().isAfter(now)) {
                now = first.due();
            }
            return first;
        } finally {
            lock.unlock();
        }
    }

    private static void run(Timer timer) {
        var failure = new Throwable[1];
        var thread =
                Thread.ofVirtual()
                        .name("fake-timer-" + timer.sequence())
                        .uncaughtExceptionHandler((_, thrown) -> failure[0] = thrown)
                        .start(timer.task());
        try {
            if (!thread.join(TASK_AT_MOST)) {
                throw new AssertionError(
                        "a timer's task did not end within "
                                + TimeUnit.NANOSECONDS.toSeconds(TASK_AT_MOST.toNanos())
                                + " s");
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while a timer's task ran", stop);
        }
        if (failure[0] != null) {
            throw new AssertionError("a timer's task failed", failure[0]);
        }
    }

    private record Timer(Instant due, long sequence, Runnable task) {}
}
