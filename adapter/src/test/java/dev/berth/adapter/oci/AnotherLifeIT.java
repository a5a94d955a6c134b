package dev.berth.adapter.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.adapter.libc.Libc;
import dev.berth.port.ContainerRuntime.Container;
import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.State;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class AnotherLifeIT {
    /** A Berth that is killed: it says what it made and waits for the end. */
    static final class Doomed {
        private Doomed() {}

        public static void main(String[] arguments) throws Exception {
            var bed = new PodBed(Path.of(arguments[0]), arguments[1]);
            var pod = bed.pod(1);
            var lasting = bed.plan(pod, "lasting", "sleep", "100000");
            var waiting = bed.plan(pod, "waiting", "sh", "-c", "cat /tmp/go; exit 9");
            var unstarted = bed.plan(pod, "unstarted", "sleep", "100000");
            bed.run(lasting);
            var made = new ProcessBuilder("mkfifo", bed.rootfs().resolve("tmp/go").toString());
            made.start().waitFor();
            bed.run(waiting);
            bed.runtime().create(unstarted);
            System.out.println(lasting.id() + " " + waiting.id() + " " + unstarted.id());
            Thread.sleep(1_000_000);
        }
    }

    @Test
    void containers_outlive_a_killed_berth_and_the_next_one_goes_on_with_them() throws Exception {
        var first = new PodBed("first");
        var data = first.data();
        var name = first.instance();
        first.runtime().close();
        first.network().close();

        var ids = killAfterStarting(data, name);
        // One ends while nobody is there.
        Files.writeString(data.resolve("rootfs/tmp/go"), "now\n");
        var bed = new PodBed(data, name);
        assertThat(bed.network().attached()).containsOnlyKeys("pod-" + name + "-1");
        assertThat(bed.runtime().podGroups()).containsExactly("pod-" + name + "-1");
        assertThat(bed.runtime().list())
                .extracting(Container::id)
                .containsExactlyInAnyOrderElementsOf(ids);
        assertThat(one(bed, ids.getFirst()).state()).isEqualTo(State.RUNNING);
        assertThat(one(bed, ids.getFirst()).podName()).isEqualTo("web");
        assertThat(one(bed, ids.get(2)).state()).isEqualTo(State.CREATED);

        var waiting = bed.plan("pod-" + name + "-1", "waiting", "true");
        var ended = new PodBedPlan(waiting, ids.get(1)).await(bed);
        assertThat(ended).isEqualTo(9);
        try (var execution =
                bed.runtime().exec(ids.getFirst(), new ExecPlan(List.of("true"), false, false))) {
            assertThat(execution.await()).isEqualTo(OptionalInt.of(0));
        }
        bed.runtime().start(ids.get(2));
        assertThat(one(bed, ids.get(2)).state()).isEqualTo(State.RUNNING);
        for (var id : ids) {
            bed.runtime().remove(id);
        }
        assertThat(bed.runtime().list()).isEmpty();
        bed.destroyAll();
        assertThat(bed.traces()).isEmpty();
        bed.close();
    }

    @Test
    void all_that_a_killed_berth_left_can_be_taken_away_without_starting_another()
            throws Exception {
        var first = new PodBed("down");
        first.runtime().close();
        first.network().close();
        killAfterStarting(first.data(), first.instance());
        assertThat(first.traces()).anyMatch(trace -> trace.startsWith("process"));
        assertThat(first.traces()).anyMatch(trace -> trace.startsWith("cgroup"));
        // Even with the files gone that tell of it.
        deleteNotes(first.data().resolve("runtime/containers"));
        first.destroyAll();
        assertThat(first.traces()).isEmpty();
        first.close();
    }

    @Test
    void a_container_that_never_came_to_begin_is_as_if_it_had_never_been_made() throws Exception {
        var bed = new PodBed("cut");
        try {
            var plan = bed.plan(bed.pod(1), "cut", "sh", "-c", "exit 6");
            bed.runtime().create(plan);
            // What a life leaves that dies between its note and the word to begin: crun's waiting
            // process has already seen somebody come to its FIFO and go.
            var runtime = bed.data().resolve("runtime");
            Files.writeString(
                    runtime.resolve("containers").resolve(plan.id()).resolve("started"),
                    Instant.now().toString());
            try (var fifos = Files.find(runtime, 4, (path, _) -> path.endsWith("exec.fifo"))) {
                var fifo = fifos.findFirst().orElseThrow();
                Libc.close(Libc.open(fifo.toString(), Libc.O_WRONLY | Libc.O_NONBLOCK));
            }
            bed.restart();
            assertThat(bed.runtime().list()).isEmpty();
            bed.run(plan);
            assertThat(bed.exitOf(plan).exitCode()).isEqualTo(6);
        } finally {
            bed.close();
        }
    }

    @Test
    void a_container_whose_conmon_and_process_are_gone_ended_with_255() throws Exception {
        var bed = new PodBed("lost");
        try {
            var plan = bed.plan(bed.pod(1), "lost", "sleep", "100000");
            bed.run(plan);
            var pid = bed.runtime().list().getFirst().pid();
            var folder = bed.data().resolve("runtime/containers").resolve(plan.id());
            var conmon = Long.parseLong(Files.readString(folder.resolve("conmon.pid")).strip());
            for (var victim : List.of(conmon, pid)) {
                ProcessHandle.of(victim).orElseThrow().destroyForcibly();
                assertThat(Libc.awaitEnd((int) (long) victim, 10_000)).isTrue();
            }
            bed.restart();
            assertThat(bed.exitOf(plan).exitCode()).isEqualTo(255);
        } finally {
            bed.close();
        }
    }

    private static List<String> killAfterStarting(Path data, String instance) throws Exception {
        var classes =
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path"));
        var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        var doomed =
                new ProcessBuilder(
                                java,
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                classes,
                                Doomed.class.getName(),
                                data.toString(),
                                instance)
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var lines =
                new BufferedReader(new InputStreamReader(doomed.getInputStream(), UTF_8))) {
            var line = lines.readLine();
            assertThat(line).isNotNull();
            return List.of(line.split(" ", -1));
        } finally {
            doomed.destroyForcibly();
            assertThat(doomed.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private record PodBedPlan(dev.berth.port.ContainerRuntime.ContainerPlan like, String id) {
        int await(PodBed bed) throws Exception {
            var plan =
                    new dev.berth.port.ContainerRuntime.ContainerPlan(
                            id,
                            like.podUid(),
                            like.podNamespace(),
                            like.podName(),
                            like.name(),
                            0,
                            like.image(),
                            like.rootfs(),
                            like.command(),
                            like.environment(),
                            "/",
                            like.user(),
                            List.of(),
                            like.network(),
                            like.ipc(),
                            like.uts(),
                            null,
                            like.limits(),
                            List.of(),
                            false,
                            false,
                            "Unconfined",
                            List.of(),
                            List.of(),
                            List.of(),
                            1,
                            1,
                            0,
                            false,
                            false,
                            like.logFile());
            return bed.exitOf(plan).exitCode();
        }
    }

    private static Container one(PodBed bed, String id) {
        return bed.runtime().list().stream()
                .filter(container -> container.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static void deleteNotes(Path containers) throws Exception {
        try (var folders = Files.list(containers)) {
            for (var folder : folders.toList()) {
                Files.deleteIfExists(folder.resolve("notes.json"));
                Files.deleteIfExists(folder.resolve("processes"));
            }
        }
    }
}
