package dev.berth.port;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Starts programs that live no longer than Berth: the kernel ends them when Berth dies, however it
 * dies.
 */
public interface Processes {
    /**
     * Starts a program.
     *
     * @throws ProcessFailed when it cannot be started
     */
    Running start(Program program) throws ProcessFailed;

    /**
     * A program to start.
     *
     * @param name for logs and for {@code berth status}, such as {@code
     *     kube-apiserver/shirwalab-eks-dev}
     * @param command the program's path and its arguments
     * @param environment added to Berth's own
     * @param logFile where both outputs go, appended
     * @param networkNamespace the namespace's file to run in, or null for Berth's own
     */
    record Program(
            String name,
            List<String> command,
            Map<String, String> environment,
            Path logFile,
            @Nullable Path networkNamespace) {
        /** Copies the collections. */
        public Program {
            command = List.copyOf(command);
            environment = Map.copyOf(environment);
        }
    }

    /** A started program. */
    interface Running {
        /** Its process id. */
        long pid();

        /** Completes with the exit code once it has ended; 128 + n for signal n. */
        CompletionStage<Integer> ended();

        /** Whether it has not ended. */
        boolean alive();

        /** Sends SIGTERM, and SIGKILL after the given time; returns once it has ended. */
        void stop(java.time.Duration grace) throws InterruptedException;
    }

    /** A program could not be started. */
    final class ProcessFailed extends Exception {
        private static final long serialVersionUID = 1L;

        /** Says which and why. */
        public ProcessFailed(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
