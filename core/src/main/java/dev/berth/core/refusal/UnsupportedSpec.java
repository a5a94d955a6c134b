package dev.berth.core.refusal;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything in a pod that Fargate does not support. Source: eks-fargate §4.2, §4.3, §4.4
 *
 * @param schedulerName null when it is {@code fargate-scheduler}, else the other one's name
 * @param daemonSet whether a DaemonSet owns the pod
 * @param fields out of HostNetwork, HostPID, HostIPC
 * @param securityContexts one entry for each offending container
 * @param volumes one entry for each offending volume
 * @param hostPort whether a port asks for the host's port or address
 * @param claimsOnly whether nothing but claims stands in the way, which may change
 */
public record UnsupportedSpec(
        @Nullable String schedulerName,
        boolean daemonSet,
        List<String> fields,
        List<String> securityContexts,
        List<String> volumes,
        boolean hostPort,
        boolean claimsOnly) {
    /** The only CSI driver whose volumes Fargate mounts. Source: eks-fargate §4.3 (D) */
    public static final String EFS_DRIVER = "efs.csi.aws.com";

    /**
     * The capabilities a container has without asking, so that adding one of them adds nothing. A
     * name with the prefix {@code CAP_} is not recognised. Source: eks-fargate §4.4 (O)
     */
    private static final Set<String> DEFAULT_CAPABILITIES =
            Set.of(
                    "AUDIT_WRITE",
                    "CHOWN",
                    "DAC_OVERRIDE",
                    "FOWNER",
                    "FSETID",
                    "KILL",
                    "MKNOD",
                    "NET_BIND_SERVICE",
                    "NET_RAW",
                    "SETFCAP",
                    "SETGID",
                    "SETPCAP",
                    "SETUID",
                    "SYS_CHROOT");

    /** Copies the collections. */
    public UnsupportedSpec {
        fields = List.copyOf(fields);
        securityContexts = List.copyOf(securityContexts);
        volumes = List.copyOf(volumes);
    }

    /**
     * Looks at a pod.
     *
     * @param claims the claims of the pod's namespace that exist, by name; those that the pod does
     *     not name do not matter
     */
    public static UnsupportedSpec of(Pod pod, Map<String, BoundVolume> claims) {
        var spec = pod.spec();
        var containers =
                Stream.concat(spec.initContainers().stream(), spec.containers().stream()).toList();
        var volumes = new ArrayList<String>();
        var otherVolumes = false;
        for (var volume : spec.volumes()) {
            var problem = problemOf(volume, claims);
            if (problem != null) {
                volumes.add(volume.name() + " " + problem);
                otherVolumes |= !(volume.source() instanceof Volume.Source.Claim);
            }
        }
        var scheduler = spec.schedulerName();
        var daemonSet =
                pod.metadata().owners().stream()
                        .anyMatch(owner -> owner.kind().equals("DaemonSet"));
        var fields = hostFields(spec);
        var security =
                containers.stream()
                        .map(UnsupportedSpec::securityOf)
                        .filter(entry -> !entry.isEmpty())
                        .toList();
        var hostPort =
                containers.stream()
                        .flatMap(container -> container.ports().stream())
                        .anyMatch(UnsupportedSpec::isOnHost);
        var others =
                daemonSet || !fields.isEmpty() || !security.isEmpty() || hostPort || otherVolumes;
        return new UnsupportedSpec(
                scheduler.equals("fargate-scheduler") ? null : scheduler,
                daemonSet,
                fields,
                security,
                volumes,
                hostPort,
                !others && !volumes.isEmpty());
    }

    private static List<String> hostFields(PodSpec spec) {
        var fields = new ArrayList<String>();
        if (spec.hostNetwork()) {
            fields.add("HostNetwork");
        }
        if (spec.hostPid()) {
            fields.add("HostPID");
        }
        if (spec.hostIpc()) {
            fields.add("HostIPC");
        }
        return fields;
    }

    /** One container's entry, joined by comma and space; empty when nothing offends. */
    private static String securityOf(Container container) {
        var security = container.security();
        var parts = new ArrayList<String>();
        if (security.privileged()) {
            parts.add("Privileged");
        }
        if (Boolean.TRUE.equals(security.allowPrivilegeEscalation())) {
            parts.add("AllowPrivilegeEscalation");
        }
        var added =
                security.capabilitiesAdd().stream()
                        .filter(capability -> !DEFAULT_CAPABILITIES.contains(capability))
                        .toList();
        if (!added.isEmpty()) {
            parts.add("Capabilities added: " + String.join(", ", added));
        }
        return String.join(", ", parts);
    }

    private static boolean isOnHost(Container.Port port) {
        var hostIp = port.hostIp();
        return port.hostPort() > 0 || (hostIp != null && !hostIp.isEmpty());
    }

    private static @Nullable String problemOf(Volume volume, Map<String, BoundVolume> claims) {
        return switch (volume.source()) {
            case Volume.Source.EmptyDir _,
                    Volume.Source.ConfigMap _,
                    Volume.Source.Secret _,
                    Volume.Source.DownwardApi _,
                    Volume.Source.Projected _ ->
                    null;
            case Volume.Source.Claim claim ->
                    problemOf(claim.claimName(), claims.get(claim.claimName()));
            case Volume.Source.HostPath _,
                    Volume.Source.Image _,
                    Volume.Source.Token _,
                    Volume.Source.Other _ ->
                    "is of an unsupported volume Type";
        };
    }

    private static @Nullable String problemOf(String claimName, @Nullable BoundVolume bound) {
        if (bound == null) {
            return "not supported because: persistentvolumeclaim \"%s\" not found"
                    .formatted(claimName);
        }
        if (bound.volumeName() == null) {
            return "not supported because: PVC %s not bound".formatted(claimName);
        }
        if (EFS_DRIVER.equals(bound.csiDriver())) {
            return null;
        }
        var invalid =
                "not supported because: PVC %s bound to invalid PV %s"
                        .formatted(claimName, bound.volumeName());
        return bound.csiDriver() == null
                ? invalid
                : invalid + " with CSI Driver: " + bound.csiDriver();
    }

    /** Whether the scheduler has nothing against it; who schedules it does not matter there. */
    public boolean supported() {
        return schedulerParts().isEmpty();
    }

    /**
     * The scheduler's text: {@code Pod not supported on Fargate: } and the parts in its order,
     * fields, security contexts, volumes, ports. Source: eks-fargate §4.2 (O; the place of the
     * DaemonSet and of volumes against ports is our choice)
     */
    public String schedulerText() {
        return "Pod not supported on Fargate: " + String.join(", ", schedulerParts());
    }

    private List<String> schedulerParts() {
        return present(
                daemonSetPart(), fieldsPart(), securityPart(), volumesPart(), hostPortPart());
    }

    /**
     * The kubelet's text for a pod that something else bound to a Fargate node, empty when the
     * kubelet has nothing against it; its order differs. The pod becomes Failed with the reason
     * {@code UnsupportedPodSpec}. Source: eks-fargate §4.2, §4.4 (O)
     */
    public String kubeletText() {
        var parts =
                present(
                        schedulerName == null ? "" : "SchedulerName is not fargate-scheduler",
                        daemonSetPart(),
                        fieldsPart(),
                        volumesPart(),
                        securityPart(),
                        hostPortPart());
        return parts.isEmpty() ? "" : "Pod not supported: " + String.join(", ", parts);
    }

    private String daemonSetPart() {
        return daemonSet ? "DaemonSet not supported" : "";
    }

    private String fieldsPart() {
        return fields.isEmpty() ? "" : "fields not supported: " + String.join(", ", fields);
    }

    private String securityPart() {
        return securityContexts.isEmpty()
                ? ""
                : "invalid SecurityContext fields: " + String.join(",", securityContexts);
    }

    private String volumesPart() {
        return volumes.isEmpty() ? "" : "volumes not supported: " + String.join(", ", volumes);
    }

    private String hostPortPart() {
        return hostPort ? "port contains HostIP or HostPort" : "";
    }

    private static List<String> present(String... parts) {
        return Stream.of(parts).filter(part -> !part.isEmpty()).toList();
    }
}
