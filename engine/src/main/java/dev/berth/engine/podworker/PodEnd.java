package dev.berth.engine.podworker;

import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.StartProblem;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.PodFiles.FilesFailed;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Clears up: after containers that were replaced, after a pod that has ended, after one that is
 * gone. Nothing goes before what it witnesses is written down. Owned by the pod's thread.
 */
final class PodEnd {
    private static final Logger LOG = LoggerFactory.getLogger(PodEnd.class);

    private final Surroundings around;
    private final PodLedger ledger;
    private final PodMailbox box;
    private final PodProbes probes;
    private final PodRemains remains;
    private final Alarm alarm;

    PodEnd(Surroundings around, PodLedger ledger, PodMailbox box, PodProbes probes, Alarm alarm) {
        this.around = around;
        this.ledger = ledger;
        this.box = box;
        this.probes = probes;
        this.alarm = alarm;
        remains = new PodRemains(around.machine());
    }

    /** Nothing runs any more and nothing will: says so, cleans up, and lets a deleted pod go. */
    void settle() throws InterruptedException {
        var pod = ledger.pod();
        var reportedOver = pod.status().phase().ended() && ledger.status().phase().ended();
        ledger.isOver();
        probes.close();
        if (!reportedOver) {
            ledger.report();
        }
        if (!ledger.gone() && !ledger.written()) {
            // The containers are the only witnesses of their ends until these are written down;
            // the reporter pokes once they are.
            return;
        }
        try {
            remains.removeRunning(pod.uid(), ledger.existing());
        } catch (FilesFailed e) {
            LOG.info("pod not cleaned up, tried again pod={} cause={}", pod.key(), e.getMessage());
            alarm.later();
            return;
        }
        ledger.released();
        ledger.isSettled();
        alarm.worldIsWell();
        if (ledger.leaving()) {
            box.poke();
        }
    }

    /** Lets a pod go whose end is written down. */
    void letGo() {
        if (!ledger.written()) {
            return;
        }
        var pod = ledger.pod();
        try {
            around.api().deletePod(pod.key(), pod.uid(), 0);
        } catch (KubeRefused no) {
            if (no.code() != 404 && no.code() != 409) {
                LOG.warn(
                        "pod not let go, tried again pod={} code={} message={}",
                        pod.key(),
                        no.code(),
                        no.getMessage());
                alarm.later();
            }
        }
    }

    /**
     * Takes away all that there is of a pod that is gone.
     *
     * @return whether that was done; else it will be tried again
     */
    boolean removeEverything() throws InterruptedException {
        ledger.close();
        probes.close();
        var pod = ledger.pod();
        try {
            remains.removeRunning(pod.uid(), ledger.existing());
            remains.removeRest(pod.uid(), pod.metadata().namespace(), pod.metadata().name());
            return true;
        } catch (FilesFailed e) {
            LOG.info("pod not removed, tried again pod={} cause={}", pod.key(), e.getMessage());
            alarm.later();
            return false;
        }
    }

    /** Takes an ended container away, so that its pod can begin anew; its log stays. */
    void take(ContainerRun run) throws InterruptedException {
        remove(ContainerPlans.id(ledger.pod().uid(), run.name(), run.attempt()));
        ledger.put(run.taken());
        ledger.problem(run.name(), new StartProblem(End.RESETTING, End.RESET_MESSAGE));
    }

    private void remove(String id) throws InterruptedException {
        if (ledger.existing().remove(id)) {
            around.machine().runtime().remove(id);
            around.machine().images().unmount(id);
            around.claims().release(id);
        }
    }

    /** Takes away ended containers that a later run has replaced, once that is written down. */
    void removeSpent() throws InterruptedException {
        if (!ledger.written()) {
            return;
        }
        var machine = around.machine();
        var pod = ledger.pod();
        var seen = ledger.observed();
        for (var run : ledger.runs()) {
            var latest = seen.latest(run.name()).orElse(run);
            if (run.attempt() < latest.attempt() && run.ended()) {
                remove(ContainerPlans.id(pod.uid(), run.name(), run.attempt()));
                if (run.attempt() < latest.attempt() - 1) {
                    ledger.forget(run);
                    try {
                        machine.logs().remove(ContainerPlans.log(pod, run.name(), run.attempt()));
                    } catch (FilesFailed e) {
                        LOG.info("old log not removed pod={}", pod.key(), e);
                    }
                }
            }
        }
    }
}
