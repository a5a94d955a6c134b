package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.port.PodFiles.Owner;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.Vpc;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BerthStartsAgainTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void what_runs_is_adopted_and_nothing_is_started_or_written_twice() throws Exception {
        var pod = bench.run(aPod().init(aContainer("i").command("sh", "-c", "exit 0")));
        var calls = bench.runtime.calls();
        var writes = bench.api.calls(Call.WRITE_STATUS);
        var before = bench.now(pod).status();
        bench.restart();
        bench.pass(Duration.ofMinutes(1));
        assertThat(bench.now(pod).status()).isEqualTo(before);
        assertThat(bench.runtime.calls()).isEqualTo(calls);
        assertThat(bench.api.calls(Call.WRITE_STATUS)).isEqualTo(writes);
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void an_end_that_happened_meanwhile_is_reported_with_its_code() throws Exception {
        var pod = bench.run(aPod().restartPolicy(RestartPolicy.NEVER));
        bench.workers.close();
        bench.runtime.end(bench.id(pod, "main", 0), 42);
        bench.restart();
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
        assertThat(bench.container(pod, "main").state())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> assertThat(ended.exitCode()).isEqualTo(42));
    }

    @Test
    void what_ended_meanwhile_is_started_again_with_one_restart_more() throws Exception {
        var pod = bench.run(aPod());
        bench.workers.close();
        bench.runtime.end(bench.id(pod, "main", 0), 1);
        bench.restart();
        bench.settle();
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(1);
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Running.class);
    }

    @Test
    void a_deletion_that_happened_meanwhile_is_done() throws Exception {
        var pod = bench.run(aPod());
        bench.workers.close();
        bench.api.delete(pod.key());
        bench.restart();
        bench.settle();
        assertThat(bench.api.pods()).isEmpty();
        bench.assertEmptyMachine();
    }

    @Test
    void what_is_left_of_a_pod_that_is_gone_is_removed() throws Exception {
        var pod = bench.run(aPod());
        bench.workers.close();
        bench.api.deletePod(pod.key(), pod.uid(), 0);
        bench.restart();
        bench.pass(Duration.ofSeconds(2));
        bench.assertEmptyMachine();
    }

    @Test
    void pods_of_other_clusters_are_left_alone() throws Exception {
        bench.files.prepare("uid-9", new Owner("other", "default", "theirs"));
        bench.runtime.createPodGroup("uid-9", 1024, 0, 0, 0);
        bench.restart();
        bench.pass(Duration.ofSeconds(5));
        assertThat(bench.runtime.podGroups()).containsExactly("uid-9");
    }

    @Test
    void what_belongs_to_nobody_is_removed_before_anything_starts() throws Exception {
        var pod = bench.run(aPod());
        bench.workers.close();
        bench.runtime.createPodGroup("uid-8", 1024, 0, 0, 0);
        bench.network.attach(new Attachment("uid-8", Bench.VPC, "172.16.1.200", "x"));
        var image = bench.images.find("busybox").orElseThrow();
        bench.images.mount(image, "ab");
        bench.images.mountReadOnly(image, "uid-8.cd", null);
        bench.images.mountReadOnly(image, pod.uid() + ".cd", null);
        new PodRemains(bench.machine).removeOwnerless();
        assertThat(bench.runtime.podGroups()).containsExactly(pod.uid());
        assertThat(bench.network.attached()).containsOnlyKeys(pod.uid());
        assertThat(bench.images.mounted())
                .containsExactlyInAnyOrder(bench.id(pod, "main", 0), pod.uid() + ".cd");
    }

    @Test
    void all_pods_of_a_cluster_can_be_taken_away() throws Exception {
        bench.run(aPod().named("a").uid("a"));
        bench.run(aPod().named("b").uid("b"));
        bench.workers.close();
        new PodRemains(bench.machine).removeAll("another");
        assertThat(bench.runtime.list()).hasSize(2);
        new PodRemains(bench.machine).removeAll("lab");
        bench.assertEmptyMachine();
    }

    @Test
    void after_the_machine_started_again_pods_run_again() throws Exception {
        var pod = bench.run(aPod().init(aContainer("i").command("sh", "-c", "exit 0")));
        bench.workers.close();
        bench.runtime.reboot();
        bench.network.reboot();
        bench.network.ensureVpc(new Vpc(Bench.VPC, List.of("172.16.0.0/16"), List.of()));
        bench.restart();
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(1);
        assertThat(bench.container(pod, "main").lastState())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> assertThat(ended.reason()).isEqualTo("ContainerStatusUnknown"));
        assertThat(bench.runtime.calls().stream().filter("start i#1"::equals)).hasSize(1);
    }

    @Test
    void after_the_machine_started_again_a_job_has_failed() throws Exception {
        var pod = bench.run(aPod().restartPolicy(RestartPolicy.NEVER));
        bench.workers.close();
        bench.runtime.reboot();
        bench.network.reboot();
        bench.restart();
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
        assertThat(bench.runtime.list()).isEmpty();
    }

    @Test
    void an_end_while_its_pod_is_taken_on_is_not_missed() throws Exception {
        var pod = bench.run(aPod().restartPolicy(RestartPolicy.NEVER));
        bench.workers.close();
        var asked = new AtomicBoolean();
        // A worker begins by asking for its pod's network.
        bench.network.whenAsked(() -> {
            if (asked.compareAndSet(false, true)) {
                bench.runtime.end(bench.id(pod, "main", 0), 42);
            }
        });
        bench.restart();
        bench.settle();
        assertThat(asked).isTrue();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
    }
}
