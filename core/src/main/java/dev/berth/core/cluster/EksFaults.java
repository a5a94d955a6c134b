package dev.berth.core.cluster;

import dev.berth.core.fault.AwsFault;

/**
 * EKS's errors by their kind. Codes and HTTP statuses are those of its API model. Source:
 * eks-fargate §12.5 (D)
 */
public final class EksFaults {
    private EksFaults() {}

    /** A parameter is wrong: 400. */
    public static AwsFault invalidParameter(String message) {
        return new AwsFault("InvalidParameterException", 400, message);
    }

    /** The request makes no sense now: 400. */
    public static AwsFault invalidRequest(String message) {
        return new AwsFault("InvalidRequestException", 400, message);
    }

    /** Something is in the way: 409. */
    public static AwsFault inUse(String message) {
        return new AwsFault("ResourceInUseException", 409, message);
    }

    /** There is no such thing: 404. */
    public static AwsFault notFound(String message) {
        return new AwsFault("ResourceNotFoundException", 404, message);
    }

    /** A quota is used up: 400. */
    public static AwsFault limitExceeded(String message) {
        return new AwsFault("ResourceLimitExceededException", 400, message);
    }

    /** The caller may not do that: 403. */
    public static AwsFault accessDenied(String message) {
        return new AwsFault("AccessDeniedException", 403, message);
    }

    /** A tag operation's request is wrong: 400. */
    public static AwsFault badRequest(String message) {
        return new AwsFault("BadRequestException", 400, message);
    }

    /** A tag operation's resource is absent: 404. */
    public static AwsFault tagTargetNotFound(String message) {
        return new AwsFault("NotFoundException", 404, message);
    }

    /** The cluster is absent. Source: eks-fargate §12.5 (O) */
    public static AwsFault noCluster(String name) {
        return notFound("No cluster found for name: " + name + ".").with("clusterName", name);
    }

    /** The role belongs to another account. Source: eks-fargate §12.5 (O) */
    public static AwsFault foreignRole() {
        return accessDenied("Cross-account pass role is not allowed.");
    }

    /**
     * A request token was used before, with other parameters. Code and words are our choice: AWS's
     * are not known. Source: eks-fargate §16
     */
    public static AwsFault tokenReused() {
        return invalidParameter(
                "The clientRequestToken was used before in a request with other parameters");
    }
}
