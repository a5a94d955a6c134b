package dev.berth.core.pod;

import dev.berth.core.pod.PodSecurity.SeccompProfile;
import dev.berth.core.unit.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A container of a pod, after the API server's defaulting.
 *
 * @param name unique in the pod, init containers included
 * @param image the image as the user wrote it
 * @param imagePullPolicy {@code Always}, {@code IfNotPresent} or {@code Never}
 * @param command replaces the image's entrypoint; empty keeps it
 * @param args replaces the image's command; empty keeps it unless a command is given
 * @param workingDir or null for the image's
 * @param env in order; later ones see earlier ones as {@code $(NAME)}
 * @param envFrom whole ConfigMaps and Secrets as variables, before {@code env}
 * @param ports declared ports
 * @param requests by resource name: cpu, memory, ephemeral-storage
 * @param limits by resource name
 * @param volumeMounts where volumes appear
 * @param security the container's security context
 * @param startupProbe or null
 * @param livenessProbe or null
 * @param readinessProbe or null
 * @param postStart hook, or null
 * @param preStop hook, or null
 * @param stopSignal the wished signal such as {@code SIGUSR1}, or null for the image's
 * @param terminationMessagePath where the container leaves its last words
 * @param terminationMessagePolicy {@code File} or {@code FallbackToLogsOnError}
 * @param restartPolicy {@code Always} makes an init container a sidecar; null follows the pod
 * @param restartRules what its exit codes mean before the policy counts; the first that matches
 * @param resizePolicies by resource name: {@code NotRequired} or {@code RestartContainer}
 * @param targetContainer whose processes an ephemeral container sees, or null
 * @param stdin whether standard input stays open
 * @param stdinOnce whether it closes after the first attach
 * @param tty whether it has a terminal
 */
