package dev.berth.engine.podworker;

import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.ConfigProblem;
import dev.berth.core.pod.Container;
import dev.berth.core.pod.ContainerEnvironment;
import dev.berth.core.pod.ContainerResources;
import dev.berth.core.pod.Expansion;
import dev.berth.core.pod.FileSystems.PosixUser;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.Privileges;
import dev.berth.core.pod.ProcessIdentity;
import dev.berth.core.pod.Volume.Source;
import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.HostAccess;
import dev.berth.port.ContainerRuntime.Limits;
import dev.berth.port.ContainerRuntime.Mount;
import dev.berth.port.ContainerRuntime.Turned;
import dev.berth.port.ContainerRuntime.User;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodLogs.LogName;
import dev.berth.port.PodUsers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes down how a container is to be made: from the pod's wish, the image and what the pod stands
 * on.
 */
final class ContainerPlans {
    /** Source: eks-fargate §3.9 (D). */
    private static final long OPEN_FILES_SOFT = 1024;

    private static final long OPEN_FILES_HARD = 65_535;

    private final Surroundings around;
    private final PodGround ground;
    private final PodPlace node;
    private final ImageVolumes imageVolumes;

    ContainerPlans(Surroundings around, PodGround ground, PodPlace node) {
        this.around = around;
        this.ground = ground;
        this.node = node;
        imageVolumes = new ImageVolumes(around);
    }

    /** The pod's volumes that are images. */
    ImageVolumes imageVolumes() {
        return imageVolumes;
    }

