package dev.berth.core.admission;

import dev.berth.core.admission.PatchOperation.Value;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.profile.ProfileChoice;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The webhook's verdict about a pod at CREATE. No pod is ever denied here: what cannot run on
 * Fargate is told by the scheduler. Source: eks-fargate §1.2, §1.3
 */
public sealed interface Admission {
    /** Keeps a pod off Fargate when it says {@code ec2}. Source: eks-fargate §1.3 (D) */
    String COMPUTE_TYPE_ANNOTATION = "eks.amazonaws.com/compute-type";

    /** Binds the pods that a profile claimed. Source: eks-fargate §1.2 (O) */
    String FARGATE_SCHEDULER = "fargate-scheduler";

    /** The priority class of every pod on Fargate. Source: eks-fargate §1.2 (O) */
    String PRIORITY_CLASS = "system-node-critical";

    /** What that class is worth. Source: eks-fargate §1.2 (O) */
    int PRIORITY = 2_000_001_000;

    /** That class's preemption policy, upstream's default. */
    String PREEMPTION_POLICY = "PreemptLowerPriority";

    /**
     * A profile claims the pod.
     *
     * @param profileName the profile
     * @param patch what to change; empty when all is as it should be already
     */
    record Claimed(String profileName, List<PatchOperation> patch) implements Admission {
        /** Copies the patch. */
        public Claimed {
            patch = List.copyOf(patch);
        }
    }

    /**
     * The pod stays as it is.
     *
     * @param reason why
     */
    record Untouched(Reason reason) implements Admission {}

    /** Why a pod is not claimed. */
    enum Reason {
        /** It says {@code eks.amazonaws.com/compute-type: ec2}. */
        WANTS_EC2,
        /** It names its node. */
        HAS_NODE,
        /** It names a scheduler of its own. */
        HAS_OTHER_SCHEDULER,
        /** No ACTIVE profile matches it, or not the one it names. */
        NO_PROFILE
    }

    /**
     * Decides. The patch of a patched pod is empty, so that deciding twice changes nothing; a pod
     * that names {@code fargate-scheduler} itself is therefore looked at like any other (our
     * choice).
     *
     * <p>The API server's Priority plugin runs before the webhooks, and again after they changed
     * something; then it forbids a priority or a preemption policy that is not the class's. So both
     * are set together with the class, the policy only where another one stands.
     */
    static Admission decide(CreatedPod pod, Collection<FargateProfile> profiles) {
        if ("ec2".equals(pod.annotations().get(COMPUTE_TYPE_ANNOTATION))) {
            return new Untouched(Reason.WANTS_EC2);
        }
        var nodeName = pod.nodeName();
        if (nodeName != null && !nodeName.isEmpty()) {
            return new Untouched(Reason.HAS_NODE);
        }
        if (hasOtherScheduler(pod)) {
            return new Untouched(Reason.HAS_OTHER_SCHEDULER);
        }
        var labels = pod.labels() == null ? Map.<String, String>of() : pod.labels();
        return ProfileChoice.choose(profiles, pod.namespace(), labels)
                .<Admission>map(profile -> new Claimed(profile.name(), patch(pod, profile.name())))
                .orElseGet(() -> new Untouched(Reason.NO_PROFILE));
    }

    private static boolean hasOtherScheduler(CreatedPod pod) {
        var scheduler = pod.schedulerName();
        return scheduler != null
                && !scheduler.isEmpty()
                && !scheduler.equals("default-scheduler")
                && !scheduler.equals(FARGATE_SCHEDULER);
    }

    private static List<PatchOperation> patch(CreatedPod pod, String profileName) {
        var patch = new ArrayList<PatchOperation>();
        var labels = pod.labels();
        if (labels == null) {
            patch.add(
                    new PatchOperation(
                            List.of("metadata", "labels"),
                            new Value.Texts(Map.of(ProfileChoice.PROFILE_LABEL, profileName))));
        } else if (!profileName.equals(labels.get(ProfileChoice.PROFILE_LABEL))) {
            patch.add(
                    new PatchOperation(
                            List.of("metadata", "labels", ProfileChoice.PROFILE_LABEL),
                            new Value.Text(profileName)));
        }
        if (!FARGATE_SCHEDULER.equals(pod.schedulerName())) {
            patch.add(inSpec("schedulerName", new Value.Text(FARGATE_SCHEDULER)));
        }
        if (!PRIORITY_CLASS.equals(pod.priorityClassName())) {
            patch.add(inSpec("priorityClassName", new Value.Text(PRIORITY_CLASS)));
        }
        var priority = pod.priority();
        if (priority == null || priority != PRIORITY) {
            patch.add(inSpec("priority", new Value.Number(PRIORITY)));
        }
        var policy = pod.preemptionPolicy();
        if (policy != null && !policy.equals(PREEMPTION_POLICY)) {
            patch.add(inSpec("preemptionPolicy", new Value.Text(PREEMPTION_POLICY)));
        }
        return patch;
    }

    private static PatchOperation inSpec(String field, Value value) {
        return new PatchOperation(List.of("spec", field), value);
    }
}
