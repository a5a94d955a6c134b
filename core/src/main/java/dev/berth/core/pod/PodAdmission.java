package dev.berth.core.pod;

import java.util.Optional;

/**
 * Whether the node of a Fargate pod runs a pod that was bound to it. Its own pod it runs; a pod
 * that something else than the Fargate scheduler put there is refused for ever. Source: eks-fargate
 * §4.4 (O).
 */
public final class PodAdmission {
    private PodAdmission() {}

    /**
     * A refusal.
     *
     * @param reason the status's reason, such as {@code UnsupportedPodSpec}
     * @param message what the event says
     */
    public record Refusal(String reason, String message) {}

    /**
     * The refusal, or empty when the pod may run.
     *
     * @param podUidOfNode the pod that the node was made for
     */
    public static Optional<Refusal> refusal(Pod pod, String podUidOfNode) {
        if (!pod.spec().schedulerName().equals("fargate-scheduler")) {
            return Optional.of(
                    new Refusal(
                            "UnsupportedPodSpec",
                            "Pod not supported: SchedulerName is not fargate-scheduler"));
        }
        if (!pod.uid().equals(podUidOfNode)) {
            return Optional.of(
                    new Refusal(
                            "OutOfpods",
                            "Node didn't have enough resource: pods, requested: 1, used: 1,"
                                    + " capacity: 1"));
        }
        return Optional.empty();
    }
}
