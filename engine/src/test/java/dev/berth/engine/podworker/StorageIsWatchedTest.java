package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.Volume.Source;
import dev.berth.testkit.FakeContainerRuntime;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A pod that uses more disk than it may is found and stopped. */
class StorageIsWatchedTest {
    private static final long MIB = 1L << 20;
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void a_volume_over_its_limit_ends_the_pod() throws Exception {
        var pod = bench.run(aPod().volume("x", new Source.EmptyDir("", 10 * MIB)));
        bench.pass(Duration.ofSeconds(30));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        bench.files.grow(pod.uid(), "x", 11 * MIB);
        bench.pass(StorageWatch.SHORTEST);
        var words = "Usage of EmptyDir volume \"x\" exceeds the limit \"10Mi\". ";
        var status = bench.now(pod).status();
        assertThat(status.phase()).isEqualTo(Phase.FAILED);
        assertThat(status.reason()).isEqualTo("Evicted");
        assertThat(status.message()).isEqualTo(words);
        assertThat(status.conditionsByType()).doesNotContainKey("DisruptionTarget");
        assertThat(bench.events(pod)).containsOnlyOnce("Evicted: " + words);
    }

    @Test
    void what_a_container_writes_and_says_counts() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .image("busybox")
                                                .limiting(Map.of("ephemeral-storage", "10Mi"))));
        bench.images.write(bench.id(pod, "main", 0), 6 * MIB);
        bench.logs.grow(ContainerPlans.log(pod, "main", 0), 5 * MIB);
        bench.pass(StorageWatch.SHORTEST);
        assertThat(bench.now(pod).status().reason()).isEqualTo("Evicted");
    }

    @Test
    void a_pod_that_fills_its_node_says_that_it_was_disrupted() throws Exception {
        var pod = bench.run(aPod());
        bench.images.write(bench.id(pod, "main", 0), 20L << 30);
        bench.pass(StorageWatch.LONGEST);
        var status = bench.now(pod).status();
        assertThat(status.message()).startsWith("The node was low on resource: ephemeral-storage.");
        assertThat(status.conditionsByType().get("DisruptionTarget"))
                .satisfies(condition -> {
                    assertThat(condition.status()).isEqualTo("True");
                    assertThat(condition.reason()).isEqualTo("TerminationByKubelet");
                });
    }

    @Test
    void a_pod_with_more_disk_may_fill_more() throws Exception {
        var pod =
                bench.run(
                        aPod().container(
                                        aContainer("main")
                                                .image("busybox")
                                                .requesting(Map.of("ephemeral-storage", "100Gi"))));
        bench.images.write(bench.id(pod, "main", 0), 99L << 30);
        bench.pass(StorageWatch.LONGEST);
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        bench.images.write(bench.id(pod, "main", 0), 101L << 30);
        bench.pass(StorageWatch.LONGEST);
        assertThat(bench.now(pod).status().reason()).isEqualTo("Evicted");
    }

    @Test
    void its_containers_get_a_second_and_no_more() throws Exception {
        bench.runtime.behaving(_ -> FakeContainerRuntime.Behaviour.DEAF);
        var pod =
                bench.run(
                        aPod().terminationGraceSeconds(300)
                                .volume("x", new Source.EmptyDir("", MIB)));
        bench.files.grow(pod.uid(), "x", 2 * MIB);
        bench.pass(StorageWatch.SHORTEST.plusSeconds(5));
        assertThat(bench.now(pod).status().reason()).isEqualTo("Evicted");
        assertThat(bench.runtime.list()).isEmpty();
    }

    @Test
    void a_pod_far_from_all_limits_is_looked_at_once_a_minute() throws Exception {
        bench.run(aPod());
        bench.pass(Duration.ofMinutes(1));
        var looks = bench.files.looks();
        bench.pass(Duration.ofMinutes(10));
        assertThat(bench.files.looks() - looks).isBetween(9, 11);
    }

    @Test
    void a_pod_that_begins_later_does_not_wait_for_the_others() throws Exception {
        bench.run(aPod());
        bench.pass(Duration.ofSeconds(15));
        var pod =
                bench.run(aPod().named("b").uid("uid-b").volume("x", new Source.EmptyDir("", 1L)));
        bench.files.grow(pod.uid(), "x", 2);
        bench.pass(StorageWatch.SHORTEST);
        assertThat(bench.now(pod).status().reason()).isEqualTo("Evicted");
    }
}
