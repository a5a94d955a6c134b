package dev.berth.adapter.oci;

import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes a container's plan as OCI configuration, version 1.0.2, which bookworm's crun understands.
 *
 * @param json to make nodes
 * @param seccomp the default profile
 * @param secondVersion whether cgroups are of the second version
 * @param limitsSwap whether memory and swap can be limited together
 * @param limits what this process may give
 */
record OciSpec(
        JsonMapper json,
        SeccompProfile seccomp,
        boolean secondVersion,
        boolean limitsSwap,
        OwnLimits limits) {

    /**
     * What this process itself is limited to; a container cannot get more than its parent may give.
     *
     * @param oomScoreAdjust the lowest that can be set
     * @param openFilesHard the highest that can be set
     * @param processesHard the highest that can be set
     * @param capabilities those it has, and so can give
     */
    record OwnLimits(
            int oomScoreAdjust, long openFilesHard, long processesHard, List<String> capabilities) {
        private static final String CAP_SYS_RESOURCE = "CAP_SYS_RESOURCE";
        private static final int LOWEST_SCORE = -1000;

        static OwnLimits read() throws IOException {
            var capabilities = List.<String>of();
            for (var line : Files.readAllLines(Path.of("/proc/thread-self/status"))) {
                if (line.startsWith("CapEff:")) {
                    capabilities =
                            Capabilities.named(
                                    Long.parseUnsignedLong(line.substring(7).strip(), 16));
                }
            }
            if (capabilities.contains(CAP_SYS_RESOURCE)) {
                return new OwnLimits(LOWEST_SCORE, Long.MAX_VALUE, Long.MAX_VALUE, capabilities);
            }
            var score = Files.readString(Path.of("/proc/self/oom_score_adj")).strip();
            var lines = Files.readAllLines(Path.of("/proc/self/limits"));
            return new OwnLimits(
                    Integer.parseInt(score),
                    hard(lines, "Max open files"),
                    hard(lines, "Max processes"),
                    capabilities);
        }

        private static long hard(List<String> lines, String name) {
            for (var line : lines) {
                if (line.startsWith(name)) {
                    var value = line.substring(name.length()).strip().split("\\s+", -1)[1];
                    return value.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(value);
                }
            }
            return Long.MAX_VALUE;
        }
    }

    /**
     * The whole configuration.
     *
     * @param processes the process namespace to join, or null for one of its own
     * @param appArmor the loaded profile's name, or empty for none
     */
    ObjectNode container(
            ContainerPlan plan, String cgroupPath, @Nullable Path processes, String appArmor)
            throws IOException {
        var spec = json.createObjectNode();
        spec.put("ociVersion", "1.0.2");
        var process = process(plan);
        if (!appArmor.isEmpty()) {
            process.put("apparmorProfile", appArmor);
        }
        spec.set("process", process);
        spec.putObject("root")
                .put("path", plan.rootfs().toString())
                .put("readonly", plan.readOnlyRoot());
        mounts(spec.putArray("mounts"), plan);
        spec.putObject("annotations")
                .put("io.kubernetes.container.name", plan.name())
                .put("io.kubernetes.pod.name", plan.podName())
                .put("io.kubernetes.pod.namespace", plan.podNamespace())
                .put("io.kubernetes.pod.uid", plan.podUid());
        var linux = spec.putObject("linux");
        linux.put("cgroupsPath", cgroupPath);
        resources(linux.putObject("resources"), plan);
        if (plan.host().privileged()) {
            HostDevices.all(linux.putArray("devices"));
        }
        propagation(plan.mounts())
                .ifPresent(propagation -> linux.put("rootfsPropagation", propagation));
        namespaces(linux.putArray("namespaces"), plan, processes);
        strings(linux.putArray("maskedPaths"), plan.maskedPaths());
        strings(linux.putArray("readonlyPaths"), plan.readOnlyPaths());
        if (!plan.sysctls().isEmpty()) {
            var sysctls = linux.putObject("sysctl");
            for (var setting : plan.sysctls()) {
                var equals = setting.indexOf('=');
                sysctls.put(setting.substring(0, equals), setting.substring(equals + 1));
            }
        }
        switch (plan.seccomp()) {
            case "Unconfined" -> {}
            case "RuntimeDefault" ->
                    linux.set("seccomp", seccomp.forCapabilities(plan.capabilities()));
            default -> linux.set("seccomp", seccomp.fromFile(plan.seccomp()));
        }
        return spec;
    }

    /** The process of a command run in a container: as the container's own, but for the command. */
    ObjectNode process(JsonNode containerProcess, ExecPlan plan) {
        var process = (ObjectNode) containerProcess.deepCopy();
        process.remove("args");
        strings(process.putArray("args"), plan.command());
        process.put("terminal", plan.terminal());
        if (plan.terminal()) {
            var environment = (ArrayNode) process.required("env");
            var kind =
                    environment.values().stream()
                            .anyMatch(value -> value.asString().startsWith("TERM="));
            if (!kind) {
                environment.add("TERM=xterm");
            }
        }
        return process;
    }

    private ObjectNode process(ContainerPlan plan) {
        var process = json.createObjectNode();
        process.put("terminal", plan.terminal());
        var user = process.putObject("user");
        user.put("uid", plan.user().uid()).put("gid", plan.user().gid());
        var further = user.putArray("additionalGids");
        plan.user().additionalGids().forEach(further::add);
        strings(process.putArray("args"), plan.command());
        strings(process.putArray("env"), plan.environment());
        process.put("cwd", plan.workingDir());
        // Not inheritable: a capability must not come back with a file that has it set.
        var capabilities = process.putObject("capabilities");
        for (var set : List.of("bounding", "effective", "permitted")) {
            strings(
                    capabilities.putArray(set),
                    plan.host().privileged() ? limits.capabilities() : plan.capabilities());
        }
        var rlimits = process.putArray("rlimits");
        rlimit(rlimits, "RLIMIT_NOFILE", plan, limits.openFilesHard());
        rlimit(rlimits, "RLIMIT_NPROC", plan, limits.processesHard());
        process.put("noNewPrivileges", plan.noNewPrivileges());
        process.put("oomScoreAdj", Math.max(plan.oomScoreAdjust(), limits.oomScoreAdjust()));
        return process;
    }

    private static void rlimit(ArrayNode into, String type, ContainerPlan plan, long most) {
        into.addObject()
                .put("type", type)
                .put("soft", Math.min(plan.openFilesSoft(), most))
                .put("hard", Math.min(plan.openFilesHard(), most));
    }

    private void resources(ObjectNode resources, ContainerPlan plan) {
        resources
                .putArray("devices")
                .addObject()
                .put("allow", plan.host().privileged())
                .put("access", "rwm");
        var wanted = plan.limits();
        var cpu = resources.putObject("cpu");
        if (wanted.cpuShares() > 0) {
            cpu.put("shares", wanted.cpuShares());
        }
        if (wanted.cpuQuotaMicros() > 0) {
            cpu.put("quota", wanted.cpuQuotaMicros());
            cpu.put("period", CgroupTree.PERIOD_MICROS);
        }
        if (wanted.memoryBytes() > 0) {
            var memory = resources.putObject("memory");
            memory.put("limit", wanted.memoryBytes());
            if (limitsSwap) {
                memory.put("swap", wanted.memoryBytes());
            }
        }
        if (secondVersion) {
            // All or none of a container's processes are killed, as the kubelet has it there.
            resources.putObject("unified").put("memory.oom.group", "1");
        }
    }

    private void namespaces(ArrayNode namespaces, ContainerPlan plan, @Nullable Path processes) {
        if (processes != null) {
            namespaces.addObject().put("type", "pid").put("path", processes.toString());
        } else if (!plan.host().processes()) {
            namespaces.addObject().put("type", "pid");
        }
        namespaces.addObject().put("type", "mount");
        if (secondVersion) {
            namespaces.addObject().put("type", "cgroup");
        }
        namespaces.addObject().put("type", "network").put("path", plan.network().toString());
        namespaces.addObject().put("type", "ipc").put("path", plan.ipc().toString());
        namespaces.addObject().put("type", "uts").put("path", plan.uts().toString());
        var users = plan.users();
        if (users != null) {
            namespaces.addObject().put("type", "user").put("path", users.namespace().toString());
        }
    }

    private static void mounts(ArrayNode mounts, ContainerPlan plan) {
        var further = plan.mounts();
        var writable = plan.host().privileged() ? "rw" : "ro";
        var taken = further.stream().map(Mount::target).collect(Collectors.toSet());
        usual(mounts, taken, "/proc", "proc", "proc", "nosuid,noexec,nodev");
        usual(mounts, taken, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
        usual(
                mounts,
                taken,
                "/dev/pts",
                "devpts",
                "devpts",
                "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
        usual(
                mounts,
                taken,
                "/dev/shm",
                "tmpfs",
                "shm",
                "nosuid,noexec,nodev,mode=1777,size=65536k");
        usual(mounts, taken, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
        usual(mounts, taken, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev," + writable);
        usual(
                mounts,
                taken,
                "/sys/fs/cgroup",
                "cgroup",
                "cgroup",
                "nosuid,noexec,nodev,relatime," + writable);
        for (var mount : further) {
            var node = mounts.addObject().put("destination", mount.target());
            var options = node.putArray("options");
            if (mount.source().isEmpty()) {
                node.put("type", "tmpfs").put("source", "tmpfs");
                options.add("nosuid").add("nodev");
            } else {
                node.put("type", "bind").put("source", mount.source());
                options.add("rbind")
                        .add(
                                switch (mount.propagation()) {
                                    case "HostToContainer" -> "rslave";
                                    case "Bidirectional" -> "rshared";
                                    default -> "rprivate";
                                });
            }
            options.add(mount.readOnly() ? "ro" : "rw");
            if (mount.inert()) {
                options.add("noexec").add("nosuid").add("nodev");
            }
            var users = plan.users();
            var turned = mount.turned();
            if (turned != null) {
                var first = users == null ? 0 : users.firstId();
                var count = users == null ? TurnedIds.ALL : users.count();
                TurnedIds.write(
                        node.putArray("uidMappings"),
                        turned.uid(),
                        turned.thereUid(),
                        first,
                        count);
                TurnedIds.write(
                        node.putArray("gidMappings"),
                        turned.gid(),
                        turned.thereGid(),
                        first,
                        count);
            } else if (users != null && !mount.source().isEmpty() && !mount.inert()) {
                // Files on disk keep the numbers that the pod knows, whichever range it has. The
                // mapping is said here, and not asked of the container's namespace ("idmap"): crun
                // 1.8 would look at that before the container has joined it. An image is laid out
                // for these users already.
                for (var kind : List.of("uidMappings", "gidMappings")) {
                    node.putArray(kind)
                            .addObject()
                            .put("containerID", 0)
                            .put("hostID", users.firstId())
                            .put("size", users.count());
                }
            }
            if (mount.recursiveReadOnly()) {
                options.add("rro");
            }
        }
    }

    /** The root of the container must let through what one of its mounts lets through. */
    private static Optional<String> propagation(List<Mount> mounts) {
        var kinds = mounts.stream().map(Mount::propagation).collect(Collectors.toSet());
        if (kinds.contains("Bidirectional")) {
            return Optional.of("rshared");
        }
        return kinds.contains("HostToContainer") ? Optional.of("rslave") : Optional.empty();
    }

    private static void usual(
            ArrayNode mounts,
            Collection<String> taken,
            String target,
            String type,
            String source,
            String options) {
        if (!taken.contains(target)) {
            var node =
                    mounts.addObject()
                            .put("destination", target)
                            .put("type", type)
                            .put("source", source);
            strings(node.putArray("options"), List.of(options.split(",", -1)));
        }
    }

    private static void strings(ArrayNode into, Collection<String> texts) {
        texts.forEach(into::add);
    }
}
