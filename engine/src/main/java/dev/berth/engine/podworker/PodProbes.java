package dev.berth.engine.podworker;

import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodObservation.Probed;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.ProbeAnswer;
import dev.berth.core.pod.ProbeKind;
import dev.berth.core.pod.ProbeProgress;
import dev.berth.core.pod.ProbeProgress.Look;
import dev.berth.core.pod.ProbeResult;
import dev.berth.core.usage.ProbeCounts;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The probes of one pod: each has a timer that comes every period from when the pod was taken on,
 * and a thread only while it asks. Whenever something else holds than before, the pod's thread is
 * told to look. Any thread may call.
 */
final class PodProbes {
    private static final Logger LOG = LoggerFactory.getLogger(PodProbes.class);

    private final Surroundings around;
    private final Time time;
    private final PodMailbox box;
    private final ProbeRuns runs;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final List<Clock> clocks = new ArrayList<>();
    private final Map<String, ContainerRun> latest = new HashMap<>();
    private Pod pod;
    private boolean begun;
    private boolean closed;

    PodProbes(Surroundings around, Pod pod, PodPlace node, PodMailbox box) {
        this.around = around;
        this.pod = pod;
        this.box = box;
        time = around.machine().time();
        runs = new ProbeRuns(around.machine(), node);
        Stream.concat(
                        pod.spec().initContainers().stream().filter(Container::sidecar),
                        pod.spec().containers().stream())
                .forEach(container -> {
                    for (var kind : ProbeKind.values()) {
                        var probe = kind.of(container);
                        if (probe != null) {
                            clocks.add(new Clock(container, kind, probe));
                        }
                    }
                });
    }

    /** One probe of one container. */
    private static final class Clock {
        final Container container;
        final ProbeKind kind;
        final Probe probe;
        final Duration period;
        final ProbeTally tally = new ProbeTally();
        ProbeProgress progress = ProbeProgress.NEW;
        long due;
        Subscription timer = () -> {};
        @Nullable Thread asking;
        boolean again;
        boolean stopped;

        Clock(Container container, ProbeKind kind, Probe probe) {
            this.container = container;
            this.kind = kind;
            this.probe = probe;
            period = Duration.ofSeconds(Math.max(1, probe.periodSeconds()));
        }
    }

