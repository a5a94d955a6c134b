package dev.berth.engine.scheduler;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.Volume;
import dev.berth.engine.account.RoleView.RoleFacts;
import dev.berth.port.KubeApi;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WhatCannotRunIsToldWhyTest {
    private static final PodKey WEB = new PodKey("default", "web");
    private final SchedulerSite site = new SchedulerSite();

    @AfterEach
    void close() {
        site.close();
    }

    private static PodBuilder claimed() {
        return aPod().named("web").uid(UUID.randomUUID().toString()).profile("fp-default");
    }

    private String toldAs(PodBuilder pod, String code) {
        site.start();
        site.api.create(pod.build());
        var told = site.refused(WEB, code).status().conditionsByType().get("PodScheduled");
        assertThat(site.events(WEB))
                .contains("Warning FailedScheduling fargate-scheduler " + told.message());
        assertThat(site.api.nodes()).isEmpty();
        assertThat(site.api.calls(Call.BIND)).isZero();
        return String.valueOf(told.message());
    }

    @Test
    void privileged() {
        assertThat(
                        toldAs(
                                claimed().container(aContainer().privileged()),
                                "POD_UNSUPPORTED_ON_FARGATE"))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields: Privileged");
    }

    @Test
    void too_big() {
        assertThat(
                        toldAs(
                                claimed().requesting("9", "200Gi"),
                                "POD_CPU_MEM_EXCEEDS_MAX_FARGATE_SIZE"))
                .isEqualTo(
                        "Your pod's cpu/memory requirements exceed the max Fargate configuration");
    }

    @Test
    void a_node_selector_that_no_fargate_node_has() {
        assertThat(toldAs(claimed().nodeSelector("disk", "ssd"), "POD_NODE_SELECTOR_NOT_SATISFIED"))
                .isEqualTo(
                        "MatchNodeSelector failed: Fargate profile fp-default cannot satisfy pod's"
                                + " node selector/affinity requirements");
    }

    @Test
    void a_role_that_is_gone() {
        site.roles.clear();
        assertThat(toldAs(claimed(), "FARGATE_PROFILE_MISCONFIGURED"))
                .startsWith(
                        "Misconfigured Fargate Profile: fargate profile fp-default blocked for new"
                                + " launches due to: Failed to assume PodExecutionRole;");
    }

    @Test
    void a_role_that_trusts_only_another_cluster() {
        site.roles.put(
                SchedulerSite.ROLE,
                new RoleFacts(
                        SchedulerSite.ROLE,
                        "AROAEXAMPLE",
                        "pods",
                        List.of("eks-fargate-pods.amazonaws.com"),
                        List.of("arn:aws:eks:eu-west-1:111122223333:fargateprofile/another/*"),
                        List.of()));
        assertThat(toldAs(claimed(), "FARGATE_PROFILE_MISCONFIGURED"))
                .contains("Failed to assume PodExecutionRole");
    }

    @Test
    void a_role_that_is_not_in_aws_auth() {
        site.api.putConfigMap("kube-system", "aws-auth", Map.of("mapRoles", "[]"));
        site.start();
        site.api.create(claimed().build());
        var pod = site.refused(WEB, "FARGATE_PROFILE_MISCONFIGURED");
        assertThat(pod.status().conditionsByType().get("PodScheduled").message())
                .endsWith(
                        "Pod execution role is not found in auth config or does not have all"
                                + " required permissions for launching fargate pods.");
        assertThat(site.events(WEB).getFirst()).startsWith("Warning LoggingDisabled");
        site.await(api -> api.nodes().isEmpty());
        assertThat(site.api.calls(Call.BIND)).isZero();

        // The next look is a minute later; a node is not even made before it is known to serve.
        var applied = site.api.calls(Call.APPLY_NODE);
        site.awaitPause(Duration.ofMinutes(1));
        site.time.advance(Duration.ofMinutes(1));
        site.awaitPause(Duration.ofMinutes(1));
        assertThat(site.api.calls(Call.APPLY_NODE)).isEqualTo(applied);

        site.api.putConfigMap(
                "kube-system", "aws-auth", Map.of("mapRoles", "- rolearn: " + SchedulerSite.ROLE));
        site.time.advance(Duration.ofMinutes(1));
        site.bound(WEB);
    }

    @Test
    void an_unbound_claim_is_looked_at_again_every_minute_and_when_it_is_bound() {
        site.api.putClaim("default", "data", new KubeApi.Claim(null, null, null));
        site.start();
        site.api.create(claimed().volume("data", new Volume.Source.Claim("data", false)).build());
        var message =
                site.refused(WEB, "POD_UNSUPPORTED_ON_FARGATE")
                        .status()
                        .conditionsByType()
                        .get("PodScheduled")
                        .message();
        assertThat(message)
                .isEqualTo(
                        "Pod not supported on Fargate: volumes not supported: data not supported"
                                + " because: PVC data not bound");
        site.awaitPause(Duration.ofMinutes(1));
        site.time.advance(Duration.ofMinutes(1));
        site.await(api -> api.events(WEB).getFirst().count() == 2);
        site.awaitPause(Duration.ofMinutes(1));
        site.api.putClaim("default", "data", new KubeApi.Claim("pv", "efs.csi.aws.com", "fs-1"));
        site.bound(WEB);
    }

    @Test
    void a_refusal_for_good_is_told_once_and_not_repeated() {
        site.start();
        site.api.create(claimed().container(aContainer().privileged()).build());
        site.refused(WEB, "POD_UNSUPPORTED_ON_FARGATE");
        site.time.advance(Duration.ofHours(1));
        site.scheduler.wake();
        site.api.update(WEB, pod -> pod);
        site.still();
        assertThat(site.api.events(WEB)).hasSize(1);
        assertThat(site.api.events(WEB).getFirst().count()).isEqualTo(1);
        assertThat(site.api.calls(Call.WRITE_CONDITION)).isEqualTo(1);
    }

    @Test
    void a_refused_pod_that_is_changed_is_looked_at_again() {
        site.start();
        site.api.create(claimed().nodeSelector("disk", "ssd").build());
        site.refused(WEB, "POD_NODE_SELECTOR_NOT_SATISFIED");
        site.api.update(
                WEB,
                pod ->
                        new dev.berth.core.pod.Pod(
                                pod.metadata(), claimed().build().spec(), pod.status()));
        assertThat(site.bound(WEB).status().conditionsByType().get("PodScheduled").status())
                .isEqualTo("True");
    }

    @Test
    void all_reasons_are_told_and_the_first_is_the_condition() {
        site.start();
        site.api.create(
                claimed()
                        .container(aContainer().privileged().requesting("32", "1Gi"))
                        .nodeSelector("disk", "ssd")
                        .build());
        site.refused(WEB, "POD_UNSUPPORTED_ON_FARGATE");
        assertThat(site.events(WEB)).hasSize(3);
    }
}
