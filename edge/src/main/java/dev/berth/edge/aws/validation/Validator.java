package dev.berth.edge.aws.validation;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape;
import dev.berth.edge.aws.model.Shape.Kind;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Mapping;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Checks inputs of one service against its model. Safe for many threads.
 *
 * <p>The words are AWS's classic ones: {@code 1 validation error detected: Value 'x' at 'roleName'
 * failed to satisfy constraint: Member must …}; IAM leaves the value out. Source:
 * aws-apis-from-java §C. EC2 has other words: a missing parameter is {@code MissingParameter}, and
 * bounds and patterns are left to its operations.
 */
public final class Validator {
    /** A longer list of faults helps nobody. */
    private static final int FAULTS_MAX = 10;

    private final ServiceModel model;
    private final Style style;
    private final Exceptions exceptions;
    private final Map<String, Pattern> patterns = new ConcurrentHashMap<>();

    /** Checks inputs of this service. */
    public Validator(ServiceModel model) {
        this.model = model;
        this.style = Style.of(model.service());
        this.exceptions = new Exceptions(model.service());
    }

    /** Whether a service tells its faults in the classic way, and how. */
    private record Style(boolean classic, boolean withValue, String code) {
        static Style of(String service) {
            return switch (service) {
                case "ec2" -> new Style(false, true, "InvalidParameterValue");
                case "iam" -> new Style(true, false, "ValidationError");
                case "sts" -> new Style(true, true, "ValidationError");
                // The code is in the model of most EKS and Logs operations; our choice for the
                // rest.
                case "eks", "logs" -> new Style(true, true, "InvalidParameterException");
                default -> new Style(true, true, "ValidationException");
            };
        }
    }

    /**
     * Checks an input.
     *
     * @param structure the name of the input's structure, or null for an operation without input
     */
    public void check(@Nullable String structure, Map<String, Object> input) throws Refused {
        if (structure == null) {
            return;
        }
        var faults = new ArrayList<String>();
        structure(model.structure(structure), input, "", faults);
        if (faults.isEmpty()) {
            return;
        }
        int count = Math.min(faults.size(), FAULTS_MAX);
        String message =
                count
                        + (count == 1 ? " validation error" : " validation errors")
                        + " detected: "
                        + String.join("; ", faults.subList(0, count));
        throw new Refused(new AwsFault(style.code, 400, message));
    }

    private void structure(Structure structure, Map<?, ?> tree, String path, List<String> faults)
            throws Refused {
        for (String name : structure.required()) {
            if (!tree.containsKey(name) && checked(structure, name, Constraint.REQUIRED)) {
                missing(structure, name, path, faults);
            }
        }
        for (Member member : structure.members().values()) {
            Object value = tree.get(member.name());
            if (value != null) {
                value(structure.name(), member, value, at(path, member.name()), faults);
            }
        }
    }

    private boolean checked(Structure structure, String name, Constraint constraint) {
        Member member = structure.members().get(name);
        return member != null
                && !exceptions.skips(structure.name(), name, member.shape(), constraint);
    }

    private void missing(Structure structure, String name, String path, List<String> faults)
            throws Refused {
        if (style.classic) {
            faults.add(fault("Value null", at(path, name), "Member must not be null"));
            return;
        }
        Member member = structure.members().get(name);
        String wire = member == null ? name : member.wireName();
        throw new Refused(
                new AwsFault(
                        "MissingParameter",
                        400,
                        "The request must contain the parameter "
                                + (path.isEmpty() ? "" : path + ".")
                                + wire));
    }

