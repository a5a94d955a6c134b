package dev.berth.adapter.net;

import dev.berth.core.network.ServiceLead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What has been written of ways to Services, so that nothing is written twice. A namespace is known
 * by its file and the number of what that stands for: a node that comes again has another. Callers
 * hold the VPC's lock.
 */
final class WrittenServices {
    private final Map<String, Map<Path, Written>> byCluster = new ConcurrentHashMap<>();

    /** A script, and the namespace it was run in. */
    private record Written(String script, Object namespace) {}

    /**
     * Writes what differs.
     *
     * @param services the namespace of the cluster's Services
     * @param nodes namespaces by address; the nodes' among them
     */
    void write(String cluster, Path services, List<ServiceLead> leads, Map<String, Path> nodes)
            throws IOException {
        var wanted = new HashMap<Path, String>();
        wanted.put(services, ServiceRules.ofServices(leads));
        var missing = new ArrayList<String>();
        var byNode = new HashMap<String, List<ServiceLead>>();
        for (var lead : leads) {
            if (lead.from().isEmpty()) {
                byNode.computeIfAbsent(lead.to(), _ -> new ArrayList<>()).add(lead);
            }
        }
        byNode.forEach((address, own) -> {
            var namespace = nodes.get(address);
            if (namespace == null) {
                missing.add(address);
            } else {
                wanted.put(namespace, ServiceRules.ofNode(own));
            }
        });
        var written = byCluster.computeIfAbsent(cluster, _ -> new HashMap<>());
        for (var before : List.copyOf(written.keySet())) {
            if (!wanted.containsKey(before)) {
                if (nodes.containsValue(before)) {
                    Nft.run(before, ServiceRules.ofNode(List.of()));
                }
                written.remove(before);
            }
        }
        for (var entry : wanted.entrySet()) {
            var now = new Written(entry.getValue(), number(entry.getKey()));
            if (!now.equals(written.get(entry.getKey()))) {
                Nft.run(entry.getKey(), entry.getValue());
                written.put(entry.getKey(), now);
            }
        }
        if (!missing.isEmpty()) {
            throw new IOException("no network yet at " + missing);
        }
    }

    private static Object number(Path namespace) throws IOException {
        return Files.getAttribute(namespace, "unix:ino");
    }
}
