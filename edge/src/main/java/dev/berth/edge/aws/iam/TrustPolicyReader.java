package dev.berth.edge.aws.iam;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.TrustPolicy;
import dev.berth.core.identity.TrustPolicy.Statement;
import dev.berth.edge.aws.json.JsonReader;
import dev.berth.edge.aws.json.MalformedJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads trust policies. What IAM refuses is refused as MalformedPolicyDocument; the texts are those
 * that MOTO recorded (O) unless the line says otherwise. An empty list of AWS principals is good.
 * Source: terraform-calls §2.7 (S, R)
 */
final class TrustPolicyReader {
    private static final Set<String> TOP = Set.of("Version", "Id", "Statement");
    private static final Set<String> VERSIONS = Set.of("2008-10-17", "2012-10-17");
    private static final Set<String> ELEMENTS =
            Set.of(
                    "Sid",
                    "Effect",
                    "Principal",
                    "NotPrincipal",
                    "Action",
                    "NotAction",
                    "Resource",
                    "NotResource",
                    "Condition");
    private static final Set<String> PRINCIPALS =
            Set.of("AWS", "Service", "Federated", "CanonicalUser");

    private final JsonReader json = new JsonReader();
    private final List<Statement> statements = new ArrayList<>();

    private TrustPolicyReader() {}

    /** Reads a document. */
    static TrustPolicy read(String document) throws Refused {
        return new TrustPolicyReader().policy(document);
    }

    private TrustPolicy policy(String document) throws Refused {
        Object tree;
        try {
            tree = json.read(document);
        } catch (MalformedJson _) {
            // IAM's words for text that is no JSON at all; general knowledge.
            throw malformed("This policy contains invalid Json");
        }
        Map<?, ?> policy = object(tree);
        for (Object key : policy.keySet()) {
            syntax(key instanceof String name && TOP.contains(name));
        }
        Object version = policy.get("Version");
        syntax(version == null || (version instanceof String text && VERSIONS.contains(text)));
        Object statement = policy.get("Statement");
        syntax(statement != null);
        if (statement instanceof List<?> list) {
            syntax(!list.isEmpty());
            for (Object each : list) {
                statements.add(statement(object(each)));
            }
        } else {
            statements.add(statement(object(statement)));
        }
        return new TrustPolicy(statements);
    }

    private static Statement statement(Map<?, ?> tree) throws Refused {
        for (Object key : tree.keySet()) {
            syntax(key instanceof String name && ELEMENTS.contains(name));
        }
        if (tree.containsKey("Resource") || tree.containsKey("NotResource")) {
            throw malformed("Has prohibited field Resource.");
        }
        Object effect = tree.get("Effect");
        syntax("Allow".equals(effect) || "Deny".equals(effect));
        List<String> actions = texts(tree.get("Action"));
        if (actions.isEmpty()) {
            throw malformed("Policy statement must contain actions.");
        }
        for (String action : actions) {
            checkAction(action);
        }
        if (!tree.containsKey("Principal")) {
            // Our words.
            throw malformed("Missing required field Principal");
        }
        var aws = new ArrayList<String>();
        var services = new ArrayList<String>();
        var federated = new ArrayList<String>();
        Object principal = tree.get("Principal");
        if (principal instanceof String text) {
            syntax(text.equals("*"));
            aws.add(text);
        } else {
            for (Map.Entry<?, ?> entry : object(principal).entrySet()) {
                syntax(entry.getKey() instanceof String name && PRINCIPALS.contains(name));
                List<String> values = texts(entry.getValue());
                switch ((String) entry.getKey()) {
                    case "AWS" -> aws.addAll(values);
                    case "Service" -> services.addAll(values);
                    case "Federated" -> federated.addAll(values);
                    default -> {}
                }
            }
        }
        for (String name : aws) {
            checkAwsPrincipal(name);
        }
        for (String service : services) {
            if (!service.contains(".")) {
                throw malformed("Invalid principal in policy: \"SERVICE\":\"" + service + "\"");
            }
        }
        var conditions = new Conditions();
        if (tree.containsKey("Condition")) {
            conditions.read(object(tree.get("Condition")));
        }
        return new Statement(
                "Allow".equals(effect),
                actions,
                services,
                aws,
                federated,
                conditions.sourceArns,
                conditions.externalIds,
                conditions.others);
    }

    private static void checkAction(String action) throws Refused {
        boolean sts = action.regionMatches(true, 0, "sts:", 0, 4) && action.length() > 4;
        if (!sts && !action.equals("*")) {
            throw malformed(
                    "Trust Policy statement actions can only be sts:AssumeRole, "
                            + "sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity");
        }
    }

    private static void checkAwsPrincipal(String name) throws Refused {
        boolean account = name.length() == 12 && name.chars().allMatch(Character::isDigit);
        boolean arn = name.startsWith("arn:aws:iam::") || name.startsWith("arn:aws:sts::");
        boolean id = name.startsWith("AROA") || name.startsWith("AIDA");
        if (!account && !arn && !id && !name.equals("*")) {
            throw malformed("Invalid principal in policy: \"AWS\":\"" + name + "\"");
        }
    }

    /** The conditions that are understood, and the names of the rest. */
    private static final class Conditions {
        private final List<String> sourceArns = new ArrayList<>();
        private final List<String> externalIds = new ArrayList<>();
        private final List<String> others = new ArrayList<>();

        void read(Map<?, ?> condition) throws Refused {
            for (Map.Entry<?, ?> operator : condition.entrySet()) {
                String name = String.valueOf(operator.getKey());
                for (Map.Entry<?, ?> entry : object(operator.getValue()).entrySet()) {
                    String key = String.valueOf(entry.getKey()).toLowerCase(Locale.ROOT);
                    List<String> values = texts(entry.getValue());
                    if (key.equals("aws:sourcearn") && isMatch(name)) {
                        sourceArns.addAll(values);
                    } else if (key.equals("sts:externalid") && name.equals("StringEquals")) {
                        externalIds.addAll(values);
                    } else {
                        others.add(name + " " + key);
                    }
                }
            }
        }

        private static boolean isMatch(String operator) {
            return switch (operator) {
                case "ArnLike", "ArnEquals", "StringLike", "StringEquals" -> true;
                default -> false;
            };
        }
    }

    /** A string, or a list of them. */
    private static List<String> texts(@Nullable Object value) throws Refused {
        var texts = new ArrayList<String>();
        switch (value) {
            case null -> {}
            case String text -> texts.add(text);
            case Boolean bool -> texts.add(bool.toString());
            case Number number -> texts.add(number.toString());
            case List<?> list -> {
                for (Object each : list) {
                    syntax(each instanceof String);
                    texts.add((String) each);
                }
            }
            default -> syntax(false);
        }
        return texts;
    }

    private static Map<?, ?> object(@Nullable Object tree) throws Refused {
        if (tree instanceof Map<?, ?> map) {
            return map;
        }
        throw malformed("Syntax errors in policy.");
    }

    private static void syntax(boolean good) throws Refused {
        if (!good) {
            throw malformed("Syntax errors in policy.");
        }
    }

    private static Refused malformed(String message) {
        return new Refused(new AwsFault("MalformedPolicyDocument", 400, message));
    }
}
