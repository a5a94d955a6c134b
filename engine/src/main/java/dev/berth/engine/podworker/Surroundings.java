package dev.berth.engine.podworker;

import dev.berth.core.node.FargateNode;
import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.pod.Pod;
import dev.berth.core.size.Sizing;
import dev.berth.engine.Busy;
import dev.berth.engine.Timeline;
import dev.berth.port.ContainerRuntime.Container;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.Event;
import org.jspecify.annotations.Nullable;

/** What the workers of one cluster have in common. */
record Surroundings(
        KubeApi api,
        Machine machine,
        PodSettings settings,
        EventSender events,
        Timeline timeline,
        Busy busy,
        PullTurns pullTurns,
        Claims claims,
        PodNodes nodes,
        StartCounts starts) {
    /** Who hears of the ends of which containers. */
    interface Claims {
        /** Ends of this container go to this box from now on. */
        void claim(String containerId, PodMailbox box);

        /** Nobody wants to hear of this container any more. */
        void release(String containerId);
    }

    /** What the machine had of a pod when its worker began. */
    record Found(java.util.List<Container> containers) {}

    /** Tells an event about a pod or one of its containers. */
    void event(
            Pod pod, @Nullable String fieldPath, boolean warning, String reason, String message) {
        events.send(
                new Event(
                        pod.key(),
                        pod.uid(),
                        fieldPath,
                        warning,
                        reason,
                        message,
                        "kubelet",
                        pod.spec().nodeName(),
                        machine.time().now()));
    }

    /** Where a container stands in its pod's spec: {@code spec.containers{nginx}}. */
    static String fieldPath(Pod pod, String container) {
        return (named(pod.spec().initContainers(), container)
                        ? "spec.initContainers{"
                        : named(pod.spec().ephemeralContainers(), container)
                                ? "spec.ephemeralContainers{"
                                : "spec.containers{")
                + container
                + "}";
    }

    private static boolean named(java.util.List<dev.berth.core.pod.Container> some, String name) {
        return some.stream().anyMatch(one -> one.name().equals(name));
    }

    /** What a pod can use of its node's disk. */
    static long storageBytes(PodPlace node, Pod pod) {
        return switch (node) {
            case SharedPlace shared -> shared.ephemeralStorageBytes();
            case PlacedNode _ -> fargateStorageBytes(pod);
        };
    }

    private static long fargateStorageBytes(Pod pod) {
        return FargateNode.usableStorageBytes(
                Sizing.of(pod.spec()) instanceof Sizing.Provisioned(var _, var gibibytes)
                        ? gibibytes
                        : Sizing.DEFAULT_STORAGE_GIBIBYTES);
    }

    /** The most of a node that its pod may use. */
    static long memoryBytes(PodPlace node) {
        return ((long) node.memoryMebibytes()) << 20;
    }
}
