package dev.berth.adapter.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.usage.GroupUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both versions of cgroups, as trees of plain files, tell the same. */
class UseIsReadFromCgroupsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final GroupUse EXPECTED =
            new GroupUse(
                    NOW,
                    new GroupUse.Cpu(3_000_000, 2_000_000, 1_000_000, 7, 2, 500_000),
                    new GroupUse.Memory(1000, 2000, 300, 400, 50, 60, 70, 0, 80, 9, 11, 12, 1),
                    2,
                    3,
                    List.of(new GroupUse.Device("999:1", 10, 20, 3, 4)),
                    new GroupUse.Limits(256, 25_000, 100_000, 4096, 4096));

    @TempDir private Path root;

    @Test
    void of_the_first_version() throws Exception {
        for (var name : List.of("cpu", "cpuacct", "memory", "pids", "blkio")) {
            Files.createDirectories(root.resolve(name + "/berth/one/poduid/c1"));
        }
        file("cpu", "cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 500000\n");
        file("cpu", "cpu.shares", "256\n");
        file("cpu", "cpu.cfs_quota_us", "25000\n");
        file("cpu", "cpu.cfs_period_us", "100000\n");
        file("cpuacct", "cpuacct.usage", "3000000\n");
        file("cpuacct", "cpuacct.usage_user", "2000000\n");
        file("cpuacct", "cpuacct.usage_sys", "1000000\n");
        file("memory", "memory.usage_in_bytes", "1000\n");
        file("memory", "memory.max_usage_in_bytes", "2000\n");
        file("memory", "memory.kmem.usage_in_bytes", "80\n");
        file("memory", "memory.failcnt", "9\n");
        file("memory", "memory.limit_in_bytes", "4096\n");
        file("memory", "memory.memsw.limit_in_bytes", "4096\n");
        file("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
        file(
                "memory",
                "memory.stat",
                """
                rss 1
                total_rss 300
                total_cache 400
                total_mapped_file 50
                total_active_file 60
                total_inactive_file 70
                total_swap 0
                total_pgfault 11
                total_pgmajfault 12
                """);
        file("pids", "cgroup.procs", "1\n");
        file("pids", "tasks", "1\n2\n");
        file("pids", "c1/cgroup.procs", "3\n");
        file("pids", "c1/tasks", "3\n");
        file(
                "blkio",
                "blkio.throttle.io_service_bytes_recursive",
                "999:1 Read 10\n999:1 Write 20\n999:1 Sync 30\n999:1 Total 30\nTotal 30\n");
        file(
                "blkio",
                "blkio.throttle.io_serviced_recursive",
                "999:1 Read 3\n999:1 Write 4\nTotal 7\n");
        var tree =
                new CgroupTreeV1(
                        "one",
                        root.resolve("cpu"),
                        root.resolve("memory"),
                        root.resolve("pids"),
                        Optional.of(root.resolve("cpuacct")),
                        Optional.of(root.resolve("blkio")),
                        List.of());
        assertThat(tree.use(tree.podPath("uid"), NOW)).contains(EXPECTED);
        assertThat(tree.use(tree.podPath("other"), NOW)).isEmpty();
    }

    @Test
    void no_limit_of_the_first_version_is_none() throws Exception {
        Files.createDirectories(root.resolve("memory/berth/one/poduid"));
        file("memory", "memory.limit_in_bytes", "9223372036854771712\n");
        var none = root.resolve("none");
        var tree =
                new CgroupTreeV1(
                        "one",
                        none,
                        root.resolve("memory"),
                        none,
                        Optional.empty(),
                        Optional.empty(),
                        List.of());
        var use = tree.use(tree.podPath("uid"), NOW).orElseThrow();
        assertThat(use.limits().memoryBytes()).isZero();
        assertThat(use.cpu().totalNanos()).isZero();
    }

    @Test
    void of_the_second_version() throws Exception {
        Files.createDirectories(root.resolve("all/berth/one/poduid/c1"));
        file(
                "all",
                "cpu.stat",
                """
                usage_usec 3000
                user_usec 2000
                system_usec 1000
                nr_periods 7
                nr_throttled 2
                throttled_usec 500
                """);
        file("all", "cpu.weight", "10\n");
        file("all", "cpu.max", "25000 100000\n");
        file("all", "memory.current", "1000\n");
        file("all", "memory.peak", "2000\n");
        file("all", "memory.max", "4096\n");
        file("all", "memory.swap.current", "0\n");
        file("all", "memory.swap.max", "0\n");
        file("all", "memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n");
        file(
                "all",
                "memory.stat",
                """
                anon 300
                file 400
                file_mapped 50
                active_file 60
                inactive_file 70
                kernel 80
                pgfault 11
                pgmajfault 12
                """);
        file("all", "cgroup.procs", "1\n");
        file("all", "cgroup.threads", "1\n2\n");
        file("all", "c1/cgroup.procs", "3\n");
        file("all", "c1/cgroup.threads", "3\n");
        file("all", "io.stat", "999:1 rbytes=10 wbytes=20 rios=3 wios=4 dbytes=0 dios=0\n");
        var tree = new CgroupTreeV2("one", root.resolve("all"));
        var use = tree.use(tree.podPath("uid"), NOW).orElseThrow();
        assertThat(use.cpu()).isEqualTo(EXPECTED.cpu());
        assertThat(use.memory()).isEqualTo(EXPECTED.memory());
        assertThat(use.devices()).isEqualTo(EXPECTED.devices());
        assertThat(use.processes()).isEqualTo(2);
        assertThat(use.threads()).isEqualTo(3);
        assertThat(use.limits().memoryBytes()).isEqualTo(4096);
        assertThat(use.limits().cpuQuotaMicros()).isEqualTo(25_000);
        // The weight is coarser than shares: it comes back within one step of it.
        assertThat(use.limits().cpuShares()).isBetween(230L, 282L);
    }

    private void file(String tree, String name, String text) throws IOException {
        Files.writeString(root.resolve(tree + "/berth/one/poduid").resolve(name), text);
    }
}
