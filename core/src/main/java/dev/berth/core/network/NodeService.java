package dev.berth.core.network;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A Service for which it matters on which node one asks or whom: it has ports at the nodes'
 * addresses, or leads only to pods of the asker's node.
 *
 * @param namespace its namespace
 * @param name its name
 * @param addresses its cluster IPs, IPv4
 * @param internalLocal whether its cluster IPs lead to the asker's node only ({@code
 *     internalTrafficPolicy: Local})
 * @param externalLocal whether its node ports lead to that node only ({@code externalTrafficPolicy:
 *     Local})
 * @param ports its ports
 */
public record NodeService(
        String namespace,
        String name,
        List<String> addresses,
        boolean internalLocal,
        boolean externalLocal,
        List<Port> ports) {
    /** Copies the lists. */
    public NodeService {
        addresses = List.copyOf(addresses);
        ports = List.copyOf(ports);
    }

    /**
     * A port.
     *
     * @param protocol TCP, UDP or SCTP
     * @param port at the cluster IPs
     * @param nodePort at the nodes' addresses, or 0 for none
     * @param endpoints who answers now
     */
    public record Port(String protocol, int port, int nodePort, List<Endpoint> endpoints) {
        /** Copies the list. */
        public Port {
            endpoints = List.copyOf(endpoints);
        }
    }

    /**
     * A pod that answers.
     *
     * @param address its IPv4 address
     * @param port 1 to 65535
     * @param nodeName where it is, or null for nowhere in the cluster
     */
    public record Endpoint(String address, int port, @Nullable String nodeName) {}
}
