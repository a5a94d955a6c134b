package dev.berth.edge.aws.eks;

import dev.berth.core.profile.FargateProfile;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A profile as EKS tells it: a selector without labels has no {@code labels}, a profile without
 * tags has empty ones. Source: eks-fargate §12.3 (O)
 */
final class ProfileShape {
    private ProfileShape() {}

    /** The output of an operation that answers with a profile. */
    static Map<String, @Nullable Object> output(FargateProfile profile) {
        var output = new LinkedHashMap<String, @Nullable Object>();
        output.put("fargateProfile", of(profile));
        return output;
    }

    private static Map<String, @Nullable Object> of(FargateProfile profile) {
        var shape = new LinkedHashMap<String, @Nullable Object>();
        shape.put("fargateProfileName", profile.name());
        shape.put("fargateProfileArn", profile.arn());
        shape.put("clusterName", profile.clusterName());
        shape.put("createdAt", profile.createdAt());
        shape.put("podExecutionRoleArn", profile.podExecutionRoleArn());
        shape.put("subnets", profile.subnets());
        shape.put("selectors", profile.selectors().stream().map(ProfileShape::selector).toList());
        shape.put("status", profile.status().name());
        shape.put("tags", profile.tags());
        shape.put("health", health(profile));
        return shape;
    }

    private static Map<String, Object> selector(FargateProfile.Selector selector) {
        var shape = new LinkedHashMap<String, Object>();
        shape.put("namespace", selector.namespace());
        if (!selector.labels().isEmpty()) {
            shape.put("labels", selector.labels());
        }
        return shape;
    }

    private static Map<String, Object> health(FargateProfile profile) {
        return Map.of("issues", profile.issues().stream().map(ProfileShape::issue).toList());
    }

    /** An issue is kept as {@code code: message}. */
    private static Map<String, Object> issue(String issue) {
        var parts = issue.split(": ", 2);
        var shape = new LinkedHashMap<String, Object>();
        shape.put("code", parts[0]);
        shape.put("message", parts[parts.length - 1]);
        shape.put("resourceIds", List.of());
        return shape;
    }
}
