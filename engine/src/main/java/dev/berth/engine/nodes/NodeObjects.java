package dev.berth.engine.nodes;

import dev.berth.core.node.NodeView;
import dev.berth.port.KubeApi;

/** Nodes between the core's value and the port's. */
final class NodeObjects {
    private NodeObjects() {}

    static KubeApi.Node toPort(NodeView node) {
        var info = node.info();
        return new KubeApi.Node(
                node.name(),
                node.labels(),
                node.annotations(),
                node.taints().stream()
                        .map(one -> new KubeApi.Taint(one.key(), one.value(), one.effect()))
                        .toList(),
                node.providerId(),
                node.addresses().stream()
                        .map(one -> new KubeApi.Address(one.type(), one.address()))
                        .toList(),
                node.capacity(),
                node.allocatable(),
                node.conditions().stream()
                        .map(one ->
                                new KubeApi.NodeCondition(
                                        one.type(),
                                        one.status(),
                                        one.reason(),
                                        one.message(),
                                        one.lastTransition(),
                                        one.lastHeartbeat()))
                        .toList(),
                new KubeApi.SystemInfo(
                        info.osImage(),
                        info.kernelVersion(),
                        info.containerRuntimeVersion(),
                        info.kubeletVersion(),
                        info.architecture(),
                        info.machineId(),
                        info.systemUuid(),
                        info.bootId(),
                        info.userNamespaces()),
                node.kubeletPort(),
                node.images().stream()
                        .map(one -> new KubeApi.NodeImage(one.names(), one.sizeBytes()))
                        .toList());
    }

    static NodeView toCore(KubeApi.Node node) {
        var info = node.info();
        return new NodeView(
                node.name(),
                node.labels(),
                node.annotations(),
                node.taints().stream()
                        .map(one -> new NodeView.Taint(one.key(), one.value(), one.effect()))
                        .toList(),
                node.providerId(),
                node.addresses().stream()
                        .map(one -> new NodeView.Address(one.type(), one.address()))
                        .toList(),
                node.capacity(),
                node.allocatable(),
                node.conditions().stream()
                        .map(one ->
                                new NodeView.NodeCondition(
                                        one.type(),
                                        one.status(),
                                        one.reason(),
                                        one.message(),
                                        one.lastTransition(),
                                        one.lastHeartbeat()))
                        .toList(),
                new NodeView.SystemInfo(
                        info.osImage(),
                        info.kernelVersion(),
                        info.containerRuntimeVersion(),
                        info.kubeletVersion(),
                        info.architecture(),
                        info.machineId(),
                        info.systemUuid(),
                        info.bootId(),
                        info.userNamespaces()),
                node.kubeletPort(),
                node.images().stream()
                        .map(one -> new NodeView.NodeImage(one.names(), one.sizeBytes()))
                        .toList());
    }
}
