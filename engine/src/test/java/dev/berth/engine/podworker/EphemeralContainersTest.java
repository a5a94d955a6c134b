package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.ContainerBuilder;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code kubectl debug} adds to a running pod. */
class EphemeralContainersTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void debug(Pod pod) throws Exception {
        debug(pod, aContainer("debugger"));
    }

    private void debug(Pod pod, ContainerBuilder debugger) throws Exception {
        var spec =
                aPod().on(String.valueOf(pod.spec().nodeName()))
                        .restartPolicy(pod.spec().restartPolicy())
                        .container(aContainer("main"))
                        .ephemeral(debugger)
                        .build()
                        .spec();
        bench.api.update(pod.key(), before -> new Pod(before.metadata(), spec, before.status()));
        bench.settle();
    }

    private ContainerStatus debugger(Pod pod) {
        return bench.now(pod).status().ephemeralContainers().getFirst();
    }

    @Test
    void one_that_is_added_starts_beside_the_others() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main")));
        debug(pod);
        assertThat(debugger(pod).state()).isInstanceOf(ContainerState.Running.class);
        assertThat(debugger(pod).ready()).isFalse();
        assertThat(bench.now(pod).status().conditionsByType().get("Ready").status())
                .isEqualTo("True");
        assertThat(bench.container(pod, "main").restartCount()).isZero();
    }

    @Test
    void one_that_ends_is_not_started_again_and_the_pod_goes_on() throws Exception {
        bench.runtime.behaving(plan ->
                plan.name().equals("debugger")
                        ? Behaviour.ends(Duration.ofSeconds(5), 3)
                        : Behaviour.RUNS);
        var pod = bench.run(aPod().container(aContainer("main")));
        debug(pod);
        bench.pass(Duration.ofMinutes(10));
        assertThat(debugger(pod).state())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> assertThat(ended.exitCode()).isEqualTo(3));
        assertThat(debugger(pod).restartCount()).isZero();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_pod_whose_containers_have_ended_is_over_and_takes_it_along() throws Exception {
        bench.runtime.behaving(plan ->
                plan.name().equals("main")
                        ? Behaviour.ends(Duration.ofSeconds(5), 0)
                        : Behaviour.RUNS);
        var pod =
                bench.run(aPod().restartPolicy(RestartPolicy.NEVER).container(aContainer("main")));
        debug(pod);
        bench.pass(Duration.ofMinutes(1));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(bench.runtime.list()).isEmpty();
    }

    @Test
    void one_with_a_target_joins_its_processes() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main")));
        debug(pod, aContainer("debugger").targeting("main"));
        assertThat(bench.runtime.plan(pod.uid(), "debugger").processesOf())
                .isEqualTo(bench.id(pod, "main", 0));
    }

    @Test
    void one_whose_target_does_not_run_says_so() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main")));
        debug(pod, aContainer("debugger").targeting("other"));
        assertThat(debugger(pod).state())
                .isEqualTo(
                        new ContainerState.Waiting(
                                "CreateContainerConfigError",
                                "unable to find target container other"));
    }
}
