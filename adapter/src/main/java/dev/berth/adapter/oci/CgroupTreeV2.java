package dev.berth.adapter.oci;

import dev.berth.core.usage.GroupUse;
import dev.berth.port.ContainerRuntime.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

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
    void create(String podUid, long cpuShares, long cpuMillis, long memoryBytes, long pidsMax)
            throws IOException {
        var folder = root;
        for (var name : podPath(podUid).substring(1).split("/", -1)) {
            enableControllers(folder);
            folder = folder.resolve(name);
            Files.createDirectories(folder);
        }
        enableControllers(folder);
        write(folder.resolve("cpu.weight"), Long.toString(weight(cpuShares)));
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
    Optional<GroupUse> use(String path, Instant at) {
        var folder = at(path);
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        return Optional.of(
                new GroupUse(
                        at,
                        cpu(folder),
                        memory(folder),
                        members(folder, "cgroup.procs"),
                        members(folder, "cgroup.threads"),
                        BlockDevices.second(folder.resolve("io.stat")),
                        limits(folder)));
    }

    private static GroupUse.Cpu cpu(Path folder) {
        var stat = Counters.named(folder.resolve("cpu.stat"));
        return new GroupUse.Cpu(
                1000 * stat.getOrDefault("usage_usec", 0L),
                1000 * stat.getOrDefault("user_usec", 0L),
                1000 * stat.getOrDefault("system_usec", 0L),
                stat.getOrDefault("nr_periods", 0L),
                stat.getOrDefault("nr_throttled", 0L),
                1000 * stat.getOrDefault("throttled_usec", 0L));
    }

    private static GroupUse.Memory memory(Path folder) {
        var stat = Counters.named(folder.resolve("memory.stat"));
        var events = Counters.named(folder.resolve("memory.events"));
        return new GroupUse.Memory(
                Counters.one(folder.resolve("memory.current")),
                Counters.one(folder.resolve("memory.peak")),
                stat.getOrDefault("anon", 0L),
                stat.getOrDefault("file", 0L),
                stat.getOrDefault("file_mapped", 0L),
                stat.getOrDefault("active_file", 0L),
                stat.getOrDefault("inactive_file", 0L),
                Counters.one(folder.resolve("memory.swap.current")),
                stat.getOrDefault("kernel", 0L),
                events.getOrDefault("max", 0L),
                stat.getOrDefault("pgfault", 0L),
                stat.getOrDefault("pgmajfault", 0L),
                events.getOrDefault("oom_kill", 0L));
    }

    /** The weight is told in the first version's shares, as all metrics count. */
    private static GroupUse.Limits limits(Path folder) {
        var weight = Counters.one(folder.resolve("cpu.weight"));
        var max = Counters.lines(folder.resolve("cpu.max"));
        var cpu = max.isEmpty() ? new String[0] : max.getFirst().split(" ", -1);
        var memory = Counters.one(folder.resolve("memory.max"));
        return new GroupUse.Limits(
                weight == 0 ? 0 : 2 + (weight - 1) * 262_142 / 9999,
                cpu.length == 2 ? Counters.number(cpu[0]) : 0,
                cpu.length == 2 ? Counters.number(cpu[1]) : 0,
                memory,
                memory == 0 ? 0 : memory + Counters.one(folder.resolve("memory.swap.max")));
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
