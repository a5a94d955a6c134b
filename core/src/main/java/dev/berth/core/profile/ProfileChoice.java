package dev.berth.core.profile;

import dev.berth.core.profile.FargateProfile.Status;
import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/** Which of a cluster's profiles takes a pod. Source: eks-fargate §2.4 */
public final class ProfileChoice {
    /**
     * The label that names a pod's profile: written by the webhook, or by the user who wishes for a
     * certain one. Source: eks-fargate §1.2, §2.4 (D)
     */
    public static final String PROFILE_LABEL = "eks.amazonaws.com/fargate-profile";

    private ProfileChoice() {}

    /**
     * The profile that takes the pod, or none. Of several ACTIVE ones that match, the first by name
     * wins; a pod that names a profile by label is taken by that one or not at all. The order of
     * the profiles given does not matter. Source: eks-fargate §2.4 (D)
     */
    public static Optional<FargateProfile> choose(
            Collection<FargateProfile> profiles, String namespace, Map<String, String> labels) {
        var wished = labels.get(PROFILE_LABEL);
        return profiles.stream()
                .filter(profile -> profile.status() == Status.ACTIVE)
                .filter(profile -> wished == null || profile.name().equals(wished))
                .filter(profile -> profile.matches(namespace, labels))
                .min(Comparator.comparing(FargateProfile::name));
    }
}
