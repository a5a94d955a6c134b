package dev.berth.core.pod;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The pod-level security context; null means "not said".
 *
 * @param runAsUser the uid of all containers that say nothing else
 * @param runAsGroup the gid of these
 * @param runAsNonRoot whether uid 0 is refused
 * @param supplementalGroups further groups
 * @param fsGroup owner group of volumes
 * @param fsGroupChangePolicy {@code Always} or {@code OnRootMismatch}
 * @param sysctls kernel settings of the pod's namespaces
 * @param seccomp the seccomp profile
 * @param supplementalGroupsPolicy {@code Merge} adds the groups that the image gives the user,
 *     {@code Strict} does not
 * @param appArmor the AppArmor profile: {@code RuntimeDefault}, {@code Unconfined} or {@code
 *     localhost/NAME}
 * @param ownUsers whether the pod asks for users of its own ({@code hostUsers: false})
 */
public record PodSecurity(
        @Nullable Long runAsUser,
        @Nullable Long runAsGroup,
        @Nullable Boolean runAsNonRoot,
        List<Long> supplementalGroups,
        @Nullable Long fsGroup,
        @Nullable String fsGroupChangePolicy,
        Map<String, String> sysctls,
        @Nullable SeccompProfile seccomp,
        @Nullable String supplementalGroupsPolicy,
        @Nullable String appArmor,
        boolean ownUsers) {
    /** Says nothing at all. */
    public static final PodSecurity NONE =
            new PodSecurity(null, null, null, List.of(), null, null, Map.of(), null);

    /** Copies the collections. */
    public PodSecurity {
        supplementalGroups = List.copyOf(supplementalGroups);
        sysctls = Map.copyOf(sysctls);
    }

    /** Says nothing of groups of images, AppArmor and users. */
    public PodSecurity(
            @Nullable Long runAsUser,
            @Nullable Long runAsGroup,
            @Nullable Boolean runAsNonRoot,
            List<Long> supplementalGroups,
            @Nullable Long fsGroup,
            @Nullable String fsGroupChangePolicy,
            Map<String, String> sysctls,
            @Nullable SeccompProfile seccomp) {
        this(
                runAsUser,
                runAsGroup,
                runAsNonRoot,
                supplementalGroups,
                fsGroup,
                fsGroupChangePolicy,
                sysctls,
                seccomp,
                null,
                null,
                false);
    }

    /**
     * A seccomp profile.
     *
     * @param type {@code RuntimeDefault}, {@code Unconfined} or {@code Localhost}
     * @param localhostProfile the file's name for {@code Localhost}, else null
     */
    public record SeccompProfile(String type, @Nullable String localhostProfile) {}
}
