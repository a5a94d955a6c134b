package dev.berth.adapter.process;

import dev.berth.port.Processes;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Child processes that the kernel kills when Berth dies.
 *
 * <p>Of the two known ways this is {@code PR_SET_PDEATHSIG}, set by util-linux's {@code setpriv}
 * just before the program begins, and not a supervisor process that watches Berth: it needs no
 * second program to stay alive and be trusted, nothing can be missed while Berth is killed, and the
 * signal arrives in microseconds. Its price is a trap: the kernel sends the signal when the
 * <em>thread</em> that made the child ends, not the process. Java's virtual threads run on carrier
 * threads that come and go, so every child is made by one platform thread that lives as long as the
 * program.
 *
 * <p>Children get a session of their own ({@code setsid}), so that Ctrl-C in Berth's terminal
 * reaches Berth alone, which then stops them in order. Standard input is empty.
 *
 * <p>One gap is known: a child whose parent is killed in the millisecond before {@code setpriv} has
 * asked for the signal is not killed.
 */
public final class ChildProcesses implements Processes {
    private final ExecutorService parent =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("berth-parent-of-children").factory());

    /** Makes the thread that will be the parent of all; it begins with the first child. */
    public ChildProcesses() {}

    @Override
    public Running start(Program program) throws ProcessFailed {
        var builder = new ProcessBuilder(commandLine(program));
        builder.environment().putAll(program.environment());
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(program.logFile().toFile()));
        try {
            var executable = Path.of(program.command().getFirst());
            if (executable.isAbsolute() && !Files.isExecutable(executable)) {
                throw new ProcessFailed(program.name() + ": no program at " + executable, null);
            }
            var logFolder = program.logFile().toAbsolutePath().getParent();
            if (logFolder != null) {
                Files.createDirectories(logFolder);
            }
            return new Child(onParent(builder));
        } catch (IOException e) {
            throw new ProcessFailed(program.name() + " could not be started: " + e.getMessage(), e);
        }
    }

    /** The whole command line: session, death signal, namespace, program. */
    static List<String> commandLine(Program program) {
        var all = new ArrayList<String>(List.of("setsid", "setpriv", "--pdeathsig", "KILL", "--"));
        var namespace = program.networkNamespace();
        if (namespace != null) {
            all.addAll(List.of("nsenter", "--net=" + namespace, "--"));
        }
        all.addAll(program.command());
        return all;
    }

    private Process onParent(ProcessBuilder builder) throws IOException {
        try {
            return CompletableFuture.supplyAsync(() -> begin(builder), parent).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof StartFailed failed) {
                throw failed.reason;
            }
            throw e;
        }
    }

    private static Process begin(ProcessBuilder builder) {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new StartFailed(e);
        }
    }

    /** Carries the reason from the parent thread to the caller. */
    private static final class StartFailed extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final IOException reason;

        StartFailed(IOException reason) {
            super(reason);
            this.reason = reason;
        }
    }

    /** A child. The chain of small programs before it replaces itself, so the pid is its own. */
    private static final class Child implements Running {
        private final Process process;
        private final CompletableFuture<Integer> ended;

        Child(Process process) {
            this.process = process;
            this.ended = process.onExit().thenApply(Process::exitValue);
        }

        @Override
        public long pid() {
            return process.pid();
        }

        @Override
        public CompletionStage<Integer> ended() {
            return ended.minimalCompletionStage();
        }

        @Override
        public boolean alive() {
            return process.isAlive();
        }

        @Override
        public void stop(Duration grace) throws InterruptedException {
            process.destroy();
            if (!process.waitFor(grace.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                process.waitFor();
            }
        }
    }
}
