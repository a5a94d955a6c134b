package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.Volume;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import dev.berth.testkit.FakeImages;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LivesOfPodsTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private Phase phase(Pod pod) {
        return bench.now(pod).status().phase();
    }

    @Test
    void init_containers_run_one_after_another_before_the_others() throws Exception {
        var pod =
                bench.run(
                        aPod().init(aContainer("one"))
                                .init(aContainer("two"))
                                .container(aContainer("main")));
        assertThat(phase(pod)).isEqualTo(Phase.PENDING);
        bench.runtime.end(bench.id(pod, "one", 0), 0);
        bench.settle();
        bench.runtime.end(bench.id(pod, "two", 0), 0);
        bench.settle();
        assertThat(phase(pod)).isEqualTo(Phase.RUNNING);
        assertThat(bench.runtime.calls())
                .containsExactly(
                        "create one#0",
                        "start one#0",
                        "create two#0",
                        "start two#0",
                        "create main#0",
                        "start main#0");
    }

    @Test
    void several_containers_start_in_their_order() throws Exception {
        bench.run(aPod().container(aContainer("b")).container(aContainer("a")));
        assertThat(bench.runtime.calls().stream().filter(call -> call.startsWith("start")))
                .containsExactly("start b#0", "start a#0");
    }

    @Test
    void a_job_succeeds_and_frees_the_machine_but_keeps_its_logs() throws Exception {
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.NEVER)
                                .container(aContainer("main").command("sh", "-c", "exit 0")));
        assertThat(phase(pod)).isEqualTo(Phase.SUCCEEDED);
        assertThat(bench.runtime.list()).isEmpty();
        assertThat(bench.network.attached()).isEmpty();
        assertThat(bench.logs.names()).hasSize(1);
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(bench.api.pods()).isEmpty();
        bench.assertEmptyMachine();
    }

    @Test
    void a_pod_fails_with_its_sidecar_stopped() throws Exception {
        var pod =
                bench.run(
                        aPod().restartPolicy(RestartPolicy.NEVER)
                                .init(aContainer("side").sidecar())
                                .container(aContainer("main")));
        assertThat(phase(pod)).isEqualTo(Phase.RUNNING);
        bench.runtime.end(bench.id(pod, "main", 0), 5);
        bench.settle();
        assertThat(phase(pod)).isEqualTo(Phase.FAILED);
        assertThat(bench.runtime.list()).isEmpty();
    }

    @Test
    void a_sidecar_stops_after_the_others() throws Exception {
        var pod =
                bench.run(aPod().init(aContainer("side").sidecar()).container(aContainer("main")));
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(bench.runtime.calls().stream().filter(call -> call.startsWith("signal")))
                .containsExactly("signal 15 main#0", "signal 15 side#0");
    }

    @Test
    void an_ended_container_leaves_its_last_words() throws Exception {
        var pod = bench.run(aPod());
        bench.files.say(pod.uid(), "main", 0, "good bye");
        bench.runtime.outOfMemory(bench.id(pod, "main", 0));
        bench.settle();
        assertThat(bench.container(pod, "main").lastState())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> {
                            assertThat(ended.reason()).isEqualTo("OOMKilled");
                            assertThat(ended.message()).isEqualTo("good bye");
                        });
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(1);
        assertThat(bench.container(pod, "main").state()).isInstanceOf(ContainerState.Running.class);
    }

    @Test
    void the_images_stop_signal_is_used() throws Exception {
        var config =
                new dev.berth.port.Images.Config(
                        List.of("nginx"), List.of(), List.of(), "", "", "SIGQUIT", Map.of());
        bench.images.onMachine("nginx", config);
        var pod = bench.run(aPod().container(aContainer("main").image("nginx")));
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(bench.runtime.calls()).contains("signal 3 main#0");
    }

    @Test
    void a_pod_that_runs_too_long_is_ended() throws Exception {
        var pod = bench.run(aPod().activeDeadlineSeconds(60));
        bench.pass(Duration.ofSeconds(59));
        assertThat(phase(pod)).isEqualTo(Phase.RUNNING);
        bench.pass(Duration.ofSeconds(1));
        assertThat(phase(pod)).isEqualTo(Phase.FAILED);
        assertThat(bench.now(pod).status().reason()).isEqualTo("DeadlineExceeded");
        assertThat(bench.runtime.list()).isEmpty();
        assertThat(bench.events(pod))
                .contains(
                        "DeadlineExceeded: Pod was active on the node longer than the specified"
                                + " deadline");
    }

    @Test
    void a_second_deletion_may_shorten_the_grace_period() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.DEAF);
        var pod = bench.run(aPod().terminationGraceSeconds(600));
        bench.api.delete(pod.key());
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.runtime.running(pod.uid())).isOne();
        bench.api.deletePod(pod.key(), pod.uid(), 5);
        bench.pass(Duration.ofSeconds(5));
        assertThat(bench.api.pods()).isEmpty();
        bench.assertEmptyMachine();
    }

    @Test
    void a_pod_that_is_simply_gone_is_stopped_within_two_seconds() throws Exception {
        bench.runtime.behaving(_ -> Behaviour.DEAF);
        var pod = bench.run(aPod());
        bench.api.deletePod(pod.key(), pod.uid(), 0);
        bench.pass(Duration.ofSeconds(2));
        bench.assertEmptyMachine();
    }

    @Test
    void a_finalizer_keeps_the_pod_but_not_its_containers() throws Exception {
        var pod = bench.run(aPod().finalizer("example.org/wait"));
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(phase(pod)).isEqualTo(Phase.FAILED);
        assertThat(bench.runtime.list()).isEmpty();
        assertThat(bench.runtime.calls().stream().filter(call -> call.startsWith("start")))
                .hasSize(1);
    }

    @Test
    void tokens_are_made_anew_before_they_expire() throws Exception {
        var source =
                new Volume.Source.Projected(
                        List.of(new Volume.Source.Token(null, 1000, "token")), 0644);
        var pod = bench.run(aPod().volume("api", source));
        var first = bench.files.volume(pod.uid(), "api").get("token");
        bench.pass(Duration.ofSeconds(799));
        assertThat(bench.files.volume(pod.uid(), "api").get("token")).isEqualTo(first);
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.files.volume(pod.uid(), "api").get("token")).isNotEqualTo(first);
        assertThat(bench.api.calls(Call.TOKEN)).isEqualTo(2);
    }

    @Test
    void what_a_container_gets_is_what_the_pod_says() throws Exception {
        bench.files.imageText("etc/passwd", "web:x:7:8::/:/bin/sh\n");
        var config =
                new dev.berth.port.Images.Config(
                        List.of("serve"),
                        List.of("--all"),
                        List.of("A=image"),
                        "/srv",
                        "web",
                        null,
                        Map.of());
        bench.images.onMachine("site", config);
        var pod =
                bench.run(
                        aPod().volume("cache", new Volume.Source.EmptyDir("", null))
                                .container(
                                        aContainer("main")
                                                .image("site")
                                                .args("--some")
                                                .env("B", "$(KUBERNETES_SERVICE_HOST)")
                                                .requesting("250m", "128Mi")
                                                .limiting("250m", "256Mi")
                                                .mounting("cache", "/cache")));
        var plan = bench.runtime.plan(pod.uid(), "main");
        assertThat(plan.command()).containsExactly("serve", "--some");
        assertThat(plan.environment())
                .contains(
                        "A=image", "B=10.100.0.1", "KUBERNETES_PORT_443_TCP=tcp://10.100.0.1:443");
        assertThat(plan.workingDir()).isEqualTo("/srv");
        assertThat(plan.user().uid()).isEqualTo(7);
        assertThat(plan.user().gid()).isEqualTo(8);
        assertThat(plan.limits().cpuShares()).isEqualTo(256);
        assertThat(plan.limits().cpuQuotaMicros()).isEqualTo(25_000);
        assertThat(plan.limits().memoryBytes()).isEqualTo(256L << 20);
        assertThat(plan.openFilesSoft()).isEqualTo(1024);
        assertThat(plan.openFilesHard()).isEqualTo(65_535);
        assertThat(plan.mounts())
                .extracting(mount -> mount.target())
                .containsExactly(
                        "/etc/hosts",
                        "/etc/resolv.conf",
                        "/etc/hostname",
                        "/cache",
                        "/dev/termination-log");
        assertThat(bench.files.etc(pod.uid(), "hosts")).contains("172.16.1.10\tweb\n");
    }

    @Test
    void statuses_are_written_only_when_they_say_something_new() throws Exception {
        var pod = bench.run(aPod());
        assertThat(bench.api.calls(Call.WRITE_STATUS)).isOne();
        bench.api.breakWatches();
        bench.pass(Duration.ofMinutes(5));
        assertThat(bench.api.calls(Call.WRITE_STATUS)).isOne();
        assertThat(phase(pod)).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_status_that_could_not_be_written_is_written_later() throws Exception {
        bench.api.failNext(Call.WRITE_STATUS);
        var pod = bench.run(aPod());
        assertThat(phase(pod)).isEqualTo(Phase.PENDING);
        bench.pass(Duration.ofMillis(250));
        assertThat(phase(pod)).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_pod_on_an_unknown_node_is_taken_when_the_node_is_known() throws Exception {
        var pod = aPod().on("fargate-172.16.1.77").build();
        bench.api.create(pod);
        bench.settle();
        assertThat(bench.runtime.list()).isEmpty();
        bench.place(pod, new dev.berth.core.size.FargateSize(250, 512), 77);
        bench.workers.nodesChanged();
        bench.settle();
        assertThat(phase(pod)).isEqualTo(Phase.RUNNING);
    }

    @Test
    void a_grown_log_is_set_aside() throws Exception {
        var pod = bench.run(aPod());
        var log = ContainerPlans.log(pod, "main", 0);
        bench.logs.grow(log, (10 << 20) - 1);
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.logs.rotated()).isEmpty();
        bench.logs.grow(log, 10 << 20);
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.logs.rotated()).containsExactly(log);
        assertThat(bench.runtime.reopened(bench.id(pod, "main", 0))).isOne();
    }

    @Test
    void a_container_that_crashes_often_leaves_only_its_last_two_logs() throws Exception {
        bench.images.onMachine("crash", FakeImages.SHELL);
        bench.run(aPod().container(aContainer("main").command("sh", "-c", "exit 1")));
        bench.pass(Duration.ofMinutes(5));
        assertThat(bench.logs.names())
                .extracting(log -> log.attempt())
                .containsExactlyInAnyOrder(4, 5);
        assertThat(bench.runtime.list()).hasSizeLessThanOrEqualTo(2);
    }
}