    /**
     * The id of one run of a container, the same whenever it is asked for: so the same run is never
     * started twice.
     */
    static String id(String podUid, String container, int attempt) {
        try {
            var digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(
                                    (podUid + "/" + container + "/" + attempt)
                                            .getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    static LogName log(Pod pod, String container, int attempt) {
        return new LogName(
                pod.metadata().namespace(), pod.metadata().name(), pod.uid(), container, attempt);
    }

    /**
     * The variables that the pod says.
     *
     * @throws ConfigProblem when something they refer to is missing
     */
    Map<String, String> variables(Pod pod, Container container, PodGround.Readings readings)
            throws ConfigProblem {
        return ContainerEnvironment.variables(
                container, ground.fields(pod), readings.config(), readings.services());
    }

    /**
     * The plan.
     *
     * @param rootfs the laid-out image
     * @param processesOf the container whose processes it sees, or null
     * @throws ConfigProblem when the pod and the image do not go together
     * @throws PullFailed when a volume that is an image cannot be mounted
     */
    ContainerPlan plan(
            Pod pod,
            Container container,
            int attempt,
            Image image,
            Path rootfs,
            Map<String, String> variables,
            @Nullable String processesOf)
            throws ConfigProblem, FilesFailed, PullFailed {
        var config = image.config();
        var command =
                ContainerEnvironment.command(
                        container, config.entrypoint(), config.command(), variables);
        if (command.isEmpty()) {
            throw new ConfigProblem("no command specified");
        }
        var files = around.machine().files();
        var identity =
                ProcessIdentity.of(
                        pod,
                        container,
                        config.user(),
                        files.imageText(rootfs, "etc/passwd").orElse(""),
                        files.imageText(rootfs, "etc/group").orElse(""));
        var security = container.security();
        var unmasked = security.privileged() || Privileges.unmasked(security);
        var sandbox = ground.sandbox();
        return new ContainerPlan(
                id(pod.uid(), container.name(), attempt),
                pod.uid(),
                pod.metadata().namespace(),
                pod.metadata().name(),
                container.name(),
                attempt,
                container.image(),
                rootfs,
                command,
                ContainerEnvironment.merged(
                        config.environment(), variables, ground.hostname(), container.tty()),
                workingDir(container, config.workingDir()),
                new User(identity.uid(), identity.gid(), identity.additionalGids()),
                mounts(pod, container, attempt, variables, identity),
                sandbox.network(),
                sandbox.ipc(),
                sandbox.uts(),
                processesOf,
                limits(pod.spec(), container),
                Privileges.capabilities(security),
                !security.privileged() && Boolean.FALSE.equals(security.allowPrivilegeEscalation()),
                security.readOnlyRootFilesystem(),
                security.privileged() ? "Unconfined" : Privileges.seccomp(pod.spec(), container),
                pod.spec().security().sysctls().entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .sorted()
                        .toList(),
                unmasked ? List.of() : Privileges.MASKED_PATHS,
                unmasked ? List.of() : Privileges.READ_ONLY_PATHS,
                OPEN_FILES_SOFT,
                OPEN_FILES_HARD,
                ContainerResources.oomScore(pod.spec(), container, Surroundings.memoryBytes(node)),
                container.tty(),
                container.stdin(),
                around.machine().logs().file(log(pod, container.name(), attempt)),
                new HostAccess(security.privileged(), pod.spec().hostPid()),
                users(),
                security.privileged() ? "" : Privileges.appArmor(pod.spec(), container));
    }

    /** Whom a container runs as, as its pod's status tells it. */
    static @Nullable ProcessIdentity identity(@Nullable User user) {
        return user == null
                ? null
                : new ProcessIdentity(user.uid(), user.gid(), user.additionalGids());
    }

    /** The users that the pod has of its own, or null. */
    @Nullable PodUsers users() {
        return ground.sandbox().users();
    }

    /** What the kernel holds a container to. */
    Limits limits(PodSpec spec, Container container) {
        var limited = ContainerResources.limited(spec, container);
        return new Limits(
                ContainerResources.cpuShares(limited),
                cpuQuotaMicros(limited),
                ContainerResources.memoryBytes(limited));
    }

    /** No more than the pod has: the kernel refuses it, where cgroups are of the first version. */
    private long cpuQuotaMicros(Container container) {
        return Math.min(
                ContainerResources.cpuQuotaMicros(container),
                node.cpuMillis() * ContainerResources.MICROS_OF_ONE_MILLI);
    }

    private static String workingDir(Container container, String ofImage) {
        var said = container.workingDir();
        if (said != null && !said.isEmpty()) {
            return said;
        }
        return ofImage.isEmpty() ? "/" : ofImage;
    }

    private List<Mount> mounts(
            Pod pod,
            Container container,
            int attempt,
            Map<String, String> variables,
            ProcessIdentity identity)
            throws ConfigProblem, FilesFailed, PullFailed {
        var mounts = new ArrayList<Mount>();
        for (var file : List.of("hosts", "resolv.conf", "hostname")) {
            var target = "/etc/" + file;
            if (container.volumeMounts().stream()
                    .noneMatch(mount -> mount.mountPath().equals(target))) {
                mounts.add(new Mount(ground.etc(file).toString(), target, false, false));
            }
        }
        var index = 0;
        for (var mount : container.volumeMounts()) {
            index++;
            var subPath =
                    mount.subPathExpr().isEmpty()
                            ? mount.subPath()
                            : Expansion.expand(mount.subPathExpr(), variables::get);
            check(subPath);
            var user = container.name() + "/" + index;
            var recursive =
                    !mount.recursiveReadOnly().equals("Disabled")
                            && !mount.recursiveReadOnly().isEmpty();
            if (imageVolumes.has(mount.volume())) {
                mounts.add(imageVolumes.mount(pod, mount, subPath, recursive, user, users()));
                continue;
            }
            var volume = ground.volume(mount.volume());
            if (volume == null) {
                throw new ConfigProblem(
                        "cannot find volume \""
                                + mount.volume()
                                + "\" to mount into container \""
                                + container.name()
                                + "\"");
            }
            var source =
                    subPath.isEmpty()
                            ? volume
                            : subPath(pod, container, mount, volume, subPath, user);
            mounts.add(
                    new Mount(
                            source.toString(),
                            mount.mountPath(),
                            mount.readOnly() || alwaysReadOnly(pod, mount.volume()),
                            recursive,
                            mount.mountPropagation(),
                            false,
                            turned(identity, ground.posixUser(mount.volume()))));
        }
        if (!container.terminationMessagePath().isEmpty()) {
            mounts.add(
                    new Mount(
                            around.machine()
                                    .files()
                                    .terminationLog(pod.uid(), container.name(), attempt)
                                    .toString(),
                            container.terminationMessagePath(),
                            false,
                            false));
        }
        return mounts;
    }

    private Path subPath(
            Pod pod,
            Container container,
            Container.VolumeMount mount,
            Path volume,
            String subPath,
            String user)
            throws ConfigProblem {
        try {
            return around.machine().files().subPath(pod.uid(), volume, subPath, user);
        } catch (FilesFailed e) {
            // The details could tell a pod about the machine's disk.
            throw new ConfigProblem(
                    "failed to prepare subPath for volumeMount \""
                            + mount.volume()
                            + "\" of container \""
                            + container.name()
                            + "\"");
        }
    }

    private static @Nullable Turned turned(ProcessIdentity identity, @Nullable PosixUser there) {
        return there == null
                ? null
                : new Turned(identity.uid(), identity.gid(), there.uid(), there.gid());
    }

    private static void check(String subPath) throws ConfigProblem {
        if (subPath.startsWith("/")) {
            throw new ConfigProblem("error SubPath `" + subPath + "` must not be an absolute path");
        }
        if (List.of(subPath.split("/")).contains("..")) {
            throw new ConfigProblem(
                    "unable to provision SubPath `" + subPath + "`: must not contain '..'");
        }
    }

    private static boolean alwaysReadOnly(Pod pod, String volume) {
        return pod.spec().volumes().stream()
                .filter(one -> one.name().equals(volume))
                .anyMatch(one ->
                        switch (one.source()) {
                            case Source.EmptyDir _ -> false;
                            case Source.Claim claim -> claim.readOnly();
                            case Source.HostPath _, Source.Other _ -> false;
                            case Source.ConfigMap _,
                                    Source.Secret _,
                                    Source.DownwardApi _,
                                    Source.Projected _,
                                    Source.Token _,
                                    Source.Image _ ->
                                    true;
                        });
    }
}