    /**
     * Takes over what was reported of a running container, so that its status does not change only
     * because Berth started again.
     */
    void adopt(ContainerRun run, PodStatus.ContainerStatus reported) {
        var id = Objects.requireNonNull(run.containerId());
        lock.lock();
        try {
            for (var clock : clocks) {
                if (clock.container.name().equals(run.name())) {
                    var well =
                            switch (clock.kind) {
                                case STARTUP -> Boolean.TRUE.equals(reported.started());
                                case LIVENESS -> true;
                                case READINESS -> reported.ready();
                            };
                    clock.progress =
                            ProbeProgress.adopted(
                                    id, well ? ProbeResult.SUCCESS : clock.kind.initial());
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Starts the timers; once is enough.
     *
     * @param spread whether each begins somewhere within its period: after a start of Berth all
     *     pods come at once, and their probes shall not
     */
    void begin(boolean spread) {
        lock.lock();
        try {
            if (begun || closed) {
                return;
            }
            begun = true;
            for (var clock : clocks) {
                var wait =
                        spread
                                ? Duration.ofMillis(
                                        Math.floorMod(
                                                Objects.hash(
                                                        pod.uid(),
                                                        clock.container.name(),
                                                        clock.kind.text()),
                                                clock.period.toMillis()))
                                : clock.period;
                clock.due = time.nanos() + wait.toNanos();
                clock.timer = time.after(wait, () -> tick(clock));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Says what is known of the containers now. */
    void know(Pod now, Iterable<ContainerRun> known) {
        if (clocks.isEmpty()) {
            return;
        }
        lock.lock();
        try {
            pod = now;
            for (var run : known) {
                latest.merge(
                        run.name(),
                        run,
                        (one, other) -> one.attempt() > other.attempt() ? one : other);
            }
        } finally {
            lock.unlock();
        }
    }

    /** What the probes say, by container. */
    Map<String, Probed> said() {
        if (clocks.isEmpty()) {
            return Map.of();
        }
        lock.lock();
        try {
            var said = new HashMap<String, Probed>();
            for (var clock : clocks) {
                said.computeIfAbsent(clock.container.name(), _ -> said(clock.container));
            }
            return said;
        } finally {
            lock.unlock();
        }
    }

    private Probed said(Container container) {
        var failed =
                result(container, ProbeKind.LIVENESS) == ProbeResult.FAILURE
                        ? ProbeKind.LIVENESS
                        : result(container, ProbeKind.STARTUP) == ProbeResult.FAILURE
                                ? ProbeKind.STARTUP
                                : null;
        return new Probed(
                result(container, ProbeKind.STARTUP) == ProbeResult.SUCCESS,
                result(container, ProbeKind.READINESS) == ProbeResult.SUCCESS,
                failed);
    }

    /** What holds for the container's latest run; without a probe all is well. */
    private ProbeResult result(Container container, ProbeKind kind) {
        if (kind.of(container) == null) {
            return ProbeResult.SUCCESS;
        }
        var run = latest.get(container.name());
        return clocks.stream()
                .filter(clock ->
                        clock.kind == kind && clock.container.name().equals(container.name()))
                .map(clock -> clock.progress.of(run == null ? null : run.containerId()))
                .findFirst()
                .orElse(ProbeResult.UNKNOWN);
    }

    /**
     * Asks at once whether containers are ready that have started and are not; the next time comes
     * a period later.
     */
    void hurry() {
        lock.lock();
        try {
            if (!begun) {
                return;
            }
            for (var clock : clocks) {
                if (clock.kind == ProbeKind.READINESS && !clock.stopped && !closed) {
                    var run = latest.get(clock.container.name());
                    if (run != null
                            && run.running()
                            && result(clock.container, ProbeKind.STARTUP) == ProbeResult.SUCCESS
                            && result(clock.container, ProbeKind.READINESS)
                                    != ProbeResult.SUCCESS) {
                        clock.timer.close();
                        clock.due = time.nanos() + clock.period.toNanos();
                        clock.timer = time.after(clock.period, () -> tick(clock));
                        turn(clock);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** The pod ends: nobody is killed any more for a probe, while readiness still shows. */
    void podStops() {
        lock.lock();
        try {
            for (var clock : clocks) {
                if (clock.kind != ProbeKind.READINESS) {
                    clock.stopped = true;
                    clock.timer.close();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is asked any more. */
    void close() {
        lock.lock();
        try {
            closed = true;
            for (var clock : clocks) {
                clock.timer.close();
                if (clock.asking != null) {
                    clock.asking.interrupt();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void tick(Clock clock) {
        lock.lock();
        try {
            if (closed || clock.stopped) {
                return;
            }
            var now = time.nanos();
            clock.due += clock.period.toNanos();
            if (clock.due - now <= 0) {
                // The machine slept; what was missed is not made up for.
                clock.due = now + clock.period.toNanos();
            }
            clock.timer = time.after(Duration.ofNanos(clock.due - now), () -> tick(clock));
            turn(clock);
        } finally {
            lock.unlock();
        }
    }

    private void turn(Clock clock) {
        if (clock.asking != null) {
            clock.again = true;
            return;
        }
        var run = latest.get(clock.container.name());
        var id = run == null ? null : run.containerId();
        var turn =
                clock.progress.turn(
                        clock.kind,
                        clock.probe,
                        new Look(
                                id,
                                run == null || !run.running() ? null : run.startedAt(),
                                result(clock.container, ProbeKind.STARTUP) == ProbeResult.SUCCESS,
                                pod.deleting()),
                        time.now());
        clock.progress = turn.after();
        if (turn.runs() && run != null) {
            around.busy().begin();
            clock.asking = Thread.ofVirtual().name("probe").unstarted(() -> ask(clock, run));
            clock.asking.start();
        }
    }

    private void ask(Clock clock, ContainerRun run) {
        var began = time.nanos();
        try {
            var answer = runs.ask(clock.container, PodLedger.rawId(run), clock.probe);
            count(clock, answer, time.nanos() - began);
            answered(clock, answer);
        } catch (InterruptedException stop) {
            LOG.debug("probe cut short pod={}", run.name());
        } catch (RuntimeException bug) {
            LOG.error("probe ended by a fault of ours container={}", run.name(), bug);
            answered(clock, ProbeAnswer.error(String.valueOf(bug.getMessage())));
        } finally {
            around.busy().end();
        }
    }

    private void count(Clock clock, ProbeAnswer answer, long nanos) {
        lock.lock();
        try {
            clock.tally.count(answer.verdict(), nanos);
        } finally {
            lock.unlock();
        }
    }

    /** How often each probe was asked. */
    List<ProbeCounts> counts() {
        lock.lock();
        try {
            return clocks.stream()
                    .map(clock -> clock.tally.counts(clock.container.name(), clock.kind.text()))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private void answered(Clock clock, ProbeAnswer answer) {
        var changed = false;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            clock.asking = null;
            answer.event(clock.kind)
                    .ifPresent(told ->
                            around.event(
                                    pod,
                                    Surroundings.fieldPath(pod, clock.container.name()),
                                    true,
                                    told.reason(),
                                    told.message()));
            var before = clock.progress.result();
            clock.progress = clock.progress.answered(clock.kind, clock.probe, answer);
            changed = clock.progress.result() != before;
            if (clock.again) {
                clock.again = false;
                if (!clock.stopped) {
                    turn(clock);
                }
            }
        } finally {
            lock.unlock();
        }
        if (changed) {
            box.poke();
        }
    }
}
