package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PodObservation.Probed;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.StopStep.Leaving;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StopsFollowHooksAndTurnsTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant UNTIL = NOW.plusSeconds(30);

    private static Leaving leaving(
            String name, boolean hooked, @Nullable Instant askedAt, String... after) {
        return new Leaving(name, hooked, Set.of(after), askedAt);
    }

    private static StopStep step(Instant now, Leaving... leaving) {
        return StopStep.of(List.of(leaving), UNTIL, now);
    }

    @Test
    void whoever_is_free_is_asked_at_once() {
        var step =
                step(
                        NOW,
                        leaving("main", false, null),
                        leaving("hooked", true, null),
                        leaving("side", false, null, "main"));
        assertThat(step.ask()).containsExactly("main");
        assertThat(step.kill()).isEmpty();
        assertThat(step.next()).contains(UNTIL);
    }

    @Test
    void a_turn_comes_when_the_others_have_gone() {
        assertThat(step(NOW, leaving("side", false, null, "main", "other")).ask())
                .containsExactly("side");
    }

    @Test
    void at_the_end_of_the_grace_period_everybody_is_asked() {
        var step =
                step(UNTIL, leaving("hooked", true, null), leaving("side", false, null, "hooked"));
        assertThat(step.ask()).containsExactly("hooked", "side");
    }

    @Test
    void who_was_asked_has_the_rest_and_two_seconds_at_least() {
        assertThat(step(NOW, leaving("main", false, NOW)).next()).contains(UNTIL);
        assertThat(step(UNTIL, leaving("main", false, NOW)).kill()).containsExactly("main");
        var late = UNTIL.minusSeconds(1);
        assertThat(step(UNTIL, leaving("main", false, late)).kill()).isEmpty();
        assertThat(step(UNTIL, leaving("main", false, late)).next()).contains(UNTIL.plusSeconds(1));
        assertThat(step(UNTIL.plusSeconds(1), leaving("main", false, late)).kill())
                .containsExactly("main");
    }

    @Test
    void sidecars_go_after_the_containers_and_the_sidecars_behind_them() {
        var spec =
                aPod().init(aContainer("init"))
                        .init(aContainer("one").sidecar())
                        .init(aContainer("two").sidecar())
                        .container(aContainer("a"))
                        .container(aContainer("b"))
                        .build()
                        .spec();
        assertThat(StopStep.after(spec, "a")).isEmpty();
        assertThat(StopStep.after(spec, "init")).isEmpty();
        assertThat(StopStep.after(spec, "two")).containsExactlyInAnyOrder("a", "b");
        assertThat(StopStep.after(spec, "one")).containsExactlyInAnyOrder("a", "b", "two");
    }

    // ---- who is killed for a probe

    private static PodDecision decide(
            PodBuilder pod, RestartBackOffs backOffs, Map<String, Probed> probes, Object... runs) {
        var seen =
                new PodObservation(
                        true,
                        "172.16.1.10",
                        "172.16.1.10",
                        NOW,
                        List.of(runs).stream().map(ContainerRun.class::cast).toList(),
                        Map.of(),
                        probes,
                        null,
                        false);
        return PodDecision.of(pod.build().spec(), seen, backOffs, NOW);
    }

    private static final Probed DEAD = new Probed(true, true, ProbeKind.LIVENESS);

    @Test
    void a_container_is_killed_and_said_to_come_back() {
        var pod = aPod().container(aContainer("main"));
        var run = WhatStartsNextTest.run("main", 0);
        assertThat(decide(pod, RestartBackOffs.NONE, Map.of("main", DEAD), run).kill())
                .containsExactly(
                        new PodDecision.Kill(
                                "main",
                                ProbeKind.LIVENESS,
                                "Container main failed liveness probe, will be restarted",
                                true));
        assertThat(
                        decide(
                                        pod,
                                        RestartBackOffs.NONE,
                                        Map.of("main", new Probed(false, false, ProbeKind.STARTUP)),
                                        run)
                                .kill())
                .extracting(PodDecision.Kill::message)
                .containsExactly("Container main failed startup probe, will be restarted");
    }

    @Test
    void without_restarts_the_last_one_ends_the_pod_and_another_does_not() {
        var one = aPod().restartPolicy(RestartPolicy.NEVER).container(aContainer("main"));
        var run = WhatStartsNextTest.run("main", 0);
        assertThat(decide(one, RestartBackOffs.NONE, Map.of("main", DEAD), run).over()).isTrue();
        var two =
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .container(aContainer("main"))
                        .container(aContainer("other"));
        var decision =
                decide(
                        two,
                        RestartBackOffs.NONE,
                        Map.of("main", DEAD),
                        run,
                        WhatStartsNextTest.run("other", 0));
        assertThat(decision.over()).isFalse();
        assertThat(decision.kill())
                .containsExactly(
                        new PodDecision.Kill(
                                "main",
                                ProbeKind.LIVENESS,
                                "Container main failed liveness probe",
                                false));
    }

    @Test
    void a_sidecar_always_comes_back_and_nobody_says_so() {
        var pod =
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .init(aContainer("side").sidecar())
                        .container(aContainer("main"));
        assertThat(
                        decide(
                                        pod,
                                        RestartBackOffs.NONE,
                                        Map.of("side", DEAD),
                                        WhatStartsNextTest.run("side", 0),
                                        WhatStartsNextTest.run("main", 0))
                                .kill())
                .containsExactly(
                        new PodDecision.Kill(
                                "side",
                                ProbeKind.LIVENESS,
                                "Init container side failed liveness probe",
                                true));
    }

    @Test
    void it_comes_back_at_once_unless_the_run_before_ended_just_now() {
        var pod = aPod().container(aContainer("main"));
        var backOffs = RestartBackOffs.NONE.tried("main", NOW, NOW);
        var again =
                decide(
                        pod,
                        backOffs,
                        Map.of("main", DEAD),
                        WhatStartsNextTest.ended("main", 0, 1),
                        WhatStartsNextTest.run("main", 1));
        assertThat(again.kill()).extracting(PodDecision.Kill::again).containsExactly(false);
        assertThat(
                        decide(
                                        pod,
                                        backOffs,
                                        Map.of("main", DEAD),
                                        WhatStartsNextTest.run("main", 1))
                                .kill())
                .extracting(PodDecision.Kill::again)
                .containsExactly(true);
    }

    @Test
    void a_probe_may_have_its_own_grace_period() {
        var probe =
                new Container.Probe(
                        new Container.Handler.TcpSocket(null, "80"), 0, 1, 10, 1, 3, 7L);
        var pod = aPod().terminationGraceSeconds(30);
        var container = aContainer("main").livenessProbe(probe).build();
        assertThat(StopPlan.graceSeconds(pod.build(), container, ProbeKind.LIVENESS)).isEqualTo(7);
        assertThat(StopPlan.graceSeconds(pod.build(), container, ProbeKind.STARTUP)).isEqualTo(30);
        assertThat(
                        StopPlan.graceSeconds(
                                pod.deleting(NOW, 4).build(), container, ProbeKind.LIVENESS))
                .isEqualTo(4);
    }
}
