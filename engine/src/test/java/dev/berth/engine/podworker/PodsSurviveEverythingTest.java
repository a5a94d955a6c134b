package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.ContainerBuilder;
import dev.berth.core.pod.EtcTexts.Dns;
import dev.berth.core.pod.EtcTexts.Resolver;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.Volume;
import dev.berth.core.size.FargateSize;
import dev.berth.engine.Timeline;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.State;
import dev.berth.port.Images;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.PodFiles;
import dev.berth.port.PodLogs;
import dev.berth.port.PodNetwork;
import dev.berth.port.ProbeNetwork;
import dev.berth.port.Time;
import dev.berth.testkit.Chaos;
import dev.berth.testkit.Chaos.Fate;
import dev.berth.testkit.FakeContainerRuntime;
import dev.berth.testkit.FakeContainerRuntime.Behaviour;
import dev.berth.testkit.FakeImages;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakePodFiles;
import dev.berth.testkit.FakePodLogs;
import dev.berth.testkit.FakePodNetwork;
import dev.berth.testkit.FakeProbeNetwork;
import dev.berth.testkit.FakeTime;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Many lives of pods in worlds that do everything wrong: calls fail before and after their work,
 * changes are told late and out of order, containers end whenever they like, Berth is stopped and
 * killed. In the end every pod must be where it should, and nothing may be left behind. A failure
 * says its seed: put it into {@link #a_world}.
 */
class PodsSurviveEverythingTest {
    private static final int WORLDS = 300;
    private static final int STEPS = 25;
    private static final Duration SOON = Duration.ofSeconds(60);
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
        for (var seed = 1; seed <= WORLDS; seed++) {
            a_world(seed);
        }
    }

    /** Call after call, each alone fails once. */
    @Test
    void every_call_may_fail_once() throws Exception {
        for (var fate : List.of(Fate.FAILS, Fate.FAILS_AFTERWARDS)) {
            for (var nth = 0; nth < 200; nth++) {
                var world = new World(nth);
                var calls = new AtomicInteger();
                var chosen = nth;
                world.begin(() -> calls.getAndIncrement() == chosen ? fate : Fate.WORKS);
                try {
                    world.create(
                            aPod().init(aContainer("first").command("sh", "-c", "exit 0"))
                                    .container(aContainer("main").mounting("cache", "/cache"))
                                    .volume("cache", new Volume.Source.EmptyDir("", null)));
                    world.pass(Duration.ofSeconds(30));
                    var pod = world.api.pods().getFirst();
                    assertThat(pod.status().phase())
                            .as("%s after %s", world.chaos.failed(), pod.status())
                            .isEqualTo(Phase.RUNNING);
                    world.api.delete(pod.key());
                    world.pass(Duration.ofSeconds(60));
                    world.assertNothingLeft();
                    silence.assertNoFault();
                } catch (AssertionError e) {
                    throw new AssertionError(fate + " at call " + nth + world.chaos.failed(), e);
                } finally {
                    world.end();
                }
                if (calls.get() <= nth) {
                    break;
                }
            }
        }
    }

    private static void a_world(long seed) throws Exception {
        var world = new World(seed);
        try {
            world.live();
            silence.assertNoFault();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + ", story " + world.story + ", faults " + world.chaos.failed(),
                    e);
        } finally {
            world.end();
        }
    }

    private static final class World {
        final Random random;
        final FakeTime time = new FakeTime();
        final FakeKubeApi api;
        final FakeContainerRuntime runtime = new FakeContainerRuntime(time);
        final FakePodNetwork network = new FakePodNetwork();
        final FakeProbeNetwork probes = new FakeProbeNetwork();
        final FakeImages images = new FakeImages();
        final FakePodFiles files = new FakePodFiles();
        final FakePodLogs logs = new FakePodLogs();
        final Map<String, PlacedNode> nodes = new ConcurrentHashMap<>();
        final java.util.ArrayList<String> story = new java.util.ArrayList<>();
        final Map<String, Phase> ended = new ConcurrentHashMap<>();
        Chaos chaos = new Chaos(() -> Fate.WORKS);
        PodWorkers workers;
        volatile double trouble;
        int made;

        World(long seed) throws InterruptedException {
            random = new Random(seed);
            api = new FakeKubeApi(time::now, seed);
            network.ensureVpc(new PodNetwork.Vpc("vpc-1", List.of("172.16.0.0/16"), List.of()));
            images.inRegistry("busybox", FakeImages.SHELL);
            api.putServiceAccount("default", "default", List.of());
            api.putConfigMap("default", "conf", Map.of("key", "value"));
            runtime.behaving(
                    plan -> plan.name().startsWith("deaf") ? Behaviour.DEAF : Behaviour.RUNS);
            workers = workers();
        }

        /** One life of Berth; like its program, it first removes what belongs to no pod. */
        PodWorkers workers() throws InterruptedException {
            var machine =
                    new Machine(
                            chaos.around(ContainerRuntime.class, runtime),
                            chaos.around(PodNetwork.class, network),
                            chaos.around(ProbeNetwork.class, probes),
                            chaos.around(Images.class, images),
                            chaos.around(PodFiles.class, files),
                            chaos.around(PodLogs.class, logs),
                            chaos.around(Time.class, time));
            new PodRemains(machine).removeOwnerless();
            return new PodWorkers(
                    chaos.around(KubeApi.class, api),
                    machine,
                    new PodSettings(
                            "lab",
                            new Dns(
                                    "10.100.0.10",
                                    "cluster.local",
                                    new Resolver(List.of(), List.of(), List.of())),
                            false),
                    name -> Optional.ofNullable(nodes.get(name)),
                    Timeline.NONE);
        }

        void begin(java.util.function.Supplier<Fate> fates) throws Exception {
            chaos = new Chaos(fates);
            workers = workers();
            workers.start();
        }

        Fate fate() {
            synchronized (random) {
                return random.nextDouble() >= trouble
                        ? Fate.WORKS
                        : random.nextBoolean() ? Fate.FAILS : Fate.FAILS_AFTERWARDS;
            }
        }

        int roll(int sides) {
            synchronized (random) {
                return random.nextInt(sides);
            }
        }

        void live() throws Exception {
            begin(this::fate);
            for (var step = 0; step < STEPS; step++) {
                trouble = roll(3) == 0 ? 0.15 : 0.0;
                act();
                check();
            }
            story.add("calm");
            trouble = 0;
            images.release();
            pass(Duration.ofMinutes(6));
            check();
            for (var pod : api.pods()) {
                assertWhereItShould(pod);
            }
            for (var pod : api.pods()) {
                api.delete(pod.key());
            }
            pass(Duration.ofMinutes(2));
            assertNothingLeft();
        }

        void act() throws Exception {
            switch (roll(12)) {
                case 0, 1, 2 -> create(aRandomPod());
                case 3 ->
                        anyPod().ifPresent(pod -> {
                            story.add("delete " + pod.key().name());
                            api.delete(pod.key());
                        });
                case 4 -> {
                    if (anyPod().isPresent() && roll(2) == 0) {
                        var pod = anyPod().get();
                        story.add("force " + pod.key().name());
                        try {
                            api.deletePod(pod.key(), pod.uid(), 0);
                        } catch (KubeRefused gone) {
                            // Its worker has just let it go by itself: what was wished for is so.
                            assertThat(gone.code()).isEqualTo(404);
                        }
                    }
                }
                case 5, 6 -> {
                    // An init container ends by itself, with the code that it is to end with.
                    var running =
                            runtime.list().stream()
                                    .filter(one -> one.state() == State.RUNNING)
                                    .filter(one -> !one.name().equals("init"))
                                    .toList();
                    if (!running.isEmpty()) {
                        var one = running.get(roll(running.size()));
                        story.add("end " + one.podName() + "/" + one.name());
                        runtime.end(one.id(), roll(2));
                        if (one.name().equals(ProcessHolder.NAME)) {
                            // The kernel kills all that is in a process namespace with its first.
                            running.stream()
                                    .filter(other -> other.podUid().equals(one.podUid()))
                                    .forEach(other -> runtime.end(other.id(), 137));
                        }
                    }
                }
                case 7 -> {
                    story.add("restart");
                    workers.close();
                    begin(this::fate);
                }
                case 8 -> {
                    story.add("kill");
                    chaos.sever();
                    workers.close();
                    begin(this::fate);
                }
                case 9 -> {
                    story.add("hold");
                    images.hold();
                    time.advance(Duration.ofMillis(roll(500)));
                    if (roll(3) > 0) {
                        images.release();
                    }
                }
                case 10 -> api.breakWatches();
                default -> {
                    var seconds = roll(40);
                    story.add("pass " + seconds);
                    for (var passed = 0; passed < seconds; passed++) {
                        time.advance(Duration.ofSeconds(1));
                    }
                }
            }
            if (roll(2) == 0) {
                images.release();
                settle();
            }
        }

        PodBuilder aRandomPod() {
            var builder =
                    aPod().restartPolicy(List.of(RestartPolicy.values()).get(roll(3)))
                            .terminationGraceSeconds(roll(20));
            if (roll(3) == 0) {
                builder.init(aContainer("init").command("sh", "-c", "exit " + roll(2)));
            }
            if (roll(4) == 0) {
                builder.init(aContainer("side").sidecar());
            }
            if (roll(4) == 0) {
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

        /** Probes that pass, and hooks that do not. */
        ContainerBuilder probed(ContainerBuilder container) {
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
            nodes.put(
                    name,
                    new PlacedNode(
                            name,
                            pod.uid(),
                            "vpc-1",
                            "subnet-1",
                            "172.16.1." + number,
                            "eu-west-1a",
                            new FargateSize(250, 512)));
            story.add("create " + pod.key().name() + " " + pod.spec().restartPolicy());
            api.create(pod);
        }

        Optional<Pod> anyPod() {
            var pods = api.pods();
            return pods.isEmpty() ? Optional.empty() : Optional.of(pods.get(roll(pods.size())));
        }

        void check() throws Exception {
            var running = new HashSet<String>();
            for (var container : runtime.list()) {
                if (container.state() == State.RUNNING) {
                    assertThat(running.add(container.podUid() + "/" + container.name()))
                            .as("twice: " + container.podName() + "/" + container.name())
                            .isTrue();
                }
            }
            for (var pod : api.pods()) {
                var was = ended.get(pod.uid());
                if (was != null) {
                    assertThat(pod.status().phase()).as("an ended pod").isEqualTo(was);
                } else if (pod.status().phase().ended()) {
                    ended.put(pod.uid(), pod.status().phase());
                }
            }
        }

        void assertWhereItShould(Pod pod) throws Exception {
            var states = "%s is %s".formatted(pod.key(), pod.status());
            if (pod.deleting()) {
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
                assertThat(pod.status().podIp()).as(states).isNotNull();
                var asked =
                        pod.status().containers().stream()
                                .filter(one ->
                                        one.state()
                                                instanceof
                                                dev.berth.core.pod.PodStatus.ContainerState.Running)
                                .map(one -> Objects.requireNonNull(one.containerId()).substring(7))
                                .toList();
                var running =
                        runtime.list().stream()
                                .filter(one -> one.state() == State.RUNNING)
                                .map(ContainerRuntime.Container::id)
                                .toList();
                assertThat(running).as(states).containsAll(asked);
            }
            if (pod.status().phase().ended()) {
                assertThat(runtime.running(pod.uid())).as(states).isZero();
                assertThat(network.sandbox(pod.uid())).as(states).isEmpty();
            }
        }

        void assertNothingLeft() throws Exception {
            assertThat(api.pods()).as("pods").isEmpty();
            assertThat(runtime.list()).as("containers").isEmpty();
            assertThat(runtime.podGroups()).as("cgroups").isEmpty();
            assertThat(network.attached()).as("sandboxes").isEmpty();
            assertThat(images.mounted()).as("layouts").isEmpty();
            assertThat(files.pods()).as("folders").isEmpty();
            assertThat(logs.names()).as("logs").isEmpty();
        }

        void settle() throws Exception {
            api.awaitStill(workers::awaitQuiet, SOON);
        }

        void pass(Duration duration) throws Exception {
            var end = time.now().plus(duration);
            settle();
            while (time.nextDue().filter(due -> !due.isAfter(end)).isPresent()) {
                time.advanceToNextTimer();
                settle();
            }
            time.advance(Duration.between(time.now(), end));
            settle();
        }

        void end() {
            images.release();
            chaos.sever();
            workers.close();
            api.close();
        }
    }
}
