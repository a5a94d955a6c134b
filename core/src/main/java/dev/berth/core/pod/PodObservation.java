package dev.berth.core.pod;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a node knows of a pod at one moment.
 *
 * @param attached whether its namespaces exist with the network in them
 * @param podIp its address once attached, or null
 * @param hostIp its node's address, or null while unknown
 * @param firstSeen when the node took it on
 * @param runs all known runs of its containers, in any order
 * @param problems why containers do not run, by name
 * @param probes what the probes say, by container name; without an entry no probe has answered
 * @param verdict why the node ended it, or null
 * @param over whether nothing of it runs and nothing will
 * @param resize where the change of its resources stands
 */
public record PodObservation(
        boolean attached,
        @Nullable String podIp,
        @Nullable String hostIp,
        Instant firstSeen,
        List<ContainerRun> runs,
        Map<String, StartProblem> problems,
        Map<String, Probed> probes,
        @Nullable Verdict verdict,
        boolean over,
        PodResize resize) {
    /** Copies the collections. */
    public PodObservation {
        runs = List.copyOf(runs);
        problems = Map.copyOf(problems);
        probes = Map.copyOf(probes);
    }

    /** A pod whose resources are as it wished when it began. */
    public PodObservation(
            boolean attached,
            @Nullable String podIp,
            @Nullable String hostIp,
            Instant firstSeen,
            List<ContainerRun> runs,
            Map<String, StartProblem> problems,
            Map<String, Probed> probes,
            @Nullable Verdict verdict,
            boolean over) {
        this(
                attached,
                podIp,
                hostIp,
                firstSeen,
                runs,
                problems,
                probes,
                verdict,
                over,
                PodResize.NONE);
    }

    /**
     * What a container's probes say.
     *
     * @param started whether the startup probe has passed
     * @param ready whether the readiness probe passes
     * @param failed which probe wants the container killed, or null
     */
    public record Probed(boolean started, boolean ready, @Nullable ProbeKind failed) {
        /** No probe wants it killed. */
        public Probed(boolean started, boolean ready) {
            this(started, ready, null);
        }
    }

    /**
     * Why a node ended a pod by itself.
     *
     * @param reason such as {@code DeadlineExceeded}
     * @param message for people
     * @param disruption whether the node's own need is to blame, not the pod's doing
     * @param disruptionMessage what the condition says then
     */
    public record Verdict(
            String reason, String message, boolean disruption, String disruptionMessage) {
        /** The condition says what the status does. */
        public Verdict(String reason, String message, boolean disruption) {
            this(reason, message, disruption, message);
        }

        /** The pod's own doing. */
        public Verdict(String reason, String message) {
            this(reason, message, false);
        }
    }

    /** The latest run of a container. */
    public Optional<ContainerRun> latest(String container) {
        return latest(runs, container);
    }

    /** The latest of these runs that is of this container. */
    static Optional<ContainerRun> latest(List<ContainerRun> runs, String container) {
        return runs.stream()
                .filter(run -> run.name().equals(container))
                .max(Comparator.comparingInt(ContainerRun::attempt));
    }

    /** The run before the latest one. */
    public Optional<ContainerRun> previous(String container) {
        return runs.stream()
                .filter(run -> run.name().equals(container))
                .sorted(Comparator.comparingInt(ContainerRun::attempt).reversed())
                .skip(1)
                .findFirst();
    }
}
