package dev.berth.core.admission;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the webhook looks at of a pod that is being created. Null is "not there", which matters for
 * the patch.
 *
 * @param namespace the request's namespace; the pod's own may still be empty
 * @param labels or null when the pod has no such map
 * @param annotations empty when the pod has no such map
 * @param schedulerName who is to bind it
 * @param nodeName the node it was bound to by hand
 * @param priorityClassName its priority class
 * @param priority what the API server made of that class
 * @param preemptionPolicy what the API server made of that class
 */
public record CreatedPod(
        String namespace,
        @Nullable Map<String, String> labels,
        Map<String, String> annotations,
        @Nullable String schedulerName,
        @Nullable String nodeName,
        @Nullable String priorityClassName,
        @Nullable Integer priority,
        @Nullable String preemptionPolicy) {
    /** Copies the maps. */
    public CreatedPod {
        labels = labels == null ? null : Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
    }
}
