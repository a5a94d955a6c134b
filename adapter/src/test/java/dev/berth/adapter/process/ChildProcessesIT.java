package dev.berth.adapter.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.port.Processes.ProcessFailed;
import dev.berth.port.Processes.Program;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of children, with real processes. */
class ChildProcessesIT {
    private final ChildProcesses processes = new ChildProcesses();

    @TempDir Path folder;

    @Test
    void a_child_dies_when_berth_is_killed_with_signal_9() throws Exception {
        var berth =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                OneChild.class.getName(),
                                folder.resolve("log").toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var output =
                new BufferedReader(
                        new InputStreamReader(berth.getInputStream(), StandardCharsets.UTF_8))) {
            var child = ProcessHandle.of(Long.parseLong(output.readLine())).orElseThrow();
            assertThat(child.isAlive()).isTrue();
            assertThat(child.info().command())
                    .hasValueSatisfying(c -> assertThat(c).endsWith("sleep"));

            berth.destroyForcibly().waitFor();

            assertThat(child.onExit().get(10, TimeUnit.SECONDS)).isNotNull();
        } finally {
            berth.destroyForcibly();
        }
    }

    @Test
    void a_child_survives_the_end_of_the_thread_that_asked_for_it() throws Exception {
        var started = new Object[1];
        var asker =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                started[0] = processes.start(program("sleep", "60"));
                            } catch (ProcessFailed e) {
                                throw new AssertionError(e);
                            }
                        });
        asker.join();
        var child = (dev.berth.port.Processes.Running) started[0];
        try {
            // Were the asker the parent, the signal would have been sent before join returned.
            assertThat(ended(child, Duration.ofMillis(200))).isFalse();
        } finally {
            child.stop(Duration.ofSeconds(5));
        }
    }

    @Test
    void the_exit_code_is_told() throws Exception {
        var child = processes.start(program("sh", "-c", "exit 7"));
        assertThat(child.ended().toCompletableFuture().get(10, TimeUnit.SECONDS)).isEqualTo(7);
        assertThat(child.alive()).isFalse();
    }

    @Test
    void a_signal_is_told_as_128_and_its_number() throws Exception {
        var child = processes.start(program("sleep", "60"));
        child.stop(Duration.ofSeconds(10));
        assertThat(child.ended().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isEqualTo(128 + 15);
    }

    @Test
    void one_that_does_not_hear_sigterm_is_killed_after_its_grace() throws Exception {
        var ready = folder.resolve("ready");
        var child =
                processes.start(
                        program(
                                "sh",
                                "-c",
                                "trap '' TERM; mkfifo \"$0\"; echo x > \"$0\"; while :; do sleep 60; done",
                                ready.toString()));
        awaitFifo(ready);
        child.stop(Duration.ofMillis(100));
        assertThat(child.ended().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isEqualTo(128 + 9);
    }

    @Test
    void both_outputs_are_appended_to_the_log_file() throws Exception {
        Files.writeString(folder.resolve("log"), "before\n");
        var child = processes.start(program("sh", "-c", "echo out; echo err >&2; echo $GREETING"));
        child.ended().toCompletableFuture().get(10, TimeUnit.SECONDS);
        assertThat(folder.resolve("log")).hasContent("before\nout\nerr\nhello\n");
    }

    @Test
    void it_has_a_session_of_its_own_so_that_ctrl_c_does_not_reach_it() throws Exception {
        var child = processes.start(program("sleep", "60"));
        try {
            assertThat(ended(child, Duration.ofMillis(50))).isFalse();
            var stat = Files.readString(Path.of("/proc/" + child.pid() + "/stat"));
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            assertThat(fields[3]).as("session").isEqualTo(Long.toString(child.pid()));
        } finally {
            child.stop(Duration.ofSeconds(5));
        }
    }

    @Test
    void it_runs_in_the_network_namespace_it_was_given() throws Exception {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "joining a network namespace needs root");
        var holder =
                new ProcessBuilder("unshare", "--net", "sh", "-c", "echo up; exec sleep 60")
                        .start();
        try {
            assertThat(holder.getInputStream().read()).isEqualTo('u');
            var namespace = Path.of("/proc/" + holder.pid() + "/ns/net");
            var child =
                    processes.start(
                            new Program(
                                    "ls",
                                    List.of("readlink", "/proc/self/ns/net"),
                                    Map.of(),
                                    folder.resolve("log"),
                                    namespace));
            child.ended().toCompletableFuture().get(10, TimeUnit.SECONDS);
            assertThat(Files.readString(folder.resolve("log")).strip())
                    .isEqualTo(Files.readSymbolicLink(namespace).toString());
        } finally {
            holder.destroyForcibly().waitFor();
        }
    }

    @Test
    void a_program_that_is_not_there_is_named() {
        assertThatThrownBy(() -> processes.start(program("/nonexistent/etcd")))
                .isInstanceOf(ProcessFailed.class)
                .hasMessageContaining("/nonexistent/etcd");
    }

    private Program program(String... command) {
        return new Program(
                "test", List.of(command), Map.of("GREETING", "hello"), folder.resolve("log"), null);
    }

    private static boolean ended(dev.berth.port.Processes.Running child, Duration within)
            throws Exception {
        try {
            child.ended().toCompletableFuture().get(within.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (java.util.concurrent.TimeoutException e) {
            return false;
        }
    }

    /** Opening a FIFO for reading returns when its writer has come. */
    private static void awaitFifo(Path fifo) throws Exception {
        var waiter =
                new ProcessBuilder(
                                "sh",
                                "-c",
                                "until test -p \"$0\"; do sleep 0.01; done; cat \"$0\"",
                                fifo.toString())
                        .start();
        assertThat(waiter.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    /** A small Berth: starts a child, says its pid, and waits. */
    static final class OneChild {
        private OneChild() {}

        public static void main(String[] arguments) throws Exception {
            var child =
                    new ChildProcesses()
                            .start(
                                    new Program(
                                            "sleep",
                                            List.of("sleep", "600"),
                                            Map.of(),
                                            Path.of(arguments[0]),
                                            null));
            // The chain of small programs before it needs a moment until the program itself runs.
            var handle = ProcessHandle.of(child.pid()).orElseThrow();
            while (!handle.info().command().orElse("").endsWith("sleep")) {
                Thread.onSpinWait();
            }
            System.out.println(child.pid());
            Thread.currentThread().join();
        }
    }
}
