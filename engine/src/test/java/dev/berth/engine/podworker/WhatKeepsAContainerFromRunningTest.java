package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.FileSystems;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSecurity;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.Volume;
import dev.berth.core.size.FargateSize;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.RegistryCredential;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.Secret;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import dev.berth.testkit.FakeImages;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WhatKeepsAContainerFromRunningTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private ContainerState.Waiting waiting(Pod pod) {
        return (ContainerState.Waiting) bench.container(pod, "main").state();
    }

    @Test
    void a_pull_that_fails_is_told_and_tried_again_after_ten_seconds() throws Exception {
        bench.images.failNextPull(PullFailed.Why.NOT_FOUND, "not found: nginx");
        bench.images.inRegistry("nginx", FakeImages.SHELL);
        var pod = bench.run(aPod().container(aContainer("main").image("nginx")));
        assertThat(waiting(pod))
                .isEqualTo(
                        new ContainerState.Waiting(
                                "ErrImagePull",
                                "rpc error: code = NotFound desc = not found: nginx"));
        bench.pass(Duration.ofSeconds(1));
        assertThat(waiting(pod))
                .isEqualTo(
                        new ContainerState.Waiting(
                                "ImagePullBackOff",
                                "Back-off pulling image \"nginx\": ErrImagePull: rpc error: code = NotFound desc = not found:"
                                        + " nginx"));
        bench.pass(Duration.ofSeconds(8));
        assertThat(bench.images.pulls()).hasSize(1);
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.events(pod))
                .containsExactly(
                        "Pulling: Pulling image \"nginx\"",
                        "Failed: Failed to pull image \"nginx\": rpc error: code = NotFound desc ="
                                + " not found: nginx",
                        "Failed: Error: ErrImagePull",
                        "BackOff: Back-off pulling image \"nginx\"",
                        "Failed: Error: ImagePullBackOff",
                        "Pulled: Successfully pulled image \"nginx\" in 0s (0s including waiting)."
                                + " Image size: 29150000 bytes.",
                        "Created: Container created",
                        "Started: Container started");
    }

    @Test
    void what_is_no_image_name_is_not_asked_for() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main").image("Nginx::")));
        assertThat(waiting(pod).reason()).isEqualTo("InvalidImageName");
        assertThat(bench.images.pulls()).isEmpty();
    }

    @Test
    void an_image_that_must_not_be_pulled_has_to_be_here() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main").image("nginx").pulling("Never")));
        assertThat(waiting(pod))
                .isEqualTo(
                        new ContainerState.Waiting(
                                "ErrImageNeverPull",
                                "Container image \"nginx\" is not present with pull policy of"
                                        + " Never"));
    }

    @Test
    void an_image_is_pulled_always_when_that_is_said() throws Exception {
        bench.run(aPod().container(aContainer("main").pulling("Always")));
        assertThat(bench.images.pulls()).containsExactly("busybox");
    }

    @Test
    void pull_secrets_go_to_the_registry_they_are_for() throws Exception {
        var config = "{\"auths\":{\"example.org\":{\"username\":\"me\",\"password\":\"pw\"}}}";
        bench.api.putSecret(
                "default",
                "login",
                new Secret(
                        "kubernetes.io/dockerconfigjson",
                        Map.of(".dockerconfigjson", config.getBytes(UTF_8))));
        bench.images.inRegistry("example.org/web", FakeImages.SHELL);
        var pod =
                bench.run(
                        aPod().imagePullSecret("login")
                                .imagePullSecret("absent")
                                .container(aContainer("main").image("example.org/web")));
        assertThat(bench.images.credentialsSeen())
                .containsExactly(new RegistryCredential("example.org", "me", "pw"));
        assertThat(bench.events(pod))
                .contains(
                        "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull"
                                + " secrets (absent); attempting to pull the image may not"
                                + " succeed.");
    }

    @Test
    void a_missing_config_map_is_waited_for_and_not_a_moment_longer() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .env(
                                                        "A",
                                                        new EnvSource.ConfigMapKeyRef(
                                                                "conf", "a", false))));
        assertThat(waiting(pod))
                .isEqualTo(
                        new ContainerState.Waiting(
                                "CreateContainerConfigError", "configmap \"conf\" not found"));
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.runtime.plan(pod.uid(), "main").environment()).contains("A=1");
    }

    @Test
    void a_missing_volume_is_told_and_waited_for_and_not_a_moment_longer() throws Exception {
        var pod =
                bench.run(
                        aPod().volume(
                                        "conf",
                                        new Volume.Source.ConfigMap(
                                                "conf", List.of(), 0644, false)));
        assertThat(waiting(pod).reason()).isEqualTo("ContainerCreating");
        assertThat(bench.events(pod))
                .contains(
                        "FailedMount: MountVolume.SetUp failed for volume \"conf\" : configmap"
                                + " \"conf\" not found");
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.files.volume(pod.uid(), "conf")).containsOnly(Map.entry("a", "1"));
    }

    @Test
    void a_network_that_fails_is_told_and_tried_again() throws Exception {
        bench.network.failNextAttach("no veth");
        var pod = bench.run(aPod());
        assertThat(bench.events(pod))
                .contains("FailedCreatePodSandBox: Failed to create pod sandbox: no veth");
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_runtime_that_cannot_make_it_is_asked_again() throws Exception {
        bench.runtime.failNext("create", "crun is ill");
        var pod = bench.run(aPod());
        assertThat(waiting(pod))
                .isEqualTo(new ContainerState.Waiting("CreateContainerError", "crun is ill"));
        assertThat(bench.container(pod, "main").restartCount()).isZero();
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_container_that_cannot_start_has_ended_with_128() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.failsToStart("no such program"));
        var pod = bench.run(aPod().restartPolicy(RestartPolicy.NEVER));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
        assertThat(bench.container(pod, "main").state())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> {
                            assertThat(ended.exitCode()).isEqualTo(128);
                            assertThat(ended.reason()).isEqualTo("StartError");
                            assertThat(ended.message()).isEqualTo("no such program");
                        });
        assertThat(bench.events(pod)).contains("Failed: Error: no such program");
    }

    @Test
    void a_cpu_limit_above_the_provisioned_size_is_cut_on_newer_nodes() throws Exception {
        var pod =
                bench.run(
                        aPod().container(aContainer("main").limiting(Map.of("cpu", "1"))),
                        new FargateSize(250, 512));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.runtime.plan(pod.uid(), "main").limits().cpuQuotaMicros())
                .isEqualTo(25_000);
    }

    /** Source: eks-fargate §3.7 (O). */
    @Test
    void a_cpu_limit_above_the_provisioned_size_is_a_StartError() throws Exception {
        bench.cpuLimitsMustFit = true;
        bench.restart();
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.NEVER)
                                .uid("1-2")
                                .container(
                                        aContainer("main")
                                                .requesting(Map.of("cpu", "250m"))
                                                .limiting(Map.of("cpu", "1"))),
                        new FargateSize(250, 512));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
        assertThat(bench.container(pod, "main").state())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> {
                            assertThat(ended.exitCode()).isEqualTo(128);
                            assertThat(ended.reason()).isEqualTo("StartError");
                            assertThat(ended.message())
                                    .isEqualTo(
                                            "failed to write \"100000\": write"
                                                    + " /sys/fs/cgroup/cpu,cpuacct/kubepods/burstable/pod1-2/cpu.cfs_quota_us:"
                                                    + " invalid argument: unknown");
                        });
    }

    @Test
    void a_pod_must_not_run_as_root_when_it_says_so() throws Exception {
        var says =
                new Container.Security(
                        false, null, null, null, true, false, List.of(), List.of(), null, null);
        var pod = bench.run(aPod().container(aContainer("main").security(says)));
        assertThat(waiting(pod).reason()).isEqualTo("CreateContainerConfigError");
        assertThat(waiting(pod).message()).startsWith("container has runAsNonRoot and image");
        bench.api.delete(pod.key());
        bench.settle();
        bench.assertEmptyMachine();
    }

    @Test
    void a_pod_of_another_scheduler_is_refused() throws Exception {
        var pod = bench.run(aPod().scheduler("default-scheduler"));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
        assertThat(bench.now(pod).status().reason()).isEqualTo("UnsupportedPodSpec");
        assertThat(bench.events(pod))
                .containsExactly(
                        "UnsupportedPodSpec: Pod not supported: SchedulerName is not"
                                + " fargate-scheduler");
        bench.assertEmptyMachine();
        bench.restart();
        bench.settle();
        assertThat(bench.now(pod).status().reason()).isEqualTo("UnsupportedPodSpec");
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(bench.api.pods()).isEmpty();
    }

    @Test
    void a_stop_cuts_a_long_pull_short() throws Exception {
        bench.images.inRegistry("nginx", FakeImages.SHELL);
        bench.images.hold();
        var pod = aPod().on("fargate-x").container(aContainer("main").image("nginx")).build();
        bench.place(pod, new FargateSize(250, 512), 99);
        bench.api.create(pod);
        bench.time.awaitTimer(Duration.ofSeconds(1));
        bench.time.advance(Duration.ofSeconds(1));
        bench.api.awaitPod(pod.key(), one -> one.status().startTime() != null, Bench.SOON);
        assertThat(waiting(pod).reason()).isEqualTo("ContainerCreating");
        bench.api.delete(pod.key());
        bench.api.awaitGone(pod.key(), Bench.SOON);
        bench.settle();
        bench.assertEmptyMachine();
    }

    @Test
    void a_cpu_limit_that_nothing_needs_any_more_is_not_tried_again_and_again() throws Exception {
        bench.runtime.behaving(_ -> {
            // The group is there by now; only its limit is missing, at each look.
            for (var look = 0; look < 20; look++) {
                bench.runtime.failNext("createPodGroup", "busy");
            }
            return Behaviour.RUNS;
        });
        var pod = bench.run(aPod());
        for (var attempt = 0; attempt < 2; attempt++) {
            bench.runtime.end(bench.id(pod, "main", attempt), 1);
            bench.settle();
        }
        bench.pass(Duration.ofSeconds(10));
        // The limit is to be tried again after 10 s, the container to be started after 20 s.
        bench.runtime.end(bench.id(pod, "main", 2), 1);
        bench.pass(Duration.ofSeconds(20));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(3);
    }

    @Test
    void a_pod_that_wants_users_of_its_own_is_told_where_there_are_none() throws Exception {
        bench.images.canMapUsers(false);
        var own =
                new PodSecurity(
                        null, null, null, List.of(), null, null, Map.of(), null, null, null, true);
        var pod = bench.run(aPod().security(own));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.PENDING);
        assertThat(bench.events(pod))
                .contains(
                        "FailedCreatePodSandBox: Failed to create pod sandbox: can't set"
                                + " `spec.hostUsers: false`, runtime does not support user"
                                + " namespaces");
    }

    @Test
    void an_EFS_volume_that_is_not_served_is_told_and_one_that_is_runs() throws Exception {
        bench.api.putClaim("default", "efs", new KubeApi.Claim("pv-1", "efs.csi.aws.com", "fs-1"));
        var pod = bench.run(aPod().volume("v", new Volume.Source.Claim("efs", false)));
        assertThat(bench.events(pod))
                .contains(
                        "FailedMount: MountVolume.SetUp failed for volume \"pv-1\" : file system"
                                + " fs-1 is not served here: start with --efs fs-1=FOLDER");
        bench.fileSystems = FileSystems.of(List.of("fs-1=/srv/one"), List.of());
        bench.restart();
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_runtime_that_is_not_there_keeps_the_pod_from_beginning() throws Exception {
        var pod = bench.run(aPod().runtimeClass("gvisor").container(aContainer("main")));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.PENDING);
        assertThat(bench.events(pod))
                .contains(
                        "FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code ="
                                + " Unknown desc = failed to get sandbox runtime: no runtime for"
                                + " \"gvisor\" is configured");
    }
}
