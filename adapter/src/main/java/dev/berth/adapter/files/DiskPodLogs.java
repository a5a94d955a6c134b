package dev.berth.adapter.files;

import dev.berth.port.DiskUse;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodLogs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Logs below a folder, laid out as a kubelet lays them out, so that log collectors find them:
 * {@code NAMESPACE_POD_UID/CONTAINER/ATTEMPT.log}. A file that was set aside has a growing number
 * after that name.
 */
public final class DiskPodLogs implements PodLogs {
    private static final int BLOCK = 64 << 10;

    private final Path logs;

    /** Keeps them below this folder. */
    public DiskPodLogs(Path folder) {
        logs = folder;
    }

    @Override
    public Path file(LogName log) throws FilesFailed {
        try {
            var file = path(log);
            Files.createDirectories(file.getParent());
            return file;
        } catch (IOException e) {
            throw new FilesFailed("cannot make the folder of " + log + ": " + e.getMessage(), e);
        }
    }

    @Override
    public long size(LogName log) {
        try {
            return Files.size(path(log));
        } catch (IOException absent) {
            return 0;
        }
    }

    @Override
    public void rotate(LogName log, int filesMax) throws FilesFailed {
        var live = path(log);
        try {
            var aside = aside(live);
            long number = aside.isEmpty() ? 1 : number(aside.getLast()) + 1;
            Files.move(live, live.resolveSibling(live.getFileName() + "." + number));
            for (var old : aside(live).reversed().stream().skip(filesMax - 1L).toList()) {
                Files.deleteIfExists(old);
            }
        } catch (NoSuchFileException nothingToRotate) {
            return;
        } catch (IOException e) {
            throw new FilesFailed("cannot set " + live + " aside: " + e.getMessage(), e);
        }
    }

