package dev.berth.core.pod;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/** The sentences of a kubelet 1.36 about pods, in events and statuses. */
public final class PodWords {
    private PodWords() {}

    /** A pod in a kubelet's messages: {@code name_namespace(uid)}. */
    public static String full(Pod pod) {
        return "%s_%s(%s)".formatted(pod.metadata().name(), pod.metadata().namespace(), pod.uid());
    }

    /** A duration as Go prints it: {@code 10s}, {@code 1m20s}, {@code 843ms}, {@code 1.5s}. */
    public static String duration(Duration duration) {
        var millis = duration.truncatedTo(ChronoUnit.MILLIS).toMillis();
        if (millis == 0) {
            return "0s";
        }
        if (millis < 1000) {
            return millis + "ms";
        }
        var hours = millis / 3_600_000;
        var minutes = millis / 60_000 % 60;
        var seconds =
                new java.math.BigDecimal(millis % 60_000)
                        .movePointLeft(3)
                        .stripTrailingZeros()
                        .toPlainString();
        return (hours > 0 ? hours + "h" : "")
                + (hours > 0 || minutes > 0 ? minutes + "m" : "")
                + seconds
                + "s";
    }

    /** The event before a pull. */
    public static String pulling(String image) {
        return "Pulling image \"" + image + "\"";
    }

    /**
     * The event after a pull.
     *
     * @param took the pull itself
     * @param whole the pull with the time it waited for others
     */
    public static String pulled(String image, Duration took, Duration whole, long sizeBytes) {
        return "Successfully pulled image \"%s\" in %s (%s including waiting). Image size: %d bytes."
                .formatted(image, duration(took), duration(whole), sizeBytes);
    }

    /** The event when no pull was needed. */
    public static String present(String image) {
        return "Container image \""
                + image
                + "\" already present on machine and can be accessed by the pod";
    }

    /** The event after a pull that did not work. */
    public static String pullFailed(String image, String why) {
        return "Failed to pull image \"" + image + "\": " + why;
    }

    /** The event before a pull for which not all secrets could be read. */
    public static String pullSecretsMissing(List<String> names) {
        return "Unable to retrieve some image pull secrets (%s); attempting to pull the image may not succeed."
                .formatted(String.join(", ", names));
    }

    /**
     * A failure of the container runtime as a kubelet hears of it.
     *
     * @param code a gRPC code, such as {@code NotFound}
     */
    public static String fromRuntime(String code, String why) {
        return "rpc error: code = " + code + " desc = " + why;
    }

    /** The event while a pull waits. */
    public static String pullBackOff(String image) {
        return "Back-off pulling image \"" + image + "\"";
    }

    /** The event and status of an image that must not be pulled and is not there. */
    public static String neverPull(String image) {
        return "Container image \"" + image + "\" is not present with pull policy of Never";
    }

    /** The event and status of an image whose name is none. */
    public static String invalidName(String image, String why) {
        return "Failed to apply default image tag \"" + image + "\": " + why;
    }

    /** The event while a restart waits. */
    public static String backOff(Pod pod, String container) {
        return "Back-off restarting failed container " + container + " in pod " + full(pod);
    }

    /** The status while a restart waits. */
    public static String crashLoop(Pod pod, String container, Duration delay) {
        return "back-off %s restarting failed container=%s pod=%s"
                .formatted(duration(delay), container, full(pod));
    }

    /** The event before a container is stopped. */
    public static String stopping(String container) {
        return "Stopping container " + container;
    }

    /**
     * The event before a container is stopped that a probe gave up.
     *
     * @param again whether it is started again
     */
    public static String probeFailed(String container, ProbeKind probe, boolean again) {
        return "Container %s failed %s probe%s"
                .formatted(
                        container,
                        probe.text().toLowerCase(Locale.ROOT),
                        again ? ", will be restarted" : "");
    }

    /** The same for a sidecar. */
    public static String initProbeFailed(String container, ProbeKind probe) {
        return "Init container %s failed %s probe"
                .formatted(container, probe.text().toLowerCase(Locale.ROOT));
    }

    /** A command that took too long. */
    public static String commandTimedOut(List<String> command, Duration timeout) {
        return "command timed out: %s timed out after %s"
                .formatted(quoted(String.join(" ", command)), duration(timeout));
    }

    /** A command in a container that did not end well. */
    public static String commandFailed(List<String> command, int exitCode, String stderr) {
        return "command '%s' exited with %d: %s"
                .formatted(String.join(" ", command), exitCode, stderr);
    }

    /** The event of a postStart hook that failed: no more, it could hold what is secret. */
    public static final String POST_START_FAILED = "PostStartHook failed";

