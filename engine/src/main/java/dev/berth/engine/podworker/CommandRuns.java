package dev.berth.engine.podworker;

import dev.berth.core.pod.ProbeAnswer;
import dev.berth.port.ContainerRuntime;
import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Runs commands in containers to their end, for probes and hooks. Any thread may call. */
final class CommandRuns {
    /**
     * How long output may still come once the command has ended: a child of it may hold on to it.
     */
    private static final Duration OUTPUT_ENDS = Duration.ofSeconds(1);

    private final ContainerRuntime runtime;
    private final Time time;

    CommandRuns(ContainerRuntime runtime, Time time) {
        this.runtime = runtime;
        this.time = time;
    }

    /** How a command ended. */
    sealed interface Outcome {
        /**
         * By itself.
         *
         * @param stdout at most 10 KiB of what it said
         * @param stderr the same of its complaints
         */
        record Ended(int exitCode, String stdout, String stderr) implements Outcome {
            /** All that it said, as a kubelet puts it together. */
            String output() {
                var both = stdout + stderr;
                return both.length() <= ProbeAnswer.OUTPUT_MOST
                        ? both
                        : both.substring(0, ProbeAnswer.OUTPUT_MOST);
            }
        }

        /** It was killed for it took too long. */
        record TimedOut() implements Outcome {}
    }

    /**
     * Runs a command. An interruption kills it.
     *
     * @param timeout or null for as long as it takes
     */
    Outcome run(String containerId, List<String> command, @Nullable Duration timeout)
            throws RuntimeFailed, InterruptedException {
        var late = new AtomicBoolean();
        Subscription timer = () -> {};
        var execution = runtime.exec(containerId, new ExecPlan(command, false, false));
        try {
            if (timeout != null) {
                timer =
                        time.after(
                                timeout,
                                () -> {
                                    late.set(true);
                                    execution.close();
                                });
            }
            var stdout = new Reader(execution.stdout());
            var stderr = new Reader(execution.stderr());
            var code = execution.await();
            if (late.get()) {
                return new Outcome.TimedOut();
            }
            return new Outcome.Ended(code.orElse(0), stdout.text(), stderr.text());
        } finally {
            timer.close();
            execution.close();
        }
    }

    /** Reads a stream to its end and keeps its beginning. */
    private static final class Reader {
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private final Thread thread;

        Reader(InputStream stream) {
            thread = Thread.ofVirtual().name("command-output").start(() -> read(stream));
        }

        private void read(InputStream stream) {
            var buffer = new byte[1024];
            try {
                int count;
                while ((count = stream.read(buffer)) >= 0) {
                    var room = ProbeAnswer.OUTPUT_MOST - kept.size();
                    kept.write(buffer, 0, Math.min(count, room));
                }
            } catch (IOException closed) {
                // What came before counts.
            }
        }

        String text() throws InterruptedException {
            var _ = thread.join(OUTPUT_ENDS);
            return kept.toString(StandardCharsets.UTF_8);
        }
    }
}
