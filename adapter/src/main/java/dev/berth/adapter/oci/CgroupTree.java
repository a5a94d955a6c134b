package dev.berth.adapter.oci;

import dev.berth.core.usage.GroupUse;
import dev.berth.port.ContainerRuntime.Limits;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The cgroups of pods: {@code /berth/<instance>/pod<uid>} with the pod's limits, and in it one for
 * each container. The kernel has two versions of this; both are told apart once, at the start.
 */
abstract sealed class CgroupTree permits CgroupTreeV1, CgroupTreeV2 {
    /** The period of a CPU quota, as Kubernetes has it. */
    static final long PERIOD_MICROS = 100_000;

    private static final long KILL_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final String POD = "pod";

    private final String instance;

    CgroupTree(String instance) {
        this.instance = instance;
    }

    /** The path of this instance's cgroup, from the root of the tree. */
    final String instancePath() {
        return "/berth/" + instance;
    }

    final String podPath(String podUid) {
        return instancePath() + "/" + POD + podUid;
    }

    final String containerPath(String podUid, String id) {
        return podPath(podUid) + "/" + id;
    }

    /** Makes a pod's cgroup exist with these limits; 0 means none. */
    abstract void create(
            String podUid, long cpuShares, long cpuMillis, long memoryBytes, long pidsMax)
            throws IOException;

    /** Gives a container's cgroup other limits; 0 means none. */
    abstract void limit(String path, Limits limits) throws IOException;

    /** How often the kernel killed a process of this cgroup for memory, its own limit or above. */
    abstract long memoryKills(String path);

    /** What the processes at and below a path use; empty when there is no such cgroup. */
    abstract Optional<GroupUse> use(String path, Instant at);

    /** The folders that stand for the path, one for each hierarchy; not all need exist. */
    abstract List<Path> folders(String path);

    /** Kills every process at or below a path; they may live a moment longer. */
    abstract void kill(String path);

    /** The pods that have a cgroup. */
    final List<String> pods() throws IOException {
        var pods = new java.util.TreeSet<String>();
        for (var folder : folders(instancePath())) {
            for (var child : children(folder)) {
                var name = String.valueOf(child.getFileName());
                if (name.startsWith(POD)) {
                    pods.add(name.substring(POD.length()));
                }
            }
        }
        return List.copyOf(pods);
    }

    /**
     * Takes a cgroup and all below it away, killing what is left in it.
     *
     * @throws IOException when processes are still there after five seconds
     */
    final void remove(String path) throws IOException {
        var begin = System.nanoTime();
        while (true) {
            var left = firstLeft(path);
            if (left == null) {
                return;
            }
            kill(path);
            if (System.nanoTime() - begin > KILL_NANOS) {
                throw new IOException("cgroup " + path + " does not become empty", left);
            }
            // The kernel tells of the end of a cgroup's last process only in the second version;
            // a killed process takes well under a millisecond, so this is one round, seldom two.
            LockSupport.parkNanos(500_000);
        }
    }

    /** Removes this instance's cgroup, and Berth's when it is empty then. */
    final void removeInstance() throws IOException {
        remove(instancePath());
        for (var folder : folders("/berth")) {
            try {
                Files.deleteIfExists(folder);
            } catch (FileSystemException others) {
                // Another instance's.
            }
        }
    }

    private @Nullable IOException firstLeft(String path) throws IOException {
        IOException left = null;
        for (var folder : folders(path)) {
            for (var one : deepestFirst(folder)) {
                try {
                    removeFolder(one);
                } catch (NoSuchFileException gone) {
                    // Somebody else was faster.
                } catch (FileSystemException busy) {
                    left = busy;
                }
            }
        }
        return left;
    }

    /** Overridden for trees of plain files. */
    void removeFolder(Path folder) throws IOException {
        try {
            Files.delete(folder);
        } catch (DirectoryNotEmptyException busy) {
            throw new FileSystemException(folder.toString(), null, "not empty");
        }
    }

    static List<Path> deepestFirst(Path folder) throws IOException {
        var all = new ArrayList<Path>();
        collect(folder, all);
        return all.reversed();
    }

    private static void collect(Path folder, List<Path> into) throws IOException {
        if (Files.isDirectory(folder)) {
            into.add(folder);
            for (var child : children(folder)) {
                collect(child, into);
            }
        }
    }

    /** How many processes or threads there are at and below a folder, each a line of a file. */
    static long members(Path folder, String file) {
        try {
            var all = 0L;
            for (var one : deepestFirst(folder)) {
                all += Counters.lines(one.resolve(file)).size();
            }
            return all;
        } catch (IOException gone) {
            return 0;
        }
    }

    private static List<Path> children(Path folder) throws IOException {
        try (var children = Files.newDirectoryStream(folder, Files::isDirectory)) {
            var all = new ArrayList<Path>();
            children.forEach(all::add);
            return all;
        } catch (NoSuchFileException gone) {
            return List.of();
        }
    }

    static void write(Path file, String value) throws IOException {
        Files.writeString(file, value);
    }

    /** The number after a word at the beginning of a line; 0 when there is none. */
    static long counter(Path file, String word) {
        try {
            for (var line : Files.readAllLines(file)) {
                if (line.startsWith(word + " ")) {
                    return Long.parseLong(line.substring(word.length() + 1).strip());
                }
            }
        } catch (IOException gone) {
            return 0;
        }
        return 0;
    }
}
