package dev.berth.engine.scheduler;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.refusal.BoundVolume;
import dev.berth.core.refusal.Refusal;
import dev.berth.port.Subscription;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A pod that waits for its node. Belongs to the scheduler's thread. */
final class Candidate {
    /** Where it stands. */
    enum Stage {
        /** To be looked at in the next round. */
        FRESH,
        /** Something is done for it beside the scheduler's thread; one thing at a time. */
        BUSY,
        /** Waits for its timer, or for something to change. */
        PAUSED,
        /** Refused for good, as it is now. */
        REFUSED,
        /** Bound or gone; the watch will tell so. */
        OVER
    }

    /** Whether what it waits for has changed while something was done for it. */
    private boolean missed;

    /** What a judgement depends on; a pod that differs in anything else is the same to us. */
    private record Wish(PodSpec spec, Map<String, String> labels) {
        static Wish of(Pod pod) {
            return new Wish(pod.spec(), pod.metadata().labels());
        }
    }

    private Pod pod;
    private Stage stage = Stage.FRESH;
    private Wish judged;
    private Subscription timer = () -> {};

    /** The claims that were read for the look that comes next, or null. */
    @Nullable Map<String, BoundVolume> claims;

    /** How many looks in a row ended in waiting. */
    int failures;

    /** Whether the event about its logs was written; the one thing that tasks may change. */
    final AtomicBoolean loggingTold = new AtomicBoolean();

    /** What it was told last. */
    List<Refusal> told = List.of();

    /** What will be done once it was told: the stage and the wait. */
    @Nullable Pause pauseAfterTelling;

    /** Whether it waits for room or an address. */
    boolean waitsForPlace;

    /** Whether this look is not one of its own, so that hearing the same again is no news. */
    boolean nudged;

    /**
     * A wait.
     *
     * @param time how long, or null for ever
     */
    record Pause(java.time.@Nullable Duration time) {}

    Candidate(Pod pod) {
        this.pod = pod;
        this.judged = Wish.of(pod);
    }

    Pod pod() {
        return pod;
    }

    String uid() {
        return pod.uid();
    }

    Stage stage() {
        return stage;
    }

    /** Takes its latest form; what has changed in what matters is looked at again. */
    void update(Pod latest) {
        pod = latest;
        if ((stage == Stage.PAUSED || stage == Stage.REFUSED) && !judged.equals(Wish.of(pod))) {
            look(false);
        }
    }

    /** Lets the next round look at it. */
    void look(boolean asANudge) {
        timer.close();
        stage = Stage.FRESH;
        nudged = asANudge;
        missed = false;
    }

    /** What it waits for has changed: the next round looks at it, or the one after what is done. */
    void nudge() {
        if (stage == Stage.PAUSED) {
            look(true);
        } else if (stage == Stage.BUSY) {
            missed = true;
        }
    }

    /** Something is begun for it, on what it wishes now. */
    void busy() {
        judged = Wish.of(pod);
        stage = Stage.BUSY;
    }

    /** Waits, unless it wishes something else by now. */
    void pause(Stage until, Subscription newTimer) {
        if (stage == Stage.BUSY && !judged.equals(Wish.of(pod))) {
            newTimer.close();
            look(false);
            return;
        }
        if (missed && until == Stage.PAUSED) {
            newTimer.close();
            look(true);
            return;
        }
        judged = Wish.of(pod);
        timer.close();
        timer = newTimer;
        stage = until;
    }

    /** Nothing is left to do. */
    void over() {
        timer.close();
        stage = Stage.OVER;
    }

    /** Ends its timer. */
    void drop() {
        timer.close();
    }
}
