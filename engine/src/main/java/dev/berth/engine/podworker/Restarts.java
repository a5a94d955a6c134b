package dev.berth.engine.podworker;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.PodDecision.Kill;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.RestartDecision;
import dev.berth.core.pod.StopPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Ends runs of containers that are to begin anew while their pod lives on: those that a probe gave
 * up, those whose image is another one by now, and all when one of them has ended as its rules say.
 * Owned by the pod's thread.
 */
final class Restarts {
    private final PodLedger ledger;
    private final ContainerStarts starts;
    private final ContainerStops stops;
    private final StartTries tries;
    private final PodEnd end;

    Restarts(
            PodLedger ledger,
            ContainerStarts starts,
            ContainerStops stops,
            StartTries tries,
            PodEnd end) {
        this.ledger = ledger;
        this.starts = starts;
        this.stops = stops;
        this.tries = tries;
        this.end = end;
    }

    /**
     * Stops running containers whose image is another one by now, and starts them anew, whatever
     * the restart policy.
     *
     * @return whether something was stopped
     */
    boolean changed() throws InterruptedException {
        var changed = new ArrayList<String>();
        var spec = ledger.pod().spec();
        Stream.concat(
                        spec.initContainers().stream().filter(Container::sidecar),
                        spec.containers().stream())
                .filter(container -> tries.changed(container.name(), container.image()))
                .map(Container::name)
                .filter(name -> ledger.runs(List.of(name)))
                .forEach(changed::add);
        for (var name : changed) {
            ledger.event(
                    name,
                    false,
                    "Killing",
                    spec.containers().stream().anyMatch(one -> one.name().equals(name))
                            ? PodWords.definitionChanged(name)
                            : PodWords.initDefinitionChanged(name));
            stops.some(List.of(name), StopPlan.graceSeconds(ledger.pod(), null));
            if (ledger.leaving()) {
                return true;
            }
        }
        if (!changed.isEmpty()) {
            starts.start(changed);
        }
        return !changed.isEmpty();
    }

    /**
     * Starts containers anew whose resources cannot be changed while they run.
     *
     * @return whether there were any
     */
    boolean resized(List<String> names) throws InterruptedException {
        for (var name : names) {
            ledger.event(name, false, "Killing", PodWords.resizeRestarts(ledger.pod(), name));
            stops.some(List.of(name), StopPlan.graceSeconds(ledger.pod(), null));
            if (ledger.leaving()) {
                return true;
            }
        }
        if (!names.isEmpty()) {
            starts.start(names);
        }
        return !names.isEmpty();
    }

    /**
     * Takes all containers away, those whose end asked for it last, so that the pod begins anew
     * with its first init container. There are no hooks and there is no grace.
     */
    void all() throws InterruptedException {
        // Told before, so that whoever watches the pod sees why its containers go.
        ledger.report();
        var spec = ledger.pod().spec();
        var names =
                Stream.of(spec.initContainers(), spec.containers())
                        .flatMap(List::stream)
                        .map(Container::name)
                        .toList();
        for (var run : ledger.running()) {
            if (names.contains(run.name())) {
                ledger.event(run.name(), false, "Killing", "killing");
            }
        }
        stops.some(names, 0);
        if (ledger.leaving()) {
            return;
        }
        var seen = ledger.observed();
        var latest =
                names.stream()
                        .flatMap(name -> seen.latest(name).stream())
                        .filter(run -> run.current() && run.ended())
                        .toList();
        var asked = latest.stream().filter(run -> asksForAll(spec, run)).toList();
        for (var run : latest) {
            if (!asked.contains(run)) {
                end.take(run);
            }
        }
        for (var run : asked) {
            end.take(run);
        }
        ledger.report();
    }

    private static boolean asksForAll(PodSpec spec, ContainerRun run) {
        return spec.everyContainer()
                .filter(container -> container.name().equals(run.name()))
                .anyMatch(container ->
                        RestartDecision.restartsAll(
                                container, Objects.requireNonNull(run.end()).exitCode()));
    }

    /**
     * Kills containers that their probes gave up, one after another, and starts again at once those
     * that may.
     */
    void failed(List<Kill> kills) throws InterruptedException {
        var again = new ArrayList<String>();
        try {
            for (var kill : kills) {
                var container = ledger.container(kill.name());
                if (container == null || ledger.leaving()) {
                    return;
                }
                ledger.event(kill.name(), false, "Killing", kill.message());
                stops.some(
                        List.of(kill.name()),
                        StopPlan.graceSeconds(ledger.pod(), container, kill.probe()));
                if (kill.again() && !ledger.runs(List.of(kill.name()))) {
                    again.add(kill.name());
                    tries.killed(kill.name());
                }
            }
            if (!again.isEmpty() && !ledger.leaving()) {
                starts.start(again);
            }
        } finally {
            tries.noneKilled();
        }
    }
}
