package dev.berth.adapter.oci;

import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.port.ContainerRuntime.Limits;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Cgroups of the first version: one tree for each controller. */
final class CgroupTreeV1 extends CgroupTree {
    private static final int SIGKILL = 9;
    private static final long SHARES_PER_CORE = 1024;

    private final Path cpu;
    private final Path memory;
    private final Path pids;
    private final List<Path> hierarchies;

    /**
     * Knows where the trees are.
     *
     * @param hierarchies all trees, also those of controllers that pods are not limited by
     */
    CgroupTreeV1(String instance, Path cpu, Path memory, Path pids, List<Path> hierarchies) {
        super(instance);
        this.cpu = cpu;
        this.memory = memory;
        this.pids = pids;
        this.hierarchies = List.copyOf(hierarchies);
    }

    @Override
    void create(String podUid, long cpuMillis, long memoryBytes, long pidsMax) throws IOException {
        var inCpu = Files.createDirectories(at(cpu, podPath(podUid)));
        var inMemory = Files.createDirectories(at(memory, podPath(podUid)));
        var inPids = Files.createDirectories(at(pids, podPath(podUid)));
        write(
                inCpu.resolve("cpu.shares"),
                Long.toString(
                        Math.max(2, cpuMillis == 0 ? SHARES_PER_CORE : cpuMillis * 1024 / 1000)));
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
