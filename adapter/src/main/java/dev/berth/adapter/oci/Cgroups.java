package dev.berth.adapter.oci;

import dev.berth.adapter.libc.MountTable;
import dev.berth.adapter.libc.MountTable.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How this machine has its cgroups mounted.
 *
 * @param second where the second version is mounted with controllers, if it is
 * @param first the trees of the first version, in the order of the mount table
 */
record Cgroups(Optional<Path> second, List<Mount> first) {
    static Cgroups find(MountTable table) {
        var second =
                table.mounts().stream()
                        .filter(mount -> mount.type().equals("cgroup2"))
                        .map(Mount::point)
                        .filter(Cgroups::hasControllers)
                        .findFirst();
        var first = table.mounts().stream().filter(mount -> mount.type().equals("cgroup")).toList();
        return new Cgroups(second, first);
    }

    /** Whether pods are limited by the second version. */
    boolean isSecond() {
        return first.isEmpty() && second.isPresent();
    }

    /**
     * Whether a part of the controllers is in each version. crun refuses to start anything then.
     * Source: pod-runtime §2.
     */
    boolean isMixed() {
        return !first.isEmpty() && second.isPresent();
    }

    CgroupTree tree(String instance) throws IOException {
        if (isSecond()) {
            return new CgroupTreeV2(instance, second.orElseThrow());
        }
        return new CgroupTreeV1(
                instance,
                controller("cpu"),
                controller("memory"),
                controller("pids"),
                find("cpuacct"),
                find("blkio"),
                first.stream().map(Mount::point).distinct().toList());
    }

    /** Whether memory and swap can be limited together. */
    boolean limitsSwap() throws IOException {
        return isSecond()
                || Files.exists(controller("memory").resolve("memory.memsw.limit_in_bytes"));
    }

    private Optional<Path> find(String name) {
        return first.stream()
                .filter(mount -> List.of(mount.options().split(",", -1)).contains(name))
                .map(Mount::point)
                .findFirst();
    }

    private Path controller(String name) throws IOException {
        return find(name)
                .orElseThrow(() -> new IOException("no cgroup controller " + name + " is mounted"));
    }

    private static boolean hasControllers(Path mount) {
        try {
            return !Files.readString(mount.resolve("cgroup.controllers")).isBlank();
        } catch (IOException unreadable) {
            return false;
        }
    }
}
