package dev.berth.core.pod;

import dev.berth.core.pod.PodSpec.RestartPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done for a pod that shall live: which containers start now, which wait for their
 * back-off, and whether it is over.
 *
 * @param start names of containers to start, in this order
 * @param waiting containers that would start but for their back-off
 * @param kill running containers that one of their probes gave up
 * @param over whether no container is to run any more: what still runs is stopped
 */
public record PodDecision(
        List<String> start, List<Waiting> waiting, List<Kill> kill, boolean over) {
    /** Copies the lists. */
    public PodDecision {
        start = List.copyOf(start);
        waiting = List.copyOf(waiting);
        kill = List.copyOf(kill);
    }

    private static final PodDecision OVER = new PodDecision(List.of(), List.of(), List.of(), true);

    /**
     * A container to kill.
     *
     * @param name the container
     * @param probe which of its probes failed
     * @param message what the event says
     * @param again whether it is started at once after its end. Its back-off then counts from the
     *     end of the run before, as with a kubelet, which decides before it kills
     */
    public record Kill(String name, ProbeKind probe, String message, boolean again) {}

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
     * Ephemeral containers start once, as soon as the pod stands, and nothing waits for them.
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
        private final List<Kill> kill = new ArrayList<>();

        Deciding(PodSpec spec, PodObservation seen, RestartBackOffs backOffs, Instant now) {
            this.spec = spec;
            this.seen = seen;
            this.backOffs = backOffs;
            this.now = now;
        }

        PodDecision decide() {
            if (seen.attached()) {
                spec.ephemeralContainers().stream()
                        .map(Container::name)
                        .filter(name -> seen.latest(name).isEmpty())
                        .forEach(start::add);
            }
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
                    keep(container);
                    if (!started(container) && !laterBegan(index)) {
                        return decided();
                    }
                } else if (run.isEmpty() || (!went && !run.get().running())) {
                    tryStart(container.name());
                    return decided();
                } else if (!went) {
                    return decided();
                } else if (!run.get().succeeded()) {
                    if (spec.restartPolicy() == RestartPolicy.NEVER) {
                        return OVER;
                    }
                    tryStart(container.name());
                    return decided();
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
            spec.initContainers().stream().filter(Container::sidecar).forEach(this::keep);
        }

        /** Starts a sidecar that does not run, and kills one that a probe gave up. */
        private void keep(Container sidecar) {
            if (seen.latest(sidecar.name()).filter(ContainerRun::running).isEmpty()) {
                tryStart(sidecar.name());
                return;
            }
            var failed = failed(sidecar.name());
            if (failed != null) {
                kill.add(
                        new Kill(
                                sidecar.name(),
                                failed,
                                PodWords.initProbeFailed(sidecar.name(), failed),
                                mayStart(sidecar.name())));
            }
        }

        private @Nullable ProbeKind failed(String name) {
            var probed = seen.probes().get(name);
            return probed == null ? null : probed.failed();
        }

        /** Whether a running container could be started again without a wait. */
        private boolean mayStart(String name) {
            return seen.previous(name)
                    .map(ContainerRun::end)
                    .map(ContainerRun.End::finishedAt)
                    .flatMap(at -> backOffs.until(name, at, now))
                    .isEmpty();
        }

        private PodDecision containers() {
            var kept = 0;
            var wanted = 0;
            for (var container : spec.containers()) {
                var run = seen.latest(container.name());
                if (run.filter(ContainerRun::running).isPresent()) {
                    var failed = failed(container.name());
                    if (failed == null) {
                        kept++;
                        continue;
                    }
                    var again = spec.restartPolicy() != RestartPolicy.NEVER;
                    wanted += again ? 1 : 0;
                    kill.add(
                            new Kill(
                                    container.name(),
                                    failed,
                                    PodWords.probeFailed(container.name(), failed, again),
                                    again && mayStart(container.name())));
                    continue;
                }
                var end = run.map(ContainerRun::end);
                if (end.isEmpty() || restarts(spec.restartPolicy(), end.get().exitCode())) {
                    wanted++;
                    tryStart(container.name());
                }
            }
            return kept + wanted == 0 ? OVER : decided();
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

        private PodDecision decided() {
            return new PodDecision(start, waiting, kill, false);
        }
    }
}
