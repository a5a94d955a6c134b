package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.Phase;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class APodRunsAndGoesTest {
    private final Bench bench = new Bench();

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void a_bound_pod_becomes_Running_with_its_nodes_address() throws Exception {
        bench.started();
        var pod = bench.run(aPod().container(aContainer("nginx")));
        assertThat(pod.status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(pod.status().podIp()).isEqualTo("172.16.1.10");
        assertThat(pod.status().hostIp()).isEqualTo("172.16.1.10");
        assertThat(bench.container(pod, "nginx").ready()).isTrue();
        assertThat(bench.container(pod, "nginx").containerId())
                .isEqualTo("fake://" + bench.id(pod, "nginx", 0));
        assertThat(bench.events(pod))
                .containsExactly(
                        "Pulled: Container image \"busybox\" already present on machine and can be"
                                + " accessed by the pod",
                        "Created: Container created",
                        "Started: Container started");
    }

    @Test
    void the_pods_cgroup_has_the_provisioned_size_once_it_runs() throws Exception {
        bench.started();
        var pod = bench.run(aPod());
        assertThat(bench.runtime.groups().get(pod.uid()).cpuShares()).isEqualTo(256);
        assertThat(bench.runtime.groups().get(pod.uid()).cpuMillis()).isEqualTo(250);
        assertThat(bench.runtime.groups().get(pod.uid()).memoryBytes()).isEqualTo(512L << 20);
    }

    @Test
    void a_status_that_somebody_wrote_over_is_written_again() throws Exception {
        bench.started();
        var pod = bench.run(aPod());
        var told = bench.now(pod).status();
        bench.api.update(
                pod.key(), now -> new Pod(now.metadata(), now.spec(), aPod().build().status()));
        bench.settle();
        assertThat(bench.now(pod).status()).isEqualTo(told);
        var writes = bench.api.calls().size();
        bench.api.annotate(pod.key(), pod.uid(), Map.of("note", "changes nothing of the status"));
        bench.settle();
        assertThat(bench.api.calls()).hasSize(writes + 1);
    }

    @Test
    void a_deleted_pod_is_asked_to_stop_and_leaves_nothing() throws Exception {
        bench.started();
        var pod = bench.run(aPod());
        bench.api.delete(pod.key());
        bench.settle();
        assertThat(bench.api.pods()).isEmpty();
        bench.assertEmptyMachine();
        assertThat(bench.events(pod)).contains("Killing: Stopping container main");
    }

    @Test
    void a_pod_that_does_not_hear_is_killed_after_its_grace_period() throws Exception {
        bench.runtime.behaving(_ -> dev.berth.testkit.FakeContainerRuntime.Behaviour.DEAF);
        bench.started();
        var pod = bench.run(aPod().terminationGraceSeconds(30));
        bench.api.delete(pod.key());
        bench.pass(Duration.ofSeconds(29));
        assertThat(bench.runtime.running(pod.uid())).isOne();
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.api.pods()).isEmpty();
        bench.assertEmptyMachine();
    }

    @Test
    void a_crashing_container_waits_longer_each_time() throws Exception {
        bench.started();
        var pod = bench.run(aPod().container(aContainer().command("sh", "-c", "exit 7")));
        var status = bench.container(pod, "main");
        assertThat(status.state())
                .isEqualTo(
                        new ContainerState.Waiting(
                                "CrashLoopBackOff",
                                "back-off 10s restarting failed container=main pod=web_default("
                                        + pod.uid()
                                        + ")"));
        assertThat(status.restartCount()).isEqualTo(1);
        assertThat(status.lastState())
                .isInstanceOfSatisfying(
                        ContainerState.Terminated.class,
                        ended -> assertThat(ended.exitCode()).isEqualTo(7));
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(2);
        bench.pass(Duration.ofSeconds(19));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(2);
        bench.pass(Duration.ofSeconds(1));
        assertThat(bench.container(pod, "main").restartCount()).isEqualTo(3);
    }
}
