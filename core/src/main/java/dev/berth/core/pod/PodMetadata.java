package dev.berth.core.pod;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A pod's metadata.
 *
 * @param namespace the namespace
 * @param name the name
 * @param uid the uid, unique over all time
 * @param resourceVersion the API server's version of this object, an opaque text
 * @param generation counts the changes of the spec, from 1
 * @param labels the labels
 * @param annotations the annotations
 * @param createdAt when the API server stored it
 * @param deletionTimestamp when it is to be gone, or null while nobody asked for that
 * @param deletionGraceSeconds the grace period of the deletion, or null without one; 0 is "at once"
 * @param owners who made it
 * @param finalizers who must agree to its removal
 */
public record PodMetadata(
        String namespace,
        String name,
        String uid,
        String resourceVersion,
        long generation,
        Map<String, String> labels,
        Map<String, String> annotations,
        Instant createdAt,
        @Nullable Instant deletionTimestamp,
        @Nullable Long deletionGraceSeconds,
        List<Owner> owners,
        List<String> finalizers) {
    /** Copies the collections. */
    public PodMetadata {
        labels = Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
        owners = List.copyOf(owners);
        finalizers = List.copyOf(finalizers);
    }

    /**
     * An owner reference.
     *
     * @param kind the owner's kind, such as {@code ReplicaSet}
     * @param name the owner's name
     * @param controller whether it is the managing controller
     */
    public record Owner(String kind, String name, boolean controller) {}
}
