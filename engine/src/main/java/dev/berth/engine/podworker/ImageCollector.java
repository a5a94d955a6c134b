package dev.berth.engine.podworker;

import dev.berth.core.node.ImageRoom;
import dev.berth.core.node.ImageRoom.Candidate;
import dev.berth.port.Images;
import dev.berth.port.Images.Storage;
import dev.berth.port.Images.Stored;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes images that nobody uses, when the disk fills up or they get old: it looks every five
 * minutes, as a kubelet does. All nodes share this machine's images, so all hear when it fails.
 * What was imported or built here stays, since no registry has it. The timer's thread owns it.
 */
public final class ImageCollector implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ImageCollector.class);
    private static final Duration PERIOD = Duration.ofMinutes(5);

    private final Images images;
    private final Time time;
    private final ImageRoom room;
    private final Trouble trouble;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Instant> detected = new HashMap<>();
    private final Map<String, Instant> lastUsed = new HashMap<>();
    private boolean failedBefore;
    private boolean closed;
    private Subscription timer = () -> {};

    /** Hears what the nodes are to say of it. */
    @FunctionalInterface
    public interface Trouble {
        /** A warning with this reason and these words. */
        void tell(String reason, String message);
    }

    /** Begins with {@link #start}. */
    public ImageCollector(Images images, Time time, ImageRoom room, Trouble trouble) {
        this.images = images;
        this.time = time;
        this.room = room;
        this.trouble = trouble;
    }

    /** Begins to look. */
    public void start() {
        lock.lock();
        try {
            if (!closed) {
                timer = time.after(PERIOD, this::look);
            }
        } finally {
            lock.unlock();
        }
    }

    private void look() {
        try {
            collect();
            failedBefore = false;
        } catch (RuntimeException failed) {
            LOG.warn("images cannot be collected cause={}", failed.toString());
            failed(String.valueOf(failed.getMessage()));
        }
        start();
    }

    /** Once is no news: the next round may do better. */
    private void failed(String message) {
        if (failedBefore) {
            trouble.tell("ImageGCFailed", message);
        }
        failedBefore = true;
    }

    private void collect() {
        var now = time.now();
        var storage = images.storage();
        if (storage.capacityBytes() == 0) {
            trouble.tell("InvalidDiskCapacity", "invalid capacity 0 on image filesystem");
            throw new IllegalStateException("invalid capacity 0 on image filesystem");
        }
        var unused = unused(storage, now);
        var old = room.tooOld(unused, now);
        if (!old.isEmpty()) {
            remove(old);
            unused.removeAll(old);
            storage = images.storage();
        }
        var wanted = room.bytesToFree(storage.capacityBytes(), storage.availableBytes());
        if (wanted > 0) {
            var freed = remove(room.toFree(unused, wanted, now));
            if (freed < wanted) {
                var message =
                        ImageRoom.notEnough(
                                storage.capacityBytes(), storage.availableBytes(), freed);
                trouble.tell("FreeDiskSpaceFailed", message);
                throw new IllegalStateException(message);
            }
        }
    }

    private List<Candidate> unused(Storage storage, Instant now) {
        detected.keySet().retainAll(storage.images().stream().map(Stored::id).toList());
        lastUsed.keySet().retainAll(detected.keySet());
        var unused = new ArrayList<Candidate>();
        for (var each : storage.images()) {
            var since = detected.computeIfAbsent(each.id(), none -> now);
            if (each.used()) {
                lastUsed.put(each.id(), now);
            } else if (!each.pinned()) {
                unused.add(
                        new Candidate(
                                each.id(),
                                each.sizeBytes(),
                                earlier(each.since(), since),
                                lastUsed.getOrDefault(each.id(), since)));
            }
        }
        return unused;
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }

    private long remove(List<Candidate> some) {
        if (some.isEmpty()) {
            return 0;
        }
        var freed = images.clean(some.stream().map(Candidate::id).toList());
        LOG.info("images removed count={} bytes={}", some.size(), freed);
        return freed;
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
