package dev.berth.core.logs;

/**
 * What is decided about a pod's logs when it is scheduled, and how it is told. Source: eks-fargate
 * §6
 *
 * @param annotation the value of the pod's annotation {@code Logging}
 * @param warning whether the event's type is Warning, else Normal
 * @param reason the event's reason
 * @param message the event's text
 */
public record Logging(String annotation, boolean warning, String reason, String message) {
    /** The pod's annotation that tells it. */
    public static final String ANNOTATION = "Logging";

    /** Where the router's configuration is looked for. Source: eks-fargate §6 (D) */
    public static final String CONFIG_MAP_NAMESPACE = "aws-observability";

    /** The ConfigMap with the router's configuration. Source: eks-fargate §6 (D, O) */
    public static final String CONFIG_MAP_NAME = "aws-logging";

    /**
     * Decides.
     *
     * @param configMapExists whether {@code aws-observability/aws-logging} exists. Its absence is
     *     told in AWS's words (D, O). With it, too, logging stays off for now, because there is no
     *     router yet; that code and that text are our own.
     */
    public static Logging decide(boolean configMapExists) {
        return configMapExists
                ? disabled(
                        "LOGGING_ROUTER_NOT_AVAILABLE",
                        "Disabled logging because there is no log router here.")
                : disabled(
                        "LOGGING_CONFIGMAP_NOT_FOUND",
                        "Disabled logging because aws-logging configmap was not found. configmap"
                                + " \"aws-logging\" not found");
    }

    private static Logging disabled(String code, String message) {
        return new Logging("LoggingDisabled: " + code, true, "LoggingDisabled", message);
    }
}
