package dev.berth.engine.podworker;

import dev.berth.core.pod.PodDecision.Kill;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.StopPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * Ends runs of containers that are to begin anew while their pod lives on: those that a probe gave
 * up, and those whose image is another one by now. Owned by the pod's thread.
 */
final class Restarts {
    private final PodLedger ledger;
    private final ContainerStarts starts;
    private final ContainerStops stops;
    private final StartTries tries;

    Restarts(PodLedger ledger, ContainerStarts starts, ContainerStops stops, StartTries tries) {
        this.ledger = ledger;
        this.starts = starts;
        this.stops = stops;
        this.tries = tries;
    }

    /**
     * Stops running containers whose image is another one by now, and starts them anew, whatever
     * the restart policy.
     *
     * @return whether something was stopped
     */
    boolean changed() throws InterruptedException {
        var changed = new ArrayList<String>();
        for (var container : ledger.pod().spec().containers()) {
            var name = container.name();
            if (tries.changed(name, container.image()) && ledger.runs(List.of(name))) {
                changed.add(name);
            }
        }
        for (var name : changed) {
            ledger.event(name, false, "Killing", PodWords.definitionChanged(name));
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
