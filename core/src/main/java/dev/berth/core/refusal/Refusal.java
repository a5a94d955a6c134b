package dev.berth.core.refusal;

/**
 * One reason why a pod stays Pending. It shows as the event {@code FailedScheduling} of {@code
 * fargate-scheduler} and as the condition {@code PodScheduled=False}. Source: eks-fargate §4.1 (O)
 *
 * @param code the condition's reason, upper-case with underscores
 * @param message the text of both
 * @param recheck whether looking again can help
 */
public record Refusal(String code, String message, Recheck recheck) {
    /** Whether looking again can help. */
    public enum Recheck {
        /** Only a new pod can help. Source: eks-fargate §4.1 (O) */
        NEVER,
        /**
         * Something outside the pod may change without telling: look again about once a minute.
         * Source: eks-fargate §4.1 (D)
         */
        EVERY_MINUTE,
        /** The launch failed: try again with a growing wait. Source: eks-fargate §4.5 (O) */
        WITH_BACK_OFF
    }
}
