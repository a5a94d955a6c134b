package dev.berth.core.pod;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which labels are wanted, as {@code kubectl -l} writes it: {@code app=web,tier!=db,env in (a, b),
 * x notin (y), has,!not}. All parts have to hold.
 *
 * @param parts the parts
 */
public record LabelSelector(List<Part> parts) {
    private static final Pattern SET = Pattern.compile("(\\S+)\\s+(in|notin)\\s*\\(([^)]*)\\)");
    private static final Pattern EQUAL = Pattern.compile("([^=!\\s]+)\\s*(==|=|!=)\\s*(\\S*)");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]*");

    /** Copies the list. */
    public LabelSelector {
        parts = List.copyOf(parts);
    }

    /**
     * One part.
     *
     * @param key the label's name
     * @param values what it may be, or null for anything
     * @param not whether the opposite is wanted; an absent label is then right
     */
    public record Part(String key, @Nullable List<String> values, boolean not) {
        private boolean holds(Map<String, String> labels) {
            var value = labels.get(key);
            var is = value != null && (values == null || values.contains(value));
            return is != not;
        }
    }

    /** Reads the text; empty when it is none. */
    public static Optional<LabelSelector> parse(String text) {
        var parts = new ArrayList<Part>();
        // A comma inside of brackets separates values, not parts.
        for (var one : text.split(",(?![^(]*\\))", -1)) {
            var trimmed = one.strip();
            if (trimmed.isEmpty()) {
                continue;
            }
            var part = part(trimmed);
            if (part.isEmpty()) {
                return Optional.empty();
            }
            parts.add(part.get());
        }
        return Optional.of(new LabelSelector(parts));
    }

    private static Optional<Part> part(String text) {
        var set = SET.matcher(text);
        if (set.matches()) {
            return Optional.of(
                    new Part(group(set, 1), values(group(set, 3)), "notin".equals(set.group(2))));
        }
        var equal = EQUAL.matcher(text);
        if (equal.matches()) {
            return Optional.of(
                    new Part(
                            group(equal, 1),
                            List.of(group(equal, 3)),
                            "!=".equals(equal.group(2))));
        }
        var not = text.startsWith("!");
        var key = not ? text.substring(1).strip() : text;
        return NAME.matcher(key).matches()
                ? Optional.of(new Part(key, null, not))
                : Optional.empty();
    }

    private static String group(Matcher matcher, int number) {
        return String.valueOf(matcher.group(number));
    }

    private static List<String> values(String list) {
        return Arrays.stream(list.split(",", -1)).map(String::strip).toList();
    }

    /** Whether these labels are wanted. */
    public boolean matches(Map<String, String> labels) {
        return parts.stream().allMatch(part -> part.holds(labels));
    }
}
