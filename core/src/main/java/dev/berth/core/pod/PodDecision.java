package dev.berth.core.pod;

import dev.berth.core.pod.PodSpec.RestartPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What is to be done for a pod that shall live: which containers start now, which wait for their
 * back-off, and whether it is over.
 *
 * @param start names of containers to start, in this order
 * @param waiting containers that would start but for their back-off
 * @param over whether no container is to run any more: what still runs is stopped
 */
public record PodDecision(List<String> start, List<Waiting> waiting, boolean over) {
    /** Copies the lists. */
    public PodDecision {
        start = List.copyOf(start);
        waiting = List.copyOf(waiting);
    }

    /**
     * A container that waits.
     *
     * @param name the container
     * @param delay how long it waits in all
     * @param until when it starts
     */
    public record Waiting(String name, Duration delay, Instant until) {}

    /**
     * Decides. Init containers run one after another, each to its good end; a sidecar counts once
     * it has started and is kept running; the containers come after all of them, together.
     */
    public static PodDecision of(
            PodSpec spec, PodObservation seen, RestartBackOffs backOffs, Instant now) {
        var deciding = new Deciding(spec, seen, backOffs, now);
        return deciding.decide();
    }

    /** Whether a container that ended so is started again. */
    public static boolean restarts(RestartPolicy policy, int exitCode) {
        return switch (policy) {
            case ALWAYS -> true;
            case ON_FAILURE -> exitCode != 0;
            case NEVER -> false;
        };
    }

    /** Whether an init container that ended so is started again. */
    static boolean initRestarts(Container container, RestartPolicy policy, int exitCode) {
        return container.sidecar() || (exitCode != 0 && policy != RestartPolicy.NEVER);
    }

    private static final class Deciding {
        private final PodSpec spec;
        private final PodObservation seen;
        private final RestartBackOffs backOffs;
        private final Instant now;
        private final List<String> start = new ArrayList<>();
        private final List<Waiting> waiting = new ArrayList<>();

        Deciding(PodSpec spec, PodObservation seen, RestartBackOffs backOffs, Instant now) {
            this.spec = spec;
            this.seen = seen;
            this.backOffs = backOffs;
            this.now = now;
        }

        PodDecision decide() {
            var begun =
                    spec.containers().stream()
                            .anyMatch(container ->
                                    seen.latest(container.name())
                                            .filter(ContainerRun::current)
                                            .isPresent());
            if (begun) {
                keepSidecars();
                return containers();
            }
            for (var index = 0; index < spec.initContainers().size(); index++) {
                var container = spec.initContainers().get(index);
                var run = seen.latest(container.name()).filter(ContainerRun::current);
                var went = run.filter(ContainerRun::ended).isPresent();
                if (container.sidecar()) {
                    if (run.filter(ContainerRun::running).isEmpty()) {
                        tryStart(container.name());
                    }
                    if (!started(container) && !laterBegan(index)) {
                        return decided(false);
                    }
                } else if (run.isEmpty() || (!went && !run.get().running())) {
                    tryStart(container.name());
                    return decided(false);
                } else if (!went) {
                    return decided(false);
                } else if (!run.get().succeeded()) {
                    if (spec.restartPolicy() == RestartPolicy.NEVER) {
                        return new PodDecision(List.of(), List.of(), true);
                    }
                    tryStart(container.name());
                    return decided(false);
                }
            }
            return containers();
        }

        private boolean laterBegan(int index) {
            return spec.initContainers().stream()
                    .skip(index + 1L)
                    .anyMatch(later ->
                            seen.latest(later.name()).filter(ContainerRun::current).isPresent());
        }

        private boolean started(Container sidecar) {
            return seen.latest(sidecar.name()).filter(ContainerRun::running).isPresent()
                    && PodStatuses.started(sidecar, seen);
        }

        private void keepSidecars() {
            spec.initContainers().stream()
                    .filter(Container::sidecar)
                    .filter(sidecar ->
                            seen.latest(sidecar.name()).filter(ContainerRun::running).isEmpty())
                    .forEach(sidecar -> tryStart(sidecar.name()));
        }

        private PodDecision containers() {
            var kept = 0;
            var wanted = 0;
            for (var container : spec.containers()) {
                var run = seen.latest(container.name());
                if (run.filter(ContainerRun::running).isPresent()) {
                    kept++;
                    continue;
                }
                var end = run.map(ContainerRun::end);
                if (end.isEmpty() || restarts(spec.restartPolicy(), end.get().exitCode())) {
                    wanted++;
                    tryStart(container.name());
                }
            }
            return kept + wanted == 0
                    ? new PodDecision(List.of(), List.of(), true)
                    : decided(false);
        }

        private void tryStart(String name) {
            var failedAt =
                    seen.latest(name).map(ContainerRun::end).map(ContainerRun.End::finishedAt);
            var until = failedAt.flatMap(at -> backOffs.until(name, at, now));
            if (until.isPresent()) {
                waiting.add(
                        new Waiting(
                                name, backOffs.delay(name, failedAt.orElseThrow()), until.get()));
            } else {
                start.add(name);
            }
        }

        private PodDecision decided(boolean over) {
            return new PodDecision(start, waiting, over);
        }
    }
}
