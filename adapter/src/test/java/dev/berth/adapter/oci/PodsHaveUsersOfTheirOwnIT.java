package dev.berth.adapter.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.Mount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real namespaces and containers; the root of a pod is nobody on this machine. */
@Timeout(120)
class PodsHaveUsersOfTheirOwnIT {
    private PodBed bed;

    @BeforeEach
    void begin() throws Exception {
        bed = new PodBed("users");
    }

    @AfterEach
    void end() throws Exception {
        if (bed != null) {
            bed.destroyAll();
            assertThat(bed.traces()).isEmpty();
            bed.close();
        }
    }

    @Test
    void root_inside_is_nobody_outside_and_files_keep_the_numbers_inside() throws Exception {
        var pod = bed.podWithOwnUsers(1);
        var volume = Files.createDirectory(bed.data().resolve("volume"));
        var plan =
                bed.planForOwnUsers(
                        pod,
                        "main",
                        List.of(new Mount(volume.toString(), "/v", false, false)),
                        null,
                        "sh",
                        "-c",
                        "cat /proc/self/uid_map; echo x > /v/new; stat -c %u:%g /v/new /v;"
                                + " hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start;"
                                + " ls /sys/class/net; sleep 1000");
        bed.run(plan);
        assertThat(in(plan, "stat -c %u:%g /v/new; hostname; ls /sys/class/net"))
                .isEqualTo("0:0\nweb-1\neth0\nlo\n");
        assertThat(
                        in(
                                plan,
                                "cat /proc/sys/net/ipv4/ip_unprivileged_port_start; ping -c1"
                                        + " 127.0.0.1 > /dev/null && echo lo"))
                .isEqualTo("80\nlo\n");
        assertThat(Files.getAttribute(volume.resolve("new"), "unix:uid")).isEqualTo(0);
        var outside = Path.of("/proc/" + bed.runtime().list().getFirst().pid());
        assertThat(Files.getAttribute(outside, "unix:uid")).isEqualTo((int) firstId(pod));
    }

    @Test
    void the_range_is_the_pods_alone_and_another_life_of_Berth_remembers_it() throws Exception {
        var one = bed.podWithOwnUsers(1);
        var plan = bed.planForOwnUsers(one, "main", List.of(), null, "sleep", "1000");
        bed.run(plan);
        var before = bed.network().sandbox(one);
        bed.restart();
        assertThat(bed.network().sandbox(one)).isEqualTo(before);
        var two = bed.podWithOwnUsers(2);
        assertThat(firstId(two)).isNotEqualTo(firstId(one));
        assertThat(in(plan, "cat /proc/self/uid_map").strip().split(" +", -1))
                .containsExactly("0", Long.toString(firstId(one)), "65536");
        var freed = firstId(one);
        bed.runtime().remove(plan.id());
        bed.network().detach(one);
        assertThat(firstId(bed.podWithOwnUsers(3))).isEqualTo(freed);
    }

    @Test
    void containers_of_one_pod_are_the_same_users_and_may_share_processes() throws Exception {
        var pod = bed.podWithOwnUsers(1);
        var first = bed.planForOwnUsers(pod, "first", List.of(), null, "sleep", "1000");
        bed.run(first);
        var second = bed.planForOwnUsers(pod, "second", List.of(), first.id(), "sleep", "2000");
        bed.run(second);
        assertThat(in(second, "ps -o args")).contains("sleep 1000", "sleep 2000");
        assertThat(in(second, "kill -9 1 && echo may; readlink /proc/self/ns/user"))
                .startsWith("may\n")
                .contains(in(first, "readlink /proc/self/ns/user"));
    }

    private long firstId(String pod) {
        return Objects.requireNonNull(bed.network().sandbox(pod).orElseThrow().users()).firstId();
    }

    private String in(ContainerPlan plan, String command) throws Exception {
        try (var execution =
                bed.runtime()
                        .exec(
                                plan.id(),
                                new ExecPlan(List.of("sh", "-c", command), false, false))) {
            var said = new String(execution.stdout().readAllBytes(), UTF_8);
            execution.await();
            return said;
        }
    }
}
