package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.Volume;
import dev.berth.testkit.Chaos;
import dev.berth.testkit.Chaos.Fate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Thousands of lives of pods in worlds that do everything wrong: calls fail before and after their
 * work, changes are told late and out of order, containers end whenever they like, probes fail,
 * nodes get lost, Berth is stopped, killed, and dies at any call. In the end every pod must be
 * where it should, and nothing may be left behind. A failure says its seed: {@code -Dworld.seed=N}
 * lives that world alone.
 */
class PodsSurviveEverythingTest {
    private static final int WORLDS = 400;
    private static final int STEPS = 25;
    private static final int CALLS_MOST = 2000;
    private static Chaos.Silence silence;

    @BeforeAll
    static void letKilledThreadsEndInSilence() {
        silence = Chaos.silence();
    }

    @AfterAll
    static void restore() {
        silence.close();
    }

    @Test
    void many_worlds() throws Exception {
        var told = Long.getLong("world.seed");
        if (told != null) {
            a_world(told);
            return;
        }
        var lives = 0;
        for (var seed = 1; seed <= WORLDS; seed++) {
            lives += a_world(seed);
        }
        assertThat(lives).as("lives of pods").isGreaterThan(2000);
    }

    private static int a_world(long seed) throws Exception {
        try (var world = new World(seed)) {
            try {
                world.live(STEPS);
                silence.assertNoFault();
                return world.made();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "seed " + seed + ", story " + world.story() + ", faults " + world.failed(),
                        e);
            }
        }
    }

    /** Call after call, each alone fails once, or is the last one of a life of Berth. */
    @ParameterizedTest
    @EnumSource(value = Fate.class, mode = EnumSource.Mode.EXCLUDE, names = "WORKS")
    void every_call_may_go_wrong_once(Fate fate) throws Exception {
        for (var nth = 0; nth < CALLS_MOST; nth++) {
            var calls = new AtomicInteger();
            var chosen = nth;
            try (var world = new World(nth)) {
                try {
                    world.begin(() -> calls.getAndIncrement() == chosen ? fate : Fate.WORKS);
                    three_pods(world);
                    silence.assertNoFault();
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError(
                            fate + " at call " + nth + " " + world.failed() + world.story(), e);
                }
            }
            if (calls.get() <= nth) {
                return;
            }
        }
        throw new AssertionError("more than " + CALLS_MOST + " calls");
    }

    /**
     * Wherever something goes wrong, it goes wrong again at once, and Berth dies soon after: what
     * was done about the first fault must not be lost with the second.
     */
    @ParameterizedTest
    @MethodSource("inARow")
    void several_calls_in_a_row_may_go_wrong(List<Fate> row) throws Exception {
        for (var nth = 0; nth < CALLS_MOST; nth++) {
            var calls = new AtomicInteger();
            var first = nth;
            try (var world = new World(nth)) {
                try {
                    world.begin(() -> {
                        var call = calls.getAndIncrement() - first;
                        return call >= 0 && call < row.size() ? row.get(call) : Fate.WORKS;
                    });
                    three_pods(world);
                    silence.assertNoFault();
                } catch (AssertionError | RuntimeException e) {
                    throw new AssertionError(
                            row + " from call " + nth + " " + world.failed() + world.story(), e);
                }
            }
            if (calls.get() <= nth) {
                return;
            }
        }
        throw new AssertionError("more than " + CALLS_MOST + " calls");
    }

    static Stream<List<Fate>> inARow() {
        var faults = List.of(Fate.FAILS, Fate.FAILS_AFTERWARDS);
        var deaths = List.of(Fate.CRASHES, Fate.CRASHES_AFTERWARDS);
        return faults.stream()
                .flatMap(first ->
                        Stream.concat(Stream.of(Fate.WORKS), faults.stream())
                                .flatMap(second ->
                                        deaths.stream()
                                                .map(death -> List.of(first, second, death))));
    }

    /** One with all that a pod can have, one that runs once, one that fails and is tried again. */
    private static void three_pods(World world) throws Exception {
        var probe = new Probe(new Handler.Exec(List.of("check")), 0, 1, 5, 1, 3, null);
        world.create(
                aPod().init(aContainer("first").command("sh", "-c", "exit 0"))
                        .init(aContainer("side").sidecar().startupProbe(probe))
                        .container(
                                aContainer("main")
                                        .mounting("cache", "/cache")
                                        .readinessProbe(probe)
                                        .postStart(new Handler.Exec(List.of("hello")))
                                        .preStop(new Handler.Sleep(1)))
                        .volume("cache", new Volume.Source.EmptyDir("", null))
                        .volume(
                                "conf",
                                new Volume.Source.ConfigMap("conf", List.of(), 0644, false)));
        world.create(
                aPod().restartPolicy(RestartPolicy.NEVER)
                        .init(aContainer("first").command("sh", "-c", "exit 0"))
                        .container(aContainer("once").command("sh", "-c", "exit 0")));
        world.create(
                aPod().restartPolicy(RestartPolicy.ON_FAILURE)
                        .container(aContainer("again").command("sh", "-c", "exit 1")));
        world.pass(Duration.ofSeconds(45));
        var pods = world.pods();
        assertThat(pods.get(0).status().phase()).as("%s", pods.get(0)).isEqualTo(Phase.RUNNING);
        assertThat(pods.get(1).status().phase().ended()).as("%s", pods.get(1)).isTrue();
        assertThat(pods.get(2).status().phase()).as("%s", pods.get(2)).isEqualTo(Phase.RUNNING);
        assertThat(pods.get(2).status().containers().getFirst().restartCount())
                .as("%s", pods.get(2))
                .isPositive();
        world.deleteAll();
    }
}
