package dev.berth.adapter.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.Limits;
import dev.berth.port.ContainerRuntime.Mount;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.ContainerRuntime.User;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContainersAreConfinedIT {
    private PodBed bed;
    private String pod;

    @BeforeAll
    void begin() throws Exception {
        bed = new PodBed("confined");
        pod = bed.pod(1);
    }

    @AfterAll
    void end() throws Exception {
        if (bed != null) {
            bed.close();
        }
    }

    @Test
    void a_containers_limits_are_its_cgroups() throws Exception {
        Assumptions.assumeFalse(secondVersion(), "files of the first cgroup version");
        var plan =
                bed.changed(
                        bed.plan(pod, "limits", "sleep", "1000"),
                        change ->
                                new PodBed.Change(
                                        change.mounts(),
                                        new Limits(256, 25_000, 64 << 20),
                                        change.user(),
                                        false,
                                        false,
                                        change.rootfs(),
                                        "/"));
        bed.run(plan);
        assertThat(bed.cgroup("cpu", plan).resolve("cpu.shares")).hasContent("256");
        assertThat(bed.cgroup("cpu", plan).resolve("cpu.cfs_quota_us")).hasContent("25000");
        assertThat(bed.cgroup("memory", plan).resolve("memory.limit_in_bytes"))
                .hasContent(Integer.toString(64 << 20));
        bed.runtime().remove(plan.id());
        assertThat(bed.cgroup("memory", plan)).doesNotExist();
        assertThat(bed.cgroup("devices", plan)).doesNotExist();
    }

    @Test
    void a_pods_limits_are_its_cgroups_and_can_change() throws Exception {
        Assumptions.assumeFalse(secondVersion(), "files of the first cgroup version");
        bed.runtime().createPodGroup("limited", 1024, 250, 512L << 20, 100);
        var memory = Path.of("/sys/fs/cgroup/memory/berth", bed.instance(), "podlimited");
        var cpu = Path.of("/sys/fs/cgroup/cpu/berth", bed.instance(), "podlimited");
        var pids = Path.of("/sys/fs/cgroup/pids/berth", bed.instance(), "podlimited");
        assertThat(memory.resolve("memory.limit_in_bytes")).hasContent("536870912");
        assertThat(cpu.resolve("cpu.cfs_quota_us")).hasContent("25000");
        assertThat(pids.resolve("pids.max")).hasContent("100");
        bed.runtime().createPodGroup("limited", 1024, 500, 1024L << 20, 0);
        assertThat(memory.resolve("memory.limit_in_bytes")).hasContent("1073741824");
        assertThat(pids.resolve("pids.max")).hasContent("max");
        bed.runtime().createPodGroup("limited", 1024, 500, 256L << 20, 0);
        assertThat(memory.resolve("memory.limit_in_bytes")).hasContent("268435456");
        bed.runtime().removePodGroup("limited");
        assertThat(memory).doesNotExist();
    }

    @Test
    void running_out_of_its_own_memory_is_told() throws Exception {
        var plan = limitedTo(64L << 20, bed.plan(pod, "greedy", "tail", "/dev/zero"));
        bed.run(plan);
        var exit = bed.exitOf(plan);
        assertThat(exit.outOfMemory()).isTrue();
        assertThat(exit.exitCode()).isEqualTo(137);
    }

    @Test
    void running_out_of_the_pods_memory_is_told_too() throws Exception {
        var other = bed.pod(2);
        bed.runtime().createPodGroup(other, 1024, 0, 64L << 20, 0);
        var plan = bed.plan(other, "greedy-pod", "tail", "/dev/zero");
        bed.run(plan);
        var exit = bed.exitOf(plan);
        assertThat(exit.outOfMemory()).isTrue();
        assertThat(exit.exitCode()).isEqualTo(137);
    }

    @Test
    void system_calls_are_filtered_and_host_devices_are_out_of_reach() throws Exception {
        var script =
                "grep Seccomp: /proc/self/status; unshare -m true 2>&1; "
                        + "mount -t tmpfs none /tmp 2>&1; mknod /tmp/disk$$ b 254 0;  "
                        + "dd if=/tmp/disk$$ count=1 2>&1; cat /proc/keys | wc -c; touch /proc/sys/kernel/x 2>&1; "
                        + "touch /sys/x 2>&1";
        // The first has its filter compiled, the second is given the first one's.
        assertFiltered(bed.output(bed.plan(pod, "compiled", "sh", "-c", script)));
        assertFiltered(bed.output(bed.plan(pod, "filtered", "sh", "-c", script)));
        var plan = bed.plan(pod, "inside", "sleep", "1000");
        bed.run(plan);
        assertThat(bed.data().resolve("runtime/containers/" + plan.id() + "/config.json"))
                .content()
                .contains(CompiledFilters.ANNOTATION);
        var inside = new ExecPlan(List.of("sh", "-c", script), false, false);
        try (var execution = bed.runtime().exec(plan.id(), inside)) {
            assertFiltered(new String(execution.stdout().readAllBytes(), UTF_8).lines().toList());
        }
        bed.runtime().remove(plan.id());
    }

    private static void assertFiltered(List<String> lines) {
        assertThat(lines.getFirst()).matches("Seccomp:\\s+2");
        assertThat(lines).anyMatch(line -> line.contains("unshare") && line.contains("not perm"));
        assertThat(lines).anyMatch(line -> line.contains("mount") && line.contains("denied"));
        assertThat(lines).anyMatch(line -> line.contains("dd") && line.contains("not permit"));
        assertThat(lines).contains("0");
        assertThat(lines).anyMatch(line -> line.contains("Read-only file system"));
    }

    @Test
    void it_runs_as_told_where_told_and_with_the_limits_told() throws Exception {
        var plan =
                bed.changed(
                        bed.plan(
                                pod,
                                "someone",
                                "sh",
                                "-c",
                                "id; pwd; ulimit -n; ulimit -Hn; hostname; "
                                        + "grep CapEff /proc/self/status"),
                        change ->
                                new PodBed.Change(
                                        List.of(),
                                        change.limits(),
                                        new User(1000, 2000, List.of(3000L)),
                                        false,
                                        false,
                                        change.rootfs(),
                                        "/made/for/it"));
        var lines = bed.output(plan);
        assertThat(lines.get(0)).contains("uid=1000").contains("gid=2000").contains("3000");
        assertThat(lines.get(1)).isEqualTo("/made/for/it");
        assertThat(lines.get(2)).isEqualTo("1024");
        assertThat(Long.parseLong(lines.get(3))).isGreaterThan(1024);
        assertThat(lines.get(4)).isEqualTo("web-1");
        assertThat(lines.get(5)).matches("CapEff:\\s+0+");
    }

    @Test
    void mounts_are_where_they_should_be_and_as_writable() throws Exception {
        var source = Files.createDirectories(bed.data().resolve("volume"));
        Files.writeString(source.resolve("file"), "content\n");
        var file = Files.writeString(bed.data().resolve("hosts"), "127.0.0.1 localhost\n");
        var plan =
                bed.changed(
                        bed.plan(
                                pod,
                                "mounts",
                                "sh",
                                "-c",
                                "cat /volume/file; touch /volume/new 2>&1; cat /etc/hosts; "
                                        + "echo x > /writable/new && cat /writable/new; "
                                        + "grep ' /scratch ' /proc/self/mounts"),
                        change ->
                                new PodBed.Change(
                                        List.of(
                                                new Mount(source.toString(), "/volume", true, true),
                                                new Mount(
                                                        file.toString(), "/etc/hosts", true, false),
                                                new Mount(
                                                        source.toString(),
                                                        "/writable",
                                                        false,
                                                        false),
                                                new Mount("", "/scratch", false, false)),
                                        change.limits(),
                                        change.user(),
                                        false,
                                        false,
                                        change.rootfs(),
                                        "/"));
        var lines = bed.output(plan);
        assertThat(lines.get(0)).isEqualTo("content");
        assertThat(lines.get(1)).contains("Read-only file system");
        assertThat(lines.get(2)).isEqualTo("127.0.0.1 localhost");
        assertThat(lines.get(3)).isEqualTo("x");
        assertThat(lines.get(4)).startsWith("tmpfs /scratch tmpfs");
        assertThat(source.resolve("new")).hasContent("x");
    }

    @Test
    void a_command_that_is_not_there_is_told_in_cruns_words_and_leaves_nothing() throws Exception {
        var plan = bed.plan(pod, "absent", "/no/such/program");
        assertThatThrownBy(() -> bed.runtime().create(plan))
                .isInstanceOf(RuntimeFailed.class)
                .hasMessageContaining("executable file `/no/such/program` not found in $PATH");
        assertThat(bed.runtime().list()).noneMatch(one -> one.id().equals(plan.id()));
        assertThat(bed.cgroup("memory", plan)).doesNotExist();
        assertThat(bed.data().resolve("runtime/containers").resolve(plan.id())).doesNotExist();
    }

    @Test
    void a_root_that_is_not_there_is_told() {
        var plan =
                bed.changed(
                        bed.plan(pod, "rootless", "true"),
                        change ->
                                new PodBed.Change(
                                        List.of(),
                                        change.limits(),
                                        change.user(),
                                        false,
                                        false,
                                        bed.data().resolve("nowhere"),
                                        "/"));
        assertThatThrownBy(() -> bed.runtime().create(plan))
                .isInstanceOf(RuntimeFailed.class)
                .hasMessageContaining("nowhere");
    }

    private dev.berth.port.ContainerRuntime.ContainerPlan limitedTo(
            long bytes, dev.berth.port.ContainerRuntime.ContainerPlan plan) {
        return bed.changed(
                plan,
                change ->
                        new PodBed.Change(
                                change.mounts(),
                                new Limits(0, 0, bytes),
                                change.user(),
                                false,
                                false,
                                change.rootfs(),
                                "/"));
    }

    private static boolean secondVersion() {
        return Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
    }
}
