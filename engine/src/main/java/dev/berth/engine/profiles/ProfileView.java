package dev.berth.engine.profiles;

import dev.berth.core.profile.FargateProfile;
import java.util.List;

/** What admission and scheduling ask of the profiles. */
public interface ProfileView {
    /** The ACTIVE profiles of a cluster, by name; answered from memory. */
    List<FargateProfile> active(String clusterName);
}
