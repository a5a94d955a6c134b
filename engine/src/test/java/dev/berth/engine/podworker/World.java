package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.ContainerBuilder;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.Volume;
import dev.berth.core.size.FargateSize;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.State;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.testkit.Chaos;
import dev.berth.testkit.Chaos.Fate;
import dev.berth.testkit.Chaos.Severed;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A machine in memory on which everything may go wrong: whatever a life of Berth asks of the world
 * may fail before or after it was done, or be the last thing that this life does. What is chosen
 * follows from a seed. It knows what must hold at every moment ({@link #check}) and in the end.
 */
final class World implements AutoCloseable {
    private static final int LIVES_MOST = 40;
    private static final int CRASHES_IN_A_ROW = 3;
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration A_WHILE = Duration.ofMillis(20);

    private final Random random;
    private final Bench bench;
    private final List<String> story = new ArrayList<>();
    private final Map<String, PodBuilder> builders = new HashMap<>();
    private final Map<String, Seen> seen = new HashMap<>();
    private final Set<String> lost = new HashSet<>();
    private Chaos chaos = new Chaos(() -> Fate.WORKS);
    private Supplier<Fate> fates = () -> Fate.WORKS;
    private volatile double trouble;
    private boolean probesFail;
    private int made;
    private int configured;

    /** What was told of a pod before. */
    private record Seen(PodStatus status) {}

    World(long seed) {
        random = new Random(seed);
        bench = new Bench(seed);
        bench.images.inRegistry("busybox", dev.berth.testkit.FakeImages.SHELL);
        bench.api.putConfigMap("default", "conf", Map.of("key", "0"));
        bench.runtime.behaving(
                plan -> plan.name().startsWith("deaf") ? Behaviour.DEAF : Behaviour.RUNS);
        bench.runtime.commandsEnd(_ -> OptionalInt.of(probesFail ? 1 : 0));
    }

    List<String> story() {
        return story;
    }

    List<String> failed() {
        return chaos.failed();
    }

    List<Pod> pods() {
        return bench.api.pods();
    }

    int made() {
        return made;
    }

    // ---- lives of Berth

    /** Berth begins, and again if a call of its beginning is its last. */
    void begin(Supplier<Fate> newFates) throws Exception {
        fates = newFates;
        for (var life = 0; life < LIVES_MOST; life++) {
            chaos = new Chaos(fates);
            try {
                bench.workers = bench.life(chaos);
                bench.workers.start();
                return;
            } catch (Severed crashed) {
                story.add("crash while it began");
                bench.workers.close();
            } catch (ContainerRuntime.RuntimeFailed e) {
                story.add("could not begin");
                bench.workers.close();
            }
        }
        throw new AssertionError("Berth never came to begin");
    }

    /** What seldom or often goes wrong, as the moment has it. */
    Fate fate() {
        synchronized (random) {
            if (random.nextDouble() >= trouble) {
                return Fate.WORKS;
            }
            return switch (random.nextInt(12)) {
                case 0 -> Fate.CRASHES;
                case 1 -> Fate.CRASHES_AFTERWARDS;
                case 2, 3, 4, 5, 6 -> Fate.FAILS;
                default -> Fate.FAILS_AFTERWARDS;
            };
        }
    }

    private int roll(int sides) {
        synchronized (random) {
            return random.nextInt(sides);
        }
    }

    /** Waits until nothing is under way; when this life has ended, another one begins first. */
    void settle() throws Exception {
        for (var life = 0; life < LIVES_MOST; life++) {
            bench.api.awaitStill(this::quietOrDead, SOON);
            if (!chaos.severed()) {
                check();
                return;
            }
            story.add("crash");
            if (life >= CRASHES_IN_A_ROW) {
                // With many pods, some call would always be the last one.
                trouble = 0;
            }
            bench.workers.close();
            begin(fates);
        }
        throw new AssertionError("Berth never came to rest");
    }

    private boolean quietOrDead(Duration atMost) throws InterruptedException {
        var end = Instant.now().plus(atMost);
        while (!chaos.severed() && Instant.now().isBefore(end)) {
            if (bench.workers.awaitQuiet(A_WHILE)) {
                return true;
            }
        }
        return chaos.severed();
    }

    void pass(Duration duration) throws Exception {
        bench.pass(duration, this::settle);
    }

    // ---- what happens

    /** A life of so many steps, with a calm end. */
    void live(int steps) throws Exception {
        begin(this::fate);
        for (var step = 0; step < steps; step++) {
            trouble = roll(3) == 0 ? 0.12 : 0.0;
            act();
        }
        calm();
        for (var pod : pods()) {
            assertWhereItShould(pod);
        }
        deleteAll();
    }

    /** Nothing goes wrong any more, and there is time. */
    void calm() throws Exception {
        story.add("calm");
        trouble = 0;
        fates = () -> Fate.WORKS;
        probesFail = false;
        bench.images.release();
        for (var pod : pods()) {
            if (lost.contains(pod.uid())) {
                // As the pods' garbage collector does to those of a node that is gone.
                force(pod);
            }
        }
        pass(Duration.ofMinutes(6));
    }

    void deleteAll() throws Exception {
        for (var pod : pods()) {
            bench.api.delete(pod.key());
        }
        pass(Duration.ofMinutes(2));
        assertThat(pods()).as("pods").isEmpty();
        bench.assertEmptyMachine();
    }

    private void act() throws Exception {
        switch (roll(16)) {
            case 0, 1, 2, 3 -> create(aRandomPod());
            case 4 -> anyPod().ifPresent(this::delete);
            case 5 -> {
                if (roll(2) == 0) {
                    anyPod().ifPresent(this::force);
                }
            }
            case 6, 7 -> endOne();
            case 8 -> {
                story.add("restart");
                bench.workers.close();
                begin(fates);
            }
            case 9 -> {
                story.add("kill");
                chaos.sever();
                bench.workers.close();
                begin(fates);
            }
            case 10 -> {
                story.add("hold");
                bench.images.hold();
                bench.time.advance(Duration.ofMillis(roll(500)));
                if (roll(3) > 0) {
                    bench.images.release();
                }
            }
            case 11 -> bench.api.breakWatches();
            case 12 -> {
                story.add("configure " + ++configured);
                bench.api.putConfigMap(
                        "default", "conf", Map.of("key", String.valueOf(configured)));
            }
            case 13 -> anyPod().ifPresent(this::debug);
            case 14 -> {
                probesFail = !probesFail;
                story.add("probes " + (probesFail ? "fail" : "pass"));
                if (roll(4) == 0) {
                    anyPod().ifPresent(this::lose);
                }
            }
            default -> {
                var seconds = roll(40);
                story.add("pass " + seconds);
                for (var passed = 0; passed < seconds; passed++) {
                    bench.time.advance(Duration.ofSeconds(1));
                }
            }
        }
        if (chaos.severed() || roll(2) == 0) {
            bench.images.release();
            settle();
        }
    }

    private void delete(Pod pod) {
        story.add("delete " + pod.key().name());
        bench.api.delete(pod.key());
    }

    private void force(Pod pod) {
        story.add("force " + pod.key().name());
        try {
            bench.api.deletePod(pod.key(), pod.uid(), 0);
        } catch (KubeRefused gone) {
            // Its worker has just let it go by itself: what was wished for is so.
            assertThat(gone.code()).isEqualTo(404);
        }
    }

    /** Its node is gone for every life that begins from now on. */
    private void lose(Pod pod) {
        story.add("lose the node of " + pod.key().name());
        lost.add(pod.uid());
        bench.nodes.remove(Objects.requireNonNull(pod.spec().nodeName()));
    }

    private void debug(Pod pod) {
        if (pod.deleting() || pod.status().phase().ended()) {
            return;
        }
        story.add("debug " + pod.key().name());
        var spec =
                Objects.requireNonNull(builders.get(pod.uid()))
                        .ephemeral(aContainer("debug" + ++configured))
                        .build()
                        .spec();
        bench.api.update(pod.key(), now -> new Pod(now.metadata(), spec, now.status()));
    }

    private void endOne() throws Exception {
        // An init container ends by itself, with the code that it is to end with.
        var running =
                bench.runtime.list().stream()
                        .filter(one -> one.state() == State.RUNNING)
                        .filter(one -> !one.name().equals("init"))
                        .toList();
        if (!running.isEmpty()) {
            var one = running.get(roll(running.size()));
            story.add("end " + one.podName() + "/" + one.name());
            if (one.name().equals(ProcessHolder.NAME)) {
                // The kernel kills all that is in a process namespace with its first.
                running.stream()
                        .filter(other -> other.podUid().equals(one.podUid()))
                        .forEach(other -> bench.runtime.end(other.id(), 137));
            }
            bench.runtime.end(one.id(), roll(2));
        }
    }

    private Optional<Pod> anyPod() {
        var pods = pods();
        return pods.isEmpty() ? Optional.empty() : Optional.of(pods.get(roll(pods.size())));
    }

    // ---- pods

    private PodBuilder aRandomPod() {
        var builder =
                aPod().restartPolicy(List.of(RestartPolicy.values()).get(roll(3)))
                        .terminationGraceSeconds(roll(20));
        if (roll(3) == 0) {
            builder.init(aContainer("init").command("sh", "-c", "exit " + roll(2)));
        }
        if (roll(4) == 0) {
            builder.init(probed(aContainer("side").sidecar()));
        }
        if (roll(3) == 0) {
            builder.volume("conf", new Volume.Source.ConfigMap("conf", List.of(), 0644, false));
        }
        if (roll(4) == 0) {
            builder.shareProcessNamespace();
        }
        if (roll(4) == 0) {
            builder.container(
                    aContainer("anew")
                            .restartPolicy("Always")
                            .onExit(Container.RestartRule.RESTART_ALL, 1));
        }
        var containers = 1 + roll(2);
        for (var number = 0; number < containers; number++) {
            builder.container(
                    switch (roll(5)) {
                        case 0 -> aContainer("quick" + number).command("sh", "-c", "exit 0");
                        case 1 -> aContainer("crash" + number).command("sh", "-c", "exit 3");
                        case 2 -> aContainer("deaf" + number);
                        default -> probed(aContainer("main" + number));
                    });
        }
        return builder;
    }

    private ContainerBuilder probed(ContainerBuilder container) {
        var check = new Handler.Exec(List.of("check"));
        if (roll(4) == 0) {
            container.startupProbe(new Probe(check, 0, 1, 1 + roll(3), 1, 60, null));
        }
        if (roll(4) == 0) {
            container.readinessProbe(new Probe(check, roll(4), 1, 1 + roll(5), 1, 3, null));
        }
        if (roll(4) == 0) {
            var get = new Handler.HttpGet(null, "80", "/", "HTTP", List.of());
            container.livenessProbe(new Probe(get, roll(4), 1, 1 + roll(5), 1, 3, null));
        }
        if (roll(4) == 0) {
            container.preStop(roll(2) == 0 ? new Handler.Sleep(roll(8)) : check);
        }
        if (roll(6) == 0) {
            container.postStart(roll(2) == 0 ? new Handler.Sleep(roll(8)) : check);
        }
        return container;
    }

    void create(PodBuilder builder) {
        var number = ++made;
        var name = "fargate-172.16.1." + number;
        var pod = builder.named("pod-" + number).uid("uid-" + number).on(name).build();
        builders.put(pod.uid(), builder);
        bench.place(pod, new FargateSize(250, 512), number);
        story.add("create " + pod.key().name() + " " + pod.spec().restartPolicy());
        bench.api.create(pod);
    }

    // ---- what must hold

    /** At every moment: nothing runs twice, and no status takes back what was told. */
    private void check() throws Exception {
        var running = new HashSet<String>();
        for (var container : bench.runtime.list()) {
            if (container.state() == State.RUNNING) {
                assertThat(running.add(container.podUid() + "/" + container.name()))
                        .as("two at once: " + container.podName() + "/" + container.name())
                        .isTrue();
            }
        }
        var starts = bench.runtime.starts();
        for (var pod : pods()) {
            if (pod.spec().restartPolicy() == RestartPolicy.NEVER && !startsAnew(pod)) {
                pod.spec()
                        .everyContainer()
                        .filter(container -> !container.sidecar())
                        .forEach(container ->
                                assertThat(
                                                starts.getOrDefault(
                                                        pod.uid() + "/" + container.name(), 0))
                                        .as("runs of " + pod.key() + "/" + container.name())
                                        .isLessThanOrEqualTo(1));
            }
            var before = seen.put(pod.uid(), new Seen(pod.status()));
            if (before != null) {
                assertGoesOn(pod, before.status);
            }
        }
    }

    /** Whether one of its containers may have all of them run again. */
    private static boolean startsAnew(Pod pod) {
        return pod.spec().containers().stream().anyMatch(one -> one.name().equals("anew"));
    }

    private static void assertGoesOn(Pod pod, PodStatus before) {
        var now = pod.status();
        var what = pod.key() + " was " + before + " and is " + now;
        if (before.phase().ended()) {
            assertThat(now.phase()).as(what).isEqualTo(before.phase());
        }
        if (before.startTime() != null) {
            assertThat(now.startTime()).as(what).isEqualTo(before.startTime());
        }
        if (before.podIp() != null && !now.phase().ended()) {
            assertThat(now.podIp()).as(what).isEqualTo(before.podIp());
        }
        var restarts = new HashMap<String, Integer>();
        before.everyContainer().forEach(one -> restarts.put(one.name(), one.restartCount()));
        now.everyContainer()
                .forEach(one ->
                        assertThat(one.restartCount())
                                .as(what)
                                .isGreaterThanOrEqualTo(restarts.getOrDefault(one.name(), 0)));
    }

    private void assertWhereItShould(Pod pod) throws Exception {
        var states = "%s is %s".formatted(pod.key(), pod.status());
        if (pod.deleting() || lost.contains(pod.uid())) {
            return;
        }
        assertThat(pod.status().phase()).as(states).isNotEqualTo(Phase.UNKNOWN);
        var initFails =
                pod.spec().initContainers().stream()
                        .anyMatch(one -> one.command().contains("exit 1"));
        if (initFails && pod.spec().restartPolicy() != RestartPolicy.NEVER) {
            assertThat(pod.status().phase()).as(states).isEqualTo(Phase.PENDING);
        } else if (pod.spec().restartPolicy() == RestartPolicy.ALWAYS) {
            assertThat(pod.status().phase()).as(states).isEqualTo(Phase.RUNNING);
        }
        if (pod.status().phase() == Phase.RUNNING) {
            assertRuns(pod, states);
        }
        if (pod.status().phase().ended()) {
            assertThat(bench.runtime.running(pod.uid())).as(states).isZero();
            assertThat(bench.network.sandbox(pod.uid())).as(states).isEmpty();
        }
    }

    private void assertRuns(Pod pod, String states) throws Exception {
        assertThat(pod.status().podIp()).as(states).isNotNull();
        var told =
                pod.status()
                        .everyContainer()
                        .filter(one -> one.state() instanceof ContainerState.Running)
                        .map(ContainerStatus::containerId)
                        .map(id -> Objects.requireNonNull(id).substring(7))
                        .toList();
        var running =
                bench.runtime.list().stream()
                        .filter(one -> one.podUid().equals(pod.uid()))
                        .filter(one -> one.state() == State.RUNNING)
                        .filter(one -> !one.name().equals(ProcessHolder.NAME))
                        .map(ContainerRuntime.Container::id)
                        .toList();
        assertThat(running).as(states).containsExactlyInAnyOrderElementsOf(told);
        if (!told.isEmpty()
                && pod.spec().volumes().stream()
                        .anyMatch(volume -> volume.source() instanceof Volume.Source.ConfigMap)) {
            assertThat(bench.files.volume(pod.uid(), "conf"))
                    .as("the volume of " + states)
                    .isEqualTo(Map.of("key", String.valueOf(lastConfigured())));
        }
        var alive =
                pod.spec().containers().stream()
                        .filter(container -> container.name().startsWith("main"))
                        .map(container -> container.name())
                        .toList();
        if (pod.spec().restartPolicy() == RestartPolicy.ALWAYS) {
            assertThat(pod.status().containers())
                    .as("probes pass again, so all is ready: " + states)
                    .filteredOn(one -> alive.contains(one.name()))
                    .allMatch(one -> one.ready() || !one.state().toString().contains("Running"));
        }
    }

    private String lastConfigured() {
        return story.stream()
                .filter(step -> step.startsWith("configure "))
                .reduce((_, later) -> later)
                .map(step -> step.substring("configure ".length()))
                .orElse("0");
    }

    @Override
    public void close() {
        bench.images.release();
        chaos.sever();
        bench.close();
    }
}
