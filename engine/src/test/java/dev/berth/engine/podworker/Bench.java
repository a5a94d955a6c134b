package dev.berth.engine.podworker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.pod.EtcTexts.Dns;
import dev.berth.core.pod.EtcTexts.Resolver;
import dev.berth.core.pod.FileSystems;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.size.FargateSize;
import dev.berth.engine.Timeline;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.Images;
import dev.berth.port.KubeApi;
import dev.berth.port.PodFiles;
import dev.berth.port.PodLogs;
import dev.berth.port.PodNetwork;
import dev.berth.port.ProbeNetwork;
import dev.berth.port.Time;
import dev.berth.testkit.Chaos;
import dev.berth.testkit.FakeContainerRuntime;
import dev.berth.testkit.FakeImages;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakePodFiles;
import dev.berth.testkit.FakePodLogs;
import dev.berth.testkit.FakePodNetwork;
import dev.berth.testkit.FakeProbeNetwork;
import dev.berth.testkit.FakeTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A machine in memory with one cluster, one VPC and the image busybox on it. */
final class Bench implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(60);
    static final String VPC = "vpc-1";

    final FakeTime time = new FakeTime();
    final FakeKubeApi api;
    final FakeContainerRuntime runtime = new FakeContainerRuntime(time);
    final FakePodNetwork network = new FakePodNetwork();
    final FakeProbeNetwork probes = new FakeProbeNetwork();
    final FakeImages images = new FakeImages();
    final FakePodFiles files = new FakePodFiles();
    final FakePodLogs logs = new FakePodLogs();
    final Map<String, PlacedNode> nodes = new ConcurrentHashMap<>();
    final Machine machine = new Machine(runtime, network, probes, images, files, logs, time);
    boolean cpuLimitsMustFit;
    FileSystems fileSystems = FileSystems.NONE;
    PodWorkers workers;

    Bench() {
        this(null);
    }

    /** Changes are told late and out of order, as follows from a seed. */
    Bench(@Nullable Long seed) {
        api = seed == null ? new FakeKubeApi(time::now) : new FakeKubeApi(time::now, seed);
        workers = workers(api, machine);
        network.ensureVpc(new PodNetwork.Vpc(VPC, List.of("172.16.0.0/16"), List.of()));
        images.onMachine("busybox", FakeImages.SHELL);
        api.putServiceAccount("default", "default", List.of());
        api.putService(
                "default",
                new dev.berth.port.KubeApi.Service(
                        "kubernetes",
                        "10.100.0.1",
                        List.of(new dev.berth.port.KubeApi.ServicePort("https", 443, "TCP"))));
    }

    /** Another life of Berth, of which every call goes through chaos; it has not begun. */
    PodWorkers life(Chaos chaos) throws InterruptedException {
        var through =
                new Machine(
                        chaos.around(ContainerRuntime.class, runtime),
                        chaos.around(PodNetwork.class, network),
                        chaos.around(ProbeNetwork.class, probes),
                        chaos.around(Images.class, images),
                        chaos.around(PodFiles.class, files),
                        chaos.around(PodLogs.class, logs),
                        chaos.around(Time.class, time));
        // Like its program, it first removes what belongs to no pod.
        new PodRemains(through).removeOwnerless();
        return workers(chaos.around(KubeApi.class, api), through);
    }

    private PodWorkers workers(KubeApi toApi, Machine toMachine) {
        return new PodWorkers(
                toApi,
                toMachine,
                new PodSettings(
                        "lab",
                        new Dns(
                                "10.100.0.10",
                                "cluster.local",
                                new Resolver(
                                        List.of("172.16.0.2"),
                                        List.of("eu-west-1.compute.internal"),
                                        List.of())),
                        cpuLimitsMustFit,
                        fileSystems),
                name -> Optional.ofNullable(nodes.get(name)),
                Timeline.NONE);
    }

    Bench started() throws Exception {
        workers.start();
        return this;
    }

    /** Berth ends and starts again; what runs runs on. */
    void restart() throws Exception {
        workers.close();
        workers = workers(api, machine);
        workers.start();
    }

    /** Creates a pod that is bound to a node of its own. */
    Pod run(PodBuilder builder) throws Exception {
        return run(builder, new FargateSize(250, 512));
    }

    Pod run(PodBuilder builder, FargateSize size) throws Exception {
        var number = nodes.size() + 10;
        var name = "fargate-172.16.1." + number;
        var pod = builder.on(name).build();
        place(pod, size, number);
        api.create(pod);
        settle();
        return now(pod);
    }

    void place(Pod pod, FargateSize size, int number) {
        nodes.put(
                java.util.Objects.requireNonNull(pod.spec().nodeName()),
                new PlacedNode(
                        java.util.Objects.requireNonNull(pod.spec().nodeName()),
                        pod.uid(),
                        VPC,
                        "subnet-1",
                        "172.16.1." + number,
                        "eu-west-1a",
                        size));
    }

    /** Waits until nothing is under way any more. */
    void settle() throws Exception {
        api.awaitStill(workers::awaitQuiet, SOON);
    }

    /** Moves time, and waits after each timer. */
    void pass(Duration duration) throws Exception {
        pass(duration, this::settle);
    }

    /** Moves time, and lets all settle after each timer. */
    void pass(Duration duration, Settling settling) throws Exception {
        var end = time.now().plus(duration);
        settling.settle();
        while (time.nextDue().filter(due -> !due.isAfter(end)).isPresent()) {
            time.advanceToNextTimer();
            settling.settle();
        }
        time.advance(Duration.between(time.now(), end));
        settling.settle();
    }

    /** Waits until nothing is under way. */
    @FunctionalInterface
    interface Settling {
        void settle() throws Exception;
    }

    Pod now(Pod pod) {
        return now(pod.key());
    }

    Pod now(PodKey key) {
        return api.pods().stream()
                .filter(one -> one.key().equals(key))
                .findFirst()
                .orElseThrow(() -> new AssertionError("gone: " + key));
    }

    ContainerStatus container(Pod pod, String name) {
        return now(pod).status().containers().stream()
                .filter(status -> status.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no status of " + name));
    }

    List<String> events(Pod pod) {
        return api.events(pod.key()).stream()
                .map(one -> one.event().reason() + ": " + one.event().message())
                .toList();
    }

    String id(Pod pod, String container, int attempt) {
        return ContainerPlans.id(pod.uid(), container, attempt);
    }

    /** Whether nothing of any pod is left on the machine. */
    void assertEmptyMachine() throws Exception {
        assertThat(runtime.list()).as("containers").isEmpty();
        assertThat(runtime.podGroups()).as("cgroups").isEmpty();
        assertThat(network.attached()).as("sandboxes").isEmpty();
        assertThat(images.mounted()).as("layouts").isEmpty();
        assertThat(files.pods()).as("folders").isEmpty();
        assertThat(logs.names()).as("logs").isEmpty();
    }

    @Override
    public void close() {
        workers.close();
        api.close();
    }
}
