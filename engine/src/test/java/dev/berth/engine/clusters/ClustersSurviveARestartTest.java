package dev.berth.engine.clusters;

import static dev.berth.core.cluster.NewClusterBuilder.aCluster;
import static dev.berth.engine.clusters.EksWorld.REGION;
import static dev.berth.engine.clusters.EksWorld.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.cluster.Cluster.Status;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class ClustersSurviveARestartTest {
    private final EksWorld world = new EksWorld();

    @AfterEach
    void end() throws InterruptedException {
        world.planes.release("lab");
        world.close();
    }

    @Test
    void an_active_cluster_comes_back_and_listeners_hear_of_it_again() throws Exception {
        var before = world.active("lab");
        world.restart();
        assertThat(world.clusters().describe(REGION, "lab").status()).isEqualTo(Status.ACTIVE);
        eventually(() -> world.clusters().running("lab").isPresent());
        assertThat(world.clusters().describe(REGION, "lab").id()).isEqualTo(before.id());
        assertThat(world.told)
                .containsExactly(
                        "first started lab",
                        "last started lab",
                        "last stopping lab",
                        "first stopping lab",
                        "first started lab",
                        "last started lab");
        assertThat(world.planes.calls())
                .containsExactly("start lab 1.36", "stop lab", "start lab 1.36");
    }

    @Test
    void while_it_comes_back_an_issue_says_so() throws Exception {
        world.active("lab");
        world.planes.hold("lab");
        world.restart();
        var starting = world.clusters().describe(REGION, "lab");
        assertThat(starting.status()).isEqualTo(Status.ACTIVE);
        assertThat(starting.issues().getFirst().code()).isEqualTo("ClusterUnreachable");
        world.planes.release("lab");
        world.await("lab", found -> found.issues().isEmpty());
    }

    @Test
    void a_cluster_that_was_being_made_is_made() throws Exception {
        world.planes.hold("lab");
        world.create(aCluster().named("lab").build());
        world.restart();
        assertThat(world.clusters().describe(REGION, "lab").status()).isEqualTo(Status.CREATING);
        world.planes.release("lab");
        world.await("lab", found -> found.status() == Status.ACTIVE);
    }

    @Test
    void a_cluster_that_was_being_deleted_is_deleted() throws Exception {
        world.active("lab");
        world.planes.failNextDelete("lab", "a file is busy");
        world.clusters().delete(REGION, "lab");
        world.time.awaitTimer(Duration.ofSeconds(1));
        world.restart();
        world.awaitGone("lab");
        assertThat(world.planes.kept()).isEmpty();
        assertThat(world.groups.removed).containsExactly("sg-lab");
    }

    @Test
    void an_active_cluster_that_does_not_come_back_is_tried_again_and_again() throws Exception {
        world.active("lab");
        world.planes.failNextStart("lab", "port taken");
        world.planes.failNextStart("lab", "port taken");
        world.restart();
        world.time.awaitTimer(Duration.ofSeconds(1));
        var waiting = world.clusters().describe(REGION, "lab");
        assertThat(waiting.status()).isEqualTo(Status.ACTIVE);
        assertThat(waiting.issues().getFirst().code()).isEqualTo("ClusterUnreachable");
        world.time.advance(Duration.ofSeconds(1));
        world.time.awaitTimer(Duration.ofSeconds(2));
        world.time.advance(Duration.ofSeconds(2));
        eventually(() -> world.clusters().running("lab").isPresent());
        world.await("lab", found -> found.issues().isEmpty());
    }

    @Test
    void an_active_cluster_whose_listener_breaks_is_tried_again() throws Exception {
        world.active("lab");
        world.faultsOfStarts.add(new IllegalStateException("the pods of lab cannot be served"));
        world.restart();
        world.time.awaitTimer(Duration.ofSeconds(1));
        var waiting = world.clusters().describe(REGION, "lab");
        assertThat(waiting.status()).isEqualTo(Status.ACTIVE);
        assertThat(waiting.issues().getFirst().code()).isEqualTo("InternalFailure");
        world.time.advance(Duration.ofSeconds(1));
        world.await("lab", found -> found.issues().isEmpty());
        assertThat(world.clusters().running("lab")).isPresent();
    }

    @Test
    void a_failed_cluster_stays_failed_until_it_is_deleted() throws Exception {
        world.planes.failNextStart("lab", "no");
        world.create(aCluster().named("lab").build());
        world.await("lab", found -> found.status() == Status.FAILED);
        world.restart();
        assertThat(world.clusters().describe(REGION, "lab").status()).isEqualTo(Status.FAILED);
        world.clusters().delete(REGION, "lab");
        world.awaitGone("lab");
        assertThat(world.planes.calls()).containsExactly("start lab 1.36", "delete lab");
    }
}
