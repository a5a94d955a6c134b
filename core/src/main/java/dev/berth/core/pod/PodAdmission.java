package dev.berth.core.pod;

import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether the node of a Fargate pod runs a pod that was bound to it. Its own pod it runs; a pod
 * that something else than the Fargate scheduler put there is refused for ever. Source: eks-fargate
 * §4.4 (O).
 */
public final class PodAdmission {
    /**
     * Kernel settings that belong to a pod's own namespaces and cannot harm others: what a kubelet
     * allows when nobody has told it otherwise, on kernels from 6.12 on all of them.
     */
    private static final Set<String> SAFE_SYSCTLS =
            Set.of(
                    "kernel.shm_rmid_forced",
                    "net.ipv4.ip_local_port_range",
                    "net.ipv4.ip_local_reserved_ports",
                    "net.ipv4.ip_unprivileged_port_start",
                    "net.ipv4.ping_group_range",
                    "net.ipv4.tcp_fin_timeout",
                    "net.ipv4.tcp_keepalive_intvl",
                    "net.ipv4.tcp_keepalive_probes",
                    "net.ipv4.tcp_keepalive_time",
                    "net.ipv4.tcp_rmem",
                    "net.ipv4.tcp_syncookies",
                    "net.ipv4.tcp_wmem");

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
        return sysctlRefusal(pod);
    }

    /**
     * The refusal of AppArmor profiles on a machine without AppArmor, or empty: what a pod insists
     * on is not silently left out.
     */
    public static Optional<Refusal> appArmorRefusal(Pod pod) {
        var insists =
                confined(pod.spec().security().appArmor())
                        || pod.spec()
                                .everyContainer()
                                .anyMatch(container -> confined(container.security().appArmor()));
        return insists
                ? Optional.of(
                        new Refusal(
                                "AppArmor",
                                "Cannot enforce AppArmor: AppArmor is not enabled on the host"))
                : Optional.empty();
    }

    /** The refusal of kernel settings that could harm others, or empty. */
    public static Optional<Refusal> sysctlRefusal(Pod pod) {
        return pod.spec().security().sysctls().keySet().stream()
                .sorted()
                .filter(name -> !SAFE_SYSCTLS.contains(name))
                .findFirst()
                .map(name ->
                        new Refusal(
                                "SysctlForbidden",
                                "forbidden sysctl: \"" + name + "\" not allowlisted"));
    }

    private static boolean confined(@Nullable String appArmor) {
        return appArmor != null && !appArmor.equals("Unconfined");
    }
}
