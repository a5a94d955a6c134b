package dev.berth.engine.podworker;

import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.StorageEviction;
import dev.berth.core.pod.StorageUse;
import dev.berth.port.DiskUse;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.Subscription;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks how much disk pods use, and tells a pod's worker when that is more than it may be. Counting
 * means looking at every file, so each pod is looked at as seldom as its limits allow: a kubelet's
 * 10 seconds after the last look when it could reach one of them by then, up to a minute while it
 * is far from all, and later still when looking itself takes long. All pods of a cluster are looked
 * at one after another, by one thread that exists meanwhile.
 */
final class StorageWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StorageWatch.class);

    /** A kubelet's time between two looks. */
    static final Duration SHORTEST = Duration.ofSeconds(10);

    /** However far the limits are. */
    static final Duration LONGEST = Duration.ofSeconds(60);

    /** How fast a pod is thought to be able to write (our choice). */
    private static final long BYTES_A_SECOND = 256L << 20;

    /** After a look that took long, this many times as long passes before the next one. */
    private static final long REST = 20;

    private final Machine machine;
    private final Supplier<Collection<PodWorker>> workers;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final Map<String, Instant> dues = new HashMap<>();
    private final Map<String, Look> last = new HashMap<>();
    private Subscription timer = () -> {};
    private @Nullable Instant armedFor;
    private boolean looking;
    private boolean closed;

    StorageWatch(Machine machine, Supplier<Collection<PodWorker>> workers) {
        this.machine = machine;
        this.workers = workers;
    }

    /** A pod begins. */
    void begins(String podUid) {
        lock.lock();
        try {
            dues.putIfAbsent(podUid, machine.time().now().plus(SHORTEST));
            arm();
        } finally {
            lock.unlock();
        }
    }

    /** A pod is gone. */
    void ends(String podUid) {
        lock.lock();
        try {
            dues.remove(podUid);
            last.remove(podUid);
            if (dues.isEmpty()) {
                timer.close();
                armedFor = null;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Sets the timer for the next pod that falls due; the lock is held. */
    private void arm() {
        var soonest = dues.values().stream().min(Instant::compareTo);
        if (soonest.isEmpty() || looking || closed) {
            return;
        }
        if (armedFor == null || soonest.get().isBefore(armedFor)) {
            timer.close();
            armedFor = soonest.get();
            var delay = Duration.between(machine.time().now(), armedFor);
            timer = machine.time().after(delay.isNegative() ? Duration.ZERO : delay, this::round);
        }
    }

    private void round() {
        lock.lock();
        try {
            looking = true;
            armedFor = null;
        } finally {
            lock.unlock();
        }
        var all = workers.get();
        var looker = Thread.ofPlatform().daemon().name("storage").unstarted(() -> look(all));
        looker.start();
        try {
            looker.join();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        var present =
                all.stream().map(worker -> worker.view().pod().uid()).collect(Collectors.toSet());
        var now = machine.time().now();
        lock.lock();
        try {
            looking = false;
            // Those that began meanwhile are not among the present ones, and not due either.
            last.keySet().retainAll(present);
            dues.entrySet()
                    .removeIf(entry ->
                            !present.contains(entry.getKey()) && !now.isBefore(entry.getValue()));
            arm();
        } finally {
            lock.unlock();
        }
    }

    private void look(Collection<PodWorker> all) {
        for (var worker : all) {
            var view = worker.view();
            var uid = view.pod().uid();
            if (closed() || !due(uid)) {
                continue;
            }
            var begun = machine.time().nanos();
            if (view.runs().stream().noneMatch(ContainerRun::running)) {
                next(uid, 0, 0);
            } else {
                try {
                    var room = look(worker, view);
                    next(uid, room, machine.time().nanos() - begun);
                } catch (FilesFailed | UncheckedIOException e) {
                    LOG.info(
                            "disk use not known pod={} cause={}", view.pod().key(), e.getMessage());
                    next(uid, 0, machine.time().nanos() - begun);
                }
            }
        }
    }

    /** Looks at a pod and gives the bytes to its nearest limit. */
    private long look(PodWorker worker, PodLedger.View view) throws FilesFailed {
        var pod = view.pod();
        var use = use(machine, view);
        seen(pod.uid(), use);
        var most = Surroundings.storageBytes(view.node(), pod);
        StorageEviction.of(pod.spec(), use, most).ifPresent(worker::evict);
        return StorageEviction.room(pod.spec(), use, most);
    }

    private void seen(String podUid, StorageUse use) {
        lock.lock();
        try {
            last.put(podUid, new Look(use, machine.time().now()));
        } finally {
            lock.unlock();
        }
    }

    /**
     * One look at a pod.
     *
     * @param use what it used
     * @param at when that was
     */
    record Look(StorageUse use, Instant at) {}

    /** What a pod used at the last look; empty before the first one. */
    Optional<StorageUse> last(String podUid) {
        return lastLook(podUid).map(Look::use);
    }

    /** The last look at a pod; empty before the first one. */
    Optional<Look> lastLook(String podUid) {
        lock.lock();
        try {
            return Optional.ofNullable(last.get(podUid));
        } finally {
            lock.unlock();
        }
    }

    /** What a pod uses. It looks at every file, and foreign calls hold the calling thread. */
    static StorageUse use(Machine machine, PodLedger.View view) throws FilesFailed {
        var pod = view.pod();
        var roots = new HashMap<String, Long>();
        for (var run : view.runs()) {
            if (run.running()) {
                roots.put(run.name(), machine.images().written(PodLedger.rawId(run)).bytes());
            }
        }
        return new StorageUse(
                bytes(machine.files().use(pod.uid())),
                roots,
                bytes(
                        machine.logs()
                                .use(
                                        pod.metadata().namespace(),
                                        pod.metadata().name(),
                                        pod.uid())));
    }

    private static Map<String, Long> bytes(Map<String, DiskUse> use) {
        var bytes = new HashMap<String, Long>();
        use.forEach((name, one) -> bytes.put(name, one.bytes()));
        return bytes;
    }

    private boolean due(String uid) {
        lock.lock();
        try {
            return !machine.time().now().isBefore(dues.getOrDefault(uid, Instant.MIN));
        } finally {
            lock.unlock();
        }
    }

    private boolean closed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private void next(String uid, long room, long tookNanos) {
        var toLimit = Duration.ofSeconds(room / BYTES_A_SECOND);
        var wait = toLimit.compareTo(LONGEST) > 0 ? LONGEST : toLimit;
        wait = wait.compareTo(SHORTEST) < 0 ? SHORTEST : wait;
        var dear = Duration.ofNanos(tookNanos).multipliedBy(REST);
        lock.lock();
        try {
            dues.put(uid, machine.time().now().plus(wait.compareTo(dear) < 0 ? dear : wait));
        } finally {
            lock.unlock();
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
