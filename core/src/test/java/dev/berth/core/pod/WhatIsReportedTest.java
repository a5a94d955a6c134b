package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static dev.berth.core.pod.WhatStartsNextTest.NOW;
import static dev.berth.core.pod.WhatStartsNextTest.ended;
import static dev.berth.core.pod.WhatStartsNextTest.run;
import static dev.berth.core.pod.WhatStartsNextTest.seen;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.Condition;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.PodStatus.Phase;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WhatIsReportedTest {
    private static PodStatus report(PodBuilder builder, PodObservation seen) {
        var pod = builder.build();
        return PodStatuses.of(pod, pod.status(), seen, NOW);
    }

    private static PodObservation problem(PodObservation of, String name, String reason) {
        return new PodObservation(
                of.attached(),
                of.podIp(),
                of.hostIp(),
                of.firstSeen(),
                of.runs(),
                Map.of(name, new StartProblem(reason, "why")),
                of.probes(),
                of.verdict(),
                of.over());
    }

    private static PodObservation over(PodObservation of, @Nullable Verdict verdict) {
        return new PodObservation(
                false,
                of.podIp(),
                of.hostIp(),
                of.firstSeen(),
                of.runs(),
                Map.of(),
                of.probes(),
                verdict,
                true);
    }

    private static ContainerStatus only(PodStatus status) {
        return status.containers().getFirst();
    }

    private static List<String> conditions(PodStatus status) {
        return status.conditions().stream()
                .map(one ->
                        one.type()
                                + "="
                                + one.status()
                                + (one.reason() == null ? "" : " " + one.reason()))
                .toList();
    }

    @Test
    void a_pod_that_begins_is_Pending_with_ContainerCreating() {
        var status = report(aPod().container(aContainer("nginx")), seen());
        assertThat(status.phase()).isEqualTo(Phase.PENDING);
        assertThat(only(status).state())
                .isEqualTo(new ContainerState.Waiting("ContainerCreating", null));
        assertThat(only(status).started()).isFalse();
        assertThat(status.startTime()).isEqualTo(NOW);
        assertThat(conditions(status))
                .containsExactly(
                        "PodReadyToStartContainers=True",
                        "Initialized=True",
                        "Ready=False ContainersNotReady",
                        "ContainersReady=False ContainersNotReady",
                        "PodScheduled=True");
        assertThat(status.conditionsByType().get("Ready").message())
                .isEqualTo("containers with unready status: [nginx]");
    }

    @Test
    void a_pod_with_init_containers_is_initializing() {
        var pod = aPod().init(aContainer("a")).init(aContainer("b")).container(aContainer("main"));
        var status = report(pod, seen(run("a", 0)));
        assertThat(only(status).state())
                .isEqualTo(new ContainerState.Waiting("PodInitializing", null));
        assertThat(status.initContainers().get(0).state())
                .isInstanceOf(ContainerState.Running.class);
        assertThat(status.initContainers().get(1).state())
                .isEqualTo(new ContainerState.Waiting("PodInitializing", null));
        assertThat(status.conditionsByType().get("Initialized"))
                .isEqualTo(
                        new Condition(
                                "Initialized",
                                "False",
                                "ContainersNotInitialized",
                                "containers with incomplete status: [a b]",
                                NOW,
                                1));
        var next = report(pod, seen(ended("a", 0, 0), ended("b", 0, 0)));
        assertThat(next.conditionsByType().get("Initialized").status()).isEqualTo("True");
        assertThat(next.initContainers()).allMatch(ContainerStatus::ready);
        assertThat(next.phase()).isEqualTo(Phase.PENDING);
    }

    @Test
    void a_running_pod_is_Ready_with_its_address() {
        var status = report(aPod().container(aContainer("nginx")), seen(run("nginx", 0)));
        assertThat(status.phase()).isEqualTo(Phase.RUNNING);
        assertThat(status.podIp()).isEqualTo("172.16.1.10");
        assertThat(only(status).ready()).isTrue();
        assertThat(only(status).imageId()).isEqualTo("d");
        assertThat(conditions(status)).contains("Ready=True", "ContainersReady=True");
        assertThat(status.qosClass()).isEqualTo("BestEffort");
        assertThat(status.observedGeneration()).isEqualTo(1);
    }

    @Test
    void containers_are_told_in_the_order_of_their_names() {
        var pod = aPod().container(aContainer("b")).container(aContainer("a"));
        assertThat(report(pod, seen(run("b", 0))).containers())
                .extracting(ContainerStatus::name)
                .containsExactly("a", "b");
        assertThat(report(pod, seen(run("b", 0))).phase()).isEqualTo(Phase.PENDING);
    }

    @Test
    void readiness_gates_hold_readiness_back() {
        var pod = aPod().readinessGate("balancer").container(aContainer("nginx"));
        var status = report(pod, seen(run("nginx", 0)));
        assertThat(status.conditionsByType().get("Ready").message())
                .isEqualTo(
                        "corresponding condition of pod readiness gate \"balancer\" does not exist.");
        var known =
                new PodStatus(
                        Phase.RUNNING,
                        List.of(new Condition("balancer", "False", null, null, NOW, 0)),
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(),
                        List.of(),
                        null,
                        0,
                        List.of());
        assertThat(report(pod.status(known), seen(run("nginx", 0))).conditionsByType().get("Ready"))
                .extracting(Condition::reason, Condition::message)
                .containsExactly(
                        "ReadinessGatesNotReady",
                        "the status of pod readiness gate \"balancer\" is not \"True\", but False");
    }

    @Test
    void a_condition_keeps_its_time_while_it_stays_the_same() {
        var pod = aPod().container(aContainer("nginx")).build();
        var first = PodStatuses.of(pod, pod.status(), seen(run("nginx", 0)), NOW);
        var later = NOW.plusSeconds(60);
        var second = PodStatuses.of(pod, first, seen(ended("nginx", 0, 1)), later);
        assertThat(second.conditionsByType().get("Ready").lastTransition()).isEqualTo(later);
        assertThat(second.conditionsByType().get("Initialized").lastTransition()).isEqualTo(NOW);
        assertThat(
                        PodStatuses.same(
                                first, PodStatuses.of(pod, first, seen(run("nginx", 0)), later)))
                .isTrue();
    }

    @Test
    void a_container_that_waits_to_come_back_shows_how_it_ended() {
        var status =
                report(
                        aPod().container(aContainer("main")),
                        problem(seen(ended("main", 2, 7)), "main", "CrashLoopBackOff"));
        assertThat(only(status).state())
                .isEqualTo(new ContainerState.Waiting("CrashLoopBackOff", "why"));
        assertThat(only(status).lastState())
                .isEqualTo(
                        new ContainerState.Terminated(
                                7, 0, "Error", null, NOW, NOW, "crun://main2"));
        assertThat(only(status).restartCount()).isEqualTo(2);
        assertThat(status.phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_container_that_came_back_shows_how_its_last_run_ended() {
        var status =
                report(
                        aPod().container(aContainer("main")),
                        seen(ended("main", 0, 7), run("main", 1)));
        assertThat(only(status).state()).isInstanceOf(ContainerState.Running.class);
        assertThat(only(status).restartCount()).isEqualTo(1);
        assertThat(only(status).lastState())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> assertThat(ended.exitCode()).isEqualTo(7));
    }

    @ParameterizedTest
    @CsvSource({
        "ALWAYS, 0, RUNNING", "ALWAYS, 3, RUNNING",
        "ON_FAILURE, 0, SUCCEEDED", "ON_FAILURE, 3, RUNNING",
        "NEVER, 0, SUCCEEDED", "NEVER, 3, FAILED"
    })
    void the_phase_after_an_end_follows_the_restart_policy(
            RestartPolicy policy, int code, Phase phase) {
        var pod = aPod().restartPolicy(policy).container(aContainer("main"));
        assertThat(report(pod, seen(ended("main", 0, code))).phase()).isEqualTo(phase);
    }

    @Test
    void one_failure_of_several_fails_the_pod() {
        var pod =
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .container(aContainer("a"))
                        .container(aContainer("b"));
        assertThat(report(pod, seen(ended("a", 0, 0), run("b", 0))).phase())
                .isEqualTo(Phase.RUNNING);
        var status = report(pod, seen(ended("a", 0, 0), ended("b", 0, 1)));
        assertThat(status.phase()).isEqualTo(Phase.FAILED);
        assertThat(conditions(status)).contains("Ready=False PodFailed");
    }

    @Test
    void a_pod_whose_init_container_fails_for_good_has_failed() {
        var pod =
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .init(aContainer("i"))
                        .container(aContainer("main"));
        assertThat(report(pod, seen(ended("i", 0, 1))).phase()).isEqualTo(Phase.FAILED);
        assertThat(report(pod.restartPolicy(RestartPolicy.ALWAYS), seen(ended("i", 0, 1))).phase())
                .isEqualTo(Phase.PENDING);
    }

    @Test
    void succeeded_pods_say_PodCompleted() {
        var pod = aPod().restartPolicy(RestartPolicy.NEVER).container(aContainer("main"));
        assertThat(conditions(report(pod, over(seen(ended("main", 0, 0)), null))))
                .containsExactly(
                        "PodReadyToStartContainers=False",
                        "Initialized=True PodCompleted",
                        "Ready=False PodCompleted",
                        "ContainersReady=False PodCompleted",
                        "PodScheduled=True");
    }

    @Test
    void an_ended_phase_is_never_left() {
        var pod = aPod().restartPolicy(RestartPolicy.NEVER).container(aContainer("main"));
        var done = report(pod, seen(ended("main", 0, 0)));
        assertThat(report(pod.status(done), seen(run("main", 1))).phase())
                .isEqualTo(Phase.SUCCEEDED);
    }

    @Test
    void volumes_are_told_as_they_are_mounted() {
        var pod =
                aPod().container(
                                aContainer("main")
                                        .mounting(mount("a", "/a", false, ""))
                                        .mounting(mount("a", "/b", true, ""))
                                        .mounting(mount("a", "/c", true, "IfPossible")))
                        .build();
        assertThat(PodStatuses.of(pod, pod.status(), seen(), NOW).containers().getFirst().mounts())
                .containsExactly(
                        new PodStatus.MountStatus("a", "/a", false, null),
                        new PodStatus.MountStatus("a", "/b", true, false),
                        new PodStatus.MountStatus("a", "/c", true, true));
    }

    private static Container.VolumeMount mount(
            String volume, String path, boolean readOnly, String recursive) {
        return new Container.VolumeMount(volume, path, "", "", readOnly, recursive, "None");
    }

    @Test
    void a_verdict_fails_the_pod_with_its_reason() {
        var verdict = new Verdict("DeadlineExceeded", PodWords.DEADLINE_EXCEEDED);
        var status =
                report(
                        aPod().container(aContainer("main")),
                        over(seen(ended("main", 0, 143)), verdict));
        assertThat(status.phase()).isEqualTo(Phase.FAILED);
        assertThat(status.reason()).isEqualTo("DeadlineExceeded");
        assertThat(status.message())
                .isEqualTo("Pod was active on the node longer than the specified deadline");
    }

    @Test
    void a_pod_that_is_stopped_before_it_began_has_failed_with_unknown_containers() {
        var status = report(aPod().container(aContainer("main")), over(seen(), null));
        assertThat(status.phase()).isEqualTo(Phase.FAILED);
        assertThat(only(status).state())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> {
                            assertThat(ended.exitCode()).isEqualTo(137);
                            assertThat(ended.reason()).isEqualTo("ContainerStatusUnknown");
                        });
    }

    @ParameterizedTest
    @CsvSource({
        "0, false, Completed",
        "1, false, Error",
        "137, true, OOMKilled",
        "137, false, Error"
    })
    void an_end_has_a_reason(int code, boolean outOfMemory, String reason) {
        assertThat(ContainerRun.End.of(code, outOfMemory, null, NOW).reason()).isEqualTo(reason);
    }

    @Test
    void a_refused_pod_says_so() {
        var status =
                PodStatuses.rejected(
                        PodStatus.NEW,
                        "UnsupportedPodSpec",
                        "Pod not supported: SchedulerName is not fargate-scheduler",
                        NOW);
        assertThat(status.phase()).isEqualTo(Phase.FAILED);
        assertThat(status.reason()).isEqualTo("UnsupportedPodSpec");
        assertThat(status.message())
                .isEqualTo(
                        "Pod was rejected: Pod not supported: SchedulerName is not fargate-scheduler");
    }

    @Test
    void what_was_reported_as_running_and_is_not_there_has_ended_unknown() {
        var builder = aPod().restartPolicy(RestartPolicy.NEVER).container(aContainer("main"));
        var reported = report(builder, seen(run("main", 2)));
        var pod = builder.status(reported).build();
        var adopted = PodStatuses.adopted(pod, List.of(), true);
        assertThat(adopted).hasSize(1);
        assertThat(adopted.getFirst().attempt()).isEqualTo(2);
        var status = PodStatuses.of(pod, reported, seen(adopted.getFirst()), NOW);
        assertThat(status.phase()).isEqualTo(Phase.FAILED);
        assertThat(only(status).state())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> assertThat(ended.reason()).isEqualTo("ContainerStatusUnknown"));
    }

    @Test
    void what_the_machine_has_counts_before_what_was_reported() {
        var builder = aPod().container(aContainer("main"));
        var pod = builder.status(report(builder, seen(run("main", 0)))).build();
        var found = List.of(run("main", 1));
        assertThat(PodStatuses.adopted(pod, found, true)).isEqualTo(found);
    }

    @Test
    void a_reported_end_is_kept_when_the_container_is_gone() {
        var builder = aPod().container(aContainer("main"));
        var reported =
                report(builder, problem(seen(ended("main", 3, 9)), "main", "CrashLoopBackOff"));
        var pod = builder.status(reported).build();
        var adopted = PodStatuses.adopted(pod, List.of(), true);
        assertThat(adopted.getFirst().attempt()).isEqualTo(3);
        assertThat(adopted.getFirst().end()).isEqualTo(new ContainerRun.End(9, "Error", null, NOW));
    }
}
