package dev.berth.engine.scheduler;

import dev.berth.core.admission.Admission;
import dev.berth.core.logs.Logging;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodStatus.Condition;
import dev.berth.core.refusal.Refusal;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.Time;
import java.time.Instant;
import java.util.List;

/** What the scheduler tells of a pod: events, and the condition of one that is not scheduled. */
final class Tidings {
    private static final String SCHEDULED = "PodScheduled";

    private final KubeApi api;
    private final Time time;

    Tidings(KubeApi api, Time time) {
        this.api = api;
        this.time = time;
    }

    /** Comes before anything else that is told of a launch. Source: eks-fargate §1.4 (O) */
    void logging(Pod pod, Logging logging) {
        event(pod, logging.warning(), logging.reason(), logging.message());
    }

    /** Source: eks-fargate §1.4 (O) */
    void scheduled(Pod pod, String nodeName) {
        event(
                pod,
                false,
                "Scheduled",
                "Successfully assigned %s to %s".formatted(pod.key(), nodeName));
    }

    /**
     * An event for each reason, and the first as the pod's condition, unless it says so already.
     * Source: eks-fargate §4.1 (O)
     */
    void failed(Pod pod, List<Refusal> reasons) throws KubeRefused {
        for (var reason : reasons) {
            event(pod, true, "FailedScheduling", reason.message());
        }
        var first = reasons.getFirst();
        var before = pod.status().conditionsByType().get(SCHEDULED);
        if (before == null || !before.status().equals("False")) {
            write(pod, first, time.now());
        } else if (!first.code().equals(before.reason())
                || !first.message().equals(before.message())) {
            write(pod, first, before.lastTransition());
        }
    }

    private void write(Pod pod, Refusal reason, Instant since) throws KubeRefused {
        api.writeCondition(
                pod.key(),
                pod.uid(),
                new Condition(SCHEDULED, "False", reason.code(), reason.message(), since, 0));
    }

    private void event(Pod pod, boolean warning, String reason, String message) {
        api.event(
                new KubeApi.Event(
                        pod.key(),
                        pod.uid(),
                        null,
                        warning,
                        reason,
                        message,
                        Admission.FARGATE_SCHEDULER,
                        null,
                        time.now()));
    }
}
