package dev.berth.core.pod;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done for a pod that shall live: which containers start now, which wait for their
 * back-off, and whether it is over.
 *
 * @param start names of containers to start, in this order
 * @param waiting containers that would start but for their back-off
 * @param kill running containers that one of their probes gave up
 * @param over whether no container is to run any more: what still runs is stopped
 * @param reset when all containers are to be taken away, for the pod to begin anew; nothing else is
 *     to be done then
 */
public record PodDecision(
        List<String> start,
        List<Waiting> waiting,
        List<Kill> kill,
        boolean over,
        Optional<Instant> reset) {
    /** Copies the lists. */
    public PodDecision {
        start = List.copyOf(start);
        waiting = List.copyOf(waiting);
        kill = List.copyOf(kill);
    }

    private static final Duration RESET_PACE = Duration.ofSeconds(1);

    private static final PodDecision OVER =
            new PodDecision(List.of(), List.of(), List.of(), true, Optional.empty());

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
        var reset = reset(spec, seen);
        return reset.isPresent()
                ? new PodDecision(List.of(), List.of(), List.of(), false, reset)
                : new Deciding(spec, seen, backOffs, now).decide();
    }

    /**
     * When all of the pod begins anew because one of its containers has ended as a rule says, or
     * empty. There is no back-off; but as a kubelet looks only once a second, a container that ends
     * at once does not make its pod begin anew more often.
     */
    static Optional<Instant> reset(PodSpec spec, PodObservation seen) {
        return Stream.of(spec.initContainers(), spec.containers())
                .flatMap(List::stream)
                .map(container -> resetBy(container, seen))
                .flatMap(Optional::stream)
                .min(Instant::compareTo);
    }

    private static Optional<Instant> resetBy(Container container, PodObservation seen) {
        var run =
                seen.latest(container.name())
                        .filter(one -> one.current() && !one.reset())
                        .orElse(null);
        var end = run == null ? null : run.end();
        if (run == null || end == null || !RestartDecision.restartsAll(container, end.exitCode())) {
            return Optional.empty();
        }
        var since = run.startedAt() == null ? end.finishedAt() : run.startedAt();
        return Optional.of(since == null ? Instant.MIN : since.plus(RESET_PACE));
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
                    var code = Objects.requireNonNull(run.get().end()).exitCode();
                    if (!RestartDecision.initRestarts(spec, container, code)) {
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
                    var again = RestartDecision.restartsAfterProbe(spec, container);
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
                if (end.isEmpty()
                        || run.filter(ContainerRun::reset).isPresent()
                        || RestartDecision.restarts(spec, container, end.get().exitCode())) {
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
            return new PodDecision(start, waiting, kill, false, Optional.empty());
        }
    }
}
