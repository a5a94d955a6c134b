package dev.berth.core.pod;

import dev.berth.core.unit.Quantity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is reported of a pod.
 *
 * @param phase where in its life it stands
 * @param conditions in the order they are written
 * @param reason a short code such as {@code Evicted}, or null
 * @param message for people, or null
 * @param podIp its address, or null before it has one
 * @param hostIp its node's address, or null
 * @param startTime when its node first saw it, or null
 * @param initContainers one for each init container
 * @param containers one for each container
 * @param qosClass Guaranteed, Burstable or BestEffort; null before the API server set it
 * @param observedGeneration the generation of the spec this tells about, 0 when not said
 * @param ephemeralContainers one for each ephemeral container
 */
public record PodStatus(
        Phase phase,
        List<Condition> conditions,
        @Nullable String reason,
        @Nullable String message,
        @Nullable String podIp,
        @Nullable String hostIp,
        @Nullable Instant startTime,
        List<ContainerStatus> initContainers,
        List<ContainerStatus> containers,
        @Nullable String qosClass,
        long observedGeneration,
        List<ContainerStatus> ephemeralContainers) {
    /** A pod that nobody has looked at yet. */
    public static final PodStatus NEW =
            new PodStatus(
                    Phase.PENDING,
                    List.of(),
                    null,
                    null,
                    null,
                    null,
                    null,
                    List.of(),
                    List.of(),
                    null,
                    0,
                    List.of());

    /** Copies the collections. */
    public PodStatus {
        conditions = List.copyOf(conditions);
        initContainers = List.copyOf(initContainers);
        containers = List.copyOf(containers);
        ephemeralContainers = List.copyOf(ephemeralContainers);
    }

    /** What is reported of all containers: init containers, containers, ephemeral ones. */
    public Stream<ContainerStatus> everyContainer() {
        return Stream.of(initContainers, containers, ephemeralContainers).flatMap(List::stream);
    }

    /** Where in its life a pod stands. */
    public enum Phase {
        /** Accepted, not all containers have started. */
        PENDING("Pending"),
        /** At least one container runs or will again. */
        RUNNING("Running"),
        /** All containers ended well and none starts again. */
        SUCCEEDED("Succeeded"),
        /** All containers ended, one of them badly. */
        FAILED("Failed"),
        /** The node cannot be asked. */
        UNKNOWN("Unknown");

        private final String text;

        Phase(String text) {
            this.text = text;
        }

        /** The API's word. */
        public String text() {
            return text;
        }

        /** Whether nothing of it will run again. */
        public boolean ended() {
            return this == SUCCEEDED || this == FAILED;
        }
    }

    /**
     * A condition.
     *
     * @param type such as {@code Ready}
     * @param status True, False or Unknown
     * @param reason a code, or null
     * @param message for people, or null
     * @param lastTransition when the status changed last
     * @param observedGeneration the generation it tells about, 0 when not said
     */
    public record Condition(
            String type,
            String status,
            @Nullable String reason,
            @Nullable String message,
            Instant lastTransition,
            long observedGeneration) {}

    /**
     * What is reported of a container.
     *
     * @param name its name
     * @param state what it does now
     * @param lastState how its last run ended, or null
     * @param ready whether it counts for the pod's readiness
     * @param started whether its startup probe has passed, or null before it runs
     * @param restartCount how often it was started again
     * @param image the image's name
     * @param imageId the image's digest form, or empty before it is known
     * @param containerId {@code crun://<64 hex>}, or null before it exists
     * @param sizes what it may use, or null before it exists
     * @param mounts its volumes
     * @param user whom its process runs as, or null before it exists
     */
    public record ContainerStatus(
            String name,
            ContainerState state,
            @Nullable ContainerState lastState,
            boolean ready,
            @Nullable Boolean started,
            int restartCount,
            String image,
            String imageId,
            @Nullable String containerId,
            @Nullable Sizes sizes,
            List<MountStatus> mounts,
            @Nullable ProcessIdentity user) {
        /** Copies the list. */
        public ContainerStatus {
            mounts = List.copyOf(mounts);
        }

        /** One of which it is not said what it may use. */
        public ContainerStatus(
                String name,
                ContainerState state,
                @Nullable ContainerState lastState,
                boolean ready,
                @Nullable Boolean started,
                int restartCount,
                String image,
                String imageId,
                @Nullable String containerId) {
            this(
                    name,
                    state,
                    lastState,
                    ready,
                    started,
                    restartCount,
                    image,
                    imageId,
                    containerId,
                    null,
                    List.of(),
                    null);
        }
    }

    /**
     * How a volume is mounted.
     *
     * @param volume its name in the pod
     * @param path where
     * @param readOnly whether it cannot be written
     * @param recursiveReadOnly whether that holds for what is mounted below, too; null where it can
     *     be written
     */
    public record MountStatus(
            String volume, String path, boolean readOnly, @Nullable Boolean recursiveReadOnly) {}

    /**
     * What a container may use.
     *
     * @param actual what it has
     * @param allocated the requests that were granted
     */
    public record Sizes(Grant actual, Map<String, Quantity> allocated) {
        /** Copies the map. */
        public Sizes {
            allocated = Map.copyOf(allocated);
        }
    }

    /** What a container does. */
    public sealed interface ContainerState {
        /**
         * It does not run yet.
         *
         * @param reason such as {@code ContainerCreating} or {@code CrashLoopBackOff}
         * @param message for people, or null
         */
        record Waiting(String reason, @Nullable String message) implements ContainerState {}

        /**
         * It runs.
         *
         * @param startedAt since when
         */
        record Running(Instant startedAt) implements ContainerState {}

        /**
         * It has ended.
         *
         * @param exitCode 0 to 255; 128 + n for signal n
         * @param signal the signal, or 0
         * @param reason such as {@code Completed}, {@code Error}, {@code OOMKilled}
         * @param message its last words, or null
         * @param startedAt when it started
         * @param finishedAt when it ended
         * @param containerId the ended container
         */
        record Terminated(
                int exitCode,
                int signal,
                String reason,
                @Nullable String message,
                Instant startedAt,
                Instant finishedAt,
                @Nullable String containerId)
                implements ContainerState {}
    }

    /** The conditions by type. */
    public Map<String, Condition> conditionsByType() {
        var byType = new java.util.LinkedHashMap<String, Condition>();
        conditions.forEach(condition -> byType.put(condition.type(), condition));
        return byType;
    }
}