    @Override
    public Reader read(LogName log, long lastLines) throws FilesFailed {
        var live = path(log);
        try {
            var files = new ArrayDeque<>(aside(live));
            files.add(live);
            return new DiskReader(live, files, lastLines);
        } catch (IOException e) {
            throw new FilesFailed("cannot read " + live + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Map<String, DiskUse> use(String namespace, String pod, String podUid) {
        var use = new HashMap<String, DiskUse>();
        try (var folders = Files.newDirectoryStream(folder(namespace, pod, podUid))) {
            for (var folder : folders) {
                use.put(folder.getFileName().toString(), Trees.use(folder));
            }
        } catch (IOException absent) {
            return use;
        }
        return use;
    }

    @Override
    public void remove(LogName log) throws FilesFailed {
        var live = path(log);
        try {
            for (var file : aside(live)) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(live);
        } catch (IOException e) {
            throw new FilesFailed("cannot remove " + live + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void remove(String namespace, String pod, String podUid) throws FilesFailed {
        var folder = folder(namespace, pod, podUid);
        try {
            VolumeTree.delete(folder);
        } catch (IOException e) {
            throw new FilesFailed("cannot remove " + folder + ": " + e.getMessage(), e);
        }
    }

    private Path path(LogName log) {
        return folder(log.namespace(), log.pod(), log.podUid())
                .resolve(log.container())
                .resolve(log.attempt() + ".log");
    }

    private Path folder(String namespace, String pod, String podUid) {
        var name = namespace + "_" + pod + "_" + podUid;
        if (name.contains("/")) {
            throw new IllegalArgumentException("not plain names: " + name);
        }
        return logs.resolve(name);
    }

    /** The files that were set aside, oldest first. */
    private static List<Path> aside(Path live) throws IOException {
        var prefix = live.getFileName() + ".";
        try (var entries =
                Files.newDirectoryStream(
                        live.getParent(),
                        path -> path.getFileName().toString().matches("\\d+\\.log\\.\\d+"))) {
            var aside = new ArrayList<Path>();
            entries.forEach(entry -> {
                if (entry.getFileName().toString().startsWith(prefix)) {
                    aside.add(entry);
                }
            });
            aside.sort(java.util.Comparator.comparingLong(DiskPodLogs::number));
            return aside;
        } catch (NoSuchFileException | NotDirectoryException none) {
            return List.of();
        }
    }

    private static long number(Path aside) {
        var name = aside.getFileName().toString();
        return Long.parseLong(name.substring(name.lastIndexOf('.') + 1));
    }

    private static final class DiskReader implements Reader {
        private final Path live;
        private final ArrayDeque<SeekableByteChannel> channels = new ArrayDeque<>();
        private final ByteBuffer buffer = ByteBuffer.allocate(BLOCK);
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private @Nullable Object liveKey;
        private boolean news;
        private @Nullable WatchService watcher;

        DiskReader(Path live, ArrayDeque<Path> files, long lastLines) throws IOException {
            this.live = live;
            buffer.flip();
            for (var file : files) {
                try {
                    channels.add(Files.newByteChannel(file));
                    if (file.equals(live)) {
                        liveKey = key(live);
                    }
                } catch (NoSuchFileException absent) {
                    // Just set aside, or never written: the others tell.
                }
            }
            if (channels.isEmpty()) {
                throw new NoSuchFileException(live.toString());
            }
            if (lastLines >= 0) {
                skipTo(lastLines);
            }
        }

        private static @Nullable Object key(Path file) throws IOException {
            try {
                return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
            } catch (NoSuchFileException absent) {
                return null;
            }
        }

        /** Leaves only the last lines to be read. */
        private void skipTo(long lastLines) throws IOException {
            var wanted = lastLines;
            var keep = new ArrayDeque<SeekableByteChannel>();
            var all = new ArrayList<>(channels);
            for (var channel : all.reversed()) {
                if (wanted < 0 || (wanted == 0 && !keep.isEmpty())) {
                    channel.close();
                    continue;
                }
                wanted = seek(channel, wanted);
                keep.addFirst(channel);
            }
            channels.clear();
            channels.addAll(keep);
        }

        /** Goes to where so many lines are left; how many more are wanted from older files. */
        private static long seek(SeekableByteChannel channel, long lines) throws IOException {
            var end = channel.size();
            if (lines == 0) {
                channel.position(end);
                return 0;
            }
            var block = ByteBuffer.allocate(BLOCK);
            var left = lines;
            for (var from = end; from > 0; ) {
                var length = (int) Math.min(BLOCK, from);
                from -= length;
                block.clear().limit(length);
                channel.position(from);
                while (block.hasRemaining() && channel.read(block) >= 0) {}
                for (var at = length - 1; at >= 0; at--) {
                    if (block.get(at) == '\n' && from + at + 1 < end && --left == 0) {
                        channel.position(from + at + 1);
                        return 0;
                    }
                }
            }
            channel.position(0);
            return end == 0 ? left : left - 1;
        }

        @Override
        public byte @Nullable [] next() throws IOException {
            while (true) {
                while (buffer.hasRemaining()) {
                    var one = buffer.get();
                    if (one == '\n') {
                        var whole = line.toByteArray();
                        line.reset();
                        return whole;
                    }
                    line.write(one);
                }
                buffer.clear();
                var read = channels.getFirst().read(buffer);
                buffer.flip();
                if (read <= 0 && !goOn()) {
                    return null;
                }
            }
        }

        /** At the end of a file, opens the next; false when this is the last one. */
        private boolean goOn() throws IOException {
            if (channels.size() == 1) {
                var key = key(live);
                if (key == null || key.equals(liveKey)) {
                    return false;
                }
                // Renamed meanwhile. What was written before that is read first.
                buffer.clear();
                var rest = channels.getFirst().read(buffer);
                buffer.flip();
                if (rest > 0) {
                    return true;
                }
                liveKey = key;
                channels.add(Files.newByteChannel(live));
            }
            channels.removeFirst().close();
            return true;
        }

        @Override
        public void await() throws IOException, InterruptedException {
            lock.lock();
            try {
                if (watcher == null) {
                    watch();
                    // What came before the watch began is looked for once more.
                    return;
                }
                while (!news) {
                    changed.await();
                }
                news = false;
            } finally {
                lock.unlock();
            }
        }

        private void watch() throws IOException {
            var service = live.getFileSystem().newWatchService();
            watcher = service;
            Objects.requireNonNull(live.getParent())
                    .register(
                            service,
                            StandardWatchEventKinds.ENTRY_CREATE,
                            StandardWatchEventKinds.ENTRY_MODIFY,
                            StandardWatchEventKinds.ENTRY_DELETE);
            Thread.ofVirtual()
                    .name("log-watch")
                    .start(() -> {
                        try {
                            while (true) {
                                var key = service.take();
                                key.pollEvents();
                                wake();
                                if (!key.reset()) {
                                    return;
                                }
                            }
                        } catch (ClosedWatchServiceException | InterruptedException over) {
                            wake();
                        }
                    });
        }

        @Override
        public void wake() {
            lock.lock();
            try {
                news = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            try {
                for (var channel : channels) {
                    channel.close();
                }
                lock.lock();
                try {
                    if (watcher != null) {
                        watcher.close();
                    }
                } finally {
                    lock.unlock();
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