    private void value(
            String structure, Member member, Object value, String path, List<String> faults)
            throws Refused {
        Shape shape = model.shapeOf(member);
        switch (shape) {
            case Structure inner -> structure(inner, (Map<?, ?>) value, path, faults);
            case Listing list -> {
                List<?> elements = (List<?>) value;
                if (wanted(structure, member, Constraint.BOUNDS)) {
                    bounds(elements.size(), list.min(), list.max(), "length", value, path, faults);
                }
                for (int i = 0; i < elements.size() && faults.size() <= FAULTS_MAX; i++) {
                    Object element = elements.get(i);
                    if (element != null) {
                        String where = path + '.' + (i + 1) + ".member";
                        value(list.name(), list.element(), element, where, faults);
                    }
                }
            }
            case Mapping map -> {
                Map<?, ?> entries = (Map<?, ?>) value;
                if (wanted(structure, member, Constraint.BOUNDS)) {
                    bounds(entries.size(), map.min(), map.max(), "length", value, path, faults);
                }
                for (Map.Entry<?, ?> entry : entries.entrySet()) {
                    Object inner = entry.getValue();
                    String key = String.valueOf(entry.getKey());
                    if (inner == null || faults.size() > FAULTS_MAX) {
                        continue;
                    }
                    value(map.name(), map.key(), key, path, faults);
                    value(map.name(), map.value(), inner, path + '.' + key + ".member", faults);
                }
            }
            case Scalar scalar -> scalar(structure, member, scalar, value, path, faults);
        }
    }

    private boolean wanted(String structure, Member member, Constraint constraint) {
        return style.classic
                && !exceptions.skips(structure, member.name(), member.shape(), constraint);
    }

    private void scalar(
            String structure,
            Member member,
            Scalar scalar,
            Object value,
            String path,
            List<String> faults)
            throws Refused {
        if (value instanceof String text) {
            if (!scalar.values().isEmpty() && !scalar.values().contains(text)) {
                notInSet(structure, member, scalar, text, path, faults);
            }
            int before = faults.size();
            if (wanted(structure, member, Constraint.BOUNDS)) {
                int length = text.codePointCount(0, text.length());
                bounds(
                        length,
                        scalar.min(),
                        scalar.max(),
                        "length",
                        shown(scalar, text),
                        path,
                        faults);
            }
            String pattern = scalar.pattern();
            // A text that is too long is not put to a regular expression.
            if (pattern != null
                    && faults.size() == before
                    && wanted(structure, member, Constraint.PATTERN)
                    && !pattern(pattern).matcher(text).matches()) {
                faults.add(
                        fault(
                                "Value '" + shown(scalar, text) + "'",
                                path,
                                "Member must satisfy regular expression pattern: " + pattern));
            }
        } else if (value instanceof Long number
                && (scalar.kind() == Kind.INTEGER || scalar.kind() == Kind.LONG)
                && wanted(structure, member, Constraint.BOUNDS)) {
            bounds(number, scalar.min(), scalar.max(), "value", value, path, faults);
        }
    }

    private void notInSet(
            String structure,
            Member member,
            Scalar scalar,
            String text,
            String path,
            List<String> faults)
            throws Refused {
        if (exceptions.skips(structure, member.name(), member.shape(), Constraint.ENUM)) {
            return;
        }
        if (!style.classic) {
            throw new Refused(
                    new AwsFault(
                            style.code,
                            400,
                            "Value (" + text + ") for parameter " + path + " is invalid."));
        }
        faults.add(
                fault(
                        "Value '" + shown(scalar, text) + "'",
                        path,
                        "Member must satisfy enum value set: "
                                + "["
                                + String.join(", ", scalar.values())
                                + "]"));
    }

    private void bounds(
            long actual,
            @Nullable Long min,
            @Nullable Long max,
            String what,
            Object value,
            String path,
            List<String> faults) {
        if (min != null && actual < min) {
            faults.add(
                    fault(
                            "Value '" + value + "'",
                            path,
                            "Member must have " + what + " greater than or equal to " + min));
        }
        if (max != null && actual > max) {
            faults.add(
                    fault(
                            "Value '" + value + "'",
                            path,
                            "Member must have " + what + " less than or equal to " + max));
        }
    }

    private String fault(String value, String path, String constraint) {
        boolean named = style.withValue || value.equals("Value null");
        return (named ? value : "Value")
                + " at '"
                + path
                + "' failed to satisfy constraint: "
                + constraint;
    }

    private static String shown(Scalar scalar, String text) {
        return scalar.sensitive() ? "***Sensitive Data Redacted***" : text;
    }

    private Pattern pattern(String pattern) {
        return patterns.computeIfAbsent(pattern, Pattern::compile);
    }

    /** Members are told with a small first letter, whatever the model has. */
    private String at(String path, String name) {
        String small =
                style.classic ? Character.toLowerCase(name.charAt(0)) + name.substring(1) : name;
        return path.isEmpty() ? small : path + '.' + small;
    }
}
