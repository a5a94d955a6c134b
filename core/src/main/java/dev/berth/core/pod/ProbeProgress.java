package dev.berth.core.pod;

import dev.berth.core.pod.Container.Probe;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one probe of one container has found so far, and what it does at its next turn. It decides
 * as the workers of a kubelet 1.36 do, of which there is one for each probe.
 *
 * @param containerId whom it asks, or null before there was a container
 * @param result what holds
 * @param last what the last run said, or null before there was one
 * @param times how often in a row that was said
 * @param onHold whether it asks nothing more until there is a new container
 */
public record ProbeProgress(
        @Nullable String containerId,
        ProbeResult result,
        @Nullable ProbeResult last,
        int times,
        boolean onHold) {
    /** Nothing has happened yet. */
    public static final ProbeProgress NEW =
            new ProbeProgress(null, ProbeResult.UNKNOWN, null, 0, false);

    /** What holds for a container that another life of Berth has asked already. */
    public static ProbeProgress adopted(String containerId, ProbeResult result) {
        return new ProbeProgress(containerId, result, null, 0, false);
    }

    /**
     * What is known of the container at a probe's turn.
     *
     * @param containerId its latest run's id, or null when there is none
     * @param runningSince when that started, or null when it does not run
     * @param started whether its startup probe has passed
     * @param deleting whether its pod is being deleted
     */
    public record Look(
            @Nullable String containerId,
            @Nullable Instant runningSince,
            boolean started,
            boolean deleting) {}

    /**
     * What a turn comes to.
     *
     * @param after what is known then
     * @param runs whether the probe is run now
     */
    public record Turn(ProbeProgress after, boolean runs) {}

    /** Takes a turn. A container that does not run yet, or not any more, is not asked. */
    public Turn turn(ProbeKind kind, Probe probe, Look look, Instant now) {
        if (look.containerId() == null) {
            return rests();
        }
        var here =
                Objects.equals(containerId, look.containerId())
                        ? this
                        : new ProbeProgress(look.containerId(), kind.initial(), last, times, false);
        if (here.onHold) {
            return here.rests();
        }
        if (look.runningSince() == null) {
            return here.with(ProbeResult.FAILURE).rests();
        }
        if (look.deleting() && kind != ProbeKind.READINESS) {
            return here.with(ProbeResult.SUCCESS).rests();
        }
        var waited = Duration.between(look.runningSince(), now).toSeconds();
        if (waited < probe.initialDelaySeconds() || look.started() == (kind == ProbeKind.STARTUP)) {
            return here.rests();
        }
        return new Turn(here, true);
    }

    private Turn rests() {
        return new Turn(this, false);
    }

    /**
     * Notes what a run found. Only as many equal answers in a row as the threshold says change what
     * holds; a run that could not be made does not count.
     */
    public ProbeProgress answered(ProbeKind kind, Probe probe, ProbeAnswer answer) {
        if (answer.verdict() == ProbeAnswer.Verdict.ERROR) {
            return this;
        }
        var said =
                answer.verdict() == ProbeAnswer.Verdict.FAILURE
                        ? ProbeResult.FAILURE
                        : ProbeResult.SUCCESS;
        var row = said == last ? times + 1 : 1;
        var threshold =
                said == ProbeResult.SUCCESS ? probe.successThreshold() : probe.failureThreshold();
        if (row < threshold) {
            return new ProbeProgress(containerId, result, said, row, onHold);
        }
        // A container that is about to be killed, or that has started, is left alone.
        var holds =
                kind == ProbeKind.STARTUP
                        || (kind == ProbeKind.LIVENESS && said == ProbeResult.FAILURE);
        return new ProbeProgress(containerId, said, said, holds ? 0 : row, holds);
    }

    private ProbeProgress with(ProbeResult other) {
        return new ProbeProgress(containerId, other, last, times, onHold);
    }

    /** What holds for this container; nothing is known of another than the one that was asked. */
    public ProbeResult of(@Nullable String container) {
        return container != null && container.equals(containerId) ? result : ProbeResult.UNKNOWN;
    }
}
