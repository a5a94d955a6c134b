package dev.berth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.port.DiskUse;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodLogs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Logs in memory, which the test writes. Any thread may call. */
public final class FakePodLogs implements PodLogs {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<LogName, List<String>> logs = new HashMap<>();
    private final Map<LogName, Long> sizes = new HashMap<>();
    private final List<LogName> rotated = new ArrayList<>();

    /** Holds no log. */
    public FakePodLogs() {}

    /** Adds a line in CRI's format. */
    public void write(LogName log, String line) {
        lock.lock();
        try {
            logs.computeIfAbsent(log, _ -> new ArrayList<>()).add(line);
            sizes.merge(log, line.length() + 1L, Long::sum);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Makes a log look this big. */
    public void grow(LogName log, long bytes) {
        lock.lock();
        try {
            sizes.put(log, bytes);
        } finally {
            lock.unlock();
        }
    }

    /** The logs that were set aside, in order. */
    public List<LogName> rotated() {
        lock.lock();
        try {
            return List.copyOf(rotated);
        } finally {
            lock.unlock();
        }
    }

    /** The logs that exist. */
    public List<LogName> names() {
        lock.lock();
        try {
            return List.copyOf(logs.keySet());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Path file(LogName log) {
        lock.lock();
        try {
            logs.computeIfAbsent(log, _ -> new ArrayList<>());
            return Path.of(
                    "/fake/logs/" + log.podUid() + "/" + log.container() + "/" + log.attempt());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long size(LogName log) {
        lock.lock();
        try {
            return sizes.getOrDefault(log, 0L);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void rotate(LogName log, int filesMax) {
        lock.lock();
        try {
            rotated.add(log);
            sizes.put(log, 0L);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Reader read(LogName log, long lastLines) throws FilesFailed {
        lock.lock();
        try {
            var lines = logs.get(log);
            if (lines == null) {
                throw new FilesFailed("no log " + log, null);
            }
            return new MemoryReader(
                    lines, lastLines < 0 ? 0 : (int) Math.max(0, lines.size() - lastLines));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Map<String, DiskUse> use(String namespace, String pod, String podUid) {
        lock.lock();
        try {
            var use = new HashMap<String, DiskUse>();
            sizes.forEach((log, bytes) -> {
                if (log.podUid().equals(podUid)) {
                    use.merge(log.container(), new DiskUse(bytes, 1), DiskUse::plus);
                }
            });
            return use;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void remove(LogName log) {
        lock.lock();
        try {
            logs.remove(log);
            sizes.remove(log);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void remove(String namespace, String pod, String podUid) {
        lock.lock();
        try {
            logs.keySet().removeIf(log -> log.podUid().equals(podUid));
            sizes.keySet().removeIf(log -> log.podUid().equals(podUid));
        } finally {
            lock.unlock();
        }
    }

    private final class MemoryReader implements Reader {
        private final List<String> lines;
        private int next;
        private boolean woken;

        MemoryReader(List<String> lines, int next) {
            this.lines = lines;
            this.next = next;
        }

        @Override
        public byte @Nullable [] next() {
            lock.lock();
            try {
                return next < lines.size() ? lines.get(next++).getBytes(UTF_8) : null;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void await() throws InterruptedException {
            lock.lock();
            try {
                while (next >= lines.size() && !woken) {
                    changed.await();
                }
                woken = false;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void wake() {
            lock.lock();
            try {
                woken = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {}
    }
}
