package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RestartRulesOfContainersTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private Pod together() throws Exception {
        bench.runtime.behaving(plan ->
                plan.name().equals("init")
                        ? Behaviour.ends(Duration.ofSeconds(1), 0)
                        : Behaviour.RUNS);
        return bench.run(
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .init(aContainer("init"))
                        .container(
                                aContainer("main")
                                        .restartPolicy("Never")
                                        .onExit("RestartAllContainers", 42))
                        .container(aContainer("other")));
    }

    @Test
    void a_container_restarts_in_a_pod_that_never_does() throws Exception {
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.NEVER)
                                .container(
                                        aContainer("main")
                                                .restartPolicy("Never")
                                                .onExit("Restart", 42)));
        bench.runtime.end(bench.id(pod, "main", 0), 42);
        bench.settle();
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Running.class);
        bench.runtime.end(bench.id(pod, "main", 1), 7);
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void all_containers_begin_anew_in_their_order() throws Exception {
        var pod = together();
        bench.pass(Duration.ofSeconds(10));
        bench.runtime.end(bench.id(pod, "main", 0), 42);
        bench.settle();
        bench.pass(Duration.ofSeconds(5));
        assertThat(bench.runtime.calls().stream().filter(call -> call.startsWith("start")))
                .containsExactly(
                        "start init#0",
                        "start main#0",
                        "start other#0",
                        "start init#1",
                        "start main#1",
                        "start other#1");
        var status = bench.now(pod).status();
        assertThat(status.phase()).isEqualTo(Phase.RUNNING);
        assertThat(status.everyContainer()).allMatch(one -> one.restartCount() == 1);
        assertThat(status.conditionsByType().get("Initialized").status()).isEqualTo("True");
        assertThat(status.conditionsByType().get("AllContainersRestarting").status())
                .isEqualTo("False");
        assertThat(((ContainerState.Terminated) bench.container(pod, "other").lastState()))
                .extracting("exitCode", "reason", "message")
                .containsExactly(
                        137,
                        "RestartingAllContainers",
                        "The container is removed because RestartAllContainers in place");
        assertThat(bench.events(pod)).contains("Killing: killing");
        bench.runtime.end(bench.id(pod, "other", 1), 0);
        bench.runtime.end(bench.id(pod, "main", 1), 0);
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.SUCCEEDED);
    }

    @Test
    void berth_that_starts_again_in_its_midst_does_not_begin_a_second_time() throws Exception {
        var pod = together();
        bench.pass(Duration.ofSeconds(10));
        bench.runtime.end(bench.id(pod, "main", 0), 42);
        bench.settle();
        assertThat(bench.runtime.calls()).contains("start init#1").doesNotContain("start main#1");
        bench.restart();
        bench.pass(Duration.ofSeconds(5));
        assertThat(bench.runtime.calls()).contains("start main#1").doesNotContain("start init#2");
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_container_that_ends_at_once_does_not_make_its_pod_spin() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.ends(Duration.ZERO, 42));
        bench.run(
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .container(
                                aContainer("main")
                                        .restartPolicy("Never")
                                        .onExit("RestartAllContainers", 42)));
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.runtime.calls().stream().filter(call -> call.startsWith("start")))
                .hasSizeBetween(9, 12);
    }
}
