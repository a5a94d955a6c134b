package dev.berth.adapter.oci;

import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.MountTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The threads that programs are started from, so many as may start at the same time.
 *
 * <p>Where the second cgroup version holds some controllers beside the first, crun starts nothing.
 * Then these threads live in a copy of the mount table without that mount, and so do the programs
 * they start. What is mounted and unmounted later in shared folders is seen on both sides, also
 * what a container mounts in a volume that passes its mounts on. The copy has no name and no file:
 * it ends with the last process in it.
 */
final class MountView implements AutoCloseable {
    private static final long IDLE_SECONDS = 60;

    private final @Nullable Path hidden;
    private final List<Path> sharedFolders;
    private final ThreadPoolExecutor threads;
    private int copy = -1;

    /**
     * Starts nothing yet.
     *
     * @param hidden the mount to hide, or null to see all as it is
     * @param sharedFolders mounts in these are the same on both sides; they are shared mounts
     * @param startsAtOnce how many programs may be starting at the same time; more gain nothing and
     *     make each wait longer. Source: pod-runtime §3
     */
    MountView(@Nullable Path hidden, List<Path> sharedFolders, int startsAtOnce) {
        this.hidden = hidden;
        this.sharedFolders = List.copyOf(sharedFolders);
        threads =
                new ThreadPoolExecutor(
                        startsAtOnce,
                        startsAtOnce,
                        IDLE_SECONDS,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        work -> new Starter(this, work));
        threads.allowCoreThreadTimeOut(true);
    }

    /** Whether it is a copy, which may lack what was mounted after it was made. */
    boolean isCopy() {
        return hidden != null;
    }

    /** Does work on one of the threads. It is not broken off when the caller is interrupted. */
    <T> T call(Callable<T> work) throws IOException, InterruptedException {
        try {
            return threads.submit(
                            () -> {
                                ((Starter) Thread.currentThread()).check();
                                return work.call();
                            })
                    .get();
        } catch (ExecutionException failed) {
            switch (failed.getCause()) {
                case IOException told -> throw told;
                case InterruptedException told -> throw told;
                case RuntimeException bug -> throw bug;
                case Error bug -> throw bug;
                case null, default -> throw new IOException(failed.getCause());
            }
        }
    }

    /** Lets the threads end. */
    @Override
    public void close() {
        threads.shutdown();
        synchronized (this) {
            if (copy >= 0) {
                Libc.close(copy);
                copy = -1;
            }
        }
    }

    /** What files are, for comparing between mount tables; all must exist. */
    static List<Seen> seen(List<Path> paths) throws IOException {
        var all = new ArrayList<Seen>();
        for (var path : paths) {
            var what = Files.readAttributes(path, "unix:dev,ino");
            all.add(new Seen(what.get("dev"), what.get("ino")));
        }
        return all;
    }

    record Seen(@Nullable Object device, @Nullable Object inode) {}

    private synchronized void enter() throws IOException {
        if (hidden == null) {
            return;
        }
        if (copy >= 0) {
            Libc.unshare(Libc.CLONE_FS);
            Libc.setns(copy, Libc.CLONE_NEWNS);
            return;
        }
        Libc.unshare(Libc.CLONE_NEWNS);
        // Hiding must not be seen outside; one by one, because a slave cannot become a peer again.
        for (var mount : MountTable.read().mounts()) {
            if (sharedFolders.stream().noneMatch(mount.point()::startsWith)) {
                makeSlave(mount.point());
            }
        }
        Libc.umount(hidden.toString(), Libc.MNT_DETACH);
        copy = Libc.open("/proc/thread-self/ns/mnt", Libc.O_RDONLY);
    }

    private static void makeSlave(Path point) throws Errno {
        try {
            Libc.mount(null, point.toString(), null, Libc.MS_SLAVE, null);
        } catch (Errno failed) {
            // Something is mounted over the way there, so that nobody can reach it.
            if (failed.number() != Errno.EINVAL && failed.number() != Errno.ENOENT) {
                throw failed;
            }
        }
    }

    private static final class Starter extends Thread {
        private volatile @Nullable IOException failed;

        private Starter(MountView view, Runnable work) {
            super(
                    () -> {
                        var self = (Starter) Thread.currentThread();
                        try {
                            view.enter();
                        } catch (IOException told) {
                            self.failed = told;
                        }
                        work.run();
                    },
                    "berth-starter");
            setDaemon(true);
        }

        private void check() throws IOException {
            if (failed != null) {
                throw new IOException(
                        "cannot start programs: " + Objects.requireNonNull(failed).getMessage(),
                        failed);
            }
        }
    }
}
