package dev.berth.engine.podworker;

import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.ContainerRun.End;
import dev.berth.core.pod.PodDecision.Waiting;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.RestartBackOffs;
import dev.berth.core.pod.StartProblem;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * What was tried to start a pod's containers, and when each may be tried again. Owned by the pod's
 * thread.
 */
final class StartTries {
    /** When a container that could not be configured or made is tried again, as a kubelet does. */
    static final Duration CONTAINER_RETRY = Duration.ofSeconds(10);

    private final PodLedger ledger;
    private final Map<String, Instant> retries = new HashMap<>();
    private final Map<String, String> images = new HashMap<>();
    private final Set<String> toldBackOff = new LinkedHashSet<>();
    private final Set<String> unconfigured = new LinkedHashSet<>();
    private final Set<String> killed = new LinkedHashSet<>();
    private RestartBackOffs backOffs = RestartBackOffs.NONE;

    StartTries(PodLedger ledger) {
        this.ledger = ledger;
    }

    RestartBackOffs backOffs() {
        return backOffs;
    }

    /** A container is made from this image, or was. */
    void image(String name, String image) {
        images.put(name, image);
    }

    /** When a container may be tried, or long ago when nothing is known against it. */
    Instant due(String name) {
        return retries.getOrDefault(name, Instant.MIN);
    }

    /** Says of a container that failed and waits that it does so. */
    void waits(Waiting waiting) {
        var name = waiting.name();
        ledger.problem(
                name,
                new StartProblem(
                        "CrashLoopBackOff",
                        PodWords.crashLoop(ledger.pod(), name, waiting.delay())));
        retries.put(name, waiting.until());
        if (toldBackOff.add(name)) {
            ledger.event(name, true, "BackOff", PodWords.backOff(ledger.pod(), name));
        }
    }

    /** The image is there, which may have been waited for. */
    void pulled(String name) {
        retries.remove(name);
    }

    /** What keeps a container from running lasts until then. */
    void blocked(String name, StartProblem problem, Instant until) {
        ledger.problem(name, problem);
        retries.put(name, until);
    }

    /** The same, for a time that a kubelet takes to look again. */
    void blocked(String name, StartProblem problem) {
        if (problem.reason().equals(ContainerMaking.NOT_CONFIGURED)) {
            unconfigured.add(name);
        }
        blocked(name, problem, ledger.now().plus(CONTAINER_RETRY));
    }

    /** What containers are configured with has changed: those that lacked it wait no more. */
    void configChanged() {
        unconfigured.forEach(retries::remove);
        unconfigured.clear();
    }

    /** Notes for the back-off that a container is started after its last end. */
    void tried(String name) {
        var seen = ledger.observed();
        (killed.contains(name) ? seen.previous(name) : seen.latest(name))
                .map(ContainerRun::end)
                .map(End::finishedAt)
                .ifPresent(at -> backOffs = backOffs.tried(name, at, ledger.now()));
    }

    /** It runs. */
    void started(String name) {
        ledger.noProblem(name);
        unconfigured.remove(name);
        retries.remove(name);
        toldBackOff.remove(name);
    }

    /** It cannot be started. */
    void failed(String name, String message) {
        ledger.problem(name, new StartProblem("RunContainerError", message));
        toldBackOff.remove(name);
    }

    /**
     * Whether a container is to be another one than it was tried as. If so it need not wait any
     * more, as with a kubelet, whose back-off goes by name and image.
     */
    boolean changed(String name, String image) {
        var tried = images.get(name);
        if (tried == null || tried.equals(image)) {
            return false;
        }
        images.remove(name);
        backOffs = backOffs.without(name);
        retries.remove(name);
        toldBackOff.remove(name);
        return true;
    }

    /** Until told otherwise, this container's last end was our doing. */
    void killed(String name) {
        killed.add(name);
    }

    void noneKilled() {
        killed.clear();
    }
}
