package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static dev.berth.core.pod.WhatStartsNextTest.NOW;
import static dev.berth.core.pod.WhatStartsNextTest.ended;
import static dev.berth.core.pod.WhatStartsNextTest.run;
import static dev.berth.core.pod.WhatStartsNextTest.seen;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.arbitrary;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContainersRestartAsTheirRulesSayTest {
    private static PodDecision decide(PodBuilder pod, ContainerRun... runs) {
        return PodDecision.of(
                pod.build().spec(), seen(runs), RestartBackOffs.NONE, NOW.plusSeconds(5));
    }

    private static PodStatus status(PodBuilder builder, ContainerRun... runs) {
        var pod = builder.build();
        return PodStatuses.of(pod, pod.status(), seen(runs), NOW);
    }

    @ParameterizedTest(name = "pod {0}, container {1}, rule on 42 {2}, exit {3}: {4}")
    @CsvSource({
        "ALWAYS,     ,          ,        0,  true",
        "ON_FAILURE, ,          ,        0,  false",
        "ON_FAILURE, ,          ,        1,  true",
        "NEVER,      ,          ,        1,  false",
        "NEVER,      Always,    ,        0,  true",
        "NEVER,      OnFailure, ,        0,  false",
        "NEVER,      OnFailure, ,        7,  true",
        "ALWAYS,     Never,     ,        7,  false",
        "ALWAYS,     OnFailure, ,        0,  false",
        "NEVER,      Never,     Restart, 42, true",
        "NEVER,      Never,     Restart, 41, false",
        "ALWAYS,     OnFailure, Restart, 1,  true",
        "NEVER,      Never,     RestartAllContainers, 42, true",
    })
    void the_rule_counts_first_then_the_containers_policy_then_the_pods(
            RestartPolicy ofPod, String ofContainer, String rule, int exit, boolean again) {
        var container = aContainer("main");
        if (ofContainer != null) {
            container.restartPolicy(ofContainer);
        }
        if (rule != null) {
            container.onExit(rule, 42);
        }
        var pod = aPod().restartPolicy(ofPod).container(container);
        assertThat(RestartDecision.restarts(pod.build().spec(), container.build(), exit))
                .isEqualTo(again);
    }

    @Test
    void the_first_rule_that_matches_counts() {
        var container =
                aContainer("main")
                        .restartPolicy("Never")
                        .onExit("Restart", 1, 2)
                        .onOtherExit("RestartAllContainers", 3)
                        .build();
        assertThat(RestartDecision.restartsAll(container, 1)).isFalse();
        assertThat(RestartDecision.restartsAll(container, 3)).isFalse();
        assertThat(RestartDecision.restartsAll(container, 4)).isTrue();
    }

    @Test
    void a_container_without_a_policy_of_its_own_follows_its_pod() {
        qt().forAll(integers().between(0, 255), arbitrary().enumValues(RestartPolicy.class))
                .check((code, policy) -> {
                    var container = aContainer("main");
                    var spec = aPod().restartPolicy(policy).container(container).build().spec();
                    var same =
                            aContainer("main")
                                    .restartPolicy(
                                            switch (policy) {
                                                case ALWAYS -> "Always";
                                                case ON_FAILURE -> "OnFailure";
                                                case NEVER -> "Never";
                                            });
                    return RestartDecision.restarts(spec, container.build(), code)
                            == RestartDecision.restarts(spec, same.build(), code);
                });
    }

    @Test
    void in_and_not_in_are_opposites() {
        qt().forAll(integers().between(0, 255), integers().between(0, 255))
                .check((code, named) -> {
                    var in = aContainer("a").restartPolicy("Never").onExit("Restart", named);
                    var not = aContainer("a").restartPolicy("Never").onOtherExit("Restart", named);
                    var spec = aPod().container(in).build().spec();
                    return RestartDecision.restarts(spec, in.build(), code)
                            != RestartDecision.restarts(spec, not.build(), code);
                });
    }

    @Test
    void an_init_container_of_a_pod_that_never_restarts_may_itself() {
        var pod =
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .init(aContainer("init").restartPolicy("Never").onExit("Restart", 42))
                        .container(aContainer("main"));
        assertThat(decide(pod, ended("init", 0, 42)).start()).containsExactly("init");
        assertThat(status(pod, ended("init", 0, 42)).phase()).isEqualTo(Phase.PENDING);
        assertThat(decide(pod, ended("init", 0, 1)).over()).isTrue();
        assertThat(status(pod, ended("init", 0, 1)).phase()).isEqualTo(Phase.FAILED);
    }

    @Test
    void one_container_that_restarts_keeps_its_pod_running() {
        var pod =
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .container(aContainer("once"))
                        .container(aContainer("again").restartPolicy("Always"));
        assertThat(decide(pod, ended("once", 0, 1), ended("again", 0, 0)).start())
                .containsExactly("again");
        assertThat(status(pod, ended("once", 0, 1), ended("again", 0, 0)).phase())
                .isEqualTo(Phase.RUNNING);
    }

    // ---- all together

    private static PodBuilder together() {
        return aPod().restartPolicy(RestartPolicy.NEVER)
                .init(aContainer("init"))
                .container(
                        aContainer("main")
                                .restartPolicy("Never")
                                .onExit("RestartAllContainers", 42))
                .container(aContainer("other"));
    }

    @Test
    void an_end_that_asks_for_it_lets_all_begin_anew() {
        var pod = together();
        var decision = decide(pod, ended("init", 0, 0), ended("main", 0, 42), run("other", 0));
        assertThat(decision.reset()).contains(NOW.plusSeconds(1));
        assertThat(decision.start()).isEmpty();
        var condition =
                status(pod, ended("init", 0, 0), ended("main", 0, 42), run("other", 0))
                        .conditionsByType()
                        .get("AllContainersRestarting");
        assertThat(condition)
                .extracting("status", "reason", "message")
                .containsExactly(
                        "True",
                        "RestartAllContainersStarted",
                        "container exited with restart policy rule");
    }

    @Test
    void what_was_taken_away_begins_with_the_first_init_container() {
        var pod = together();
        ContainerRun[] taken = {
            ended("init", 0, 0).taken(), ended("main", 0, 42).taken(), run("other", 0).taken()
        };
        var decision = decide(pod, taken);
        assertThat(decision.reset()).isEmpty();
        assertThat(decision.start()).containsExactly("init");
        assertThat(decide(pod, taken[1], taken[2], ended("init", 1, 0)).start())
                .containsExactly("main", "other");
        var status = status(pod, taken);
        assertThat(status.phase()).isEqualTo(Phase.RUNNING);
        assertThat(status.conditionsByType().get("AllContainersRestarting"))
                .extracting("status", "reason")
                .containsExactly("False", null);
        assertThat(
                        ((ContainerState.Terminated)
                                        Objects.requireNonNull(
                                                status.containers().getFirst().state()))
                                .reason())
                .isEqualTo("RestartingAllContainers");
    }

    @Test
    void pods_without_such_a_rule_do_not_speak_of_it() {
        assertThat(status(aPod(), run("main", 0)).conditionsByType())
                .doesNotContainKey("AllContainersRestarting");
    }

    @Test
    void a_probe_that_fails_asks_only_for_the_policy() {
        var pod =
                aPod().restartPolicy(RestartPolicy.ALWAYS)
                        .container(aContainer("main").restartPolicy("Never").onExit("Restart", 137))
                        .build();
        assertThat(
                        RestartDecision.restartsAfterProbe(
                                pod.spec(), pod.spec().containers().getFirst()))
                .isFalse();
    }
}
