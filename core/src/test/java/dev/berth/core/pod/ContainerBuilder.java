package dev.berth.core.pod;

import dev.berth.core.unit.Quantity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes containers for tests: start with {@link #aContainer()} and say only what matters. What is
 * not said is what the API server's defaulting would give a container that says only name and
 * image.
 */
public final class ContainerBuilder {
    private String name = "main";
    private String image = "busybox";
    private String imagePullPolicy = "IfNotPresent";
    private List<String> command = List.of();
    private List<String> args = List.of();
    private @Nullable String workingDir;
    private final List<Container.EnvVar> env = new ArrayList<>();
    private final List<Container.EnvFrom> envFrom = new ArrayList<>();
    private final List<Container.Port> ports = new ArrayList<>();
    private final Map<String, Quantity> requests = new LinkedHashMap<>();
    private final Map<String, Quantity> limits = new LinkedHashMap<>();
    private final List<Container.VolumeMount> volumeMounts = new ArrayList<>();
    private Container.Security security = Container.Security.NONE;
    private Container.@Nullable Probe startupProbe;
    private Container.@Nullable Probe livenessProbe;
    private Container.@Nullable Probe readinessProbe;
    private Container.@Nullable Handler postStart;
    private Container.@Nullable Handler preStop;
    private @Nullable String stopSignal;
    private String terminationMessagePath = "/dev/termination-log";
    private String terminationMessagePolicy = "File";
    private @Nullable String restartPolicy;
    private final List<Container.RestartRule> restartRules = new ArrayList<>();
    private final Map<String, String> resizePolicies = new LinkedHashMap<>();
    private @Nullable String targetContainer;
    private boolean stdin;
    private boolean stdinOnce;
    private boolean tty;

    private ContainerBuilder() {}

    /** A container named {@code main} of the image {@code busybox} that asks for nothing. */
    public static ContainerBuilder aContainer() {
        return new ContainerBuilder();
    }

    /** The same with another name. */
    public static ContainerBuilder aContainer(String name) {
        return aContainer().named(name);
    }

    /** Sets the name. */
    public ContainerBuilder named(String newName) {
        name = newName;
        return this;
    }

    /** Sets the image. */
    public ContainerBuilder image(String newImage) {
        image = newImage;
        return this;
    }

    /** Sets the pull policy. */
    public ContainerBuilder pulling(String policy) {
        imagePullPolicy = policy;
        return this;
    }

    /** Replaces the image's entrypoint. */
    public ContainerBuilder command(String... words) {
        command = List.of(words);
        return this;
    }

    /** Replaces the image's command. */
    public ContainerBuilder args(String... words) {
        args = List.of(words);
        return this;
    }

    /** Sets the working directory. */
    public ContainerBuilder workingDir(String dir) {
        workingDir = dir;
        return this;
    }

    /** Adds a plain variable. */
    public ContainerBuilder env(String variable, String value) {
        return env(variable, new Container.EnvSource.Literal(value));
    }

    /** Adds a variable. */
    public ContainerBuilder env(String variable, Container.EnvSource source) {
        env.add(new Container.EnvVar(variable, source));
        return this;
    }

    /** Adds a whole ConfigMap or Secret. */
    public ContainerBuilder envFrom(Container.EnvFrom from) {
        envFrom.add(from);
        return this;
    }

    /** Adds a TCP port. */
    public ContainerBuilder port(int containerPort) {
        return port(null, containerPort);
    }

    /** Adds a named TCP port. */
    public ContainerBuilder port(@Nullable String portName, int containerPort) {
        ports.add(new Container.Port(portName, containerPort, 0, null, "TCP"));
        return this;
    }

    /** Adds a TCP port that asks for the host's port, or for one of its addresses, too. */
    public ContainerBuilder hostPort(int containerPort, int hostPort, @Nullable String hostIp) {
        ports.add(new Container.Port(null, containerPort, hostPort, hostIp, "TCP"));
        return this;
    }

    /** Requests CPU and memory. */
    public ContainerBuilder requesting(String cpu, String memory) {
        return requesting(Map.of("cpu", cpu, "memory", memory));
    }

    /** Requests one resource. */
    public ContainerBuilder requestingOnly(String resource, String quantity) {
        return requesting(Map.of(resource, quantity));
    }

    /** Requests resources by name. */
    public ContainerBuilder requesting(Map<String, String> quantities) {
        quantities.forEach((resource, text) -> requests.put(resource, Quantity.of(text)));
        return this;
    }

    /** Requests exactly these, or nothing. */
    ContainerBuilder requestingAll(@Nullable Map<String, Quantity> quantities) {
        if (quantities != null) {
            requests.putAll(quantities);
        }
        return this;
    }

    /** Limits CPU and memory. */
    public ContainerBuilder limiting(String cpu, String memory) {
        return limiting(Map.of("cpu", cpu, "memory", memory));
    }

    /** Limits resources by name. */
    public ContainerBuilder limiting(Map<String, String> quantities) {
        quantities.forEach((resource, text) -> limits.put(resource, Quantity.of(text)));
        return this;
    }

    /** Mounts a volume, writable. */
    public ContainerBuilder mounting(String volume, String path) {
        return mounting(new Container.VolumeMount(volume, path, "", "", false, "Disabled", "None"));
    }

    /** Mounts a volume. */
    public ContainerBuilder mounting(Container.VolumeMount mount) {
        volumeMounts.add(mount);
        return this;
    }

    /** Sets the security context. */
    public ContainerBuilder security(Container.Security newSecurity) {
        security = newSecurity;
        return this;
    }

    /** Asks for all of the host. */
    public ContainerBuilder privileged() {
        return security(
                new Container.Security(
                        true,
                        security.allowPrivilegeEscalation(),
                        security.runAsUser(),
                        security.runAsGroup(),
                        security.runAsNonRoot(),
                        security.readOnlyRootFilesystem(),
                        security.capabilitiesAdd(),
                        security.capabilitiesDrop(),
                        security.procMount(),
                        security.seccomp()));
    }

    /** Says whether it may gain privileges. */
    public ContainerBuilder allowPrivilegeEscalation(boolean allowed) {
        return security(
                new Container.Security(
                        security.privileged(),
                        allowed,
                        security.runAsUser(),
                        security.runAsGroup(),
                        security.runAsNonRoot(),
                        security.readOnlyRootFilesystem(),
                        security.capabilitiesAdd(),
                        security.capabilitiesDrop(),
                        security.procMount(),
                        security.seccomp()));
    }

    /** Adds capabilities. */
    public ContainerBuilder addingCapabilities(String... capabilities) {
        return security(
                new Container.Security(
                        security.privileged(),
                        security.allowPrivilegeEscalation(),
                        security.runAsUser(),
                        security.runAsGroup(),
                        security.runAsNonRoot(),
                        security.readOnlyRootFilesystem(),
                        List.of(capabilities),
                        security.capabilitiesDrop(),
                        security.procMount(),
                        security.seccomp()));
    }

    /** Runs as a user. */
    public ContainerBuilder runAsUser(long uid) {
        return security(
                new Container.Security(
                        security.privileged(),
                        security.allowPrivilegeEscalation(),
                        uid,
                        security.runAsGroup(),
                        security.runAsNonRoot(),
                        security.readOnlyRootFilesystem(),
                        security.capabilitiesAdd(),
                        security.capabilitiesDrop(),
                        security.procMount(),
                        security.seccomp()));
    }

    /** Sets the startup probe. */
    public ContainerBuilder startupProbe(Container.Probe probe) {
        startupProbe = probe;
        return this;
    }

    /** Sets the liveness probe. */
    public ContainerBuilder livenessProbe(Container.Probe probe) {
        livenessProbe = probe;
        return this;
    }

    /** Sets the readiness probe. */
    public ContainerBuilder readinessProbe(Container.Probe probe) {
        readinessProbe = probe;
        return this;
    }

    /** Sets the hook after the start. */
    public ContainerBuilder postStart(Container.Handler handler) {
        postStart = handler;
        return this;
    }

    /** Sets the hook before the stop. */
    public ContainerBuilder preStop(Container.Handler handler) {
        preStop = handler;
        return this;
    }

    /** Sets the stop signal. */
    public ContainerBuilder stopSignal(String signal) {
        stopSignal = signal;
        return this;
    }

    /** Sets where last words are left, and how they are read. */
    public ContainerBuilder terminationMessage(String path, String policy) {
        terminationMessagePath = path;
        terminationMessagePolicy = policy;
        return this;
    }

    /** Makes an init container a sidecar. */
    public ContainerBuilder sidecar() {
        restartPolicy = "Always";
        return this;
    }

    /** Gives it a restart policy of its own. */
    public ContainerBuilder restartPolicy(String policy) {
        restartPolicy = policy;
        return this;
    }

    /** Adds what these exit codes mean. */
    public ContainerBuilder onExit(String action, Integer... exitCodes) {
        restartRules.add(new Container.RestartRule(action, true, Set.of(exitCodes)));
        return this;
    }

    /** Adds what all other exit codes mean. */
    public ContainerBuilder onOtherExit(String action, Integer... exitCodes) {
        restartRules.add(new Container.RestartRule(action, false, Set.of(exitCodes)));
        return this;
    }

    /** Says whether a resource can be changed without a restart. */
    public ContainerBuilder resizing(String resource, String policy) {
        resizePolicies.put(resource, policy);
        return this;
    }

    /** Lets it see another container's processes. */
    public ContainerBuilder targeting(String container) {
        targetContainer = container;
        return this;
    }

    /** Keeps standard input open. */
    public ContainerBuilder stdin(boolean once) {
        stdin = true;
        stdinOnce = once;
        return this;
    }

    /** Gives it a terminal. */
    public ContainerBuilder tty() {
        tty = true;
        return this;
    }

    /**
     * The container; limits without a request become requests, as the API server's defaulting does.
     */
    public Container build() {
        var effective = new LinkedHashMap<>(limits);
        effective.putAll(requests);
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
                effective,
                limits,
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
}
