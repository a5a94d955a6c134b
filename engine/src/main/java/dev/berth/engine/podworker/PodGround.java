package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.pod.ConfigData;
import dev.berth.core.pod.ConfigNeeds;
import dev.berth.core.pod.ConfigProblem;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.EtcTexts;
import dev.berth.core.pod.FieldValues;
import dev.berth.core.pod.FileSystems.PosixUser;
import dev.berth.core.pod.NodeFacts;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodWords;
import dev.berth.core.pod.ServiceVariables;
import dev.berth.core.pod.Volume;
import dev.berth.core.pod.Volume.Source;
import dev.berth.core.pod.VolumeContents;
import dev.berth.core.refusal.UnsupportedSpec;
import dev.berth.core.tenancy.HostPorts;
import dev.berth.core.tenancy.PodLimits;
import dev.berth.engine.Timeline;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.KubeApi.Token;
import dev.berth.port.PodFiles;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodFiles.Owner;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.NetworkFailed;
import dev.berth.port.PodNetwork.NodeShare;
import dev.berth.port.PodNetwork.PortLead;
import dev.berth.port.PodNetwork.Sandbox;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * What a pod's containers stand on: its folder, its namespaces with the network, its cgroup, its
 * volumes and its files under /etc. Owned by the pod's thread, which lets the independent parts be
 * made side by side.
 */
final class PodGround {
    /**
     * The most processes of a pod: the hard limit of eks-fargate §3.9 for the whole (our choice).
     */
    private static final long PIDS_MOST = 65_535;

    /** The part of the CPU that a pod starts with at least, that of one core (our choice). */
    private static final long SHARES_AT_START = 1024;

    /** Runtime classes that mean what runs containers here anyway (our choice). */
    private static final Set<String> RUNTIMES = Set.of("crun", "runc");

    private static final Duration TOKEN_LOOK_LONGEST = Duration.ofHours(24);

    private final Surroundings around;
    private final Pod pod;
    private final PodPlace node;
    private final Map<String, Path> etc = new HashMap<>();
    private final Map<String, Path> volumes = new HashMap<>();
    private final Map<String, PosixUser> posixUsers = new HashMap<>();
    private final Map<Source.Token, Lasting> tokens = new LinkedHashMap<>();
    private @Nullable Sandbox sandbox;
    private boolean folderMade;
    private boolean volumesMade;
    private boolean groupMade;
    private boolean cpuLimited;
    private @Nullable PodLimits given;
    private volatile boolean failureCounts;

    PodGround(Surroundings around, Pod pod, PodPlace node) {
        this.around = around;
        this.pod = pod;
        this.node = node;
    }

    /** Takes over the namespaces of an earlier life of Berth, or none. */
    void adopt(@Nullable Sandbox existing) {
        sandbox = existing;
    }

    /** What went wrong, as an event of the pod. */
    static final class GroundFailed extends Exception {
        private static final long serialVersionUID = 1L;
        private final String reason;

        GroundFailed(String reason, String message, @Nullable Throwable cause) {
            super(message, cause);
            this.reason = reason;
        }

        String reason() {
            return reason;
        }

        String text() {
            return String.valueOf(getMessage());
        }
    }

    boolean attached() {
        return sandbox != null;
    }

    Sandbox sandbox() {
        if (sandbox == null) {
            throw new IllegalStateException("not attached");
        }
        return sandbox;
    }

    @Nullable Path volume(String name) {
        return volumes.get(name);
    }

    /** Who a container's own user is in a volume, or null for who it is. */
    @Nullable PosixUser posixUser(String volume) {
        return posixUsers.get(volume);
    }

    Path etc(String name) {
        var path = etc.get(name);
        if (path == null) {
            throw new IllegalStateException("not made: " + name);
        }
        return path;
    }

    FieldValues fields(Pod now) {
        return new FieldValues(
                now,
                new NodeFacts(
                        node.hostAddress(),
                        node.cpuMillis(),
                        Surroundings.memoryBytes(node),
                        Surroundings.storageBytes(node, now)),
                node.address());
    }

