package dev.berth.core.pod;

/**
 * What a container or a volume is configured with cannot be had: a ConfigMap, a Secret, a key, a
 * field. The message is fit for a pod's status; the cause may go away, so it is tried again.
 */
public final class ConfigProblem extends Exception {
    private static final long serialVersionUID = 1L;

    /** Says what, in a kubelet's words. */
    public ConfigProblem(String message) {
        super(message);
    }
}
