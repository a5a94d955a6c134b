package dev.berth.adapter.kube;

import dev.berth.core.network.NodeService;
import dev.berth.port.Subscription;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * The Services for which the node matters, with who answers them. EndpointSlices are read from the
 * first such Service on: most clusters have none.
 */
final class NodeServices implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeServices.class);

    /** Which Service a slice belongs to. */
    private static final String OWNER = "kubernetes.io/service-name";

    private final ListWatch services;
    private final ListWatch slices;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final Map<String, JsonNode> known = new TreeMap<>();
    private final Map<String, JsonNode> answering = new TreeMap<>();
    private boolean slicesListed;
    private @Nullable Consumer<List<NodeService>> listener;

    NodeServices(ApiConnection connection) {
        services =
                new ListWatch(
                        connection, "/api/v1/services", ApiConnection.Form.WHOLE, new Services());
        slices =
                new ListWatch(
                        connection,
                        "/apis/discovery.k8s.io/v1/endpointslices",
                        ApiConnection.Form.WHOLE,
                        new Slices());
    }

    /** Tells all of them, now and after each change. One listener. */
    Subscription follow(Consumer<List<NodeService>> follower) {
        lock.lock();
        try {
            listener = follower;
        } finally {
            lock.unlock();
        }
        services.start();
        return () -> {
            lock.lock();
            try {
                listener = null;
            } finally {
                lock.unlock();
            }
        };
    }

    private final class Services implements ListWatch.Reader {
        @Override
        public void listed(JsonNode items) {
            change(() -> {
                known.clear();
                items.forEach(this::note);
            });
        }

        @Override
        public void present(JsonNode object) {
            change(() -> note(object));
        }

        @Override
        public void gone(JsonNode object) {
            change(() -> known.remove(name(object)));
        }

        private void note(JsonNode object) {
            if (needed(object.path("spec"))) {
                known.put(name(object), object);
            } else {
                known.remove(name(object));
            }
        }
    }

    private final class Slices implements ListWatch.Reader {
        @Override
        public void listed(JsonNode items) {
            change(() -> {
                answering.clear();
                items.forEach(item -> answering.put(name(item), item));
                slicesListed = true;
            });
        }

        @Override
        public void present(JsonNode object) {
            change(() -> answering.put(name(object), object));
        }

        @Override
        public void gone(JsonNode object) {
            change(() -> answering.remove(name(object)));
        }
    }

    private static String name(JsonNode object) {
        var metadata = object.path("metadata");
        return Json.text(metadata, "namespace") + "/" + Json.text(metadata, "name");
    }

    private static boolean needed(JsonNode spec) {
        return Json.text(spec, "internalTrafficPolicy").equals("Local")
                || Json.text(spec, "type").equals("NodePort")
                || Json.text(spec, "type").equals("LoadBalancer");
    }

    /** Also before anybody needs it, an empty list is told: an earlier life may have left rules. */
    private void change(Runnable step) {
        lock.lock();
        try {
            step.run();
            if (!known.isEmpty() && !slicesListed) {
                slices.start();
                return;
            }
            var told = listener;
            if (told != null) {
                told.accept(all());
            }
        } catch (RuntimeException e) {
            LOG.error("a listener of Services failed", e);
        } finally {
            lock.unlock();
        }
    }

    private List<NodeService> all() {
        var byOwner = new HashMap<String, List<JsonNode>>();
        for (var slice : answering.values()) {
            var metadata = slice.path("metadata");
            var owner =
                    Json.text(metadata, "namespace")
                            + "/"
                            + Json.text(metadata.path("labels"), OWNER);
            byOwner.computeIfAbsent(owner, _ -> new ArrayList<>()).add(slice);
        }
        return known.entrySet().stream()
                .map(entry ->
                        service(entry.getValue(), byOwner.getOrDefault(entry.getKey(), List.of())))
                .toList();
    }

    private static NodeService service(JsonNode object, List<JsonNode> slices) {
        var spec = object.path("spec");
        return new NodeService(
                Json.text(object.path("metadata"), "namespace"),
                Json.text(object.path("metadata"), "name"),
                Json.texts(spec, "clusterIPs").stream().filter(ip -> ip.contains(".")).toList(),
                Json.text(spec, "internalTrafficPolicy").equals("Local"),
                Json.text(spec, "externalTrafficPolicy").equals("Local"),
                Json.list(
                        spec,
                        "ports",
                        port ->
                                new NodeService.Port(
                                        Json.text(port, "protocol", "TCP"),
                                        Json.integer(port, "port", 0),
                                        Json.integer(port, "nodePort", 0),
                                        endpoints(Json.text(port, "name"), slices))));
    }

    /** Ready ones; those that end and still serve only while there are no others. */
    private static List<NodeService.Endpoint> endpoints(String portName, List<JsonNode> slices) {
        var ready = new ArrayList<NodeService.Endpoint>();
        var serving = new ArrayList<NodeService.Endpoint>();
        for (var slice : slices) {
            for (var port : slice.path("ports")) {
                if (Json.text(slice, "addressType").equals("IPv4")
                        && Json.text(port, "name").equals(portName)) {
                    for (var endpoint : slice.path("endpoints")) {
                        var conditions = endpoint.path("conditions");
                        var answer =
                                new NodeService.Endpoint(
                                        endpoint.path("addresses").path(0).asString(""),
                                        Json.integer(port, "port", 0),
                                        Json.textOrNull(endpoint, "nodeName"));
                        if (conditions.path("ready").asBoolean(true)) {
                            ready.add(answer);
                        } else if (conditions.path("serving").asBoolean(false)) {
                            serving.add(answer);
                        }
                    }
                }
            }
        }
        return ready.isEmpty() ? serving : ready;
    }

    @Override
    public void close() {
        services.close();
        slices.close();
    }
}
