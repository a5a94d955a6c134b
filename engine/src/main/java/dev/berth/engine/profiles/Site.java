package dev.berth.engine.profiles;

import dev.berth.engine.clusters.RunningCluster;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The work on profiles in one cluster while its API server runs: one virtual thread for each
 * profile that is being made or removed, all of which end when the site is closed.
 */
final class Site {
    private static final Logger log = LoggerFactory.getLogger(Site.class);
    private static final Duration END_MAX = Duration.ofSeconds(10);

    private final RunningCluster cluster;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Thread> jobs = new HashMap<>();
    private boolean closed;

    Site(RunningCluster cluster, Time time) {
        this.cluster = cluster;
        this.time = time;
    }

    RunningCluster cluster() {
        return cluster;
    }

    /** Work that ends early when it is interrupted. */
    @FunctionalInterface
    interface Job {
        void run() throws InterruptedException;
    }

    /** Begins a job, unless one of that key is at work or the site is closed. */
    void begin(String key, Job job) {
        lock.lock();
        try {
            if (!closed && !jobs.containsKey(key)) {
                var thread = Thread.ofVirtual().name(key).unstarted(() -> run(key, job));
                jobs.put(key, thread);
                thread.start();
            }
        } finally {
            lock.unlock();
        }
    }

    private void run(String key, Job job) {
        try {
            job.run();
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error bug) {
            log.error("job ended unexpectedly cluster={} job={}", cluster.name(), key, bug);
        } finally {
            lock.lock();
            try {
                jobs.remove(key);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Waits for a time. */
    void pause(Duration span) throws InterruptedException {
        var over = new CountDownLatch(1);
        try (var _ = time.after(span, over::countDown)) {
            over.await();
        }
    }

    /** Interrupts all jobs, begins no more, and returns when they have ended. */
    void close() {
        List<Thread> ending;
        lock.lock();
        try {
            closed = true;
            ending = List.copyOf(jobs.values());
        } finally {
            lock.unlock();
        }
        ending.forEach(Thread::interrupt);
        try {
            for (var thread : ending) {
                if (!thread.join(END_MAX)) {
                    log.warn(
                            "job does not end cluster={} job={}", cluster.name(), thread.getName());
                }
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
    }
}
