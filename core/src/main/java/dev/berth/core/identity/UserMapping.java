package dev.berth.core.identity;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decides which Kubernetes user a caller of the AWS API is. In this order: the cluster's creator,
 * {@code mapRoles} and {@code mapUsers} by ARN, {@code mapAccounts}; nobody else is anybody.
 * Source: eks-fargate §13.3 (D)
 *
 * <p>The creator comes first because its right is hidden from the ConfigMap, so no entry of it can
 * take it away; with access entries the creator has one, and they override the ConfigMap.
 */
public final class UserMapping {
    /** Who the creator is in Kubernetes. */
    static final String CREATOR = "kubernetes-admin";

    private static final String MASTERS = "system:masters";
    private static final Pattern TEMPLATE = Pattern.compile("\\{\\{([A-Za-z0-9]+)}}");
    private static final Pattern INSTANCE_ID = Pattern.compile("i-(\\w{8}|\\w{17})");

    private UserMapping() {}

    /** What a mapping came to. */
    public sealed interface Outcome {
        /**
         * A user.
         *
         * @param user who
         */
        record Mapped(KubernetesUser user) implements Outcome {}

        /**
         * Nobody.
         *
         * @param reason why, for the log
         */
        record Nobody(String reason) implements Outcome {}
    }

    /**
     * Maps a verified caller.
     *
     * @param creatorArn the ARN that created the cluster, as STS told it, or empty when the creator
     *     has no right of its own
     */
    public static Outcome map(
            Principal caller, Optional<String> creatorArn, AwsAuthMapping mapping) {
        var canonical = Arns.canonical(caller.arn());
        if (canonical.isEmpty()) {
            return new Outcome.Nobody("arn " + caller.arn() + " is of no known kind");
        }
        var arn = canonical.get();
        if (creatorArn.flatMap(Arns::canonical).filter(c -> same(c, arn)).isPresent()) {
            return mapped(caller, arn, CREATOR, List.of(MASTERS));
        }
        for (var entries : List.of(mapping.roles(), mapping.users())) {
            for (var entry : entries) {
                if (same(entry.arn(), arn)) {
                    return filled(caller, arn, entry);
                }
            }
        }
        if (mapping.accounts().contains(caller.accountId())) {
            return mapped(caller, arn, arn, List.of());
        }
        return new Outcome.Nobody("ARN is not mapped: " + arn.toLowerCase(Locale.ROOT));
    }

    private static Outcome filled(Principal caller, String arn, AwsAuthMapping.Entry entry) {
        try {
            var groups = new ArrayList<String>();
            for (var group : entry.groups()) {
                groups.add(fill(caller, group));
            }
            return mapped(caller, arn, fill(caller, entry.username()), groups);
        } catch (Unfilled e) {
            return new Outcome.Nobody(e.reason);
        }
    }

    private static String fill(Principal caller, String template) throws Unfilled {
        var session = session(caller);
        var out = new StringBuilder();
        var matcher = TEMPLATE.matcher(template);
        while (matcher.find()) {
            var value =
                    switch (matcher.group(1)) {
                        case "AccountID" -> caller.accountId();
                        case "SessionName" -> session.replace('@', '-');
                        case "SessionNameRaw" -> session;
                        case "AccessKeyID" -> caller.accessKeyId();
                        case "EC2PrivateDNSName" -> throw new Unfilled(instance(session));
                        // What is no template stays as it is written.
                        default -> matcher.group();
                    };
            matcher.appendReplacement(out, Matcher.quoteReplacement(value));
        }
        return matcher.appendTail(out).toString();
    }

    /** Instances' names are not known here; a session of no instance has none at all. */
    private static String instance(String session) {
        return INSTANCE_ID.matcher(session).matches()
                ? "the private DNS name of instance " + session + " is not known"
                : "SessionName did not contain an instance id";
    }

    private static Outcome mapped(
            Principal caller, String arn, String username, List<String> groups) {
        var principalId = principalId(caller);
        Map<String, List<String>> extra = new TreeMap<>();
        extra.put("arn", List.of(caller.arn()));
        extra.put("canonicalArn", List.of(arn));
        extra.put("sessionName", List.of(session(caller)));
        extra.put("accessKeyId", List.of(caller.accessKeyId()));
        extra.put("principalId", List.of(principalId));
        extra.put("sigs.k8s.io/aws-iam-authenticator/principalId", List.of(principalId));
        return new Outcome.Mapped(
                new KubernetesUser(
                        username,
                        "aws-iam-authenticator:" + caller.accountId() + ":" + principalId,
                        groups,
                        extra));
    }

    /** The part of the user id that stays the same over sessions. */
    private static String principalId(Principal caller) {
        int colon = caller.userId().indexOf(':');
        return colon < 0 ? caller.userId() : caller.userId().substring(0, colon);
    }

    private static String session(Principal caller) {
        var session = caller.sessionName();
        return session == null ? "" : session;
    }

    private static boolean same(String one, String other) {
        return one.toLowerCase(Locale.ROOT).equals(other.toLowerCase(Locale.ROOT));
    }

    /** A template that has no value for this caller. */
    private static final class Unfilled extends Exception {
        private static final long serialVersionUID = 1L;
        private final String reason;

        Unfilled(String reason) {
            super(reason, null, false, false);
            this.reason = reason;
        }
    }
}
