package dev.berth.engine.podworker;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.PodStatuses;
import dev.berth.engine.Busy;
import dev.berth.engine.Timeline;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes one pod's status: the latest only, and only when it says something new, or when somebody
 * else has written over it. A thread exists while there is something to write; whenever it ends,
 * somebody is told to look again. Any thread may call.
 */
final class StatusReporter {
    private static final Logger LOG = LoggerFactory.getLogger(StatusReporter.class);
    private static final Duration RETRY_FIRST = Duration.ofMillis(250);
    private static final Duration RETRY_LONGEST = Duration.ofSeconds(10);

    private final Pod pod;
    private final KubeApi api;
    private final Time time;
    private final Timeline timeline;
    private final Busy busy;
    private final Runnable onSettled;
    private final ReentrantLock lock = new ReentrantLock();
    private PodStatus latest;
    private PodStatus written;
    private long writtenVersion;
    private Pod seen;
    private boolean writing;
    private boolean waitingToRetry;
    private boolean closed;
    private Duration retry = RETRY_FIRST;
    private Subscription delayed = () -> {};
    private long reports;

    StatusReporter(
            Pod pod, KubeApi api, Time time, Timeline timeline, Busy busy, Runnable onSettled) {
        this.pod = pod;
        this.api = api;
        this.time = time;
        this.timeline = timeline;
        this.busy = busy;
        this.onSettled = onSettled;
        this.latest = pod.status();
        this.written = pod.status();
        this.writtenVersion = version(pod.metadata().resourceVersion());
        this.seen = pod;
    }

    /** Reports a status now. */
    void report(PodStatus status) {
        lock.lock();
        try {
            reports++;
            delayed.close();
            latest = status;
            writeIfNew();
        } finally {
            lock.unlock();
        }
    }

    /** Reports a status after a while, unless another is reported before. */
    void reportLater(PodStatus status, Duration delay) {
        lock.lock();
        try {
            delayed.close();
            if (!PodStatuses.same(status, written)) {
                var asked = ++reports;
                delayed = time.after(delay, () -> reportUnlessNewer(status, asked));
            }
        } finally {
            lock.unlock();
        }
    }

    private void reportUnlessNewer(PodStatus status, long asked) {
        lock.lock();
        try {
            if (reports == asked) {
                report(status);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Sees a form of the pod that the API server has. When it is newer than what was written last
     * and says something else, that was somebody else, and the pod's node has the last word, as
     * with a kubelet. Both a person and a late request of an earlier life of Berth can be that.
     * Only that a pod has ended is never taken back.
     */
    void seen(Pod pod) {
        lock.lock();
        try {
            seen = pod;
            if (!writing && !waitingToRetry) {
                compareWithSeen();
                writeIfNew();
            }
        } finally {
            lock.unlock();
        }
    }

    private void compareWithSeen() {
        var version = version(seen.metadata().resourceVersion());
        if (version > writtenVersion) {
            writtenVersion = version;
            var ended = seen.status().phase().ended() && !latest.phase().ended();
            if (!ended && !PodStatuses.same(seen.status(), written)) {
                LOG.info("status was written over by another, written again pod={}", pod.key());
                written = seen.status();
            }
        }
    }

    /** Versions grow, and can be compared by their number since Kubernetes 1.35. */
    private static long version(String resourceVersion) {
        try {
            return Long.parseLong(resourceVersion);
        } catch (NumberFormatException opaque) {
            return 0;
        }
    }

    /** Whether the API server knows all that was reported. */
    boolean settled() {
        lock.lock();
        try {
            return closed || (!writing && !waitingToRetry && PodStatuses.same(latest, written));
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is to be written any more. */
    void close() {
        lock.lock();
        try {
            closed = true;
            delayed.close();
        } finally {
            lock.unlock();
        }
    }

    private void writeIfNew() {
        if (!writing && !waitingToRetry && !closed && !PodStatuses.same(latest, written)) {
            writing = true;
            busy.begin();
            Thread.ofVirtual().name("status-" + pod.key()).start(this::write);
        }
    }

    private void write() {
        try {
            while (true) {
                PodStatus status;
                lock.lock();
                try {
                    if (closed || PodStatuses.same(latest, written)) {
                        writing = false;
                        return;
                    }
                    status = latest;
                } finally {
                    lock.unlock();
                }
                if (!write(status)) {
                    return;
                }
            }
        } finally {
            onSettled.run();
            busy.end();
        }
    }

    /** Writes once; false when this thread has nothing more to do now. */
    private boolean write(PodStatus status) {
        try {
            var version = version(api.writeStatus(pod.key(), pod.uid(), status));
            if (status.phase() == Phase.RUNNING) {
                timeline.stamp(pod.uid(), Timeline.Phase.STATUS);
            }
            lock.lock();
            try {
                written = status;
                writtenVersion = Math.max(writtenVersion, version);
                compareWithSeen();
                retry = RETRY_FIRST;
            } finally {
                lock.unlock();
            }
            return true;
        } catch (KubeRefused no) {
            LOG.info(
                    "status refused pod={} code={} message={}",
                    pod.key(),
                    no.code(),
                    no.getMessage());
            if (no.code() == 404) {
                lock.lock();
                try {
                    closed = true;
                    writing = false;
                } finally {
                    lock.unlock();
                }
                return false;
            }
        } catch (KubeUnavailable e) {
            LOG.info("status not written, tried again pod={} cause={}", pod.key(), e.getMessage());
        }
        lock.lock();
        try {
            writing = false;
            waitingToRetry = true;
            var delay = retry;
            retry = min(retry.multipliedBy(2), RETRY_LONGEST);
            var _ = time.after(delay, this::retry);
        } finally {
            lock.unlock();
        }
        return false;
    }

    private void retry() {
        lock.lock();
        try {
            waitingToRetry = false;
            writeIfNew();
        } finally {
            lock.unlock();
        }
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
