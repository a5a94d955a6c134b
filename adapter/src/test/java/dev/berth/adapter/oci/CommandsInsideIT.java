package dev.berth.adapter.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.Execution;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class CommandsInsideIT {
    private PodBed bed;
    private ContainerPlan host;

    @BeforeAll
    void begin() throws Exception {
        bed = new PodBed("inside");
        host = bed.plan(bed.pod(1), "host", "sleep", "100000");
        bed.run(host);
    }

    @AfterAll
    void end() throws Exception {
        if (bed != null) {
            bed.close();
        }
    }

    @Test
    void output_and_errors_come_apart_and_the_code_is_exact() throws Exception {
        try (var execution = sh("echo out; echo err >&2; exit 42", false)) {
            assertThat(text(execution.stdout())).isEqualTo("out\n");
            assertThat(text(execution.stderr())).isEqualTo("err\n");
            assertThat(execution.await()).isEqualTo(OptionalInt.of(42));
        }
    }

    @Test
    void a_signals_end_is_128_and_its_number() throws Exception {
        try (var execution = sh("kill -15 $$", false)) {
            assertThat(execution.await()).isEqualTo(OptionalInt.of(143));
        }
    }

    @Test
    void it_runs_in_the_containers_cgroup_and_as_its_user() throws Exception {
        try (var execution = sh("id -u; grep -c " + host.id() + " /proc/self/cgroup", false)) {
            var lines = text(execution.stdout()).lines().toList();
            assertThat(lines.getFirst()).isEqualTo("0");
            assertThat(Integer.parseInt(lines.get(1))).isGreaterThan(3);
        }
    }

    @Test
    void a_command_that_is_not_there_is_refused_in_cruns_words() {
        var plan = new ExecPlan(List.of("nosuch"), false, false);
        assertThatThrownBy(() -> bed.runtime().exec(host.id(), plan))
                .isInstanceOf(RuntimeFailed.class)
                .hasMessageContaining("executable file `nosuch` not found in $PATH");
        var onTerminal = new ExecPlan(List.of("nosuch"), true, true);
        assertThatThrownBy(() -> bed.runtime().exec(host.id(), onTerminal))
                .isInstanceOf(RuntimeFailed.class)
                .hasMessageContaining("executable file `nosuch` not found in $PATH");
    }

    @Test
    void a_terminal_echoes_and_changes_its_size_while_the_command_runs() throws Exception {
        var script = "stty size; read line; stty size; echo got $line; exit 6";
        try (var execution =
                bed.runtime()
                        .exec(host.id(), new ExecPlan(List.of("sh", "-c", script), true, true))) {
            var seen = new StringBuilder();
            readUntil(execution.stdout(), seen, "\n");
            execution.resize(111, 44);
            execution.stdin().write("hello\r".getBytes(UTF_8));
            execution.stdin().flush();
            readUntil(execution.stdout(), seen, "got hello");
            assertThat(seen.toString()).contains("44 111").contains("hello\r\n");
            execution.stdout().readAllBytes();
            assertThat(execution.await()).isEqualTo(OptionalInt.of(6));
            assertThat(execution.stderr().readAllBytes()).isEmpty();
        }
    }

    @Test
    void silent_commands_hold_up_nobody_however_many_there_are() throws Exception {
        var many = 2 * Runtime.getRuntime().availableProcessors() + 2;
        var open = new ArrayList<Execution>();
        try (var readers = Executors.newVirtualThreadPerTaskExecutor()) {
            var echoes = new ArrayList<Future<String>>();
            for (var i = 0; i < many; i++) {
                var cat = bed.runtime().exec(host.id(), new ExecPlan(List.of("cat"), false, true));
                open.add(cat);
                echoes.add(readers.submit(() -> text(cat.stdout())));
                var _ = readers.submit(() -> text(cat.stderr()));
            }
            for (var i = 0; i < many; i++) {
                var cat = open.get(i);
                var word = "word " + i;
                var _ =
                        readers.submit(() -> {
                            cat.stdin().write(word.getBytes(UTF_8));
                            cat.stdin().close();
                            return word;
                        });
            }
            for (var i = 0; i < many; i++) {
                assertThat(echoes.get(i).get()).isEqualTo("word " + i);
            }
        } finally {
            open.forEach(Execution::close);
        }
    }

    @Test
    void closing_kills_the_command_inside() throws Exception {
        var execution = sh("echo $$; exec sleep 54321", false);
        var line = new StringBuilder();
        readUntil(execution.stdout(), line, "\n");
        execution.close();
        assertThat(execution.await().orElseThrow()).isNotZero();
        try (var look = sh("ps | grep -c '[5]4321'", false)) {
            assertThat(text(look.stdout())).isEqualTo("0\n");
        }
    }

    @Test
    void much_goes_through_in_both_directions_on_virtual_threads() throws Exception {
        var bytes = new byte[3_000_000];
        new java.util.Random(7).nextBytes(bytes);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor();
                var execution =
                        bed.runtime().exec(host.id(), new ExecPlan(List.of("cat"), false, true))) {
            var back = threads.submit(() -> execution.stdout().readAllBytes());
            threads.submit(
                            () -> {
                                execution.stdin().write(bytes);
                                execution.stdin().close();
                                return true;
                            })
                    .get();
            assertThat(back.get()).isEqualTo(bytes);
        }
    }

    @Test
    void ten_commands_run_at_once() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new java.util.ArrayList<java.util.concurrent.Future<Integer>>();
            for (var i = 0; i < 10; i++) {
                var code = i;
                all.add(
                        threads.submit(() -> {
                            try (var execution = sh("exit " + code, false)) {
                                return execution.await().orElseThrow();
                            }
                        }));
            }
            for (var i = 0; i < 10; i++) {
                assertThat(all.get(i).get()).isEqualTo(i);
            }
        }
    }

    @Test
    void attaching_gives_the_containers_own_streams() throws Exception {
        var plan =
                bed.changed(
                        bed.plan(
                                host.podUid(),
                                "attached",
                                "sh",
                                "-c",
                                "cat; echo done >&2; exit 3"),
                        change ->
                                new PodBed.Change(
                                        List.of(),
                                        change.limits(),
                                        change.user(),
                                        false,
                                        true,
                                        change.rootfs(),
                                        "/"));
        bed.run(plan);
        try (var attached = bed.runtime().attach(plan.id())) {
            attached.stdin().write("hello\n".getBytes(UTF_8));
            var seen = new StringBuilder();
            readUntil(attached.stdout(), seen, "hello\n");
            attached.stdin().close();
            assertThat(text(attached.stderr())).isEqualTo("done\n");
            assertThat(attached.await()).isEmpty();
        }
        assertThat(bed.exitOf(plan).exitCode()).isEqualTo(3);
    }

    @Test
    void attaching_to_a_terminal_can_change_its_size() throws Exception {
        var plan =
                bed.changed(
                        bed.plan(
                                host.podUid(),
                                "terminal",
                                "sh",
                                "-c",
                                "while read line; do stty size; done"),
                        change ->
                                new PodBed.Change(
                                        List.of(),
                                        change.limits(),
                                        change.user(),
                                        true,
                                        true,
                                        change.rootfs(),
                                        "/"));
        bed.run(plan);
        try (var attached = bed.runtime().attach(plan.id())) {
            var seen = new StringBuilder();
            // conmon sets the size in its own time: ask until it has.
            for (var tries = 0; tries < 100 && !seen.toString().contains("40 120"); tries++) {
                attached.resize(120, 40);
                attached.stdin().write("\r".getBytes(UTF_8));
                var before = seen.length();
                while (!seen.substring(before).matches("(?s).*\\d+ \\d+\r\n.*")) {
                    readSome(attached.stdout(), seen);
                }
            }
            assertThat(seen.toString()).contains("40 120");
        }
        bed.runtime().remove(plan.id());
    }

    @Test
    void a_log_that_was_moved_away_goes_on_under_its_name() throws Exception {
        var plan = bed.plan(host.podUid(), "rotated", "sh", "-c", "echo one; sleep 100000");
        bed.run(plan);
        await(() -> PodBed.logLines(plan).size() == 1);
        var old = plan.logFile().resolveSibling("rotated.log.1");
        Files.move(plan.logFile(), old);
        bed.runtime().reopenLog(plan.id());
        assertThat(plan.logFile()).isEmptyFile();
        assertThat(old).content().endsWith("stdout F one\n");
        bed.runtime().remove(plan.id());
    }

    private Execution sh(String script, boolean terminal) throws Exception {
        return bed.runtime()
                .exec(host.id(), new ExecPlan(List.of("sh", "-c", script), terminal, false));
    }

    private static String text(InputStream stream) throws IOException {
        return new String(stream.readAllBytes(), UTF_8);
    }

    private static void readUntil(InputStream stream, StringBuilder into, String end)
            throws IOException {
        while (into.indexOf(end) < 0) {
            readSome(stream, into);
        }
    }

    private static void readSome(InputStream stream, StringBuilder into) throws IOException {
        var buffer = new byte[1000];
        var count = stream.read(buffer);
        if (count < 0) {
            throw new AssertionError("the end came after: " + into);
        }
        into.append(new String(buffer, 0, count, UTF_8));
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    /** conmon writes logs without telling anybody. */
    private static void await(Condition condition) throws Exception {
        for (var tries = 0; tries < 2000; tries++) {
            if (condition.holds()) {
                return;
            }
            java.util.concurrent.locks.LockSupport.parkNanos(5_000_000);
        }
        throw new AssertionError("did not come true");
    }
}
