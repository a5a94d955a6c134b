package dev.berth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.Container;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.Exit;
import dev.berth.port.ContainerRuntime.State;
import dev.berth.port.Subscription;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ContainerRuntime} promises; the fake and the real ones extend this class. The
 * commands that are used are {@code sh -c}, {@code sleep} and {@code cat}.
 */
@SuppressWarnings("JUnitAmbiguousTestClass") // A suite to extend, in main so that all rooms can.
public abstract class ContainerRuntimeContract {
    private static final long SECONDS = 20;

    private final BlockingQueue<Exit> exits = new LinkedBlockingQueue<>();
    private Subscription subscription = () -> {};

    /** For subclasses. */
    protected ContainerRuntimeContract() {}

    /** The runtime under test, the same for the whole test. */
    protected abstract ContainerRuntime runtime();

    /** A pod uid that nothing else on this machine uses, the same for the whole test. */
    protected abstract String podUid();

    /**
     * A plan for a container of {@link #podUid}, with an image in which the commands exist.
     *
     * @param name 1 to 63 characters; makes the id differ
     */
    protected abstract ContainerPlan plan(String name, String... command);

    /** The lines of a container's log file. */
    protected abstract List<String> log(ContainerPlan plan) throws Exception;

    @BeforeEach
    void makeThePodsCgroup() throws Exception {
        runtime().createPodGroup(podUid(), 1024, 0, 0, 0);
        subscription = runtime().onExit(exits::add);
    }

    @AfterEach
    void takeAllAway() throws Exception {
        subscription.close();
        for (var container : ours()) {
            runtime().remove(container.id());
        }
        runtime().removePodGroup(podUid());
    }

    @Test
    void says_its_name_and_version() {
        assertThat(runtime().version()).matches("[a-z]+://\\d+\\.\\d+.*");
    }

    @Test
    void a_made_container_does_not_run_and_a_started_one_does() throws Exception {
        var plan = plan("runs", "sleep", "1000");
        runtime().create(plan);
        assertThat(one(plan).state()).isEqualTo(State.CREATED);
        runtime().start(plan.id());
        var container = one(plan);
        assertThat(container.state()).isEqualTo(State.RUNNING);
        assertThat(container.startedAt()).isNotNull();
        assertThat(container.podUid()).isEqualTo(podUid());
        assertThat(container.name()).isEqualTo("runs");
        assertThat(container.podName()).isEqualTo(plan.podName());
        assertThat(container.podNamespace()).isEqualTo(plan.podNamespace());
        assertThat(container.attempt()).isEqualTo(plan.attempt());
        assertThat(container.exit()).isNull();
    }

    @Test
    void what_a_running_container_and_its_pod_use_is_told_and_nothing_of_strangers()
            throws Exception {
        var plan = plan("used", "sleep", "1000");
        runtime().create(plan);
        runtime().start(plan.id());
        assertThat(runtime().podUse(podUid()).orElseThrow().processes()).isPositive();
        var use = runtime().containerUse(podUid(), plan.id()).orElseThrow();
        assertThat(use.processes()).isEqualTo(1);
        assertThat(use.at()).isAfterOrEqualTo(one(plan).createdAt());
        assertThat(runtime().podGroupPath(podUid())).startsWith("/").contains(podUid());
        assertThat(runtime().podUse("stranger")).isEmpty();
        assertThat(runtime().containerUse(podUid(), "0".repeat(64))).isEmpty();
    }

    @Test
    void the_exit_code_is_told_and_listed() throws Exception {
        var plan = plan("ends", "sh", "-c", "exit 3");
        runtime().create(plan);
        runtime().start(plan.id());
        assertThat(exitOf(plan).exitCode()).isEqualTo(3);
        var container = one(plan);
        assertThat(container.state()).isEqualTo(State.EXITED);
        var exit = java.util.Objects.requireNonNull(container.exit());
        assertThat(exit.exitCode()).isEqualTo(3);
        assertThat(exit.outOfMemory()).isFalse();
    }

    @Test
    void an_end_that_nobody_heard_is_told_to_the_next_listener() throws Exception {
        var plan = plan("unheard", "sh", "-c", "exit 4");
        runtime().create(plan);
        runtime().start(plan.id());
        exitOf(plan);
        subscription.close();
        exits.clear();
        subscription = runtime().onExit(exits::add);
        assertThat(exitOf(plan).exitCode()).isEqualTo(4);
    }

