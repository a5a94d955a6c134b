package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HooksAndSidecarsTest {
    private static final Handler COMMAND = new Handler.Exec(List.of("hook"));

    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private List<String> calls() {
        return bench.runtime.calls().stream().filter(call -> !call.startsWith("create")).toList();
    }

    private ContainerStatus sidecar(Pod pod, String name) {
        return bench.now(pod).status().initContainers().stream()
                .filter(status -> status.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    // ---- postStart

    @Test
    void the_hook_after_the_start_runs_before_the_next_container_starts() throws Exception {
        var pod =
                bench.run(
                        aPod().container(aContainer("one").postStart(new Handler.Sleep(5)))
                                .container(aContainer("two")));
        assertThat(calls()).containsExactly("start one#0");
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.PENDING);
        bench.pass(Duration.ofSeconds(5));
        assertThat(calls()).containsExactly("start one#0", "start two#0");
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_failed_hook_after_the_start_kills_the_container() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(3));
        var pod = bench.run(aPod().container(aContainer("main").postStart(COMMAND)));
        assertThat(bench.events(pod))
                .containsSubsequence(
                        "Started: Container started",
                        "FailedPostStartHook: PostStartHook failed",
                        "Killing: FailedPostStartHook");
        assertThat(bench.runtime.signals(bench.id(pod, "main", 1))).containsExactly(15);
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Waiting.class);
        assertThat(bench.runtime.commands()).containsExactly("main#0 hook", "main#1 hook");
        bench.runtime.commandsEnd(_ -> OptionalInt.of(0));
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Running.class);
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(2);
    }

    @Test
    void a_pod_that_never_restarts_fails_with_its_hook() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.NEVER)
                                .container(aContainer("main").postStart(COMMAND)));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void a_deletion_cuts_the_hook_after_the_start_short() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main").postStart(new Handler.Sleep(600))));
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(bench.api.pods()).isEmpty();
        bench.assertEmptyMachine();
    }

    @Test
    void a_hook_may_ask_over_http_and_any_answer_is_good() throws Exception {
        bench.probes.answer("http://172.16.1.10:8080/begin?x=1", 500, "");
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .port("web", 8080)
                                                .postStart(
                                                        new Handler.HttpGet(
                                                                null,
                                                                "web",
                                                                "begin?x=1",
                                                                "HTTP",
                                                                List.of()))));
        assertThat(bench.probes.asked()).containsExactly("http://172.16.1.10:8080/begin?x=1");
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_hook_over_https_falls_back_to_http() throws Exception {
        bench.probes.answerPlain("https://172.16.1.10:80/");
        var hook = new Handler.HttpGet(null, "80", "/", "HTTPS", List.of());
        var pod = bench.run(aPod().container(aContainer("main").postStart(hook)));
        assertThat(bench.probes.asked())
                .containsExactly("https://172.16.1.10:80/", "http://172.16.1.10:80/");
        assertThat(bench.events(pod))
                .contains(
                        "LifecycleHTTPFallback: request to HTTPS lifecycle hook 172.16.1.10:80 got"
                                + " HTTP response, retry with HTTP succeeded");
    }

    @Test
    void a_hook_that_reaches_nobody_says_why_in_the_status() throws Exception {
        bench.probes.answer("http://172.16.1.10:80/", 0, "dial tcp: connection refused");
        var hook = new Handler.HttpGet(null, "80", "/", "HTTP", List.of());
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.ALWAYS)
                                .container(aContainer("main").postStart(hook)));
        assertThat(bench.events(pod)).contains("FailedPostStartHook: PostStartHook failed");
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Waiting.class);
    }

    // ---- preStop

    @Test
    void the_hook_before_the_stop_runs_before_the_signal() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .stopSignal("SIGUSR1")
                                                .preStop(new Handler.Sleep(7))));
        bench.api.delete(pod.key());
        bench.pass(Duration.ofSeconds(6));
        assertThat(bench.runtime.signals(bench.id(pod, "main", 0))).isEmpty();
        bench.pass(Duration.ofSeconds(1));
        assertThat(calls()).contains("signal 10 main#0");
        bench.assertEmptyMachine();
    }

    @Test
    void the_hook_counts_within_the_grace_period() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.DEAF);
        var pod =
                bench.run(
                        aPod().terminationGraceSeconds(10)
                                .container(aContainer("main").preStop(new Handler.Sleep(7))));
        bench.api.delete(pod.key());
        bench.pass(Duration.ofSeconds(9));
        assertThat(bench.runtime.signals(bench.id(pod, "main", 0))).containsExactly(15);
        bench.pass(Duration.ofSeconds(1));
        bench.assertEmptyMachine();
    }

    @Test
    void a_hook_that_lasts_too_long_leaves_two_seconds() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.DEAF);
        var pod =
                bench.run(
                        aPod().terminationGraceSeconds(10)
                                .container(aContainer("main").preStop(new Handler.Sleep(700))));
        bench.api.delete(pod.key());
        bench.pass(Duration.ofSeconds(11));
        assertThat(bench.runtime.signals(bench.id(pod, "main", 0))).containsExactly(15);
        bench.pass(Duration.ofSeconds(1));
        bench.assertEmptyMachine();
        // The logs are looked at once more.
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.time.timers()).isZero();
    }

    @Test
    void a_failed_hook_before_the_stop_is_told_and_the_stop_goes_on() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod =
                bench.run(
                        aPod().finalizer("example.org/wait")
                                .container(aContainer("main").preStop(COMMAND)));
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(bench.events(pod)).contains("FailedPreStopHook: PreStopHook failed");
        assertThat(calls()).contains("signal 15 main#0");
    }

    @Test
    void without_a_grace_period_there_is_no_hook() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main").preStop(COMMAND)));
        bench.api.deletePod(pod.key(), pod.uid(), 0);
        bench.pass(Duration.ofSeconds(2));
        assertThat(bench.runtime.commands()).isEmpty();
        bench.assertEmptyMachine();
    }

    // ---- sidecars

    private static Probe probe(String command) {
        return new Probe(new Handler.Exec(List.of(command)), 0, 1, 1, 1, 3, null);
    }

    @Test
    void a_sidecars_startup_probe_keeps_the_next_waiting() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod =
                bench.run(
                        aPod().init(aContainer("side").sidecar().startupProbe(probe("up")))
                                .init(aContainer("init"))
                                .container(aContainer("main")));
        assertThat(calls()).containsExactly("start side#0");
        assertThat(sidecar(pod, "side").started()).isFalse();
        assertThat(bench.now(pod).status().conditionsByType().get("Initialized"))
                .satisfies(condition ->
                        assertThat(condition.message())
                                .isEqualTo("containers with incomplete status: [side init]"));
        bench.runtime.commandsEnd(_ -> OptionalInt.of(0));
        bench.pass(Duration.ofSeconds(1));
        assertThat(calls()).containsExactly("start side#0", "start init#0");
        assertThat(sidecar(pod, "side").started()).isTrue();
        bench.runtime.end(bench.id(pod, "init", 0), 0);
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_sidecar_that_does_not_start_up_is_killed_and_started_again() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod =
                bench.run(
                        aPod().init(aContainer("side").sidecar().startupProbe(probe("up")))
                                .container(aContainer("main")));
        bench.pass(Duration.ofSeconds(3));
        assertThat(bench.events(pod)).contains("Killing: Init container side failed startup probe");
        assertThat(sidecar(pod, "side").restartCount()).isOne();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.PENDING);
    }

    @Test
    void an_unready_sidecar_makes_the_pod_unready() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod =
                bench.run(
                        aPod().init(aContainer("side").sidecar().readinessProbe(probe("ready")))
                                .container(aContainer("main")));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.now(pod).status().conditionsByType().get("ContainersReady"))
                .satisfies(condition ->
                        assertThat(condition.message())
                                .isEqualTo("containers with unready status: [side]"));
        bench.runtime.commandsEnd(_ -> OptionalInt.of(0));
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.now(pod).status().conditionsByType().get("Ready"))
                .satisfies(condition -> assertThat(condition.status()).isEqualTo("True"));
    }

    @Test
    void a_sidecar_that_does_not_live_comes_back_beside_the_others() throws Exception {
        bench.runtime.commandsEnd(_ -> OptionalInt.of(1));
        var pod =
                bench.run(
                        aPod().init(aContainer("side").sidecar().livenessProbe(probe("alive")))
                                .container(aContainer("main")));
        bench.pass(Duration.ofSeconds(3));
        assertThat(sidecar(pod, "side").restartCount()).isOne();
        assertThat(bench.container(pod, "main").restartCount()).isZero();
        assertThat(bench.events(pod))
                .contains("Killing: Init container side failed liveness probe");
    }

    @Test
    void sidecars_stop_one_by_one_from_the_last_while_their_hooks_run_at_once() throws Exception {
        var pod =
                bench.run(
                        aPod().terminationGraceSeconds(30)
                                .init(aContainer("one").sidecar().preStop(COMMAND))
                                .init(aContainer("two").sidecar().preStop(new Handler.Sleep(5)))
                                .container(aContainer("main").preStop(new Handler.Sleep(3))));
        bench.api.delete(pod.key());
        bench.pass(Duration.ofSeconds(2));
        assertThat(bench.runtime.commands()).containsExactly("one#0 hook");
        assertThat(bench.runtime.running(pod.uid())).isEqualTo(3);
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.runtime.running(pod.uid())).isEqualTo(2);
        bench.pass(Duration.ofSeconds(2));
        assertThat(calls().stream().filter(call -> call.startsWith("signal")))
                .containsExactly("signal 15 main#0", "signal 15 two#0", "signal 15 one#0");
        bench.assertEmptyMachine();
    }

    @Test
    void a_job_is_done_without_waiting_for_its_sidecar() throws Exception {
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.NEVER)
                                .init(
                                        aContainer("side")
                                                .sidecar()
                                                .livenessProbe(probe("alive"))
                                                .readinessProbe(probe("ready")))
                                .container(aContainer("main")));
        bench.runtime.end(bench.id(pod, "main", 0), 0);
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.SUCCEEDED);
        assertThat(bench.runtime.list()).isEmpty();
        var asked = bench.runtime.commands();
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.runtime.commands()).isEqualTo(asked);
    }
}
