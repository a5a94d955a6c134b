package dev.berth.core.size;

import dev.berth.core.pod.Container;
import java.util.Optional;

/**
 * What becomes of a container whose CPU limit is above the provisioned size: it is accepted, and
 * fails when it starts. Source: eks-fargate §3.7 (O). That was seen of nodes with the first version
 * of control groups, on which a kubelet refuses to run from 1.35 on; on the second version the
 * container runs and gets no more than its pod has.
 */
public final class CpuLimit {
    /** The exit code such a container reports, with the reason {@code StartError}. §3.7 (O) */
    public static final int EXIT_CODE = 128;

    private static final int FIRST_MINOR_WITHOUT = 35;

    private CpuLimit() {}

    /**
     * Whether nodes of a Kubernetes version fail such containers: those before 1.35 (our reading of
     * what was seen).
     *
     * @param version such as {@code 1.36} or {@code v1.36.3}
     */
    public static boolean mustFit(String version) {
        var parts = version.split("\\.", -1);
        return parts.length > 1
                && parts[1].matches("\\d{1,4}")
                && Integer.parseInt(parts[1]) < FIRST_MINOR_WITHOUT;
    }

    /**
     * The message of the start error, or empty when the limit is within the size or absent. The
     * number in it is the quota that could not be written, in microseconds of each 100 ms: 100000
     * is one CPU. Such a pod is Burstable, because with requests equal to limits the size would
     * have held them.
     *
     * @param container one of the pod's containers
     * @param size what was provisioned
     * @param podUid the pod's uid
     * @param containerId the container's id, as its cgroup is named
     */
    public static Optional<String> startError(
            Container container, FargateSize size, String podUid, String containerId) {
        var limit = container.limits().get("cpu");
        if (limit == null || limit.milliRoundedUp() <= size.cpuMillis()) {
            return Optional.empty();
        }
        return Optional.of(
                ("failed to write \"%d\": write /sys/fs/cgroup/cpu,cpuacct/kubepods/burstable/pod%s/"
                                + "%s/cpu.cfs_quota_us: invalid argument: unknown")
                        .formatted(
                                Math.min(limit.milliRoundedUp(), 1_000_000_000L) * 100,
                                podUid,
                                containerId));
    }
}
