package dev.berth.adapter.kube;

import static dev.berth.adapter.kube.Json.flag;
import static dev.berth.adapter.kube.Json.integer;
import static dev.berth.adapter.kube.Json.list;
import static dev.berth.adapter.kube.Json.number;
import static dev.berth.adapter.kube.Json.text;
import static dev.berth.adapter.kube.Json.textMap;
import static dev.berth.adapter.kube.Json.texts;
import static dev.berth.adapter.kube.Json.time;

import dev.berth.port.KubeApi.Address;
import dev.berth.port.KubeApi.Node;
import dev.berth.port.KubeApi.NodeCondition;
import dev.berth.port.KubeApi.NodeImage;
import dev.berth.port.KubeApi.SystemInfo;
import dev.berth.port.KubeApi.Taint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Nodes between the API and Berth's record, both ways. */
final class NodeTranslation {
    /** What a scheduler or an admission asks a node for, in the order of the alphabet. */
    private static final List<String> FEATURES =
            List.of(
                    "InPlacePodVerticalScalingInitContainers",
                    "RestartAllContainersOnContainerExits");

    /** The runtime classes that a node serves; without a name what is taken when none is said. */
    private static final List<String> HANDLERS = List.of("", "crun", "runc");

    private static final String USER_NAMESPACES = "userNamespaces";

    private NodeTranslation() {}

    /** The object to create; the API server keeps the status of a node that is created with one. */
    static Map<String, Object> whole(Node node) {
        var body = new LinkedHashMap<String, Object>();
        body.put("apiVersion", "v1");
        body.put("kind", "Node");
        body.put("metadata", metadata(node));
        body.put("spec", spec(node));
        body.put("status", status(node));
        return body;
    }

    /** The same without its status, to merge onto one that exists. */
    static Map<String, Object> withoutStatus(Node node) {
        return Map.of("metadata", metadata(node), "spec", spec(node));
    }

    /** What a node that exists takes over when it registers again. */
    static Map<String, Object> onlyMetadata(Node node) {
        return Map.of("metadata", metadata(node));
    }

    /** Only its status, to merge onto one that exists. */
    static Map<String, Object> onlyStatus(Node node) {
        return Map.of("status", status(node));
    }

    private static Map<String, Object> metadata(Node node) {
        return Map.of(
                "name", node.name(), "labels", node.labels(), "annotations", node.annotations());
    }

    private static Map<String, Object> spec(Node node) {
        var spec = new LinkedHashMap<String, Object>();
        if (!node.providerId().isEmpty()) {
            spec.put("providerID", node.providerId());
        }
        spec.put(
                "taints",
                node.taints().stream()
                        .map(taint ->
                                Map.of(
                                        "key",
                                        taint.key(),
                                        "value",
                                        taint.value(),
                                        "effect",
                                        taint.effect()))
                        .toList());
        return spec;
    }

    private static Map<String, Object> status(Node node) {
        var info = node.info();
        var nodeInfo = new LinkedHashMap<String, Object>();
        nodeInfo.put("machineID", info.machineId());
        nodeInfo.put("systemUUID", info.systemUuid());
        nodeInfo.put("bootID", info.bootId());
        nodeInfo.put("kernelVersion", info.kernelVersion());
        nodeInfo.put("osImage", info.osImage());
        nodeInfo.put("containerRuntimeVersion", info.containerRuntimeVersion());
        nodeInfo.put("kubeletVersion", info.kubeletVersion());
        nodeInfo.put("kubeProxyVersion", "");
        nodeInfo.put("operatingSystem", "linux");
        nodeInfo.put("architecture", info.architecture());
        var status = new LinkedHashMap<String, Object>();
        status.put("capacity", node.capacity());
        status.put("allocatable", node.allocatable());
        status.put(
                "conditions", node.conditions().stream().map(NodeTranslation::condition).toList());
        status.put(
                "addresses",
                node.addresses().stream()
                        .map(one -> Map.of("type", one.type(), "address", one.address()))
                        .toList());
        status.put(
                "daemonEndpoints", Map.of("kubeletEndpoint", Map.of("Port", node.kubeletPort())));
        status.put("nodeInfo", nodeInfo);
        status.put("declaredFeatures", FEATURES);
        status.put("features", Map.of("supplementalGroupsPolicy", true));
        status.put(
                "runtimeHandlers",
                HANDLERS.stream()
                        .map(name ->
                                Map.of(
                                        "name",
                                        name,
                                        "features",
                                        Map.of(
                                                "recursiveReadOnlyMounts",
                                                true,
                                                USER_NAMESPACES,
                                                info.userNamespaces())))
                        .toList());
        if (!node.images().isEmpty()) {
            status.put(
                    "images",
                    node.images().stream()
                            .map(one -> Map.of("names", one.names(), "sizeBytes", one.sizeBytes()))
                            .toList());
        }
        return status;
    }

    private static Map<String, String> condition(NodeCondition condition) {
        return Map.of(
                "type",
                condition.type(),
                "status",
                condition.status(),
                "reason",
                condition.reason(),
                "message",
                condition.message(),
                "lastTransitionTime",
                Json.seconds(condition.lastTransition()),
                "lastHeartbeatTime",
                Json.seconds(condition.lastHeartbeat()));
    }

    static Node node(JsonNode object) {
        var metadata = object.path("metadata");
        var status = object.path("status");
        var info = status.path("nodeInfo");
        return new Node(
                text(metadata, "name"),
                textMap(metadata, "labels"),
                textMap(metadata, "annotations"),
                list(
                        object.path("spec"),
                        "taints",
                        taint ->
                                new Taint(
                                        text(taint, "key"),
                                        text(taint, "value"),
                                        text(taint, "effect"))),
                text(object.path("spec"), "providerID"),
                list(
                        status,
                        "addresses",
                        address -> new Address(text(address, "type"), text(address, "address"))),
                textMap(status, "capacity"),
                textMap(status, "allocatable"),
                conditions(status),
                new SystemInfo(
                        text(info, "osImage"),
                        text(info, "kernelVersion"),
                        text(info, "containerRuntimeVersion"),
                        text(info, "kubeletVersion"),
                        text(info, "architecture"),
                        text(info, "machineID"),
                        text(info, "systemUUID"),
                        text(info, "bootID"),
                        flag(
                                status.path("runtimeHandlers").path(0).path("features"),
                                USER_NAMESPACES)),
                integer(status.path("daemonEndpoints").path("kubeletEndpoint"), "Port", 0),
                list(
                        status,
                        "images",
                        image ->
                                new NodeImage(
                                        texts(image, "names"), number(image, "sizeBytes", 0))));
    }

    private static List<NodeCondition> conditions(JsonNode status) {
        return list(
                status,
                "conditions",
                condition ->
                        new NodeCondition(
                                text(condition, "type"),
                                text(condition, "status"),
                                text(condition, "reason"),
                                text(condition, "message"),
                                time(condition, "lastTransitionTime"),
                                time(condition, "lastHeartbeatTime")));
    }
}