public record Container(
        String name,
        String image,
        String imagePullPolicy,
        List<String> command,
        List<String> args,
        @Nullable String workingDir,
        List<EnvVar> env,
        List<EnvFrom> envFrom,
        List<Port> ports,
        Map<String, Quantity> requests,
        Map<String, Quantity> limits,
        List<VolumeMount> volumeMounts,
        Security security,
        @Nullable Probe startupProbe,
        @Nullable Probe livenessProbe,
        @Nullable Probe readinessProbe,
        @Nullable Handler postStart,
        @Nullable Handler preStop,
        @Nullable String stopSignal,
        String terminationMessagePath,
        String terminationMessagePolicy,
        @Nullable String restartPolicy,
        List<RestartRule> restartRules,
        Map<String, String> resizePolicies,
        @Nullable String targetContainer,
        boolean stdin,
        boolean stdinOnce,
        boolean tty) {
    /** Copies the collections. */
    public Container {
        command = List.copyOf(command);
        args = List.copyOf(args);
        env = List.copyOf(env);
        envFrom = List.copyOf(envFrom);
        ports = List.copyOf(ports);
        requests = Map.copyOf(requests);
        limits = Map.copyOf(limits);
        volumeMounts = List.copyOf(volumeMounts);
        restartRules = List.copyOf(restartRules);
        resizePolicies = Map.copyOf(resizePolicies);
    }

    /** The same, given these resources. */
    public Container given(Grant grant) {
        return new Container(
                name,
                image,
                imagePullPolicy,
                command,
                args,
                workingDir,
                env,
                envFrom,
                ports,
                grant.requests(),
                grant.limits(),
                volumeMounts,
                security,
                startupProbe,
                livenessProbe,
                readinessProbe,
                postStart,
                preStop,
                stopSignal,
                terminationMessagePath,
                terminationMessagePolicy,
                restartPolicy,
                restartRules,
                resizePolicies,
                targetContainer,
                stdin,
                stdinOnce,
                tty);
    }

    /** Whether this init container keeps running beside the others (a sidecar). */
    public boolean sidecar() {
        return "Always".equals(restartPolicy);
    }

    /**
     * What some exit codes of a container mean.
     *
     * @param action {@code Restart} or {@code RestartAllContainers}
     * @param in whether the codes are meant, else all others
     * @param exitCodes the codes
     */
    public record RestartRule(String action, boolean in, Set<Integer> exitCodes) {
        /** The container starts again, whatever its policy. */
        public static final String RESTART = "Restart";

        /** All of the pod's containers start again from the first init container on. */
        public static final String RESTART_ALL = "RestartAllContainers";

        /** Copies the set. */
        public RestartRule {
            exitCodes = Set.copyOf(exitCodes);
        }

        boolean matches(int exitCode) {
            return exitCodes.contains(exitCode) == in;
        }
    }

    /**
     * One environment variable.
     *
     * @param name its name
     * @param source where its value comes from
     */
    public record EnvVar(String name, EnvSource source) {}

    /** Where a variable's value comes from. */
    public sealed interface EnvSource {
        /**
         * A text, in which {@code $(NAME)} is replaced.
         *
         * @param value the text
         */
        record Literal(String value) implements EnvSource {}

        /**
         * A field of the pod.
         *
         * @param path such as {@code metadata.name}, {@code status.podIP}, {@code
         *     metadata.labels['x']}
         */
        record FieldRef(String path) implements EnvSource {}

        /**
         * A resource of a container.
         *
         * @param container its name, or null for this one
         * @param resource such as {@code limits.cpu}
         * @param divisor the unit to count in
         */
        record ResourceFieldRef(@Nullable String container, String resource, Quantity divisor)
                implements EnvSource {}

        /**
         * A key of a ConfigMap.
         *
         * @param name the ConfigMap
         * @param key the key
         * @param optional whether it may be missing
         */
        record ConfigMapKeyRef(String name, String key, boolean optional) implements EnvSource {}

        /**
         * A key of a Secret.
         *
         * @param name the Secret
         * @param key the key
         * @param optional whether it may be missing
         */
        record SecretKeyRef(String name, String key, boolean optional) implements EnvSource {}
    }

    /**
     * A whole ConfigMap or Secret as variables.
     *
     * @param secret whether it is a Secret
     * @param name its name
     * @param prefix put before each key
     * @param optional whether it may be missing
     */
    public record EnvFrom(boolean secret, String name, String prefix, boolean optional) {}

    /**
     * A declared port.
     *
     * @param name or null
     * @param containerPort 1 to 65535
     * @param hostPort 0 for none
     * @param hostIp or null
     * @param protocol TCP, UDP or SCTP
     */
    public record Port(
            @Nullable String name,
            int containerPort,
            int hostPort,
            @Nullable String hostIp,
            String protocol) {}

    /**
     * Where a volume appears in the container.
     *
     * @param volume the volume's name
     * @param mountPath absolute
     * @param subPath below the volume, or empty
     * @param subPathExpr the same with {@code $(NAME)}, or empty
     * @param readOnly whether it cannot be written
     * @param recursiveReadOnly {@code Disabled}, {@code IfPossible} or {@code Enabled}
     * @param mountPropagation {@code None}, {@code HostToContainer}, {@code Bidirectional}
     */
    public record VolumeMount(
            String volume,
            String mountPath,
            String subPath,
            String subPathExpr,
            boolean readOnly,
            String recursiveReadOnly,
            String mountPropagation) {}

    /**
     * The container-level security context; null means "as the pod says".
     *
     * @param privileged whether all of the host is asked for
     * @param allowPrivilegeEscalation false sets no_new_privs
     * @param runAsUser the uid
     * @param runAsGroup the gid
     * @param runAsNonRoot whether uid 0 is refused
     * @param readOnlyRootFilesystem whether the image cannot be written
     * @param capabilitiesAdd as the user wrote them, without {@code CAP_}
     * @param capabilitiesDrop the same; {@code ALL} drops all
     * @param procMount {@code Default} or {@code Unmasked}
     * @param seccomp the seccomp profile
     * @param appArmor the AppArmor profile: {@code RuntimeDefault}, {@code Unconfined} or {@code
     *     localhost/NAME}
     */
    public record Security(
            boolean privileged,
            @Nullable Boolean allowPrivilegeEscalation,
            @Nullable Long runAsUser,
            @Nullable Long runAsGroup,
            @Nullable Boolean runAsNonRoot,
            boolean readOnlyRootFilesystem,
            List<String> capabilitiesAdd,
            List<String> capabilitiesDrop,
            @Nullable String procMount,
            @Nullable SeccompProfile seccomp,
            @Nullable String appArmor) {
        /** Says nothing at all. */
        public static final Security NONE =
                new Security(
                        false, null, null, null, null, false, List.of(), List.of(), null, null);

        /** Copies the collections. */
        public Security {
            capabilitiesAdd = List.copyOf(capabilitiesAdd);
            capabilitiesDrop = List.copyOf(capabilitiesDrop);
        }

        /** Says nothing of AppArmor. */
        public Security(
                boolean privileged,
                @Nullable Boolean allowPrivilegeEscalation,
                @Nullable Long runAsUser,
                @Nullable Long runAsGroup,
                @Nullable Boolean runAsNonRoot,
                boolean readOnlyRootFilesystem,
                List<String> capabilitiesAdd,
                List<String> capabilitiesDrop,
                @Nullable String procMount,
                @Nullable SeccompProfile seccomp) {
            this(
                    privileged,
                    allowPrivilegeEscalation,
                    runAsUser,
                    runAsGroup,
                    runAsNonRoot,
                    readOnlyRootFilesystem,
                    capabilitiesAdd,
                    capabilitiesDrop,
                    procMount,
                    seccomp,
                    null);
        }
    }

    /** What a probe or a hook does. */
    public sealed interface Handler {
        /**
         * Runs a command in the container; exit code 0 is success.
         *
         * @param command program and arguments
         */
        record Exec(List<String> command) implements Handler {
            /** Copies the collections. */
            public Exec {
                command = List.copyOf(command);
            }
        }

        /**
         * Asks over HTTP; 200 to 399 is success.
         *
         * @param host or null for the pod's address
         * @param port a number or a port's name
         * @param path with its query
         * @param scheme HTTP or HTTPS
         * @param headers in order, repeated names allowed
         */
        record HttpGet(
                @Nullable String host,
                String port,
                String path,
                String scheme,
                List<Header> headers)
                implements Handler {
            /** Copies the collections. */
            public HttpGet {
                headers = List.copyOf(headers);
            }
        }

        /**
         * Opens a connection.
         *
         * @param host or null for the pod's address
         * @param port a number or a port's name
         */
        record TcpSocket(@Nullable String host, String port) implements Handler {}

        /**
         * Asks gRPC's health service.
         *
         * @param port the port
         * @param service the service's name, empty for the whole server
         */
        record Grpc(int port, String service) implements Handler {}

        /**
         * Waits; a hook only.
         *
         * @param seconds how long
         */
        record Sleep(long seconds) implements Handler {}

        /**
         * One header.
         *
         * @param name its name
         * @param value its value
         */
        record Header(String name, String value) {}
    }

    /**
     * A probe.
     *
     * @param handler what it does
     * @param initialDelaySeconds from the container's start to the first run
     * @param timeoutSeconds for one run, at least 1
     * @param periodSeconds from run to run, at least 1
     * @param successThreshold good runs in a row that turn it good
     * @param failureThreshold bad runs in a row that turn it bad
     * @param terminationGraceSeconds instead of the pod's, or null
     */
    public record Probe(
            Handler handler,
            int initialDelaySeconds,
            int timeoutSeconds,
            int periodSeconds,
            int successThreshold,
            int failureThreshold,
            @Nullable Long terminationGraceSeconds) {}
}
