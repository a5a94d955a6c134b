package dev.berth.edge.kubelet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What a node's endpoint asks of the pods of one cluster. */
public interface NodeStreams {
    /**
     * Writes a container's log, and goes on while it is followed; nothing is written when it is not
     * possible.
     */
    void logs(Target target, LogQuery query, OutputStream out)
            throws NotPossible, IOException, InterruptedException;

    /** Starts a command in a container. */
    Session exec(Target target, List<String> command, boolean terminal, boolean stdin)
            throws NotPossible, InterruptedException;

    /** Attaches to a container's own streams. */
    Session attach(Target target) throws NotPossible, InterruptedException;

    /** Opens a connection to a port inside a pod. */
    Tunnel portForward(String namespace, String pod, int port) throws NotPossible, IOException;

    /** Whether a pod is on a node. */
    void checkPod(String namespace, String pod, String nodeName) throws NotPossible;

    /**
     * A container of a pod.
     *
     * @param namespace the pod's namespace
     * @param pod the pod's name
     * @param container the container's name
     */
    record Target(String namespace, String pod, String container) {}

    /**
     * Which part of a log.
     *
     * @param follow whether to go on
     * @param previous whether that of the run before
     * @param tailLines only the last ones, or null
     * @param since only from then on, or null
     * @param timestamps whether each line begins with its time
     * @param limitBytes at most so many, or null
     */
    record LogQuery(
            boolean follow,
            boolean previous,
            @Nullable Long tailLines,
            @Nullable Instant since,
            boolean timestamps,
            @Nullable Long limitBytes) {}

    /** A running command. */
    interface Session extends AutoCloseable {
        /** Its input; closing it is end of file. */
        OutputStream stdin();

        /** Its output, or the terminal's. */
        InputStream stdout();

        /** Its error output; empty with a terminal. */
        InputStream stderr();

        /** Sets the terminal's size. */
        void resize(int columns, int rows) throws IOException;

        /** Waits for its end; empty when the exit code cannot be known. */
        OptionalInt await() throws InterruptedException;

        @Override
        void close();
    }

    /** An open connection into a pod. */
    interface Tunnel extends AutoCloseable {
        /** What comes from the pod. */
        InputStream input();

        /** What goes to the pod. */
        OutputStream output();

        /** Tells the pod that no more will go. */
        void shutdownOutput() throws IOException;

        @Override
        void close();
    }

    /** Cannot be done, and why. */
    final class NotPossible extends Exception {
        private static final long serialVersionUID = 1L;
        private final int status;
        private final String words;

        /** Gives the HTTP status and the words. */
        public NotPossible(int status, String words) {
            super(words);
            this.status = status;
            this.words = words;
        }

        /** The HTTP status. */
        public int status() {
            return status;
        }

        @Override
        public String getMessage() {
            return words;
        }
    }
}
