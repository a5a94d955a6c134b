package dev.berth.core.pod;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Replaces {@code $(NAME)} in commands, arguments and variables as Kubernetes does: a known name by
 * its value, an unknown one by itself, {@code $$} by one dollar sign. So {@code $(A)-$$(A)-$(B)}
 * with A=1 becomes {@code 1-$(A)-$(B)}.
 */
public final class Expansion {
    private Expansion() {}

    /**
     * Expands a text.
     *
     * @param values a value, or null for a name that is not known
     */
    public static String expand(String text, Function<String, @Nullable String> values) {
        var expanded = new StringBuilder(text.length());
        var at = 0;
        while (at < text.length()) {
            var dollar = text.indexOf('$', at);
            if (dollar < 0 || dollar + 1 == text.length()) {
                break;
            }
            expanded.append(text, at, dollar);
            var next = text.charAt(dollar + 1);
            var close = next == '(' ? text.indexOf(')', dollar) : -1;
            if (close > 0) {
                var name = text.substring(dollar + 2, close);
                var value = values.apply(name);
                expanded.append(value == null ? "$(" + name + ")" : value);
                at = close + 1;
            } else if (next == '$') {
                expanded.append('$');
                at = dollar + 2;
            } else {
                expanded.append('$').append(next);
                at = dollar + 2;
            }
        }
        return expanded.append(text, at, text.length()).toString();
    }
}
