package dev.berth.adapter.controlplane;

import dev.berth.port.Processes;
import dev.berth.port.Processes.ProcessFailed;
import dev.berth.port.Processes.Program;
import dev.berth.port.Processes.Running;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One program that is to run until it is stopped. A virtual thread of its own waits for its end and
 * starts it again after a pause that doubles with each short life. It is told as ailing from its
 * end until it has lived for a while again.
 */
final class Component {
    private static final Logger log = LoggerFactory.getLogger(Component.class);
    private static final Duration PAUSE_MIN = Duration.ofMillis(100);
    private static final Duration PAUSE_MAX = Duration.ofSeconds(10);

    /** Having lived so long, it is well again, and the next pause is the shortest again. */
    private static final Duration WELL_AFTER = Duration.ofSeconds(2);

    private final Processes processes;
    private final Program program;
    private final Consumer<@Nullable String> onProblem;
    private final CompletableFuture<Void> stopping = new CompletableFuture<>();
    private @Nullable Thread keeper;
    private volatile @Nullable Running running;

    /**
     * A program that is not started yet.
     *
     * @param onProblem told what is wrong in a few words, or null when all is well again
     */
    Component(Processes processes, Program program, Consumer<@Nullable String> onProblem) {
        this.processes = processes;
        this.program = program;
        this.onProblem = onProblem;
    }

    /** Starts it, or says why it cannot be started; from then on it is kept running. */
    void start() throws ProcessFailed {
        var first = processes.start(program);
        running = first;
        keeper = Thread.ofVirtual().name("berth-keeper-" + program.name()).start(() -> keep(first));
    }

    /** The process id at this moment, or empty between two lives. */
    java.util.OptionalLong pid() {
        var now = running;
        return now == null || !now.alive()
                ? java.util.OptionalLong.empty()
                : java.util.OptionalLong.of(now.pid());
    }

    /** Whether it runs at this moment. */
    boolean alive() {
        return pid().isPresent();
    }

    /** Stops it for good; returns when it has ended. */
    void stop(Duration grace) throws InterruptedException {
        stopping.complete(null);
        // Either the keeper's new child is seen here, or the keeper sees the wish and ends it.
        var now = running;
        if (now != null) {
            now.stop(grace);
        }
        var thread = keeper;
        if (thread != null) {
            thread.join();
        }
    }

    private void keep(Running first) {
        var pause = Duration.ZERO;
        @Nullable Running current = first;
        try {
            while (true) {
                long began = System.nanoTime();
                if (current != null) {
                    int code = awaitEnd(current, !pause.isZero());
                    if (stopping.isDone()) {
                        return;
                    }
                    log.warn(
                            "component ended component={} exitCode={} log={} lastWords={}",
                            program.name(),
                            code,
                            program.logFile(),
                            LastWords.of(program.logFile()));
                    onProblem.accept("restarting, exit code " + code);
                }
                boolean lived = System.nanoTime() - began >= WELL_AFTER.toNanos();
                pause = current != null && lived ? PAUSE_MIN : next(pause);
                if (stopped(pause)) {
                    return;
                }
                current = again();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for its end; says on the way that it is well again, if it was not. */
    private int awaitEnd(Running child, boolean ailing) throws InterruptedException {
        var ended = child.ended().toCompletableFuture();
        try {
            if (ailing) {
                try {
                    return ended.get(WELL_AFTER.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException _) {
                    onProblem.accept(null);
                }
            }
            return ended.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of " + program.name() + " is not known", e);
        }
    }

    private @Nullable Running again() throws InterruptedException {
        try {
            var child = processes.start(program);
            running = child;
            if (stopping.isDone()) {
                child.stop(Duration.ZERO);
            }
            return child;
        } catch (ProcessFailed e) {
            log.warn("component cannot be started component={}", program.name(), e);
            onProblem.accept("cannot be started: " + e.getMessage());
            return null;
        }
    }

    private boolean stopped(Duration within) throws InterruptedException {
        try {
            stopping.get(within.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException _) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Duration next(Duration pause) {
        var doubled = pause.isZero() ? PAUSE_MIN : pause.multipliedBy(2);
        return doubled.compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : doubled;
    }
}
