package dev.berth.core.cluster;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The data of the ConfigMap {@code kube-system/aws-auth}, into which EKS writes the roles of nodes.
 * Entries that are there already stay as they are written, to the letter: only what is added is
 * ours. Source: eks-fargate §7 (D), §13.3 (D)
 */
public final class AwsAuth {
    private static final String USERNAME = "system:node:{{SessionName}}";
    private static final Pattern FIRST_ENTRY = Pattern.compile("(?m)^( *)-(?: |$)");

    private AwsAuth() {}

    /**
     * The data with a pod execution role in its {@code mapRoles}; the same data when it is there.
     * Example of what is added:
     *
     * <pre>{@code
     * - groups:
     *   - system:bootstrappers
     *   - system:nodes
     *   - system:node-proxier
     *   rolearn: arn:aws:iam::111122223333:role/pods
     *   username: system:node:{{SessionName}}
     * }</pre>
     */
    public static Map<String, String> withPodExecutionRole(
            Map<String, String> data, String roleArn) {
        var roles = data.getOrDefault("mapRoles", "");
        if (names(roles, roleArn)) {
            return data;
        }
        var more = new LinkedHashMap<>(data);
        more.put("mapRoles", added(roles, roleArn));
        return more;
    }

    /** Whether the data map the role at all; its nodes cannot join without. §4.5 (O), §7 (D) */
    public static boolean hasRole(Map<String, String> data, String roleArn) {
        return names(data.getOrDefault("mapRoles", ""), roleArn);
    }

    /**
     * Whether an entry of the text is about the role, however its key is spelled. ARNs are compared
     * in lower case, as aws-iam-authenticator does.
     */
    private static boolean names(String roles, String roleArn) {
        var entry =
                Pattern.compile(
                        "[\"']?rolearn[\"']?\\s*:\\s*[\"']?"
                                + Pattern.quote(roleArn.toLowerCase(Locale.ROOT))
                                + "[\"']?\\s*(?:$|[,}#])",
                        Pattern.MULTILINE);
        return roles.lines()
                .map(line -> line.toLowerCase(Locale.ROOT))
                .filter(line -> !line.strip().startsWith("#"))
                .anyMatch(line -> entry.matcher(line).find());
    }

    private static String added(String roles, String roleArn) {
        var text = roles.stripTrailing();
        if (text.isBlank() || text.strip().equals("[]")) {
            return block("", roleArn);
        }
        if (text.strip().startsWith("[") && text.endsWith("]")) {
            var open = text.substring(0, text.length() - 1).stripTrailing();
            return open + (open.endsWith(",") ? " " : ", ") + flow(roleArn) + "]\n";
        }
        var first = FIRST_ENTRY.matcher(text);
        return text + "\n" + block(first.find() ? first.group(1) : "", roleArn);
    }

    private static String block(String indent, String roleArn) {
        return """
        - groups:
          - system:bootstrappers
          - system:nodes
          - system:node-proxier
          rolearn: %s
          username: %s
        """
                .formatted(roleArn, USERNAME)
                .indent(indent.length());
    }

    private static String flow(String roleArn) {
        return "{\"groups\": [\"system:bootstrappers\", \"system:nodes\", \"system:node-proxier\"],"
                + " \"rolearn\": \""
                + roleArn
                + "\", \"username\": \""
                + USERNAME
                + "\"}";
    }
}