    @Test
    void a_killed_container_ends_with_137() throws Exception {
        var plan = plan("killed", "sleep", "1000");
        runtime().create(plan);
        runtime().start(plan.id());
        runtime().signal(plan.id(), 9);
        assertThat(exitOf(plan).exitCode()).isEqualTo(137);
        runtime().signal(plan.id(), 9);
    }

    @Test
    void a_container_killed_for_certain_stays_with_its_end() throws Exception {
        var plan = plan("ended", "sleep", "1000");
        runtime().create(plan);
        runtime().start(plan.id());
        runtime().kill(plan.id());
        assertThat(exitOf(plan).exitCode()).isEqualTo(137);
        assertThat(ours()).extracting(Container::id).contains(plan.id());
        runtime().kill(plan.id());
        runtime().remove(plan.id());
        runtime().kill(plan.id());
        assertThat(ours()).extracting(Container::id).doesNotContain(plan.id());
    }

    @Test
    void a_removed_container_is_not_listed_and_may_be_removed_again() throws Exception {
        var plan = plan("removed", "sleep", "1000");
        runtime().create(plan);
        runtime().start(plan.id());
        runtime().remove(plan.id());
        assertThat(ours()).extracting(Container::id).doesNotContain(plan.id());
        runtime().remove(plan.id());
    }

    @Test
    void a_made_container_that_never_ran_can_be_removed() throws Exception {
        var plan = plan("unused", "sleep", "1000");
        runtime().create(plan);
        runtime().remove(plan.id());
        assertThat(ours()).extracting(Container::id).doesNotContain(plan.id());
    }

    @Test
    void its_output_is_logged_in_lines_of_the_CRI() throws Exception {
        var plan = plan("talks", "sh", "-c", "echo hello");
        runtime().create(plan);
        runtime().start(plan.id());
        exitOf(plan);
        assertThat(log(plan))
                .singleElement()
                .asString()
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?\\S* stdout F hello");
    }

    @Test
    void a_command_can_be_run_inside() throws Exception {
        var plan = plan("host", "sleep", "1000");
        runtime().create(plan);
        runtime().start(plan.id());
        var echo = new ExecPlan(List.of("sh", "-c", "echo inside; exit 5"), false, false);
        try (var execution = runtime().exec(plan.id(), echo)) {
            assertThat(new String(execution.stdout().readAllBytes(), UTF_8)).isEqualTo("inside\n");
            assertThat(execution.await()).isEqualTo(OptionalInt.of(5));
        }
    }

    @Test
    void a_command_inside_reads_its_input_to_the_end() throws Exception {
        var plan = plan("reader", "sleep", "1000");
        runtime().create(plan);
        runtime().start(plan.id());
        try (var execution = runtime().exec(plan.id(), new ExecPlan(List.of("cat"), false, true))) {
            execution.stdin().write("one\ntwo\n".getBytes(UTF_8));
            execution.stdin().close();
            assertThat(new String(execution.stdout().readAllBytes(), UTF_8))
                    .isEqualTo("one\ntwo\n");
            assertThat(execution.await()).isEqualTo(OptionalInt.of(0));
        }
    }

    @Test
    void a_pods_cgroup_can_be_made_twice_and_removed_twice() throws Exception {
        runtime().createPodGroup(podUid(), 1024, 500, 256L << 20, 100);
        assertThat(runtime().podGroups()).contains(podUid());
        runtime().removePodGroup(podUid());
        assertThat(runtime().podGroups()).doesNotContain(podUid());
        runtime().removePodGroup(podUid());
    }

    private List<Container> ours() throws Exception {
        return runtime().list().stream()
                .filter(container -> container.podUid().equals(podUid()))
                .toList();
    }

    private Container one(ContainerPlan plan) throws Exception {
        return ours().stream()
                .filter(container -> container.id().equals(plan.id()))
                .findFirst()
                .orElseThrow(() -> new AssertionError("not listed: " + plan.name()));
    }

    private Exit exitOf(ContainerPlan plan) throws InterruptedException {
        while (true) {
            var exit = exits.poll(SECONDS, TimeUnit.SECONDS);
            if (exit == null) {
                throw new AssertionError("no end of " + plan.name() + " was told");
            }
            if (exit.id().equals(plan.id())) {
                return exit;
            }
        }
    }
}
