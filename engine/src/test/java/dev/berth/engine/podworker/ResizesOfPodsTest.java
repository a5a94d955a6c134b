package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.ContainerBuilder;
import dev.berth.core.pod.Grant;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodMetadata;
import dev.berth.core.pod.PodStatus.Condition;
import dev.berth.core.pod.PodStatus.Sizes;
import dev.berth.core.unit.Quantity;
import dev.berth.port.ContainerRuntime.Limits;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ResizesOfPodsTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static ContainerBuilder sized(String cpu) {
        return aContainer("main").limiting(Map.of("cpu", cpu));
    }

    private Pod run() throws Exception {
        return bench.run(aPod().container(sized("100m")));
    }

    private void wish(Pod pod, ContainerBuilder container) throws Exception {
        var spec =
                aPod().on(String.valueOf(pod.spec().nodeName()))
                        .container(container)
                        .build()
                        .spec();
        bench.api.update(
                pod.key(), before -> new Pod(later(before.metadata()), spec, before.status()));
        bench.settle();
    }

    private static PodMetadata later(PodMetadata before) {
        return new PodMetadata(
                before.namespace(),
                before.name(),
                before.uid(),
                before.resourceVersion(),
                before.generation() + 1,
                before.labels(),
                before.annotations(),
                before.createdAt(),
                before.deletionTimestamp(),
                before.deletionGraceSeconds(),
                before.owners(),
                before.finalizers());
    }

    private Condition condition(Pod pod, String type) {
        return bench.now(pod).status().conditionsByType().get(type);
    }

    private static Sizes both(String cpu) {
        var amounts = Map.of("cpu", Quantity.of(cpu));
        return new Sizes(new Grant(amounts, amounts), amounts);
    }

    @Test
    void what_fits_is_given_without_a_restart() throws Exception {
        var pod = run();
        assertThat(bench.container(pod, "main").sizes()).isEqualTo(both("100m"));
        wish(pod, sized("200m"));
        assertThat(bench.runtime.limits(bench.id(pod, "main", 0)))
                .isEqualTo(new Limits(204, 20_000, 0));
        assertThat(bench.container(pod, "main").sizes()).isEqualTo(both("200m"));
        assertThat(bench.container(pod, "main").restartCount()).isZero();
        assertThat(condition(pod, "PodResizeInProgress")).isNull();
        assertThat(bench.events(pod))
                .contains(
                        "ResizeStarted: Pod resize started: {\"containers\":[{\"name\":\"main\","
                                + "\"resources\":{\"limits\":{\"cpu\":\"200m\"},"
                                + "\"requests\":{\"cpu\":\"200m\"}}}],\"generation\":2}",
                        "ResizeCompleted: Pod resize completed: {\"containers\":[{\"name\":\"main\","
                                + "\"resources\":{\"limits\":{\"cpu\":\"200m\"},"
                                + "\"requests\":{\"cpu\":\"200m\"}}}],\"generation\":2}");
    }

    @Test
    void what_is_more_than_the_pods_size_is_told_to_be_infeasible() throws Exception {
        var pod = run();
        wish(pod, sized("300m"));
        assertThat(condition(pod, "PodResizePending"))
                .extracting("status", "reason", "message", "observedGeneration")
                .containsExactly(
                        "True",
                        "Infeasible",
                        "Node didn't have enough resource: cpu, requested: 300, used: 0,"
                                + " capacity: 250",
                        2L);
        assertThat(bench.container(pod, "main").sizes()).isEqualTo(both("100m"));
        bench.restart();
        bench.settle();
        assertThat(condition(pod, "PodResizePending").reason()).isEqualTo("Infeasible");
        assertThat(bench.events(pod).stream().filter(one -> one.startsWith("ResizeInfeasible")))
                .hasSize(1);
        bench.runtime.end(bench.id(pod, "main", 0), 1);
        bench.settle();
        assertThat(bench.runtime.plan(pod.uid(), "main").limits().cpuQuotaMicros())
                .isEqualTo(10_000);
        wish(pod, sized("100m"));
        assertThat(condition(pod, "PodResizePending")).isNull();
    }

    @Test
    void a_container_that_has_to_start_again_for_it_does() throws Exception {
        var pod = bench.run(aPod().container(sized("100m").resizing("cpu", "RestartContainer")));
        wish(pod, sized("150m").resizing("cpu", "RestartContainer"));
        bench.pass(Duration.ofSeconds(40));
        assertThat(bench.container(pod, "main").restartCount()).isOne();
        assertThat(bench.container(pod, "main").sizes()).isEqualTo(both("150m"));
        assertThat(bench.events(pod))
                .contains("Killing: Container main resize requires restart, will be restarted");
        assertThat(condition(pod, "PodResizeInProgress")).isNull();
    }

    @Test
    void what_the_machine_refuses_is_told_and_tried_again() throws Exception {
        var pod = run();
        bench.runtime.failNext("limit", "device or resource busy");
        wish(pod, sized("200m"));
        assertThat(condition(pod, "PodResizeInProgress"))
                .extracting("reason", "message")
                .containsExactly("Error", "device or resource busy");
        assertThat(bench.container(pod, "main").sizes())
                .isEqualTo(new Sizes(both("100m").actual(), both("200m").allocated()));
        bench.pass(Duration.ofSeconds(10));
        assertThat(condition(pod, "PodResizeInProgress")).isNull();
        assertThat(bench.container(pod, "main").sizes()).isEqualTo(both("200m"));
    }

    @Test
    void it_is_done_after_berth_was_down() throws Exception {
        var pod = run();
        bench.workers.close();
        var spec =
                aPod().on(String.valueOf(pod.spec().nodeName()))
                        .container(sized("200m"))
                        .build()
                        .spec();
        bench.api.update(
                pod.key(), before -> new Pod(later(before.metadata()), spec, before.status()));
        bench.restart();
        bench.settle();
        assertThat(bench.runtime.limits(bench.id(pod, "main", 0)))
                .isEqualTo(new Limits(204, 20_000, 0));
        assertThat(bench.container(pod, "main").sizes()).isEqualTo(both("200m"));
    }

    @Test
    void what_a_pod_says_as_a_whole_limits_it_and_its_containers() throws Exception {
        var pod = bench.run(aPod().limitedAsAWhole("memory", "64Mi").container(aContainer("main")));
        assertThat(bench.runtime.groups().get(pod.uid()).memoryBytes()).isEqualTo(64L << 20);
        assertThat(bench.runtime.plan(pod.uid(), "main").limits().memoryBytes())
                .isEqualTo(64L << 20);
    }
}
