package dev.berth.core.tenancy;

import dev.berth.core.pod.Container.Port;
import dev.berth.core.pod.PodSpec;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/** The ports of its node that a pod takes. */
public final class HostPorts {
    private static final String EVERYWHERE = "0.0.0.0";

    private HostPorts() {}

    /**
     * One such port.
     *
     * @param address of the node, 0.0.0.0 for all
     * @param protocol TCP, UDP or SCTP
     * @param port 1 to 65535
     */
    public record HostPort(String address, String protocol, int port) {
        /** Whether both cannot be had: an address that stands for all is in everybody's way. */
        boolean clashes(HostPort other) {
            return port == other.port
                    && protocol.equals(other.protocol)
                    && (address.equals(other.address)
                            || address.equals(EVERYWHERE)
                            || other.address.equals(EVERYWHERE));
        }
    }

    /**
     * A port of the node that leads to one of a pod.
     *
     * @param host the node's
     * @param containerPort the pod's
     */
    public record Mapping(HostPort host, int containerPort) {}

    /** What a pod takes, of containers and sidecars. */
    public static Set<HostPort> of(PodSpec spec) {
        var ports = new HashSet<HostPort>();
        declared(spec).forEach(port -> ports.add(hostPort(port)));
        return ports;
    }

    /** What leads to a pod: nothing with the node's network, where it listens itself. */
    public static Set<Mapping> mappings(PodSpec spec) {
        var mappings = new HashSet<Mapping>();
        if (!spec.hostNetwork()) {
            declared(spec)
                    .forEach(port ->
                            mappings.add(new Mapping(hostPort(port), port.containerPort())));
        }
        return mappings;
    }

    private static Stream<Port> declared(PodSpec spec) {
        return Stream.concat(
                        spec.containers().stream(),
                        spec.initContainers().stream().filter(init -> init.sidecar()))
                .flatMap(container -> container.ports().stream())
                .filter(port -> port.hostPort() > 0);
    }

    private static HostPort hostPort(Port port) {
        var address = port.hostIp();
        return new HostPort(
                address == null || address.isEmpty() ? EVERYWHERE : address,
                port.protocol().isEmpty() ? "TCP" : port.protocol(),
                port.hostPort());
    }
}