    /**
     * Makes what is missing. Everything may have been made before.
     *
     * @param now the pod as it is now, with its present labels
     */
    void make(Pod now) throws GroundFailed, InterruptedException {
        var runtime = now.spec().runtimeClassName();
        if (runtime != null && !RUNTIMES.contains(runtime)) {
            throw new GroundFailed(
                    "FailedCreatePodSandBox",
                    PodWords.sandboxFailed(PodWords.noRuntime(runtime)),
                    null);
        }
        if (!folderMade) {
            try {
                around.machine()
                        .files()
                        .prepare(
                                pod.uid(),
                                new Owner(
                                        around.settings().cluster(),
                                        pod.metadata().namespace(),
                                        pod.metadata().name()));
            } catch (FilesFailed e) {
                throw new GroundFailed(
                        "Failed", "error making pod data directories: " + e.getMessage(), e);
            }
            folderMade = true;
        }
        try (var children = Executors.newVirtualThreadPerTaskExecutor()) {
            var parts = new ArrayList<Future<?>>();
            if (sandbox == null) {
                parts.add(children.submit(this::attach));
            }
            if (!groupMade) {
                parts.add(children.submit(this::makeGroup));
            }
            if (etc.isEmpty()) {
                parts.add(children.submit(this::writeEtc));
            }
            if (!volumesMade) {
                parts.add(children.submit(() -> makeVolumes(now)));
            }
            for (var part : parts) {
                join(part);
            }
        }
    }

