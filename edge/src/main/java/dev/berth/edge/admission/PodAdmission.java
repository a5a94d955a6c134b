package dev.berth.edge.admission;

import dev.berth.core.admission.Admission;
import dev.berth.core.admission.CreatedPod;
import dev.berth.core.admission.PatchOperation;
import dev.berth.core.admission.PatchOperation.Value;
import dev.berth.engine.profiles.ProfileView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Answers reviews of {@code admission.k8s.io/v1}: every pod is allowed, and a pod that a profile
 * claims is patched. Anything but the creation of a pod is allowed as it is. Holds no state; any
 * number of threads may ask at once.
 */
public final class PodAdmission {
    private static final Logger LOG = LoggerFactory.getLogger(PodAdmission.class);
    private static final String VERSION = "admission.k8s.io/v1";

    private final ProfileView profiles;
    private final JsonMapper json = JsonMapper.shared();

    /** Asks these profiles. */
    public PodAdmission(ProfileView profiles) {
        this.profiles = profiles;
    }

    /**
     * Answers one review.
     *
     * @param clusterName whose API server asks
     * @param body a JSON AdmissionReview with a request
     * @return a JSON AdmissionReview with the response
     * @throws IllegalArgumentException when the body is no such review; the answer is HTTP 400
     */
    public byte[] review(String clusterName, byte[] body) {
        var request = requestOf(body);
        var uid = text(request, "uid");
        if (uid == null || uid.isEmpty()) {
            throw new IllegalArgumentException("request.uid is missing");
        }
        var created = createdPod(request);
        return created == null
                ? answer(uid, List.of())
                : answer(uid, patch(clusterName, created, request.path("object")));
    }

    private JsonNode requestOf(byte[] body) {
        JsonNode review;
        try {
            review = json.readTree(body);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
        if (!VERSION.equals(text(review, "apiVersion"))
                || !"AdmissionReview".equals(text(review, "kind"))) {
            throw new IllegalArgumentException("not an AdmissionReview of " + VERSION);
        }
        var request = review.path("request");
        if (!request.isObject()) {
            throw new IllegalArgumentException("request is missing");
        }
        return request;
    }

    /** The pod to decide about, or null when this is not the creation of a pod. */
    private static @Nullable CreatedPod createdPod(JsonNode request) {
        var subresource = text(request, "subResource");
        if (!"CREATE".equals(text(request, "operation"))
                || !"pods".equals(text(request.path("resource"), "resource"))
                || (subresource != null && !subresource.isEmpty())) {
            return null;
        }
        var namespace = text(request, "namespace");
        var pod = request.path("object");
        if (namespace == null || !pod.path("metadata").isObject() || !pod.path("spec").isObject()) {
            throw new IllegalArgumentException("the review of a pod without namespace or object");
        }
        var spec = pod.path("spec");
        var annotations = texts(pod.path("metadata"), "annotations");
        return new CreatedPod(
                namespace,
                texts(pod.path("metadata"), "labels"),
                annotations == null ? Map.of() : annotations,
                text(spec, "schedulerName"),
                text(spec, "nodeName"),
                text(spec, "priorityClassName"),
                number(spec, "priority"),
                text(spec, "preemptionPolicy"));
    }

    private List<PatchOperation> patch(String clusterName, CreatedPod created, JsonNode pod) {
        return switch (Admission.decide(created, profiles.active(clusterName))) {
            case Admission.Untouched(var reason) -> {
                LOG.debug(
                        "pod left alone cluster={} namespace={} reason={}",
                        clusterName,
                        created.namespace(),
                        reason);
                yield List.of();
            }
            case Admission.Claimed(var profileName, var patch) -> {
                LOG.debug(
                        "pod claimed cluster={} namespace={} pod={} profile={}",
                        clusterName,
                        created.namespace(),
                        text(pod.path("metadata"), "name"),
                        profileName);
                yield patch;
            }
        };
    }

    private byte[] answer(String uid, List<PatchOperation> patch) {
        var review = json.createObjectNode();
        review.put("apiVersion", VERSION).put("kind", "AdmissionReview");
        var response = review.putObject("response");
        response.put("uid", uid).put("allowed", true);
        if (!patch.isEmpty()) {
            response.put("patchType", "JSONPatch").put("patch", patchBytes(patch));
        }
        return json.writeValueAsBytes(review);
    }

    private byte[] patchBytes(List<PatchOperation> patch) {
        var operations = json.createArrayNode();
        for (var operation : patch) {
            var node = operations.addObject();
            node.put("op", "add").put("path", operation.pointer());
            switch (operation.value()) {
                case Value.Text(var text) -> node.put("value", text);
                case Value.Number(var number) -> node.put("value", number);
                case Value.Texts(var members) -> members.forEach(node.putObject("value")::put);
            }
        }
        return json.writeValueAsBytes(operations);
    }

    private static @Nullable String text(JsonNode object, String member) {
        var value = object.path(member);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isString()) {
            throw new IllegalArgumentException(member + " is not a text");
        }
        return value.stringValue();
    }

    private static @Nullable Integer number(JsonNode object, String member) {
        var value = object.path(member);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isInt()) {
            throw new IllegalArgumentException(member + " is not a whole number");
        }
        return value.intValue();
    }

    private static @Nullable Map<String, String> texts(JsonNode object, String member) {
        var value = object.path(member);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isObject()) {
            throw new IllegalArgumentException(member + " is not a map");
        }
        var texts = new HashMap<String, String>();
        for (var name : value.propertyNames()) {
            var text = text(value, name);
            texts.put(name, text == null ? "" : text);
        }
        return texts;
    }
}
