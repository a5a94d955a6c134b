package dev.berth.core.pod;

/**
 * Names a pod within one cluster. A pod that is deleted and made again has the same key and another
 * uid.
 *
 * @param namespace the namespace
 * @param name the pod's name
 */
public record PodKey(String namespace, String name) {
    @Override
    public String toString() {
        return namespace + "/" + name;
    }
}
