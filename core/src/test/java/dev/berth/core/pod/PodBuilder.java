package dev.berth.core.pod;

import dev.berth.core.unit.Quantity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes pods for tests: start with {@link #aPod()} and say only what matters. What is not said is
 * what the API server's defaulting would give a one-container pod in the namespace {@code default}
 * that was just created and that the Fargate webhook has claimed.
 */
public final class PodBuilder {
    private String namespace = "default";
    private String name = "web";
    private String uid = "6ffd2baf-6b8e-4e6c-9a0e-6f1b2c3d4e5f";
    private String resourceVersion = "1";
    private long generation = 1;
    private final Map<String, String> labels = new LinkedHashMap<>();
    private final Map<String, String> annotations = new LinkedHashMap<>();
    private Instant createdAt = Instant.parse("2026-01-01T00:00:00Z");
    private @Nullable Instant deletionTimestamp;
    private @Nullable Long deletionGraceSeconds;
    private final List<PodMetadata.Owner> owners = new ArrayList<>();
    private final List<String> finalizers = new ArrayList<>();
    private @Nullable String nodeName;
    private String schedulerName = "fargate-scheduler";
    private String serviceAccountName = "default";
    private PodSpec.RestartPolicy restartPolicy = PodSpec.RestartPolicy.ALWAYS;
    private long terminationGraceSeconds = 30;
    private @Nullable Long activeDeadlineSeconds;
    private boolean hostNetwork;
    private boolean hostPid;
    private boolean hostIpc;
    private boolean shareProcessNamespace;
    private @Nullable String hostname;
    private @Nullable String subdomain;
    private boolean setHostnameAsFqdn;
    private boolean enableServiceLinks = true;
    private String dnsPolicy = "ClusterFirst";
    private PodSpec.@Nullable DnsConfig dnsConfig;
    private final List<PodSpec.HostAlias> hostAliases = new ArrayList<>();
    private final Map<String, String> nodeSelector = new LinkedHashMap<>();
    private final List<PodSpec.NodeTerm> requiredNodeTerms = new ArrayList<>();
    private final List<PodSpec.Toleration> tolerations = new ArrayList<>();
    private final List<String> imagePullSecrets = new ArrayList<>();
    private final List<String> readinessGates = new ArrayList<>();
    private PodSecurity security = PodSecurity.NONE;
    private final List<Container> initContainers = new ArrayList<>();
    private final List<Container> containers = new ArrayList<>();
    private @Nullable Map<String, Quantity> requestsOfMain;
    private final List<Volume> volumes = new ArrayList<>();
    private final List<Container> ephemeralContainers = new ArrayList<>();
    private @Nullable String runtimeClassName;
    private final java.util.Map<String, Quantity> requests = new java.util.HashMap<>();
    private final java.util.Map<String, Quantity> limits = new java.util.HashMap<>();
    private @Nullable String priorityClassName = "system-node-critical";
    private @Nullable String os;
    private int priority;
    private PodStatus status = PodStatus.NEW;

    private PodBuilder() {}

    /** A pod {@code default/web} with one container that asks for nothing. */
    public static PodBuilder aPod() {
        return new PodBuilder();
    }

    /** Sets the namespace. */
    public PodBuilder in(String newNamespace) {
        namespace = newNamespace;
        return this;
    }

    /** Sets the name. */
    public PodBuilder named(String newName) {
        name = newName;
        return this;
    }

    /** Sets the uid. */
    public PodBuilder uid(String newUid) {
        uid = newUid;
        return this;
    }

    /** Sets the version and the generation. */
    public PodBuilder version(String newResourceVersion, long newGeneration) {
        resourceVersion = newResourceVersion;
        generation = newGeneration;
        return this;
    }

    /** Adds a label. */
    public PodBuilder label(String key, String value) {
        labels.put(key, value);
        return this;
    }

    /** Adds the label of the profile that claimed it. */
    public PodBuilder profile(String profileName) {
        return label("eks.amazonaws.com/fargate-profile", profileName);
    }

    /** Adds an annotation. */
    public PodBuilder annotation(String key, String value) {
        annotations.put(key, value);
        return this;
    }

    /** Sets when the API server stored it. */
    public PodBuilder createdAt(Instant when) {
        createdAt = when;
        return this;
    }

    /** Asks for its deletion. */
    public PodBuilder deleting(Instant goneBy, long graceSeconds) {
        deletionTimestamp = goneBy;
        deletionGraceSeconds = graceSeconds;
        return this;
    }

    /** Adds the controller that made it. */
    public PodBuilder ownedBy(String kind, String ownerName) {
        owners.add(new PodMetadata.Owner(kind, ownerName, true));
        return this;
    }

    /** Adds a finalizer. */
    public PodBuilder finalizer(String finalizer) {
        finalizers.add(finalizer);
        return this;
    }

    /** Binds it. */
    public PodBuilder on(@Nullable String node) {
        nodeName = node;
        return this;
    }

    /** Sets the scheduler. */
    public PodBuilder scheduler(String newSchedulerName) {
        schedulerName = newSchedulerName;
        return this;
    }

    /** Sets the service account. */
    public PodBuilder serviceAccount(String account) {
        serviceAccountName = account;
        return this;
    }

    /** Sets the restart policy. */
    public PodBuilder restartPolicy(PodSpec.RestartPolicy policy) {
        restartPolicy = policy;
        return this;
    }

    /** Sets the grace period. */
    public PodBuilder terminationGraceSeconds(long seconds) {
        terminationGraceSeconds = seconds;
        return this;
    }

    /** Sets how long it may run in all. */
    public PodBuilder activeDeadlineSeconds(long seconds) {
        activeDeadlineSeconds = seconds;
        return this;
    }

    /** Asks for the node's network. */
    public PodBuilder hostNetwork() {
        hostNetwork = true;
        return this;
    }

    /** Asks for the node's processes. */
    public PodBuilder hostPid() {
        hostPid = true;
        return this;
    }

    /** Asks for the node's IPC. */
    public PodBuilder hostIpc() {
        hostIpc = true;
        return this;
    }

    /** Lets the containers see each other's processes. */
    public PodBuilder shareProcessNamespace() {
        shareProcessNamespace = true;
        return this;
    }

    /** Asks for a runtime. */
    public PodBuilder runtimeClass(String name) {
        runtimeClassName = name;
        return this;
    }

    /** Sets host name and subdomain. */
    public PodBuilder hostname(@Nullable String newHostname, @Nullable String newSubdomain) {
        hostname = newHostname;
        subdomain = newSubdomain;
        return this;
    }

    /** Makes the full domain name the host name. */
    public PodBuilder setHostnameAsFqdn() {
        setHostnameAsFqdn = true;
        return this;
    }

    /** Leaves services out of the environment. */
    public PodBuilder withoutServiceLinks() {
        enableServiceLinks = false;
        return this;
    }

    /** Sets where names are looked up. */
    public PodBuilder dns(String policy, PodSpec.@Nullable DnsConfig config) {
        dnsPolicy = policy;
        dnsConfig = config;
        return this;
    }

    /** Adds a line of /etc/hosts. */
    public PodBuilder hostAlias(String ip, String... hostnames) {
        hostAliases.add(new PodSpec.HostAlias(ip, List.of(hostnames)));
        return this;
    }

    /** Adds a label its node must have. */
    public PodBuilder nodeSelector(String key, String value) {
        nodeSelector.put(key, value);
        return this;
    }

    /** Adds a term of required node affinity with these requirements over labels. */
    public PodBuilder nodeTerm(PodSpec.NodeRequirement... expressions) {
        return nodeTerm(List.of(expressions), List.of());
    }

    /** Adds a term of required node affinity. */
    public PodBuilder nodeTerm(
            List<PodSpec.NodeRequirement> expressions, List<PodSpec.NodeRequirement> fields) {
        requiredNodeTerms.add(new PodSpec.NodeTerm(expressions, fields));
        return this;
    }

    /** Adds a toleration. */
    public PodBuilder tolerating(PodSpec.Toleration toleration) {
        tolerations.add(toleration);
        return this;
    }

    /** Adds a secret with registry credentials. */
    public PodBuilder imagePullSecret(String secret) {
        imagePullSecrets.add(secret);
        return this;
    }

    /** Adds a readiness gate. */
    public PodBuilder readinessGate(String conditionType) {
        readinessGates.add(conditionType);
        return this;
    }

    /** What it asks for as a whole. */
    public PodBuilder requestingAsAWhole(String resource, String quantity) {
        requests.put(resource, Quantity.of(quantity));
        return this;
    }

    /** What it may use as a whole. */
    public PodBuilder limitedAsAWhole(String resource, String quantity) {
        limits.put(resource, Quantity.of(quantity));
        return this;
    }

    /** Sets the pod-level security context. */
    public PodBuilder security(PodSecurity newSecurity) {
        security = newSecurity;
        return this;
    }

    /** Adds an init container. */
    public PodBuilder init(ContainerBuilder container) {
        initContainers.add(container.build());
        return this;
    }

    /** Adds an ephemeral container. */
    public PodBuilder ephemeral(ContainerBuilder container) {
        ephemeralContainers.add(container.build());
        return this;
    }

    /** Adds a container; the first one replaces the one a pod has by itself. */
    public PodBuilder container(ContainerBuilder container) {
        containers.add(container.build());
        return this;
    }

    /** Makes the container that a pod has by itself request CPU and memory. */
    public PodBuilder requesting(String cpu, String memory) {
        requestsOfMain = Map.of("cpu", Quantity.of(cpu), "memory", Quantity.of(memory));
        return this;
    }

    /** Adds a volume. */
    public PodBuilder volume(String volumeName, Volume.Source source) {
        volumes.add(new Volume(volumeName, source));
        return this;
    }

    /** Sets the priority class. */
    public PodBuilder priorityClass(@Nullable String className) {
        priorityClassName = className;
        return this;
    }

    /** Sets the operating system it is for. */
    public PodBuilder os(String newOs) {
        os = newOs;
        return this;
    }

    /** Sets its priority. */
    public PodBuilder priority(int newPriority) {
        priority = newPriority;
        return this;
    }

    /** Sets what was last reported. */
    public PodBuilder status(PodStatus newStatus) {
        status = newStatus;
        return this;
    }

    /** The pod. */
    public Pod build() {
        if (requestsOfMain != null && !containers.isEmpty()) {
            throw new IllegalStateException("say the requests on the container");
        }
        var all =
                containers.isEmpty()
                        ? List.of(
                                ContainerBuilder.aContainer().requestingAll(requestsOfMain).build())
                        : containers;
        return new Pod(
                new PodMetadata(
                        namespace,
                        name,
                        uid,
                        resourceVersion,
                        generation,
                        labels,
                        annotations,
                        createdAt,
                        deletionTimestamp,
                        deletionGraceSeconds,
                        owners,
                        finalizers),
                new PodSpec(
                        nodeName,
                        schedulerName,
                        serviceAccountName,
                        restartPolicy,
                        terminationGraceSeconds,
                        activeDeadlineSeconds,
                        hostNetwork,
                        hostPid,
                        hostIpc,
                        shareProcessNamespace,
                        hostname,
                        subdomain,
                        setHostnameAsFqdn,
                        enableServiceLinks,
                        dnsPolicy,
                        dnsConfig,
                        hostAliases,
                        nodeSelector,
                        requiredNodeTerms,
                        tolerations,
                        imagePullSecrets,
                        readinessGates,
                        security,
                        initContainers,
                        all,
                        volumes,
                        priorityClassName,
                        ephemeralContainers,
                        os,
                        priority,
                        runtimeClassName,
                        requests,
                        limits),
                status);
    }
}
