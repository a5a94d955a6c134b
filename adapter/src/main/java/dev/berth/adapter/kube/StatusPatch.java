package dev.berth.adapter.kube;

import dev.berth.core.pod.PodResize;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatus.Condition;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.core.unit.Quantity;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pod's status as a strategic merge patch that needs no look at what is there. Conditions merge
 * by their type, so those of others stay; those of the node that are not wished for any more are
 * named to be deleted. Everything else is replaced, and what is not said is taken away.
 */
final class StatusPatch {
    /** Conditions that only a node writes; the scheduler's and readiness gates' are not here. */
    private static final Set<String> OF_THE_NODE =
            Set.of(
                    "PodReadyToStartContainers",
                    "Initialized",
                    "ContainersReady",
                    "Ready",
                    PodResize.PENDING,
                    PodResize.IN_PROGRESS);

    /** Ends that nobody saw: a kubelet tells no times of them. */
    private static final Set<String> UNSEEN =
            Set.of("ContainerStatusUnknown", "RestartingAllContainers");

    private StatusPatch() {}

    /** The whole status; the uid makes the server refuse it for a successor of the same name. */
    static Map<String, Object> of(String uid, PodStatus status) {
        var body = new LinkedHashMap<String, Object>();
        if (status.observedGeneration() > 0) {
            body.put("observedGeneration", status.observedGeneration());
        }
        body.put("phase", status.phase().text());
        body.put("conditions", conditions(status));
        body.put("reason", status.reason());
        body.put("message", status.message());
        body.put("hostIP", status.hostIp());
        body.put("hostIPs", ips(status.hostIp()));
        body.put("podIP", status.podIp());
        body.put("podIPs", ips(status.podIp()));
        if (status.startTime() != null) {
            body.put("startTime", Json.seconds(status.startTime()));
        }
        body.put("initContainerStatuses", containers(status.initContainers()));
        body.put("containerStatuses", containers(status.containers()));
        body.put("ephemeralContainerStatuses", containers(status.ephemeralContainers()));
        if (status.qosClass() != null) {
            body.put("qosClass", status.qosClass());
        }
        return Map.of("metadata", Map.of("uid", uid), "status", body);
    }

    /** One condition and nothing else. */
    static Map<String, Object> of(String uid, Condition condition) {
        return Map.of(
                "metadata",
                Map.of("uid", uid),
                "status",
                Map.of("conditions", List.of(condition(condition))));
    }

    private static List<Map<String, ?>> conditions(PodStatus status) {
        var conditions = new ArrayList<Map<String, ?>>();
        var unwished = new HashSet<>(OF_THE_NODE);
        for (var condition : status.conditions()) {
            conditions.add(condition(condition));
            unwished.remove(condition.type());
        }
        for (var type : unwished) {
            conditions.add(Map.of("$patch", "delete", "type", type));
        }
        return conditions;
    }

    private static Map<String, Object> condition(Condition condition) {
        var body = new LinkedHashMap<String, Object>();
        body.put("type", condition.type());
        body.put("status", condition.status());
        body.put("reason", condition.reason());
        body.put("message", condition.message());
        body.put("lastTransitionTime", Json.seconds(condition.lastTransition()));
        if (condition.observedGeneration() > 0) {
            body.put("observedGeneration", condition.observedGeneration());
        }
        return body;
    }

    /** These lists merge by address, so that an old one would stay if it were not for this mark. */
    private static List<Map<String, String>> ips(@Nullable String ip) {
        var replacing = Map.of("$patch", "replace");
        return ip == null ? List.of(replacing) : List.of(replacing, Map.of("ip", ip));
    }

    private static @Nullable List<Map<String, Object>> containers(List<ContainerStatus> statuses) {
        return statuses.isEmpty() ? null : statuses.stream().map(StatusPatch::container).toList();
    }

    private static Map<String, Object> container(ContainerStatus status) {
        var body = new LinkedHashMap<String, Object>();
        body.put("name", status.name());
        body.put("state", state(status.state()));
        body.put("lastState", status.lastState() == null ? Map.of() : state(status.lastState()));
        body.put("ready", status.ready());
        body.put("restartCount", status.restartCount());
        body.put("image", status.image());
        body.put("imageID", status.imageId());
        putUnlessNull(body, "containerID", status.containerId());
        putUnlessNull(body, "started", status.started());
        var sizes = status.sizes();
        if (sizes != null) {
            var resources = new LinkedHashMap<String, Object>();
            putUnlessEmpty(resources, "limits", sizes.actual().limits());
            putUnlessEmpty(resources, "requests", sizes.actual().requests());
            // Without it the API server takes the node for one that cannot resize.
            body.put("resources", resources);
            putUnlessEmpty(body, "allocatedResources", sizes.allocated());
        }
        var user = status.user();
        if (user != null) {
            body.put(
                    "user",
                    Map.of(
                            "linux",
                            Map.of(
                                    "uid",
                                    user.uid(),
                                    "gid",
                                    user.gid(),
                                    "supplementalGroups",
                                    user.allGroups())));
        }
        if (!status.mounts().isEmpty()) {
            body.put("volumeMounts", status.mounts().stream().map(StatusPatch::mount).toList());
        }
        return body;
    }

    private static Map<String, Object> mount(PodStatus.MountStatus mount) {
        var body = new LinkedHashMap<String, Object>();
        body.put("name", mount.volume());
        body.put("mountPath", mount.path());
        if (mount.readOnly()) {
            body.put("readOnly", true);
        }
        var recursive = mount.recursiveReadOnly();
        if (recursive != null) {
            body.put("recursiveReadOnly", recursive ? "Enabled" : "Disabled");
        }
        return body;
    }

    private static Map<String, Object> state(ContainerState state) {
        var body = new LinkedHashMap<String, Object>();
        return switch (state) {
            case ContainerState.Waiting(var reason, var message) -> {
                body.put("reason", reason);
                putUnlessNull(body, "message", message);
                yield Map.of("waiting", body);
            }
            case ContainerState.Running(var startedAt) ->
                    Map.of("running", Map.of("startedAt", Json.seconds(startedAt)));
            case ContainerState.Terminated ended -> {
                body.put("exitCode", ended.exitCode());
                if (ended.signal() != 0) {
                    body.put("signal", ended.signal());
                }
                body.put("reason", ended.reason());
                putUnlessNull(body, "message", ended.message());
                if (!UNSEEN.contains(ended.reason())) {
                    body.put("startedAt", Json.seconds(ended.startedAt()));
                    body.put("finishedAt", Json.seconds(ended.finishedAt()));
                }
                putUnlessNull(body, "containerID", ended.containerId());
                yield Map.of("terminated", body);
            }
        };
    }

    private static void putUnlessEmpty(
            Map<String, Object> body, String field, Map<String, Quantity> amounts) {
        if (!amounts.isEmpty()) {
            var texts = new LinkedHashMap<String, String>();
            amounts.forEach((name, amount) -> texts.put(name, PodResize.text(name, amount)));
            body.put(field, texts);
        }
    }

    private static void putUnlessNull(
            Map<String, Object> body, String field, @Nullable Object value) {
        if (value != null) {
            body.put(field, value);
        }
    }
}
