package dev.berth.engine.podworker;

import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.StopPlan;
import dev.berth.core.pod.StopStep;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops containers of a pod: runs their hooks, asks them, waits as long as the grace period lasts,
 * kills. Owned by the pod's thread, which reads its mail here meanwhile.
 */
final class ContainerStops {
    private static final Logger LOG = LoggerFactory.getLogger(ContainerStops.class);

    /** How long after SIGKILL a container may still be reported as running. */
    private static final Duration KILL_TAKES = Duration.ofSeconds(10);

    private final Surroundings around;
    private final PodLedger ledger;
    private final PodMailbox box;
    private final PodProbes probes;
    private final LifecycleHooks hooks;
    private final Alarm alarm;

    ContainerStops(
            Surroundings around,
            PodLedger ledger,
            PodMailbox box,
            PodProbes probes,
            LifecycleHooks hooks,
            Alarm alarm) {
        this.around = around;
        this.ledger = ledger;
        this.box = box;
        this.probes = probes;
        this.hooks = hooks;
        this.alarm = alarm;
    }

    /** Stops whatever runs. Sidecars wait for the others; a newer wish may shorten the time. */
    void all() throws InterruptedException {
        all(null);
    }

    /**
     * The same in a shorter time.
     *
     * @param secondsMost the most that the pod gets, or null for what it says
     */
    void all(@Nullable Long secondsMost) throws InterruptedException {
        var running = ledger.running();
        if (running.isEmpty()) {
            return;
        }
        var grace =
                StopPlan.graceSeconds(ledger.pod(), ledger.gone() ? Long.valueOf(0) : secondsMost);
        for (var run : running) {
            ledger.event(run.name(), false, "Killing", PodWords.stopping(run.name()));
        }
        probes.podStops();
        stop(running.stream().map(ContainerRun::name).toList(), grace, true);
        ledger.report();
    }

    /** Stops some of the pod's containers. A wish that all of it stop ends this. */
    void some(List<String> names, long graceSeconds) throws InterruptedException {
        stop(names, graceSeconds, false);
    }

    /**
     * Stops containers. Their preStop hooks run; after a start of Berth in their midst they run
     * again from their beginning, as with a kubelet, which keeps no record of them either.
     */
    private void stop(List<String> names, long graceSeconds, boolean whole)
            throws InterruptedException {
        var shortest = graceSeconds;
        var until = ledger.now().plusSeconds(graceSeconds);
        var asked = new HashMap<String, Instant>();
        try (var preStops = new PreStops(around, hooks, box, ledger.pod())) {
            for (var run : ledger.running()) {
                if (graceSeconds > 0 && names.contains(run.name())) {
                    preStops.begin(
                            Objects.requireNonNull(ledger.container(run.name())),
                            PodLedger.rawId(run));
                }
            }
            while (ledger.runs(names)) {
                var now = ledger.now();
                var step = StopStep.of(leaving(names, whole, preStops, asked), until, now);
                for (var run : ledger.running()) {
                    if (step.ask().contains(run.name())) {
                        asked.put(run.name(), ledger.now());
                        signal(run, stopSignal(run.name()));
                    }
                }
                if (!step.kill().isEmpty()) {
                    kill(step.kill());
                }
                if (!step.ask().isEmpty() || !step.kill().isEmpty()) {
                    // What that changes shows at another look.
                    continue;
                }
                alarm.in(atLeastZero(Duration.between(ledger.now(), step.next().orElseThrow())));
                var said = probes.said();
                ledger.absorb(box.take());
                if (!whole && ledger.leaving()) {
                    return;
                }
                var newer =
                        StopPlan.graceSeconds(
                                ledger.pod(),
                                ledger.gone() ? Long.valueOf(0) : Long.valueOf(shortest));
                if (whole && newer < shortest) {
                    shortest = newer;
                    var earlier =
                            ledger.now().plusSeconds(Math.max(newer, StopPlan.GRACE_LEAST_SECONDS));
                    until = earlier.isBefore(until) ? earlier : until;
                }
                if (!said.equals(probes.said())) {
                    ledger.report();
                }
            }
        } finally {
            alarm.close();
        }
    }

    private List<StopStep.Leaving> leaving(
            List<String> names, boolean whole, PreStops preStops, Map<String, Instant> asked) {
        return ledger.running().stream()
                .map(ContainerRun::name)
                .filter(names::contains)
                .map(name ->
                        new StopStep.Leaving(
                                name,
                                preStops.running(name),
                                whole ? StopStep.after(ledger.pod().spec(), name) : Set.of(),
                                asked.get(name)))
                .toList();
    }

    private static Duration atLeastZero(Duration duration) {
        return duration.isNegative() ? Duration.ZERO : duration;
    }

    private void kill(List<String> names) throws InterruptedException {
        for (var run : ledger.running()) {
            if (names.contains(run.name())) {
                signal(run, StopPlan.KILL);
            }
        }
        var end = ledger.now().plus(KILL_TAKES);
        while (ledger.runs(names) && ledger.now().isBefore(end)) {
            alarm.in(Duration.between(ledger.now(), end));
            ledger.absorb(box.take());
        }
        for (var run : ledger.running()) {
            if (names.contains(run.name())) {
                // The runtime did not tell of its end. The container stays until that is written
                // down, or another life of Berth would know nothing of this run.
                LOG.warn(
                        "container killed by force pod={} container={}",
                        ledger.pod().key(),
                        run.name());
                around.machine().runtime().kill(PodLedger.rawId(run));
                ledger.put(run.endedBy(End.of(137, false, null, ledger.now())));
            }
        }
    }

    private void signal(ContainerRun run, int signal) throws InterruptedException {
        try {
            around.machine().runtime().signal(PodLedger.rawId(run), signal);
        } catch (RuntimeFailed e) {
            LOG.warn(
                    "signal not sent pod={} container={} signal={} cause={}",
                    ledger.pod().key(),
                    run.name(),
                    signal,
                    e.getMessage());
        }
    }

    private int stopSignal(String name) {
        var container = ledger.container(name);
        var image =
                container == null
                        ? null
                        : around.machine().images().find(container.image()).orElse(null);
        return StopPlan.signal(
                container == null ? null : container.stopSignal(),
                image == null ? null : image.config().stopSignal());
    }
}
