package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodStatus.Phase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SharedProcessesTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private Pod shared() throws Exception {
        return bench.run(
                aPod().shareProcessNamespace()
                        .container(aContainer("one"))
                        .container(aContainer("two")));
    }

    private String processesOf(Pod pod, String container) {
        return String.valueOf(bench.runtime.plan(pod.uid(), container).processesOf());
    }

    @Test
    void all_containers_join_those_of_a_process_that_lasts() throws Exception {
        var pod = shared();
        assertThat(processesOf(pod, "one"))
                .isEqualTo(bench.id(pod, ProcessHolder.NAME, 0))
                .isEqualTo(processesOf(pod, "two"));
        assertThat(bench.now(pod).status().containers()).hasSize(2);
        bench.runtime.end(bench.id(pod, "one", 0), 1);
        bench.settle();
        assertThat(processesOf(pod, "one")).isEqualTo(bench.id(pod, ProcessHolder.NAME, 0));
        bench.api.delete(pod.key());
        bench.settle();
        bench.assertEmptyMachine();
    }

    @Test
    void it_is_found_again_when_berth_starts_again() throws Exception {
        var pod = shared();
        bench.restart();
        bench.settle();
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        bench.runtime.end(bench.id(pod, "two", 0), 1);
        bench.settle();
        assertThat(processesOf(pod, "two")).isEqualTo(bench.id(pod, ProcessHolder.NAME, 0));
        bench.api.delete(pod.key());
        bench.settle();
        bench.assertEmptyMachine();
    }

    @Test
    void when_it_is_killed_all_begin_again_with_another() throws Exception {
        var pod = shared();
        bench.runtime.end(bench.id(pod, ProcessHolder.NAME, 0), 137);
        bench.runtime.end(bench.id(pod, "one", 0), 137);
        bench.runtime.end(bench.id(pod, "two", 0), 137);
        bench.pass(Duration.ofSeconds(30));
        assertThat(processesOf(pod, "one")).isEqualTo(bench.id(pod, ProcessHolder.NAME, 1));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
    }
}
