package dev.berth.core.network;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * An address and port that lead to pods, for some askers or for all, by even chance.
 *
 * @param from the askers' addresses, sorted; empty for everybody
 * @param to the address that is asked
 * @param protocol TCP, UDP or SCTP
 * @param port the port that is asked
 * @param targets who answers; empty when nobody does
 * @param asNode whether those see the asked address as their client
 * @param refuse whether an asker is told at once that nobody answers, or hears nothing
 */
public record ServiceLead(
        List<String> from,
        String to,
        String protocol,
        int port,
        List<Target> targets,
        boolean asNode,
        boolean refuse) {
    /** Copies the lists. */
    public ServiceLead {
        from = List.copyOf(from);
        targets = List.copyOf(targets);
    }

    /**
     * Who answers.
     *
     * @param address IPv4
     * @param port 1 to 65535
     */
    public record Target(String address, int port) {}

    /**
     * What kube-proxy on every node would do, which one for a whole VPC does not: cluster IPs that
     * lead to the asker's own node, and ports at the addresses of ordinary nodes. A Fargate node is
     * its one pod, so there such an address leads a pod to itself or nowhere; and it has no node
     * ports. Source: eks-fargate, limits (D): NodePort unusable on Fargate.
     *
     * @param services those that need it
     * @param nodes the addresses of the ordinary nodes, by name
     * @param pods the addresses of the pods on each of them, by the node's name
     */
    public static List<ServiceLead> of(
            Collection<NodeService> services,
            Map<String, String> nodes,
            Map<String, ? extends Collection<String>> pods) {
        var leads = new ArrayList<ServiceLead>();
        for (var service : services) {
            for (var port : service.ports()) {
                if (service.internalLocal()) {
                    inside(service, port, nodes, pods, leads);
                }
                if (port.nodePort() != 0) {
                    outside(service, port, nodes, leads);
                }
            }
        }
        return List.copyOf(leads);
    }

    /** For each node with endpoints: all who ask from there reach those. */
    private static void inside(
            NodeService service,
            NodeService.Port port,
            Map<String, String> nodes,
            Map<String, ? extends Collection<String>> pods,
            List<ServiceLead> leads) {
        var byNode = new LinkedHashMap<String, List<NodeService.Endpoint>>();
        for (var endpoint : port.endpoints()) {
            var name = endpoint.nodeName();
            if (name != null) {
                byNode.computeIfAbsent(name, _ -> new ArrayList<>()).add(endpoint);
            }
        }
        byNode.forEach((name, endpoints) -> {
            var from = new TreeSet<String>();
            endpoints.forEach(endpoint -> from.add(endpoint.address()));
            var node = nodes.get(name);
            if (node != null) {
                from.add(node);
                from.addAll(pods.containsKey(name) ? pods.get(name) : Set.of());
            }
            for (var address : service.addresses()) {
                leads.add(
                        new ServiceLead(
                                List.copyOf(from),
                                address,
                                port.protocol(),
                                port.port(),
                                targets(endpoints),
                                false,
                                false));
            }
        });
    }

    private static void outside(
            NodeService service,
            NodeService.Port port,
            Map<String, String> nodes,
            List<ServiceLead> leads) {
        nodes.forEach((name, address) -> {
            var endpoints =
                    service.externalLocal()
                            ? port.endpoints().stream()
                                    .filter(endpoint -> name.equals(endpoint.nodeName()))
                                    .toList()
                            : port.endpoints();
            leads.add(
                    new ServiceLead(
                            List.of(),
                            address,
                            port.protocol(),
                            port.nodePort(),
                            targets(endpoints),
                            !service.externalLocal(),
                            port.endpoints().isEmpty()));
        });
    }

    private static List<Target> targets(List<NodeService.Endpoint> endpoints) {
        return endpoints.stream()
                .map(endpoint -> new Target(endpoint.address(), endpoint.port()))
                .sorted(Comparator.comparing(Target::address).thenComparingInt(Target::port))
                .distinct()
                .toList();
    }
}
