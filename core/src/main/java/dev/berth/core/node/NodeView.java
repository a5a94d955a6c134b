package dev.berth.core.node;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * A Node object as a value, with the fields and names of the Kubernetes API.
 *
 * @param name its name
 * @param labels its labels
 * @param annotations its annotations
 * @param taints its taints
 * @param providerId such as {@code aws:///eu-west-1a/…/fargate-172.16.1.241}
 * @param addresses in order: InternalIP, InternalDNS, Hostname
 * @param capacity by resource name, as texts
 * @param allocatable by resource name, as texts
 * @param conditions MemoryPressure, DiskPressure, PIDPressure, Ready
 * @param info its system info
 * @param kubeletPort where its kubelet answers
 * @param images the images it has, the largest first
 */
public record NodeView(
        String name,
        Map<String, String> labels,
        Map<String, String> annotations,
        List<Taint> taints,
        String providerId,
        List<Address> addresses,
        Map<String, String> capacity,
        Map<String, String> allocatable,
        List<NodeCondition> conditions,
        SystemInfo info,
        int kubeletPort,
        List<NodeImage> images) {
    /** Copies the collections. */
    public NodeView {
        labels = Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
        taints = List.copyOf(taints);
        addresses = List.copyOf(addresses);
        capacity = Map.copyOf(capacity);
        allocatable = Map.copyOf(allocatable);
        conditions = List.copyOf(conditions);
        images = List.copyOf(images);
    }

    /** A node that tells of no images. */
    public NodeView(
            String name,
            Map<String, String> labels,
            Map<String, String> annotations,
            List<Taint> taints,
            String providerId,
            List<Address> addresses,
            Map<String, String> capacity,
            Map<String, String> allocatable,
            List<NodeCondition> conditions,
            SystemInfo info,
            int kubeletPort) {
        this(
                name,
                labels,
                annotations,
                taints,
                providerId,
                addresses,
                capacity,
                allocatable,
                conditions,
                info,
                kubeletPort,
                List.of());
    }

    /**
     * An image on a node.
     *
     * @param names by tag and by digest
     * @param sizeBytes its size
     */
    public record NodeImage(List<String> names, long sizeBytes) {
        /** Copies the list. */
        public NodeImage {
            names = List.copyOf(names);
        }
    }

    /**
     * A taint.
     *
     * @param key its key
     * @param value its value
     * @param effect NoSchedule, PreferNoSchedule or NoExecute
     */
    public record Taint(String key, String value, String effect) {}

    /**
     * A node's address.
     *
     * @param type InternalIP, InternalDNS or Hostname
     * @param address the address
     */
    public record Address(String type, String address) {}

    /**
     * A node's condition.
     *
     * @param type such as Ready
     * @param status True, False or Unknown
     * @param reason a code
     * @param message for people
     * @param lastTransition when the status changed
     * @param lastHeartbeat when it was last looked at
     */
    public record NodeCondition(
            String type,
            String status,
            String reason,
            String message,
            Instant lastTransition,
            Instant lastHeartbeat) {}

    /**
     * What a node says of its system.
     *
     * @param osImage such as {@code Amazon Linux 2}
     * @param kernelVersion the kernel
     * @param containerRuntimeVersion such as {@code crun://1.8.1}
     * @param kubeletVersion such as {@code v1.36.3-eks-berth}
     * @param architecture amd64 or arm64
     * @param machineId an id
     * @param systemUuid an id
     * @param bootId an id
     * @param userNamespaces whether pods can have users of their own
     */
    public record SystemInfo(
            String osImage,
            String kernelVersion,
            String containerRuntimeVersion,
            String kubeletVersion,
            String architecture,
            String machineId,
            String systemUuid,
            String bootId,
            boolean userNamespaces) {}
}
