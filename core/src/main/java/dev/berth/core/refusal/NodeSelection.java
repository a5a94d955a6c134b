package dev.berth.core.refusal;

import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.PodSpec.NodeRequirement;
import dev.berth.core.pod.PodSpec.NodeTerm;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Whether a node satisfies a pod's node selector and required node affinity, with upstream's
 * meaning: all labels of the selector, and one of the affinity's terms with all its requirements.
 * Source: eks-fargate §2.2 (O)
 */
public final class NodeSelection {
    private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]{1,19}");

    private NodeSelection() {}

    /**
     * Whether the node satisfies the pod.
     *
     * @param nodeName the node's name, or null while it has none: then no wished name is its name
     * @param labels the node's labels
     */
    public static boolean matches(
            PodSpec spec, @Nullable String nodeName, Map<String, String> labels) {
        return labels.entrySet().containsAll(spec.nodeSelector().entrySet())
                && (spec.requiredNodeTerms().isEmpty()
                        || spec.requiredNodeTerms().stream()
                                .anyMatch(term -> matches(term, nodeName, labels)));
    }

    /** A term without any requirement matches nothing. */
    private static boolean matches(
            NodeTerm term, @Nullable String nodeName, Map<String, String> labels) {
        return !(term.expressions().isEmpty() && term.fields().isEmpty())
                && term.expressions().stream()
                        .allMatch(
                                requirement -> matches(requirement, labels.get(requirement.key())))
                && term.fields().stream()
                        .allMatch(requirement -> matchesField(requirement, nodeName));
    }

    /** Fields know only In and NotIn with one value each. */
    private static boolean matchesField(NodeRequirement requirement, @Nullable String nodeName) {
        if (!requirement.key().equals("metadata.name") || requirement.values().size() != 1) {
            return false;
        }
        var same = requirement.values().getFirst().equals(nodeName);
        return switch (requirement.operator()) {
            case "In" -> same;
            case "NotIn" -> !same;
            default -> false;
        };
    }

    private static boolean matches(NodeRequirement requirement, @Nullable String value) {
        return switch (requirement.operator()) {
            case "In" -> value != null && requirement.values().contains(value);
            case "NotIn" -> value == null || !requirement.values().contains(value);
            case "Exists" -> value != null;
            case "DoesNotExist" -> value == null;
            case "Gt" -> compare(value, requirement).filter(order -> order > 0).isPresent();
            case "Lt" -> compare(value, requirement).filter(order -> order < 0).isPresent();
            default -> false;
        };
    }

    /** How the label's number stands to the wished one; empty when either is no whole number. */
    private static Optional<Integer> compare(@Nullable String value, NodeRequirement requirement) {
        if (value == null || requirement.values().size() != 1) {
            return Optional.empty();
        }
        return integer(value)
                .flatMap(label -> integer(requirement.values().getFirst()).map(label::compareTo));
    }

    private static Optional<Long> integer(String text) {
        if (!INTEGER.matcher(text).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Long.valueOf(text));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }
}
