package dev.berth.engine.podworker;

import dev.berth.core.pod.ContainerRun;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.Subscription;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets logs aside that have grown to 10 MiB, and keeps five files of each run, as a kubelet does by
 * default. It looks every 10 seconds while pods exist.
 */
final class LogRotation implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogRotation.class);
    private static final Duration PERIOD = Duration.ofSeconds(10);
    private static final long BYTES_MOST = 10L << 20;
    private static final int FILES_MOST = 5;

    private final Machine machine;
    private final Supplier<Collection<PodWorker>> workers;
    private final ReentrantLock lock = new ReentrantLock();
    private Subscription timer = () -> {};
    private boolean armed;
    private boolean closed;

    LogRotation(Machine machine, Supplier<Collection<PodWorker>> workers) {
        this.machine = machine;
        this.workers = workers;
    }

    /** Pods exist. */
    void arm() {
        lock.lock();
        try {
            if (!armed && !closed) {
                armed = true;
                timer = machine.time().after(PERIOD, this::look);
            }
        } finally {
            lock.unlock();
        }
    }

    private void look() {
        var all = workers.get();
        for (var worker : all) {
            var view = worker.view();
            view.runs().stream().filter(ContainerRun::running).forEach(run -> rotate(view, run));
        }
        lock.lock();
        try {
            armed = false;
        } finally {
            lock.unlock();
        }
        if (!all.isEmpty()) {
            arm();
        }
    }

    private void rotate(PodLedger.View view, ContainerRun run) {
        var log = ContainerPlans.log(view.pod(), run.name(), run.attempt());
        if (machine.logs().size(log) < BYTES_MOST) {
            return;
        }
        try {
            machine.logs().rotate(log, FILES_MOST);
            machine.runtime().reopenLog(PodLedger.rawId(run));
        } catch (FilesFailed | RuntimeFailed e) {
            LOG.warn("log not rotated log={} cause={}", log, e.getMessage());
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            timer.close();
        } finally {
            lock.unlock();
        }
    }
}
