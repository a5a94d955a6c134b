package dev.berth.adapter.oci;

import dev.berth.port.ContainerRuntime.Limits;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Cgroups of the second version: one tree for all controllers. */
final class CgroupTreeV2 extends CgroupTree {
    private static final List<String> CONTROLLERS = List.of("cpu", "memory", "pids");

    private final Path root;

    /** Knows where the tree is, usually {@code /sys/fs/cgroup}. */
    CgroupTreeV2(String instance, Path root) {
        super(instance);
        this.root = root;
    }

    @Override
    void create(String podUid, long cpuMillis, long memoryBytes, long pidsMax) throws IOException {
        var folder = root;
        for (var name : podPath(podUid).substring(1).split("/", -1)) {
            enableControllers(folder);
            folder = folder.resolve(name);
            Files.createDirectories(folder);
        }
        enableControllers(folder);
        write(
                folder.resolve("cpu.weight"),
                Long.toString(weight(cpuMillis == 0 ? 1024 : cpuMillis * 1024 / 1000)));
        write(
                folder.resolve("cpu.max"),
                (cpuMillis == 0
                                ? "max"
                                : Long.toString(Math.max(1000, cpuMillis * PERIOD_MICROS / 1000)))
                        + " "
                        + PERIOD_MICROS);
        write(folder.resolve("memory.max"), memoryBytes == 0 ? "max" : Long.toString(memoryBytes));
        var swap = folder.resolve("memory.swap.max");
        if (Files.exists(swap)) {
            write(swap, memoryBytes == 0 ? "max" : "0");
        }
        write(folder.resolve("pids.max"), pidsMax == 0 ? "max" : Long.toString(pidsMax));
    }

    /**
     * The weight, 1 to 10000, for shares of 2 to 262144, by the formula that crun and Kubernetes
     * use: 1024 shares become 39.
     */
    static long weight(long shares) {
        return 1 + (Math.clamp(shares, 2L, 262_144L) - 2) * 9999 / 262_142;
    }

    @Override
    void limit(String path, Limits limits) throws IOException {
        var folder = at(path);
        write(folder.resolve("cpu.weight"), Long.toString(weight(limits.cpuShares())));
        write(
                folder.resolve("cpu.max"),
                (limits.cpuQuotaMicros() == 0 ? "max" : Long.toString(limits.cpuQuotaMicros()))
                        + " "
                        + PERIOD_MICROS);
        write(
                folder.resolve("memory.max"),
                limits.memoryBytes() == 0 ? "max" : Long.toString(limits.memoryBytes()));
    }

    private static void enableControllers(Path folder) throws IOException {
        var file = folder.resolve("cgroup.subtree_control");
        var enabled = List.of(Files.readString(file).strip().split(" ", -1));
        for (var controller : CONTROLLERS) {
            if (!enabled.contains(controller)) {
                write(file, "+" + controller);
            }
        }
    }

    @Override
    long memoryKills(String path) {
        return counter(at(path).resolve("memory.events"), "oom_kill");
    }

    @Override
    List<Path> folders(String path) {
        return List.of(at(path));
    }

    @Override
    void kill(String path) {
        try {
            write(at(path).resolve("cgroup.kill"), "1");
        } catch (IOException gone) {
            return;
        }
    }

    private Path at(String path) {
        return root.resolve(path.substring(1));
    }
}
