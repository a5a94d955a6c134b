package dev.berth.adapter.oci;

import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.core.usage.GroupUse;
import dev.berth.port.ContainerRuntime.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Cgroups of the first version: one tree for each controller. */
final class CgroupTreeV1 extends CgroupTree {
    private static final int SIGKILL = 9;
    private static final long NO_LIMIT = 1L << 62;

    private final Path cpu;
    private final Path memory;
    private final Path pids;
    private final Optional<Path> accounting;
    private final Optional<Path> blocks;
    private final List<Path> hierarchies;

    /**
     * Knows where the trees are.
     *
     * @param accounting the tree that counts CPU time, often the same as {@code cpu}
     * @param blocks the tree that counts what goes to block devices
     * @param hierarchies all trees, also those of controllers that pods are not limited by
     */
    CgroupTreeV1(
            String instance,
            Path cpu,
            Path memory,
            Path pids,
            Optional<Path> accounting,
            Optional<Path> blocks,
            List<Path> hierarchies) {
        super(instance);
        this.cpu = cpu;
        this.memory = memory;
        this.pids = pids;
        this.accounting = accounting;
        this.blocks = blocks;
        this.hierarchies = List.copyOf(hierarchies);
    }

    @Override
    void create(String podUid, long cpuShares, long cpuMillis, long memoryBytes, long pidsMax)
            throws IOException {
        var inCpu = Files.createDirectories(at(cpu, podPath(podUid)));
        var inMemory = Files.createDirectories(at(memory, podPath(podUid)));
        var inPids = Files.createDirectories(at(pids, podPath(podUid)));
        write(inCpu.resolve("cpu.shares"), Long.toString(Math.max(2, cpuShares)));
        write(inCpu.resolve("cpu.cfs_period_us"), Long.toString(PERIOD_MICROS));
        write(
                inCpu.resolve("cpu.cfs_quota_us"),
                cpuMillis == 0
                        ? "-1"
                        : Long.toString(Math.max(1000, cpuMillis * PERIOD_MICROS / 1000)));
        limitMemory(inMemory, memoryBytes == 0 ? "-1" : Long.toString(memoryBytes));
        write(inPids.resolve("pids.max"), pidsMax == 0 ? "max" : Long.toString(pidsMax));
    }

    @Override
    void limit(String path, Limits limits) throws IOException {
        var inCpu = at(cpu, path);
        write(inCpu.resolve("cpu.shares"), Long.toString(Math.max(2, limits.cpuShares())));
        write(
                inCpu.resolve("cpu.cfs_quota_us"),
                limits.cpuQuotaMicros() == 0 ? "-1" : Long.toString(limits.cpuQuotaMicros()));
        limitMemory(
                at(memory, path),
                limits.memoryBytes() == 0 ? "-1" : Long.toString(limits.memoryBytes()));
    }

    /** Memory and swap together may never be less than memory: the order depends on the change. */
    private static void limitMemory(Path folder, String limit) throws IOException {
        var withSwap = folder.resolve("memory.memsw.limit_in_bytes");
        var alone = folder.resolve("memory.limit_in_bytes");
        if (!Files.exists(withSwap)) {
            write(alone, limit);
            return;
        }
        try {
            write(alone, limit);
            write(withSwap, limit);
        } catch (IOException raised) {
            write(withSwap, limit);
            write(alone, limit);
        }
    }

    @Override
    long memoryKills(String path) {
        return counter(at(memory, path).resolve("memory.oom_control"), "oom_kill");
    }