    /** The event of a preStop hook that failed. */
    public static final String PRE_STOP_FAILED = "PreStopHook failed";

    /** The event before a container is stopped whose postStart hook failed. */
    public static final String POST_START_KILLS = "FailedPostStartHook";

    /** What a container's status says after its hook ran a command that failed. */
    public static String execHookFailed(
            List<String> command, String container, Pod pod, String error, String output) {
        return "Exec lifecycle hook (%s) for Container %s in Pod %s failed - error: %s, message: %s"
                .formatted(
                        "[" + String.join(" ", command) + "]",
                        quoted(container),
                        quoted(full(pod)),
                        error,
                        quoted(output));
    }

    /** What a container's status says after its hook asked over HTTP in vain. */
    public static String httpHookFailed(String path, String container, Pod pod, String error) {
        return "HTTP lifecycle hook (%s) for Container %s in Pod %s failed - error: %s"
                .formatted(path, quoted(container), quoted(full(pod)), error);
    }

    /** A hook that can be asked over HTTP only, where HTTPS was wished. */
    public static String httpsHookFellBack(String host) {
        return "request to HTTPS lifecycle hook "
                + host
                + " got HTTP response, retry with HTTP succeeded";
    }

    /** Why a pod leaves a node that runs out of something; what its containers use follows. */
    public static String nodeLow(String resource, String threshold, String available) {
        return "The node was low on resource: %s. Threshold quantity: %s, available: %s. "
                .formatted(resource, threshold, available);
    }

    /** That a container of such a pod uses more than it asked for. */
    public static String usesMore(String container, String used, String request, String resource) {
        return "Container %s was using %s, request is %s, has larger consumption of %s. "
                .formatted(container, used, request, resource);
    }

    /** A text as Go quotes it, as far as texts of programs need it. */
    static String quoted(String text) {
        var quoted = new StringBuilder("\"");
        text.codePoints()
                .forEach(sign -> {
                    switch (sign) {
                        case '"' -> quoted.append("\\\"");
                        case '\\' -> quoted.append("\\\\");
                        case '\n' -> quoted.append("\\n");
                        case '\r' -> quoted.append("\\r");
                        case '\t' -> quoted.append("\\t");
                        default -> {
                            if (sign < 0x20 || sign == 0x7f) {
                                quoted.append(String.format(Locale.ROOT, "\\x%02x", sign));
                            } else {
                                quoted.appendCodePoint(sign);
                            }
                        }
                    }
                });
        return quoted.append('"').toString();
    }

    /** A volume that could not be made. */
    public static String mountFailed(String volume, String why) {
        return "MountVolume.SetUp failed for volume \"" + volume + "\" : " + why;
    }

    /** Why a pod cannot have users of its own. */
    public static final String NO_USERS_OF_ITS_OWN =
            "can't set `spec.hostUsers: false`, runtime does not support user namespaces";

    /** Namespaces that could not be made. */
    public static String sandboxFailed(String why) {
        return "Failed to create pod sandbox: " + why;
    }

    /** Why there is no place for a pod that asks for another runtime, in containerd's words. */
    public static String noRuntime(String runtime) {
        return "rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "
                + quoted(runtime)
                + " is configured";
    }

    /** Why a container whose image was changed is stopped. */
    public static String definitionChanged(String container) {
        return "Container " + container + " definition changed, will be restarted";
    }

    /** The same for a sidecar. */
    public static String initDefinitionChanged(String container) {
        return "Init container " + container + " definition changed";
    }

    /** Why a container is stopped whose resources cannot be changed while it runs. */
    public static String resizeRestarts(Pod pod, String container) {
        return "Container "
                + container
                + " resize requires restart"
                + (pod.spec().restartPolicy() == PodSpec.RestartPolicy.NEVER
                        ? ""
                        : ", will be restarted");
    }

    /** The status of a pod that ran too long. */
    public static final String DEADLINE_EXCEEDED =
            "Pod was active on the node longer than the specified deadline";

    /**
     * Why a container cannot start whose CPU limit is larger than what was provisioned. Source:
     * eks-fargate §3.7 (O).
     *
     * @param quotaMicros the quota of its limit
     */
    public static String cpuLimitTooLarge(Pod pod, String qosClass, long quotaMicros) {
        var folder =
                switch (qosClass) {
                    case "Guaranteed" -> "";
                    case "BestEffort" -> "besteffort/";
                    default -> "burstable/";
                };
        return "failed to write \"%d\": write /sys/fs/cgroup/cpu,cpuacct/kubepods/%spod%s/cpu.cfs_quota_us: invalid argument: unknown"
                .formatted(quotaMicros, folder, pod.uid());
    }
}
