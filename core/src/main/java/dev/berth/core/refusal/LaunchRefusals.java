package dev.berth.core.refusal;

import dev.berth.core.pod.PodKey;
import dev.berth.core.refusal.Refusal.Recheck;

/**
 * Why a pod that Fargate supports is not launched: texts are AWS's, codes are ours. Source:
 * eks-fargate §4.5 (O), §16
 */
public final class LaunchRefusals {
    private LaunchRefusals() {}

    /** Its node did not come to be in time. */
    public static Refusal provisioningTimedOut(PodKey pod) {
        return new Refusal(
                "POD_PROVISIONING_TIMED_OUT",
                "Pod provisioning timed out (will retry) for pod: " + pod,
                Recheck.WITH_BACK_OFF);
    }

    /** No room for its size. */
    public static Refusal capacityUnavailable() {
        return new Refusal(
                "FARGATE_CAPACITY_UNAVAILABLE",
                "Fargate capacity is unavailable at this time. Please try again later or in a"
                        + " different availability zone.",
                Recheck.WITH_BACK_OFF);
    }

    /** The pod execution role is not mapped in the cluster. */
    public static Refusal roleNotAuthorised(String profileName) {
        return misconfigured(
                profileName,
                "Pod execution role is not found in auth config or does not have all required"
                        + " permissions for launching fargate pods.");
    }

    /** The pod execution role is gone or does not trust Fargate. */
    public static Refusal roleNotAssumable(String profileName) {
        return misconfigured(
                profileName,
                "Failed to assume PodExecutionRole; Please make sure the role exists and trusts"
                        + " the eks-fargate-pods.amazonaws.com service principal");
    }

    private static Refusal misconfigured(String profileName, String cause) {
        return new Refusal(
                "FARGATE_PROFILE_MISCONFIGURED",
                "Misconfigured Fargate Profile: fargate profile %s blocked for new launches due to: %s"
                        .formatted(profileName, cause),
                Recheck.EVERY_MINUTE);
    }

    /** The account runs as many pods as it may. */
    public static Refusal podLimitReached() {
        return new Refusal(
                "FARGATE_POD_LIMIT_REACHED",
                "Your AWS account has reached the limit on the number of Fargate pods it can run"
                        + " concurrently",
                Recheck.WITH_BACK_OFF);
    }

    /** A subnet of the profile lies where Fargate is not sold. */
    public static Refusal unsupportedZone(String zone) {
        return new Refusal(
                "AVAILABILITY_ZONE_UNSUPPORTED",
                "Fargate is not supported in the requested availability zone: " + zone,
                Recheck.NEVER);
    }
}