    @Override
    Optional<GroupUse> use(String path, Instant at) {
        var inMemory = at(memory, path);
        if (!Files.isDirectory(inMemory)) {
            return Optional.empty();
        }
        var members = at(pids, path);
        return Optional.of(
                new GroupUse(
                        at,
                        cpu(path),
                        memory(inMemory),
                        members(members, "cgroup.procs"),
                        members(members, "tasks"),
                        blocks.map(tree -> at(tree, path))
                                .map(folder ->
                                        BlockDevices.first(
                                                folder.resolve(
                                                        "blkio.throttle.io_service_bytes_recursive"),
                                                folder.resolve(
                                                        "blkio.throttle.io_serviced_recursive")))
                                .orElse(List.of()),
                        limits(at(cpu, path), inMemory)));
    }

    private GroupUse.Cpu cpu(String path) {
        var quota = Counters.named(at(cpu, path).resolve("cpu.stat"));
        var folder = accounting.map(tree -> at(tree, path));
        return new GroupUse.Cpu(
                folder.map(one -> Counters.one(one.resolve("cpuacct.usage"))).orElse(0L),
                folder.map(one -> Counters.one(one.resolve("cpuacct.usage_user"))).orElse(0L),
                folder.map(one -> Counters.one(one.resolve("cpuacct.usage_sys"))).orElse(0L),
                quota.getOrDefault("nr_periods", 0L),
                quota.getOrDefault("nr_throttled", 0L),
                quota.getOrDefault("throttled_time", 0L));
    }

    private static GroupUse.Memory memory(Path folder) {
        var stat = Counters.named(folder.resolve("memory.stat"));
        return new GroupUse.Memory(
                Counters.one(folder.resolve("memory.usage_in_bytes")),
                Counters.one(folder.resolve("memory.max_usage_in_bytes")),
                stat.getOrDefault("total_rss", 0L),
                stat.getOrDefault("total_cache", 0L),
                stat.getOrDefault("total_mapped_file", 0L),
                stat.getOrDefault("total_active_file", 0L),
                stat.getOrDefault("total_inactive_file", 0L),
                stat.getOrDefault("total_swap", 0L),
                Counters.one(folder.resolve("memory.kmem.usage_in_bytes")),
                Counters.one(folder.resolve("memory.failcnt")),
                stat.getOrDefault("total_pgfault", 0L),
                stat.getOrDefault("total_pgmajfault", 0L),
                counter(folder.resolve("memory.oom_control"), "oom_kill"));
    }

    private static GroupUse.Limits limits(Path inCpu, Path inMemory) {
        return new GroupUse.Limits(
                Counters.one(inCpu.resolve("cpu.shares")),
                Counters.one(inCpu.resolve("cpu.cfs_quota_us")),
                Counters.one(inCpu.resolve("cpu.cfs_period_us")),
                limit(inMemory.resolve("memory.limit_in_bytes")),
                limit(inMemory.resolve("memory.memsw.limit_in_bytes")));
    }

    /** The kernel says "no limit" by the largest number that pages can count. */
    private static long limit(Path file) {
        var bytes = Counters.one(file);
        return bytes >= NO_LIMIT ? 0 : bytes;
    }

    @Override
    List<Path> folders(String path) {
        return hierarchies.stream().map(hierarchy -> at(hierarchy, path)).toList();
    }

    @Override
    void kill(String path) {
        // A process is in a cgroup of every tree; those of pids are enough, and a process that
        // forks meanwhile is met in the next round.
        try {
            for (var folder : deepestFirst(at(pids, path))) {
                for (var pid : pidsIn(folder)) {
                    try {
                        Libc.kill(pid, SIGKILL);
                    } catch (Errno gone) {
                        // Others may be there still.
                    }
                }
            }
        } catch (IOException gone) {
            return;
        }
    }

    private static List<Integer> pidsIn(Path folder) {
        try {
            var pids = new ArrayList<Integer>();
            for (var line : Files.readAllLines(folder.resolve("cgroup.procs"))) {
                pids.add(Integer.valueOf(line.strip()));
            }
            return pids;
        } catch (IOException gone) {
            return List.of();
        }
    }

    private static Path at(Path hierarchy, String path) {
        return hierarchy.resolve(path.substring(1));
    }
}
