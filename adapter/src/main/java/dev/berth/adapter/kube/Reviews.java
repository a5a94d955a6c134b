package dev.berth.adapter.kube;

import dev.berth.core.identity.KubernetesUser;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Asks an API server who somebody is and what they may do. */
final class Reviews {
    private final ApiConnection connection;

    Reviews(ApiConnection connection) {
        this.connection = connection;
    }

    /** Whose token it is. */
    Optional<KubernetesUser> token(String token) {
        var status =
                ask(
                        "/apis/authentication.k8s.io/v1/tokenreviews",
                        "authentication.k8s.io/v1",
                        "TokenReview",
                        Map.of("token", token));
        if (!status.path("authenticated").asBoolean(false)) {
            return Optional.empty();
        }
        var user = status.path("user");
        var extra = new LinkedHashMap<String, List<String>>();
        for (var entry : user.path("extra").properties()) {
            extra.put(entry.getKey(), texts(entry.getValue()));
        }
        return Optional.of(
                new KubernetesUser(
                        Json.text(user, "username"),
                        Json.text(user, "uid", ""),
                        texts(user.path("groups")),
                        extra));
    }

    /** Whether a user may do something with a node. */
    boolean node(KubernetesUser user, String verb, String subresource, String nodeName) {
        return ask(
                        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                        "authorization.k8s.io/v1",
                        "SubjectAccessReview",
                        Map.of(
                                "user",
                                user.username(),
                                "uid",
                                user.uid(),
                                "groups",
                                user.groups(),
                                "extra",
                                user.extra(),
                                "resourceAttributes",
                                Map.of(
                                        "verb",
                                        verb,
                                        "version",
                                        "v1",
                                        "resource",
                                        "nodes",
                                        "subresource",
                                        subresource,
                                        "name",
                                        nodeName)))
                .path("allowed")
                .asBoolean(false);
    }

    private JsonNode ask(String path, String apiVersion, String kind, Map<String, ?> spec) {
        try {
            return connection
                    .tree(
                            connection.post(
                                    path,
                                    Map.of("apiVersion", apiVersion, "kind", kind, "spec", spec)))
                    .path("status");
        } catch (KubeRefused e) {
            throw new KubeUnavailable("POST " + path + ": " + e.getMessage(), e);
        }
    }

    private static List<String> texts(JsonNode list) {
        return list.valueStream().map(JsonNode::asString).toList();
    }
}
