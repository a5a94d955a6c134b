package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.PodObservation.Probed;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WhatStartsNextTest {
    static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    static ContainerRun run(String name, int attempt) {
        return new ContainerRun(
                name, attempt, "crun://" + name + attempt, NOW, null, "i", "d", true);
    }

    static ContainerRun ended(String name, int attempt, int code) {
        return run(name, attempt).endedBy(End.of(code, false, null, NOW));
    }

    static PodObservation seen(ContainerRun... runs) {
        return new PodObservation(
                true,
                "172.16.1.10",
                "172.16.1.10",
                NOW,
                List.of(runs),
                Map.of(),
                Map.of(),
                null,
                false);
    }

    private static PodDecision decide(PodBuilder pod, ContainerRun... runs) {
        return PodDecision.of(pod.build().spec(), seen(runs), RestartBackOffs.NONE, NOW);
    }

    private static PodBuilder withInits() {
        return aPod().init(aContainer("i1")).init(aContainer("i2")).container(aContainer("main"));
    }

    @Test
    void without_init_containers_all_containers_start_together() {
        var pod = aPod().container(aContainer("b")).container(aContainer("a"));
        assertThat(decide(pod).start()).containsExactly("b", "a");
        assertThat(decide(pod, run("b", 0)).start()).containsExactly("a");
        assertThat(decide(pod, run("b", 0), run("a", 0)).start()).isEmpty();
    }

    @Test
    void init_containers_go_one_after_another() {
        assertThat(decide(withInits()).start()).containsExactly("i1");
        assertThat(decide(withInits(), run("i1", 0)).start()).isEmpty();
        assertThat(decide(withInits(), ended("i1", 0, 0)).start()).containsExactly("i2");
        assertThat(decide(withInits(), ended("i1", 0, 0), ended("i2", 0, 0)).start())
                .containsExactly("main");
    }

    @Test
    void a_failed_init_container_starts_again_or_ends_the_pod() {
        assertThat(decide(withInits(), ended("i1", 0, 1)).start()).containsExactly("i1");
        assertThat(
                        decide(
                                        withInits().restartPolicy(RestartPolicy.ON_FAILURE),
                                        ended("i1", 0, 1))
                                .start())
                .containsExactly("i1");
        assertThat(decide(withInits().restartPolicy(RestartPolicy.NEVER), ended("i1", 0, 1)).over())
                .isTrue();
    }

    @Test
    void init_containers_do_not_run_again_once_a_container_began() {
        assertThat(decide(withInits(), ended("main", 0, 1)).start()).containsExactly("main");
        assertThat(decide(withInits(), run("main", 0)).start()).isEmpty();
    }

    @Test
    void after_the_machine_started_again_init_containers_run_again() {
        assertThat(
                        decide(
                                        withInits(),
                                        ended("i1", 0, 0).past(),
                                        ended("i2", 0, 0).past(),
                                        ended("main", 0, 137).past())
                                .start())
                .containsExactly("i1");
    }

    @Test
    void a_sidecar_lets_the_next_go_once_it_started_and_is_kept_running() {
        var pod =
                aPod().init(aContainer("side").sidecar())
                        .init(aContainer("i2"))
                        .container(aContainer("main"));
        assertThat(decide(pod).start()).containsExactly("side");
        assertThat(decide(pod, run("side", 0)).start()).containsExactly("i2");
        assertThat(decide(pod, run("side", 0), ended("i2", 0, 0)).start()).containsExactly("main");
        assertThat(decide(pod, ended("side", 0, 0), run("i2", 0)).start()).containsExactly("side");
        assertThat(decide(pod, ended("side", 0, 0), ended("i2", 0, 0), run("main", 0)).start())
                .containsExactly("side");
    }

    @Test
    void a_sidecar_with_a_startup_probe_blocks_until_that_passes() {
        var probe =
                new Container.Probe(
                        new Container.Handler.TcpSocket(null, "80"), 0, 1, 10, 1, 3, null);
        var pod =
                aPod().init(aContainer("side").sidecar().startupProbe(probe))
                        .container(aContainer("main"));
        assertThat(decide(pod, run("side", 0)).start()).isEmpty();
        var passed =
                new PodObservation(
                        true,
                        null,
                        null,
                        NOW,
                        List.of(run("side", 0)),
                        Map.of(),
                        Map.of("side", new Probed(true, true)),
                        null,
                        false);
        assertThat(PodDecision.of(pod.build().spec(), passed, RestartBackOffs.NONE, NOW).start())
                .containsExactly("main");
    }

    @Test
    void sidecars_do_not_keep_an_ended_pod_alive() {
        var pod =
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .init(aContainer("side").sidecar())
                        .container(aContainer("main"));
        assertThat(decide(pod, run("side", 0), ended("main", 0, 0)).over()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "ALWAYS, 0, true", "ALWAYS, 1, true",
        "ON_FAILURE, 0, false", "ON_FAILURE, 1, true",
        "NEVER, 0, false", "NEVER, 1, false"
    })
    void the_restart_policy_says_what_comes_back(RestartPolicy policy, int code, boolean again) {
        var decision =
                decide(
                        aPod().restartPolicy(policy).container(aContainer("main")),
                        ended("main", 0, code));
        assertThat(decision.over()).isEqualTo(!again);
        assertThat(decision.start()).isEqualTo(again ? List.of("main") : List.of());
    }

    @Test
    void a_container_in_its_back_off_waits_and_says_how_long() {
        var backOffs = RestartBackOffs.NONE.tried("main", NOW, NOW);
        var decision =
                PodDecision.of(
                        aPod().container(aContainer("main")).build().spec(),
                        seen(ended("main", 1, 1)),
                        backOffs,
                        NOW.plusSeconds(3));
        assertThat(decision.start()).isEmpty();
        assertThat(decision.over()).isFalse();
        assertThat(decision.waiting())
                .containsExactly(
                        new PodDecision.Waiting(
                                "main", Duration.ofSeconds(10), NOW.plusSeconds(10)));
    }
}
