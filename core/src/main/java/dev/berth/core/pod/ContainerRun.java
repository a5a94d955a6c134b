package dev.berth.core.pod;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One run of a container, as far as the machine or an earlier report knows it.
 *
 * @param name the container's name
 * @param attempt how often it was started before; the restart count while this run is the latest
 * @param containerId {@code crun://<64 hex>}, or null when it is not known any more
 * @param startedAt when it was started, or null when it was only made
 * @param end how it ended, or null while it has not
 * @param image the image's full name
 * @param imageId the image's digest form
 * @param current whether it belongs to the pod's present namespaces; a run from before the machine
 *     started again does not count for the progress of init containers
 */
public record ContainerRun(
        String name,
        int attempt,
        @Nullable String containerId,
        @Nullable Instant startedAt,
        @Nullable End end,
        String image,
        String imageId,
        boolean current,
        @Nullable ProcessIdentity user) {
    /** A run of nobody knows whom. */
    public ContainerRun(
            String name,
            int attempt,
            @Nullable String containerId,
            @Nullable Instant startedAt,
            @Nullable End end,
            String image,
            String imageId,
            boolean current) {
        this(name, attempt, containerId, startedAt, end, image, imageId, current, null);
    }

    /** Whether it runs now. */
    public boolean running() {
        return startedAt != null && end == null;
    }

    /** Whether it has ended. */
    public boolean ended() {
        return end != null;
    }

    /** Whether it has ended well. */
    public boolean succeeded() {
        return end != null && end.exitCode() == 0;
    }

    /** Whether it was taken away so that all of the pod could begin anew. */
    public boolean reset() {
        return end != null && end.reason().equals(End.RESETTING);
    }

    /** The same, taken away so that all of the pod can begin anew. */
    public ContainerRun taken() {
        var end = new End(137, End.RESETTING, End.RESET_MESSAGE, null);
        return new ContainerRun(name, attempt, null, null, end, image, imageId, false, user);
    }

    /** The same, ended. */
    public ContainerRun endedBy(End how) {
        return new ContainerRun(
                name, attempt, containerId, startedAt, how, image, imageId, current, user);
    }

    /** The same, started. */
    public ContainerRun startedAt(Instant when) {
        return new ContainerRun(
                name, attempt, containerId, when, end, image, imageId, current, user);
    }

    /** The same, of an earlier life of the machine. */
    public ContainerRun past() {
        return new ContainerRun(
                name, attempt, containerId, startedAt, end, image, imageId, false, user);
    }

    /**
     * How a run ended.
     *
     * @param exitCode 0 to 255
     * @param reason {@code Completed}, {@code Error}, {@code OOMKilled}, {@code StartError}, {@code
     *     ContainerStatusUnknown} or {@code RestartingAllContainers}
     * @param message its last words or the runtime's, or null
     * @param finishedAt when, or null when nobody knows
     */
    public record End(
            int exitCode, String reason, @Nullable String message, @Nullable Instant finishedAt) {
        /** Why a container is gone that begins anew with all of its pod. */
        public static final String RESETTING = "RestartingAllContainers";

        /** The same for people. */
        public static final String RESET_MESSAGE =
                "The container is removed because RestartAllContainers in place";

        /**
         * The end of a process with this code; the kernel's killing for memory has its own word.
         */
        public static End of(
                int exitCode, boolean outOfMemory, @Nullable String message, Instant finishedAt) {
            var reason = outOfMemory ? "OOMKilled" : exitCode == 0 ? "Completed" : "Error";
            return new End(exitCode, reason, message, finishedAt);
        }

        /** A container that could not be started: exit code 128, as containerd reports it. */
        public static End startError(String message, Instant finishedAt) {
            return new End(128, "StartError", message, finishedAt);
        }

        /** A container that ran once and that nobody can find any more. */
        public static End unknown(String message) {
            return new End(137, "ContainerStatusUnknown", message, null);
        }
    }
}
