package dev.berth.app;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.adapter.files.DiskPodFiles;
import dev.berth.adapter.files.DiskPodLogs;
import dev.berth.adapter.image.DemoImages;
import dev.berth.adapter.probe.VpcProbes;
import dev.berth.adapter.time.SystemTime;
import dev.berth.core.node.PlacedNode;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.EtcTexts.Dns;
import dev.berth.core.pod.EtcTexts.Resolver;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.pod.Volume;
import dev.berth.core.size.FargateSize;
import dev.berth.engine.Timeline;
import dev.berth.engine.podworker.PodSettings;
import dev.berth.engine.podworker.PodWorkers;
import dev.berth.port.PodNetwork;
import dev.berth.testkit.FakeKubeApi;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pods of the demo images with crun, in a VPC of their own; only the API server is in memory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class ProbesAndHooksOnRealContainersIT {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final String VPC = "vpc-probes";

    private final Map<String, PlacedNode> nodes = new ConcurrentHashMap<>();
    private final FakeKubeApi api = new FakeKubeApi(InstantSource.system());
    private DataFolder data;
    private SystemTime time;
    private Machine machine;
    private PodWorkers workers;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/crun")), "needs crun");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/conmon")), "needs conmon");
        data = DataFolder.open(folder.resolve("data"));
        time = new SystemTime();
        machine = new Machine(data, List.of("*=http://127.0.0.1:1"), null);
        machine.start();
        try {
            var debs = Path.of(System.getProperty("user.home"), ".cache/berth/debs");
            var _ = new DemoImages(machine.images(), debs, _ -> {}).build(false);
        } catch (DemoImages.DemoFailed e) {
            assumeTrue(false, "no demo images to be had: " + e.getMessage());
        }
        machine.network()
                .ensureVpc(
                        new PodNetwork.Vpc(
                                VPC,
                                List.of("10.219.0.0/16"),
                                List.of(new PodNetwork.Subnet("subnet-1", "10.219.1.0/24"))));
        api.putServiceAccount("default", "default", List.of());
        workers =
                new PodWorkers(
                        api,
                        new dev.berth.engine.podworker.Machine(
                                machine.runtime(),
                                machine.network(),
                                new VpcProbes(machine.network(), time),
                                machine.images(),
                                new DiskPodFiles(data.path()),
                                new DiskPodLogs(data.resolve("logs")),
                                time),
                        new PodSettings(
                                "lab",
                                new Dns(
                                        "10.100.0.10",
                                        "cluster.local",
                                        new Resolver(List.of(), List.of(), List.of())),
                                false),
                        name -> Optional.ofNullable(nodes.get(name)),
                        Timeline.NONE);
        workers.start();
    }

    @AfterAll
    void stop() throws Exception {
        if (workers != null) {
            workers.close();
        }
        if (machine != null) {
            machine.destroy();
            machine.close();
            Files.deleteIfExists(data.runFolder());
        }
        if (time != null) {
            time.close();
        }
        api.close();
    }

    private Pod run(String name, PodBuilder builder) {
        var number = nodes.size() + 10;
        var node = "fargate-10.219.1." + number;
        var pod = builder.named(name).uid("uid-" + name).on(node).build();
        nodes.put(
                node,
                new PlacedNode(
                        node,
                        pod.uid(),
                        VPC,
                        "subnet-1",
                        "10.219.1." + number,
                        "eu-west-1a",
                        new FargateSize(250, 512)));
        return api.create(pod);
    }

    private static ContainerStatus main(Pod pod) {
        return pod.status().containers().stream()
                .filter(status -> status.name().equals("main"))
                .findFirst()
                .orElse(
                        new ContainerStatus(
                                "main",
                                new dev.berth.core.pod.PodStatus.ContainerState.Waiting("", null),
                                null,
                                false,
                                false,
                                0,
                                "",
                                "",
                                null));
    }

    private Pod await(Pod pod, Predicate<Pod> condition) throws Exception {
        return api.awaitPod(pod.key(), condition, LONG);
    }

    private List<String> events(Pod pod) {
        return api.events(pod.key()).stream()
                .map(one -> one.event().reason() + ": " + one.event().message())
                .toList();
    }

    private static Probe every(int seconds, Handler handler) {
        return new Probe(handler, 0, 1, seconds, 1, 1, null);
    }

    private static Handler sh(String script) {
        return new Handler.Exec(List.of("/bin/sh", "-c", script));
    }

    @Test
    void nginx_becomes_ready_over_http_and_tcp_and_unready_when_the_page_goes() throws Exception {
        var pod =
                run(
                        "web",
                        aPod().container(
                                        aContainer("main")
                                                .image("nginx")
                                                .pulling("IfNotPresent")
                                                .port("http", 80)
                                                .startupProbe(
                                                        new Probe(
                                                                new Handler.TcpSocket(null, "http"),
                                                                0,
                                                                1,
                                                                1,
                                                                1,
                                                                30,
                                                                null))
                                                .readinessProbe(
                                                        every(
                                                                1,
                                                                new Handler.HttpGet(
                                                                        null, "http", "/", "HTTP",
                                                                        List.of())))
                                                .livenessProbe(
                                                        every(
                                                                1,
                                                                sh(
                                                                        "sleep 0.1; test ! -e"
                                                                                + " /tmp/dead || { echo I"
                                                                                + " am dead; exit 1;"
                                                                                + " }")))));
        await(pod, now -> main(now).ready());
        exec(pod, "rm -f /usr/share/nginx/html/index.html /var/www/html/*.html");
        await(pod, now -> !main(now).ready());
        assertThat(events(pod))
                .anyMatch(event ->
                        event.startsWith(
                                "Unhealthy: Readiness probe failed: HTTP probe failed with"
                                        + " statuscode: 40"));
        exec(pod, "touch /tmp/dead");
        await(pod, now -> main(now).restartCount() == 1 && main(now).ready());
        assertThat(events(pod))
                .contains(
                        "Unhealthy: Liveness probe failed: I am dead\n",
                        "Killing: Container main failed liveness probe, will be restarted");
    }

    @Test
    void a_command_that_hangs_is_killed_and_counts_as_failed() throws Exception {
        var pod =
                run(
                        "hangs",
                        aPod().container(
                                        aContainer("main")
                                                .image("busybox")
                                                .pulling("IfNotPresent")
                                                .command("sleep", "1000")
                                                .readinessProbe(every(5, sh("sleep 77")))));
        api.await(
                now ->
                        now.events(pod.key()).stream()
                                .anyMatch(one ->
                                        one.event()
                                                .message()
                                                .equals(
                                                        "Readiness probe failed: command timed out:"
                                                                + " \"/bin/sh -c sleep 77\" timed out"
                                                                + " after 1s")),
                LONG);
        assertThat(main(await(pod, _ -> true)).ready()).isFalse();
    }

    @Test
    void hooks_run_before_the_signal_and_a_sidecar_outlives_the_container() throws Exception {
        var pod =
                run(
                        "hooked",
                        aPod().terminationGraceSeconds(20)
                                .finalizer("example.org/keep")
                                .volume("shared", new Volume.Source.EmptyDir("", null))
                                .init(
                                        aContainer("side")
                                                .sidecar()
                                                .image("busybox")
                                                .pulling("IfNotPresent")
                                                .mounting("shared", "/shared")
                                                .terminationMessage("/dev/said", "File")
                                                .command(
                                                        "sh",
                                                        "-c",
                                                        "trap 'echo side >> /shared/log; cat"
                                                                + " /shared/log > /dev/said; exit 0'"
                                                                + " TERM; while true; do sleep 0.1;"
                                                                + " done"))
                                .container(
                                        aContainer("main")
                                                .image("busybox")
                                                .pulling("IfNotPresent")
                                                .mounting("shared", "/shared")
                                                .postStart(sh("echo started >> /shared/log"))
                                                .preStop(sh("sleep 1; echo stop >> /shared/log"))
                                                .command(
                                                        "sh",
                                                        "-c",
                                                        "trap 'echo main >> /shared/log; exit 0'"
                                                                + " TERM; while true; do sleep 0.1;"
                                                                + " done")));
        await(pod, now -> main(now).ready());
        api.delete(pod.key());
        var gone = await(pod, now -> now.status().phase().ended());
        assertThat(gone.status().initContainers().getFirst().state())
                .isInstanceOfSatisfying(
                        dev.berth.core.pod.PodStatus.ContainerState.Terminated.class,
                        ended ->
                                assertThat(ended.message())
                                        .isEqualTo("started\nstop\nmain\nside\n"));
    }

    /** Runs a command in the pod's container, to its end. */
    private void exec(Pod pod, String script) throws Exception {
        var id = main(await(pod, _ -> true)).containerId();
        assertThat(id).isNotNull();
        try (var execution =
                machine.runtime()
                        .exec(
                                id.substring(id.indexOf("://") + 3),
                                new dev.berth.port.ContainerRuntime.ExecPlan(
                                        List.of("/bin/sh", "-c", script), false, false))) {
            assertThat(execution.await()).hasValue(0);
        }
    }
}
