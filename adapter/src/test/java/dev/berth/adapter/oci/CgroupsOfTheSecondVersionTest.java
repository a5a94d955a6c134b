package dev.berth.adapter.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.adapter.libc.MountTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgroupsOfTheSecondVersionTest {
    @TempDir private Path root;
    private CgroupTreeV2 tree;

    @BeforeEach
    void makeTheFilesThatTheKernelWould() throws Exception {
        Files.writeString(root.resolve("cgroup.controllers"), "cpuset cpu io memory pids\n");
        var folder = root;
        enable(folder, "cpu");
        for (var name : List.of("berth", "one", "poduid-1")) {
            folder = Files.createDirectory(folder.resolve(name));
            enable(folder, "");
        }
        Files.writeString(folder.resolve("memory.swap.max"), "max\n");
        tree = new CgroupTreeV2("one", root);
    }

    @Test
    void a_pods_limits_are_written_as_the_kernel_wants_them() throws Exception {
        tree.create("uid-1", 256, 250, 512L << 20, 100);
        var pod = root.resolve("berth/one/poduid-1");
        assertThat(pod.resolve("cpu.max")).hasContent("25000 100000");
        assertThat(pod.resolve("cpu.weight")).hasContent("10");
        assertThat(pod.resolve("memory.max")).hasContent("536870912");
        assertThat(pod.resolve("memory.swap.max")).hasContent("0");
        assertThat(pod.resolve("pids.max")).hasContent("100");
    }

    @Test
    void no_limit_is_max() throws Exception {
        tree.create("uid-1", 1024, 0, 0, 0);
        var pod = root.resolve("berth/one/poduid-1");
        assertThat(pod.resolve("cpu.max")).hasContent("max 100000");
        assertThat(pod.resolve("cpu.weight")).hasContent("39");
        assertThat(pod.resolve("memory.max")).hasContent("max");
        assertThat(pod.resolve("memory.swap.max")).hasContent("max");
        assertThat(pod.resolve("pids.max")).hasContent("max");
    }

    @Test
    void controllers_are_enabled_on_the_whole_way_and_only_once() throws Exception {
        tree.create("uid-1", 1024, 0, 0, 0);
        // Plain files keep only the last word; the kernel adds them up.
        assertThat(root.resolve("cgroup.subtree_control")).hasContent("+pids");
        assertThat(root.resolve("berth/one/cgroup.subtree_control")).hasContent("+pids");
        enable(root, "cpu memory pids");
        tree.create("uid-1", 1024, 0, 0, 0);
        assertThat(root.resolve("cgroup.subtree_control")).hasContent("cpu memory pids");
    }

    @Test
    void pods_are_listed_and_killing_is_one_write() throws Exception {
        Files.createDirectory(root.resolve("berth/one/other"));
        assertThat(tree.pods()).containsExactly("uid-1");
        tree.kill(tree.podPath("uid-1"));
        assertThat(root.resolve("berth/one/poduid-1/cgroup.kill")).hasContent("1");
        assertThat(new CgroupTreeV2("two", root).pods()).isEmpty();
    }

    @Test
    void kills_for_memory_are_counted() throws Exception {
        var container = Files.createDirectory(root.resolve("berth/one/poduid-1/abc"));
        assertThat(tree.memoryKills(tree.containerPath("uid-1", "abc"))).isZero();
        Files.writeString(
                container.resolve("memory.events"), "low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\n");
        assertThat(tree.memoryKills(tree.containerPath("uid-1", "abc"))).isEqualTo(2);
    }

    @Test
    void which_version_a_machine_has_is_read_from_its_mounts() {
        var second = "30 1 0:26 / " + root + " rw shared:4 - cgroup2 cgroup2 rw";
        var memory = "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
        var both = "32 1 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct";
        assertThat(cgroups(second).isSecond()).isTrue();
        assertThat(cgroups(second).isMixed()).isFalse();
        assertThat(cgroups(memory, both).isSecond()).isFalse();
        assertThat(cgroups(memory, both).isMixed()).isFalse();
        assertThat(cgroups(second, memory, both).isMixed()).isTrue();
        assertThat(cgroups(second, memory, both).isSecond()).isFalse();
    }

    private static Cgroups cgroups(String... lines) {
        return Cgroups.find(MountTable.parse(List.of(lines)));
    }

    private static void enable(Path folder, String controllers) throws Exception {
        Files.writeString(folder.resolve("cgroup.subtree_control"), controllers + "\n");
    }
}
