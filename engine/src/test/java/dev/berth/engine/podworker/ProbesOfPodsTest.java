package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.Condition;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProbesOfPodsTest {
    private static final String SERVER = "http://172.16.1.10:80/";

    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static Handler get(String port) {
        return new Handler.HttpGet(null, port, "/", "HTTP", List.of());
    }

    private static Probe probe(Handler handler, int period, int failures) {
        return new Probe(handler, 0, 1, period, 1, failures, null);
    }

    private static Probe exec(int period, int failures) {
        return probe(new Handler.Exec(List.of("check")), period, failures);
    }

    private boolean ready(Pod pod) {
        return bench.container(pod, "main").ready();
    }

    private @Nullable Boolean started(Pod pod) {
        return bench.container(pod, "main").started();
    }

    private Condition condition(Pod pod, String type) {
        return java.util.Objects.requireNonNull(
                bench.now(pod).status().conditionsByType().get(type));
    }

    @Test
    void a_ready_container_is_ready_at_once_and_a_later_failure_shows() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main").readinessProbe(probe(get("80"), 5, 2))));
        assertThat(ready(pod)).isTrue();
        assertThat(condition(pod, "Ready").status()).isEqualTo("True");
        bench.probes.answer(SERVER, 503, "");
        bench.pass(Duration.ofSeconds(5));
        assertThat(ready(pod)).as("one failure of two").isTrue();
        bench.pass(Duration.ofSeconds(5));
        assertThat(ready(pod)).isFalse();
        assertThat(condition(pod, "Ready").message())
                .isEqualTo("containers with unready status: [main]");
        assertThat(bench.events(pod))
                .contains(
                        "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503");
        bench.probes.answer(SERVER, 204, "");
        bench.pass(Duration.ofSeconds(5));
        assertThat(ready(pod)).isTrue();
        assertThat(bench.container(pod, "main").restartCount()).isZero();
    }

    @Test
    void nothing_is_asked_before_the_initial_delay() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .readinessProbe(
                                                        new Probe(
                                                                get("80"), 12, 1, 5, 1, 3, null))));
        bench.pass(Duration.ofSeconds(11));
        assertThat(bench.probes.asked()).isEmpty();
        assertThat(ready(pod)).isFalse();
        bench.pass(Duration.ofSeconds(4));
        assertThat(bench.probes.asked()).containsExactly(SERVER);
        assertThat(ready(pod)).isTrue();
    }

    @Test
    void a_container_that_does_not_live_is_killed_and_comes_back() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main").livenessProbe(probe(get("80"), 10, 3))));
        bench.probes.answer(SERVER, 0, "Get \"http://172.16.1.10:80/\": context deadline exceeded");
        bench.pass(Duration.ofSeconds(29));
        assertThat(bench.container(pod, "main").restartCount()).isZero();
        assertThat(ready(pod)).isTrue();
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Running.class);
        assertThat(bench.events(pod))
                .contains(
                        "Unhealthy: Liveness probe failed: Get \"http://172.16.1.10:80/\": context"
                                + " deadline exceeded",
                        "Killing: Container main failed liveness probe, will be restarted");
        assertThat(bench.runtime.calls())
                .containsSubsequence("signal 15 main#0", "create main#1", "start main#1");
        // The new one has its three failures, too.
        bench.pass(Duration.ofSeconds(29));
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(2);
    }

    @Test
    void killing_takes_the_grace_period_of_the_probe() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.DEAF);
        var probe = new Probe(get("80"), 0, 1, 1, 1, 1, 5L);
        bench.probes.answer(SERVER, 500, "");
        var pod =
                bench.run(
                        aPod().terminationGraceSeconds(500)
                                .container(aContainer("main").livenessProbe(probe)));
        bench.pass(Duration.ofSeconds(5));
        assertThat(bench.container(pod, "main").restartCount()).isZero();
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        assertThat(bench.runtime.calls())
                .containsSubsequence("signal 15 main#0", "signal 9 main#0");
    }

    @Test
    void a_pod_that_never_restarts_fails_with_its_liveness() throws Exception {
        bench.probes.answer(SERVER, 500, "");
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.NEVER)
                                .container(
                                        aContainer("main").livenessProbe(probe(get("80"), 1, 1))));
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
        assertThat(bench.runtime.list()).isEmpty();
    }

    @Test
    void nothing_else_is_asked_until_the_startup_probe_has_passed() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .startupProbe(exec(2, 10))
                                                .readinessProbe(probe(get("80"), 5, 1))
                                                .livenessProbe(
                                                        probe(
                                                                new Handler.TcpSocket(null, "81"),
                                                                5,
                                                                1))));
        bench.pass(Duration.ofSeconds(7));
        assertThat(started(pod)).isFalse();
        assertThat(ready(pod)).isFalse();
        assertThat(bench.probes.asked()).isEmpty();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        bench.runtime.commandsEnd(_ -> OptionalInt.of(0));
        bench.pass(Duration.ofSeconds(1));
        assertThat(started(pod)).isTrue();
        assertThat(ready(pod)).as("readiness is asked at once").isTrue();
        var commands = bench.runtime.commands().size();
        bench.pass(Duration.ofSeconds(20));
        assertThat(bench.probes.asked()).contains("tcp://172.16.1.10:81");
        assertThat(bench.runtime.commands()).as("no more startup").hasSize(commands);
    }

    @Test
    void a_container_that_does_not_start_up_is_killed() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod = bench.run(aPod().container(aContainer("main").startupProbe(exec(1, 4))));
        bench.pass(Duration.ofSeconds(4));
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        assertThat(started(pod)).isFalse();
        assertThat(bench.events(pod))
                .contains("Killing: Container main failed startup probe, will be restarted");
    }

    @Test
    void a_command_that_takes_too_long_has_failed() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.empty());
        var pod = aPod().container(aContainer("main").livenessProbe(exec(10, 2)));
        var made = bench.run(pod);
        bench.time.advance(Duration.ofSeconds(10));
        bench.time.awaitTimer(Duration.ofSeconds(1));
        bench.time.advance(Duration.ofSeconds(1));
        bench.settle();
        assertThat(bench.events(made))
                .contains(
                        "Unhealthy: Liveness probe failed: command timed out: \"check\" timed out"
                                + " after 1s");
    }

    @Test
    void a_command_that_cannot_be_run_does_not_count() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main").livenessProbe(exec(1, 1))));
        for (var tries = 0; tries < 3; tries++) {
            bench.runtime.failNext("exec", "executable file not found in $PATH");
        }
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.events(pod))
                .contains(
                        "Unhealthy: Liveness probe errored and resulted in unknown state: executable"
                                + " file not found in $PATH");
        assertThat(bench.container(pod, "main").restartCount()).isZero();
        assertThat(bench.runtime.commands()).isEmpty();
    }

    @Test
    void grpc_says_serving_or_not() throws Exception {
        var probe = probe(new Handler.Grpc(9000, "shop"), 1, 1);
        var pod = bench.run(aPod().container(aContainer("main").readinessProbe(probe)));
        assertThat(ready(pod)).isTrue();
        bench.probes.answer("grpc://172.16.1.10:9000/shop", 200, "NOT_SERVING");
        bench.pass(Duration.ofSeconds(1));
        assertThat(ready(pod)).isFalse();
        assertThat(bench.events(pod))
                .contains(
                        "Unhealthy: Readiness probe failed: service unhealthy (responded with"
                                + " \"NOT_SERVING\")");
    }

    @Test
    void a_redirect_to_elsewhere_is_a_warning_and_well() throws Exception {
        bench.probes.answer(SERVER, 302, "moved");
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main").readinessProbe(probe(get("80"), 5, 1))));
        assertThat(ready(pod)).isTrue();
        assertThat(bench.events(pod))
                .contains(
                        "ProbeWarning: Readiness probe warning: Probe terminated redirects,"
                                + " Response body: moved");
    }

    @Test
    void while_a_pod_is_deleted_readiness_shows_and_nobody_is_killed() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.DEAF);
        var pod =
                bench.run(
                        aPod().terminationGraceSeconds(30)
                                .container(
                                        aContainer("main")
                                                .readinessProbe(probe(get("80"), 1, 1))
                                                .livenessProbe(probe(get("80"), 1, 1))));
        bench.api.delete(pod.key());
        bench.settle();
        bench.probes.answer(SERVER, 500, "");
        bench.pass(Duration.ofSeconds(5));
        assertThat(ready(pod)).isFalse();
        assertThat(bench.events(pod))
                .noneMatch(event -> event.contains("Liveness"))
                .filteredOn(event -> event.startsWith("Killing"))
                .containsExactly("Killing: Stopping container main");
        bench.pass(Duration.ofSeconds(25));
        bench.assertEmptyMachine();
        var asked = bench.probes.asked().size();
        bench.pass(Duration.ofSeconds(25));
        assertThat(bench.probes.asked()).hasSize(asked);
        assertThat(bench.time.timers()).isZero();
    }

    @Test
    void a_ready_container_stays_ready_when_berth_starts_again() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .startupProbe(exec(1, 3))
                                                .readinessProbe(probe(get("80"), 10, 1))));
        bench.pass(Duration.ofSeconds(1));
        assertThat(ready(pod)).isTrue();
        var since = condition(pod, "Ready").lastTransition();
        bench.pass(Duration.ofSeconds(30));
        bench.restart();
        bench.settle();
        assertThat(ready(pod)).isTrue();
        assertThat(started(pod)).isTrue();
        assertThat(condition(pod, "Ready").lastTransition()).isEqualTo(since);
        bench.probes.answer(SERVER, 500, "");
        bench.pass(Duration.ofSeconds(20));
        assertThat(ready(pod)).isFalse();
    }

    private void gate(Pod pod, String status) throws Exception {
        bench.api.writeCondition(
                pod.key(),
                pod.uid(),
                new Condition("example.org/lb", status, null, null, bench.time.now(), 0));
    }

    @Test
    void a_readiness_gate_waits_for_somebody_elses_condition() throws Exception {
        var pod = bench.run(aPod().readinessGate("example.org/lb"));
        assertThat(condition(pod, "ContainersReady").status()).isEqualTo("True");
        assertThat(condition(pod, "Ready").status()).isEqualTo("False");
        assertThat(condition(pod, "Ready").reason()).isEqualTo("ReadinessGatesNotReady");
        gate(pod, "True");
        bench.settle();
        assertThat(condition(pod, "Ready").status()).isEqualTo("True");
        gate(pod, "False");
        bench.settle();
        assertThat(condition(pod, "Ready").status()).isEqualTo("False");
    }

    @Test
    void the_second_kill_in_a_row_comes_back_at_once_and_a_fast_one_waits() throws Exception {
        bench.probes.answer(SERVER, 500, "");
        var pod =
                bench.run(
                        aPod().container(aContainer("main").livenessProbe(probe(get("80"), 1, 1))));
        // A kubelet asks for the end before the one it causes: none, so nothing is noted.
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        // Noted now, with the first ten seconds.
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(2);
        // The end before this one is a second ago, so it waits, from its own end on.
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.container(pod, "main").state())
                .isInstanceOfSatisfying(
                        ContainerState.Waiting.class,
                        waiting -> assertThat(waiting.reason()).isEqualTo("CrashLoopBackOff"));
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(3);
    }
}
