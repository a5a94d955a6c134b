package dev.berth.engine.scheduler;

import dev.berth.core.pod.Pod;
import dev.berth.core.refusal.BoundVolume;
import dev.berth.core.refusal.Refusal;
import dev.berth.engine.Busy;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the scheduler's thread has not looked at yet. Of each pod only the latest news is kept, so
 * it holds no more than the cluster has pods and launches. Any thread may put; one takes. From the
 * first mail until the taker waits again, something is under way.
 */
final class Inbox {
    private final Busy busy;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Map<String, Pod> pods = new LinkedHashMap<>();
    private Set<String> gone = new LinkedHashSet<>();
    private Set<String> left = new LinkedHashSet<>();
    private Set<String> due = new LinkedHashSet<>();
    private List<Done> done = new ArrayList<>();
    private boolean synced;
    private boolean freed;
    private boolean woken;
    private boolean claimed;
    private boolean closed;
    private boolean counted;

    Inbox(Busy busy) {
        this.busy = busy;
    }

    /**
     * The end of something that was done beside the scheduler's thread.
     *
     * @param podUid for whom
     * @param result how it ended
     */
    record Done(String podUid, Result result) {}

    /** How something ended. */
    sealed interface Result {
        /** The claims of the pod were read. */
        record ClaimsRead(Map<String, BoundVolume> claims) implements Result {
            /** Copies the claims. */
            public ClaimsRead {
                claims = Map.copyOf(claims);
            }
        }

        /** The pod is bound, or gone: nothing is left to do. */
        record Over() implements Result {}

        /** The launch is refused. */
        record Blocked(Refusal reason) implements Result {}

        /** The pod was told why it is not launched. */
        record Told() implements Result {}

        /** The API server was away, or the pod cannot be bound yet: look again later. */
        record Later() implements Result {}
    }

    /**
     * All that came since the last time.
     *
     * @param pods the pods that wait, in their latest form
     * @param gone the uids of those that wait no more
     * @param left the uids of those that will never be bound; each is gone, too
     * @param due the uids of those whose pause is over
     * @param done what has ended
     * @param synced whether all that existed at the beginning was told
     * @param freed whether an address or room became free
     * @param woken whether profiles, subnets or roles may have changed
     * @param claimed whether a claim to storage has changed
     */
    record Mail(
            Map<String, Pod> pods,
            Set<String> gone,
            Set<String> left,
            Set<String> due,
            List<Done> done,
            boolean synced,
            boolean freed,
            boolean woken,
            boolean claimed) {}

    void present(Pod pod) {
        put(() -> {
            gone.remove(pod.uid());
            pods.put(pod.uid(), pod);
        });
    }

    void gone(String podUid) {
        put(() -> {
            pods.remove(podUid);
            gone.add(podUid);
        });
    }

    /** It waits no more, and will never be bound. */
    void left(String podUid) {
        put(() -> {
            pods.remove(podUid);
            gone.add(podUid);
            left.add(podUid);
        });
    }

    void due(String podUid) {
        put(() -> due.add(podUid));
    }

    void done(String podUid, Result result) {
        put(() -> done.add(new Done(podUid, result)));
    }

    void synced() {
        put(() -> synced = true);
    }

    void freed() {
        put(() -> freed = true);
    }

    void wake() {
        put(() -> woken = true);
    }

    void claimed() {
        put(() -> claimed = true);
    }

    void close() {
        put(() -> closed = true);
    }

    /** Nobody takes any more; nothing that comes now counts as work. */
    void over() {
        lock.lock();
        try {
            closed = true;
            uncount();
        } finally {
            lock.unlock();
        }
    }

    private void put(Runnable change) {
        lock.lock();
        try {
            change.run();
            if (!counted && !closed) {
                counted = true;
                busy.begin();
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for mail and takes all of it; null when closed. */
    @Nullable Mail take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed && empty()) {
                uncount();
                changed.await();
            }
            if (closed) {
                return null;
            }
            var mail = new Mail(pods, gone, left, due, done, synced, freed, woken, claimed);
            pods = new LinkedHashMap<>();
            gone = new LinkedHashSet<>();
            left = new LinkedHashSet<>();
            due = new LinkedHashSet<>();
            done = new ArrayList<>();
            synced = false;
            freed = false;
            woken = false;
            claimed = false;
            return mail;
        } finally {
            lock.unlock();
        }
    }

    private void uncount() {
        if (counted) {
            counted = false;
            busy.end();
        }
    }

    private boolean empty() {
        return pods.isEmpty()
                && gone.isEmpty()
                && due.isEmpty()
                && done.isEmpty()
                && !synced
                && !freed
                && !woken
                && !claimed;
    }
}
