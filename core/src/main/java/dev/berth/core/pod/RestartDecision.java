package dev.berth.core.pod;

import dev.berth.core.pod.Container.RestartRule;
import dev.berth.core.pod.PodSpec.RestartPolicy;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whether a container that has ended is started again: by the first of its rules that its exit code
 * matches, else by its own policy, else by the pod's. As a kubelet 1.36 decides, where these rules
 * are on.
 */
public final class RestartDecision {
    private RestartDecision() {}

    /** Whether a container that ended so is started again. */
    public static boolean restarts(PodSpec spec, Container container, int exitCode) {
        return container.restartPolicy() == null
                ? restarts(spec.restartPolicy(), exitCode)
                : rule(container, exitCode).isPresent()
                        || restarts(container.restartPolicy(), exitCode);
    }

    /** Whether an init container that ended so is started again; a sidecar always is. */
    public static boolean initRestarts(PodSpec spec, Container container, int exitCode) {
        return container.sidecar() || (exitCode != 0 && restarts(spec, container, exitCode));
    }

    /** Whether a container that is killed for a probe is started again; rules do not count then. */
    public static boolean restartsAfterProbe(PodSpec spec, Container container) {
        return container.restartPolicy() == null
                ? spec.restartPolicy() != RestartPolicy.NEVER
                : !container.restartPolicy().equals("Never");
    }

    /** Whether all of the pod starts again with a container that ended so. */
    public static boolean restartsAll(Container container, int exitCode) {
        return rule(container, exitCode)
                .filter(rule -> rule.action().equals(RestartRule.RESTART_ALL))
                .isPresent();
    }

    /** Whether some end of some container lets all of the pod start again. */
    public static boolean mayRestartAll(PodSpec spec) {
        return Stream.of(spec.initContainers(), spec.containers())
                .flatMap(List::stream)
                .flatMap(container -> container.restartRules().stream())
                .anyMatch(rule -> rule.action().equals(RestartRule.RESTART_ALL));
    }

    private static Optional<RestartRule> rule(Container container, int exitCode) {
        return container.restartRules().stream().filter(rule -> rule.matches(exitCode)).findFirst();
    }

    private static boolean restarts(RestartPolicy policy, int exitCode) {
        return switch (policy) {
            case ALWAYS -> true;
            case ON_FAILURE -> exitCode != 0;
            case NEVER -> false;
        };
    }

    private static boolean restarts(String policy, int exitCode) {
        return switch (policy) {
            case "OnFailure" -> exitCode != 0;
            case "Never" -> false;
            default -> true;
        };
    }
}
