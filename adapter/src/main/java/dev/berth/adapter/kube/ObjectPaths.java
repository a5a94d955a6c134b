package dev.berth.adapter.kube;

import dev.berth.port.KubeApi.KubeRefused;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;

/** Where an object of any kind lives, as the API server's discovery tells. */
final class ObjectPaths {
    private final ApiConnection connection;
    private final Map<String, Resource> known = new ConcurrentHashMap<>();

    ObjectPaths(ApiConnection connection) {
        this.connection = connection;
    }

    private record Resource(String plural, boolean namespaced) {}

    /** The path of an object; one without a namespace goes to {@code default}. */
    String path(JsonNode object) throws KubeRefused {
        var apiVersion = Json.text(object, "apiVersion");
        var kind = Json.text(object, "kind");
        var metadata = object.path("metadata");
        var name = Json.text(metadata, "name");
        if (apiVersion.isEmpty() || kind.isEmpty() || name.isEmpty()) {
            throw new KubeRefused(
                    400, "an object needs apiVersion, kind and metadata.name: " + object);
        }
        var root = apiVersion.contains("/") ? "/apis/" + apiVersion : "/api/" + apiVersion;
        var resource = resource(root, kind);
        var namespace =
                resource.namespaced()
                        ? "/namespaces/" + Json.text(metadata, "namespace", "default")
                        : "";
        return root + namespace + "/" + resource.plural() + "/" + ApiConnection.escaped(name);
    }

    private Resource resource(String root, String kind) throws KubeRefused {
        var key = root + " " + kind;
        var resource = known.get(key);
        if (resource == null) {
            // A definition may have come since; what is known stays known.
            discover(root);
            resource = known.get(key);
        }
        if (resource == null) {
            throw new KubeRefused(404, "the server knows no " + kind + " in " + root);
        }
        return resource;
    }

    private void discover(String root) {
        for (var one : connection.get(root).map(list -> list.path("resources")).stream().toList()) {
            for (var resource : one) {
                var plural = Json.text(resource, "name");
                if (!plural.contains("/")) {
                    known.put(
                            root + " " + Json.text(resource, "kind"),
                            new Resource(plural, Json.flag(resource, "namespaced")));
                }
            }
        }
    }
}
