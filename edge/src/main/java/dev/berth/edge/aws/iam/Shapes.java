package dev.berth.edge.aws.iam;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.engine.account.ManagedPolicy;
import dev.berth.engine.account.RoleRecord;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** IAM's structures as trees, in both directions. */
final class Shapes {
    private Shapes() {}

    /** A member that the model requires. */
    static String text(Map<String, Object> input, String member) {
        return (String) Objects.requireNonNull(input.get(member));
    }

    /** A member that may be absent. */
    static @Nullable String optional(Map<String, Object> input, String member) {
        return (String) input.get(member);
    }

    /** A role as GetRole and CreateRole show it. */
    static Map<String, @Nullable Object> role(RoleRecord role, boolean withTags) {
        var tree = new LinkedHashMap<String, @Nullable Object>();
        tree.put("Path", role.path());
        tree.put("RoleName", role.name());
        tree.put("RoleId", role.id());
        tree.put("Arn", role.arn());
        tree.put("CreateDate", role.createdAt());
        tree.put("AssumeRolePolicyDocument", encode(role.trustDocument()));
        tree.put("Description", role.description());
        tree.put("MaxSessionDuration", role.maxSessionSeconds());
        String boundary = role.permissionsBoundaryArn();
        if (boundary != null) {
            tree.put(
                    "PermissionsBoundary",
                    Map.of(
                            "PermissionsBoundaryType",
                            "Policy",
                            "PermissionsBoundaryArn",
                            boundary));
        }
        if (withTags && !role.tags().isEmpty()) {
            tree.put("Tags", tagList(role.sortedTags()));
        }
        return tree;
    }

    /** A managed policy. */
    static Map<String, @Nullable Object> policy(ManagedPolicy policy, int attachments) {
        var tree = new LinkedHashMap<String, @Nullable Object>();
        tree.put("PolicyName", policy.name());
        tree.put("PolicyId", policy.id());
        tree.put("Arn", policy.arn());
        tree.put("Path", "/");
        tree.put("DefaultVersionId", policy.versionId());
        tree.put("AttachmentCount", attachments);
        tree.put("PermissionsBoundaryUsageCount", 0);
        tree.put("IsAttachable", true);
        tree.put("CreateDate", policy.createdAt());
        tree.put("UpdateDate", policy.updatedAt());
        return tree;
    }

    /** Tags as IAM lists them. */
    static List<Map<String, Object>> tagList(Map<String, String> tags) {
        var list = new ArrayList<Map<String, Object>>();
        tags.forEach((key, value) -> list.add(Map.of("Key", key, "Value", value)));
        return list;
    }

    /** The tags of a request; two keys that differ in case only are refused. */
    static Map<String, String> tags(Map<String, Object> input) throws Refused {
        var tags = new LinkedHashMap<String, String>();
        var seen = new HashSet<String>();
        if (input.get("Tags") instanceof List<?> list) {
            for (Object each : list) {
                Map<?, ?> tag = (Map<?, ?>) each;
                String key = String.valueOf(tag.get("Key"));
                if (!seen.add(key.toLowerCase(Locale.ROOT))) {
                    throw new Refused(
                            new AwsFault(
                                    "InvalidInput",
                                    400,
                                    "Duplicate tag keys found. Please note that Tag keys are case"
                                            + " insensitive."));
                }
                tags.put(key, String.valueOf(tag.get("Value")));
            }
        }
        return tags;
    }

    /**
     * A policy document as IAM answers it: percent-encoded, with {@code %20} for a blank. Source:
     * terraform-calls §2.7 (S, R)
     */
    static String encode(String document) {
        return URLEncoder.encode(document, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("%7E", "~");
    }
}
