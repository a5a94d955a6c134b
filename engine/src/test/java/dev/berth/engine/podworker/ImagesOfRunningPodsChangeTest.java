package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import dev.berth.testkit.FakeImages;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ImagesOfRunningPodsChangeTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.images.onMachine("newer", FakeImages.SHELL);
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void newer(Pod pod) throws Exception {
        var spec =
                aPod().on(String.valueOf(pod.spec().nodeName()))
                        .restartPolicy(pod.spec().restartPolicy())
                        .container(aContainer("main").image("newer"))
                        .build()
                        .spec();
        bench.api.update(pod.key(), before -> new Pod(before.metadata(), spec, before.status()));
        bench.settle();
    }

    @Test
    void a_running_container_is_stopped_and_started_with_the_new_image() throws Exception {
        var pod =
                bench.run(aPod().restartPolicy(RestartPolicy.NEVER).container(aContainer("main")));
        newer(pod);
        bench.pass(Duration.ofSeconds(40));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        assertThat(bench.container(pod, "main").image()).contains("newer");
        assertThat(bench.events(pod))
                .contains("Killing: Container main definition changed, will be restarted");
    }

    @Test
    void a_container_that_waits_for_its_back_off_waits_no_longer() throws Exception {
        bench.runtime.behaving(plan ->
                plan.attempt() < 4 ? Behaviour.ends(Duration.ofSeconds(1), 1) : Behaviour.RUNS);
        var pod = bench.run(aPod().container(aContainer("main")));
        bench.pass(Duration.ofSeconds(50));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(3);
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Waiting.class);
        newer(pod);
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(4);
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Running.class);
    }

    @Test
    void an_image_that_is_the_same_changes_nothing() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main").image("newer")));
        newer(pod);
        bench.restart();
        bench.pass(Duration.ofMinutes(1));
        assertThat(bench.container(pod, "main").restartCount()).isZero();
    }

    @Test
    void what_was_changed_while_berth_was_down_is_noticed() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main")));
        bench.workers.close();
        var spec =
                aPod().on(String.valueOf(pod.spec().nodeName()))
                        .container(aContainer("main").image("newer"))
                        .build()
                        .spec();
        bench.api.update(pod.key(), before -> new Pod(before.metadata(), spec, before.status()));
        bench.restart();
        bench.pass(Duration.ofSeconds(40));
        assertThat(bench.container(pod, "main").image()).contains("newer");
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        assertThat(bench.events(pod))
                .contains("Killing: Container main definition changed, will be restarted");
    }

    @Test
    void a_sidecar_gets_its_new_image_too() throws Exception {
        var pod =
                bench.run(aPod().init(aContainer("side").sidecar()).container(aContainer("main")));
        var spec =
                aPod().on(String.valueOf(pod.spec().nodeName()))
                        .init(aContainer("side").sidecar().image("newer"))
                        .container(aContainer("main"))
                        .build()
                        .spec();
        bench.api.update(pod.key(), before -> new Pod(before.metadata(), spec, before.status()));
        bench.settle();
        bench.pass(Duration.ofSeconds(40));
        assertThat(bench.now(pod).status().initContainers().getFirst().image()).contains("newer");
        assertThat(bench.container(pod, "main").restartCount()).isZero();
        assertThat(bench.events(pod)).contains("Killing: Init container side definition changed");
    }
}