    private static void join(Future<?> part) throws GroundFailed, InterruptedException {
        try {
            part.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case GroundFailed failed -> throw failed;
                case KubeUnavailable failed ->
                        throw new GroundFailed(
                                "FailedMount", String.valueOf(failed.getMessage()), failed);
                case RuntimeException bug -> throw bug;
                case Error bug -> throw bug;
                case InterruptedException stop -> throw stop;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }

    /**
     * Counts a failure of what was begun with users of the pod's own, once until it is begun again.
     */
    void countFailure() {
        if (failureCounts) {
            failureCounts = false;
            around.starts().failsWithOwnUsers(node.nodeName());
        }
    }

    private @Nullable Void attach() throws GroundFailed {
        var ownUsers = pod.spec().security().ownUsers();
        around.starts().begins(node.nodeName(), ownUsers);
        failureCounts = ownUsers;
        if (ownUsers && !around.machine().images().canMapUsers()) {
            around.starts().fails(node.nodeName());
            throw new GroundFailed(
                    "FailedCreatePodSandBox",
                    PodWords.sandboxFailed(PodWords.NO_USERS_OF_ITS_OWN),
                    null);
        }
        try {
            var made =
                    around.machine()
                            .network()
                            .attach(
                                    new Attachment(
                                            pod.uid(),
                                            node.vpcId(),
                                            node.address(),
                                            hostname(),
                                            share(),
                                            around.settings().cluster(),
                                            ownUsers));
            leadPorts();
            sandbox = made;
            around.timeline().stamp(pod.uid(), Timeline.Phase.NETWORK);
            return null;
        } catch (NetworkFailed e) {
            around.starts().fails(node.nodeName());
            throw new GroundFailed(
                    "FailedCreatePodSandBox",
                    PodWords.sandboxFailed(String.valueOf(e.getMessage())),
                    e);
        }
    }

    /** Ports of an ordinary node that lead to the pod. */
    private void leadPorts() throws NetworkFailed {
        if (node instanceof SharedPlace shared) {
            var leads =
                    HostPorts.mappings(pod.spec()).stream()
                            .map(mapping ->
                                    new PortLead(
                                            mapping.host().address(),
                                            mapping.host().protocol(),
                                            mapping.host().port(),
                                            mapping.containerPort()))
                            .toList();
            if (!leads.isEmpty()) {
                around.machine().network().leadPorts(shared.node().id(), pod.uid(), leads);
            }
        }
    }

    private @Nullable NodeShare share() {
        return switch (node) {
            case PlacedNode _ -> null;
            case SharedPlace shared ->
                    pod.spec().hostNetwork() || pod.spec().hostIpc()
                            ? new NodeShare(
                                    shared.node().id(),
                                    pod.spec().hostNetwork(),
                                    pod.spec().hostIpc())
                            : null;
        };
    }

    /** The host name inside: what does not fit into the kernel's 64 characters is cut. */
    String hostname() {
        if (pod.spec().hostNetwork()) {
            return node.nodeName();
        }
        var name = EtcTexts.hostnameInside(pod, around.settings().dns().clusterDomain());
        return name.length() <= 63 ? name : EtcTexts.hostname(pod);
    }

    /** The cgroup, without the CPU quota: a quota makes starts slow; it comes after them. */
    private @Nullable Void makeGroup() throws GroundFailed {
        setGroup(limits(), false);
        groupMade = true;
        return null;
    }

    /** Puts the provisioned CPU as a limit onto the pod, unless that was done before. */
    void limitCpu() throws GroundFailed {
        if (!cpuLimited) {
            setGroup(limits(), true);
            cpuLimited = true;
        }
    }

    /** On Fargate what was provisioned, or what it says; else what it says or its containers do. */
    private PodLimits limits() {
        return switch (node) {
            case PlacedNode own ->
                    new PodLimits(
                                    ContainerResources.shares(own.cpuMillis()),
                                    own.cpuMillis(),
                                    Surroundings.memoryBytes(own))
                            .within(pod.spec());
            case SharedPlace _ -> given == null ? PodLimits.of(pod.spec()) : given;
        };
    }

    /**
     * Lets the pod as a whole use as much as before or as much as this, whichever is more, or no
     * more than this. On Fargate it has what was provisioned.
     */
    void limit(PodLimits wanted, boolean atLeast) throws GroundFailed {
        var before = limits();
        var now = atLeast ? before.or(wanted) : wanted;
        if (node instanceof PlacedNode || !groupMade || now.equals(before)) {
            return;
        }
        setGroup(now, cpuLimited);
        given = now;
    }

    /** Until its containers have started, a pod is held back by no CPU limit, nor by others. */
    private void setGroup(PodLimits limits, boolean limitCpu) throws GroundFailed {
        try {
            around.machine()
                    .runtime()
                    .createPodGroup(
                            pod.uid(),
                            limitCpu
                                    ? limits.cpuShares()
                                    : Math.max(SHARES_AT_START, limits.cpuShares()),
                            limitCpu ? limits.cpuMillis() : 0,
                            limits.memoryBytes(),
                            PIDS_MOST);
        } catch (RuntimeFailed e) {
            throw new GroundFailed(
                    "FailedCreatePodContainer",
                    "unable to ensure pod container exists: " + e.getMessage(),
                    e);
        }
    }

    private @Nullable Void writeEtc() throws GroundFailed {
        var dns = around.settings().dns();
        try {
            var files = around.machine().files();
            var made = new HashMap<String, Path>();
            made.put(
                    "resolv.conf",
                    files.etcFile(pod.uid(), "resolv.conf", EtcTexts.resolver(pod, dns).text()));
            made.put(
                    "hosts",
                    files.etcFile(
                            pod.uid(),
                            "hosts",
                            pod.spec().hostNetwork()
                                    ? EtcTexts.hostsOfNode(pod, node.nodeName(), node.hostAddress())
                                    : EtcTexts.hosts(pod, node.address(), dns.clusterDomain())));
            made.put("hostname", files.etcFile(pod.uid(), "hostname", hostname() + "\n"));
            etc.putAll(made);
            return null;
        } catch (FilesFailed e) {
            throw new GroundFailed(
                    "FailedCreatePodSandBox",
                    PodWords.sandboxFailed(String.valueOf(e.getMessage())),
                    e);
        }
    }

    // ---- volumes

    private @Nullable Void makeVolumes(Pod now) throws GroundFailed, InterruptedException {
        writeVolumes(now, now.spec().volumes());
        volumesMade = true;
        return null;
    }

    /** When tokens in volumes have to be made anew, or null without any. */
    @Nullable Instant tokensDue() {
        return tokens.values().stream().map(Lasting::renewAt).min(Instant::compareTo).orElse(null);
    }

    /**
     * Writes the volumes that are made from something anew, where that has changed; what cannot be
     * written stays as it was, and the others change.
     */
    void renewVolumes(Pod now) throws GroundFailed, InterruptedException {
        writeVolumes(now, now.spec().volumes().stream().filter(VolumeContents::madeFrom).toList());
    }

    private void writeVolumes(Pod now, List<Volume> wanted)
            throws GroundFailed, InterruptedException {
        if (wanted.isEmpty()) {
            return;
        }
        var needs = ConfigNeeds.ofVolumes(wanted);
        ConfigData data;
        try (var children = Executors.newVirtualThreadPerTaskExecutor()) {
            var making = new LinkedHashMap<Source.Token, Future<Token>>();
            var time = around.machine().time().now();
            for (var volume : wanted) {
                for (var token : VolumeContents.tokens(volume)) {
                    var known = tokens.get(token);
                    if (known == null || !time.isBefore(known.renewAt())) {
                        making.computeIfAbsent(token, one -> children.submit(() -> token(one)));
                    }
                }
            }
            data = read(children, needs);
            for (var entry : making.entrySet()) {
                var made = get(entry.getValue());
                var fresh = Duration.between(time, made.expiresAt()).multipliedBy(8).dividedBy(10);
                var look = fresh.compareTo(TOKEN_LOOK_LONGEST) < 0 ? fresh : TOKEN_LOOK_LONGEST;
                tokens.put(entry.getKey(), new Lasting(made.token(), time.plus(look)));
            }
        } catch (KubeRefused e) {
            throw new GroundFailed(
                    "FailedMount",
                    PodWords.mountFailed(
                            wanted.getFirst().name(), "failed to fetch token: " + e.getMessage()),
                    e);
        }
        var texts = new HashMap<Source.Token, String>();
        tokens.forEach((token, lasting) -> texts.put(token, lasting.text()));
        var contents = new VolumeContents(fields(now), data, texts);
        GroundFailed failed = null;
        for (var volume : wanted) {
            if (volume.source() instanceof Source.Image && node instanceof SharedPlace) {
                // Its image is fetched whenever a container starts, as those of containers are.
                continue;
            }
            try {
                volumes.put(volume.name(), write(volume, contents));
            } catch (GroundFailed e) {
                failed = failed == null ? e : failed;
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    /**
     * A token and when it is to be made anew.
     *
     * @param text the token; never logged
     * @param renewAt before it expires
     */
    private record Lasting(String text, Instant renewAt) {
        @Override
        public String toString() {
            return "Lasting[" + renewAt + "]";
        }
    }

    private Token token(Source.Token token) throws KubeRefused {
        return around.api()
                .token(
                        pod.metadata().namespace(),
                        pod.spec().serviceAccountName(),
                        pod.key(),
                        pod.uid(),
                        token.audience() == null || token.audience().isEmpty()
                                ? List.of()
                                : List.of(token.audience()),
                        token.expirationSeconds());
    }

    private Path write(Volume volume, VolumeContents contents) throws GroundFailed {
        var group = pod.spec().security().fsGroup();
        var files = around.machine().files();
        try {
            var content = contents.files(volume);
            if (content.isPresent()) {
                return files.writeVolume(
                        pod.uid(),
                        volume.name(),
                        VolumeContents.secret(volume),
                        content.get(),
                        group);
            }
            return switch (volume.source()) {
                case Source.EmptyDir(String medium, Long sizeLimitBytes) ->
                        files.emptyFolder(
                                pod.uid(),
                                volume.name(),
                                medium.equals("Memory") ? memoryBytes(sizeLimitBytes) : null,
                                group);
                case Source.Claim claim -> claimed(volume, claim);
                case Source.HostPath(String path, String type) ->
                        switch (node) {
                            case SharedPlace shared ->
                                    files.hostPath(
                                            pod.uid(),
                                            volume.name(),
                                            Path.of(shared.node().hostRoot()),
                                            path,
                                            type);
                            case PlacedNode _ ->
                                    throw new ConfigProblem("hostPath is not there on Fargate");
                        };
                case Source.Image _,
                        Source.Other _,
                        Source.Token _,
                        Source.ConfigMap _,
                        Source.Secret _,
                        Source.DownwardApi _,
                        Source.Projected _ ->
                        throw new ConfigProblem(
                                "volumes of this kind cannot be mounted here: "
                                        + volume.source().getClass().getSimpleName());
            };
        } catch (FilesFailed | ConfigProblem e) {
            throw new GroundFailed(
                    "FailedMount",
                    PodWords.mountFailed(volume.name(), String.valueOf(e.getMessage())),
                    e);
        }
    }

    /** The folder that an EFS volume means. */
    private Path claimed(Volume volume, Source.Claim claim)
            throws ConfigProblem, FilesFailed, GroundFailed {
        var bound = around.api().claim(pod.metadata().namespace(), claim.claimName()).orElse(null);
        if (bound == null || bound.volumeName() == null) {
            throw new ConfigProblem(
                    "error processing PVC %s/%s: %s"
                            .formatted(
                                    pod.metadata().namespace(),
                                    claim.claimName(),
                                    bound == null ? "not found" : "PVC is not bound"));
        }
        if (!UnsupportedSpec.EFS_DRIVER.equals(bound.csiDriver()) || bound.volumeHandle() == null) {
            throw new ConfigProblem("volumes of " + bound.volumeName() + " are not served here");
        }
        try {
            var place = around.settings().fileSystems().locate(bound.volumeHandle());
            var creation = place.creation();
            if (place.user() != null) {
                posixUsers.put(volume.name(), place.user());
            }
            return around.machine()
                    .files()
                    .attachFolder(
                            pod.uid(),
                            volume.name(),
                            Path.of(place.folder()),
                            place.below(),
                            creation == null
                                    ? null
                                    : new PodFiles.Maker(
                                            creation.uid(), creation.gid(), creation.mode()));
        } catch (FilesFailed | ConfigProblem e) {
            // A kubelet names such a volume as the cluster does, not as the pod does.
            throw new GroundFailed(
                    "FailedMount",
                    PodWords.mountFailed(bound.volumeName(), String.valueOf(e.getMessage())),
                    e);
        }
    }

    /** A volume in memory is never larger than the pod's memory. */
    private Long memoryBytes(@Nullable Long sizeLimitBytes) {
        var whole = Surroundings.memoryBytes(node);
        return sizeLimitBytes == null || sizeLimitBytes <= 0
                ? Long.valueOf(whole)
                : Long.valueOf(Math.min(whole, sizeLimitBytes));
    }

    // ---- what containers read from the API server

    /** What containers are told of the API server's objects. */
    record Readings(ConfigData config, Map<String, String> services) {}

    /** Reads what the variables of these containers refer to, and the services. */
    Readings read(Collection<Container> containers) throws InterruptedException {
        var namespace = pod.metadata().namespace();
        try (var children = Executors.newVirtualThreadPerTaskExecutor()) {
            var own =
                    pod.spec().enableServiceLinks() || namespace.equals("default")
                            ? children.submit(() -> around.api().services(namespace))
                            : null;
            var others =
                    namespace.equals("default")
                            ? own
                            : children.submit(() -> around.api().services("default"));
            var data = read(children, ConfigNeeds.ofVariables(containers));
            var targets = new LinkedHashMap<String, ServiceVariables.Target>();
            if (others != null) {
                get(others).stream()
                        .filter(service -> service.name().equals("kubernetes"))
                        .forEach(service -> targets.put(service.name(), target(service)));
            }
            if (own != null && pod.spec().enableServiceLinks()) {
                get(own).forEach(service -> targets.put(service.name(), target(service)));
            }
            return new Readings(data, ServiceVariables.of(List.copyOf(targets.values())));
        } catch (KubeRefused never) {
            throw new IllegalStateException(never);
        }
    }

    private static ServiceVariables.Target target(dev.berth.port.KubeApi.Service service) {
        return new ServiceVariables.Target(
                service.name(),
                service.clusterIp(),
                service.ports().stream()
                        .map(port ->
                                new ServiceVariables.Port(
                                        port.name(), port.port(), port.protocol()))
                        .toList());
    }

    private ConfigData read(ExecutorService children, ConfigNeeds needs)
            throws InterruptedException, KubeRefused {
        var namespace = pod.metadata().namespace();
        var configMaps =
                new LinkedHashMap<String, Future<java.util.Optional<Map<String, byte[]>>>>();
        var secrets = new LinkedHashMap<String, Future<java.util.Optional<Map<String, byte[]>>>>();
        needs.configMaps()
                .forEach(name ->
                        configMaps.put(
                                name,
                                submit(children, () -> around.api().configMap(namespace, name))));
        needs.secrets()
                .forEach(name ->
                        secrets.put(
                                name,
                                submit(
                                        children,
                                        () ->
                                                around.api()
                                                        .secret(namespace, name)
                                                        .map(secret -> secret.data()))));
        return new ConfigData(collect(configMaps), collect(secrets));
    }

    private static <T> Future<T> submit(ExecutorService children, Callable<T> task) {
        return children.submit(task);
    }

    private static Map<String, Map<String, byte[]>> collect(
            Map<String, Future<java.util.Optional<Map<String, byte[]>>>> reading)
            throws InterruptedException, KubeRefused {
        var found = new HashMap<String, Map<String, byte[]>>();
        for (var entry : reading.entrySet()) {
            get(entry.getValue()).ifPresent(data -> found.put(entry.getKey(), data));
        }
        return found;
    }

    private static <T> T get(Future<T> future) throws InterruptedException, KubeRefused {
        try {
            return future.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case KubeRefused refused -> throw refused;
                case KubeUnavailable unavailable -> throw unavailable;
                case RuntimeException bug -> throw bug;
                case Error bug -> throw bug;
                case null, default -> throw new IllegalStateException(e);
            }
        }
    }
}
