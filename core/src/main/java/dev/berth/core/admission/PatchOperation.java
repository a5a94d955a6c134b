package dev.berth.core.admission;

import java.util.List;
import java.util.Map;

/**
 * One {@code add} of a JSON patch (RFC 6902), which replaces what is there already. No other
 * operation is needed.
 *
 * @param path the members from the document's root to the value, not escaped
 * @param value what to put there
 */
public record PatchOperation(List<String> path, Value value) {
    /** Copies the path. */
    public PatchOperation {
        path = List.copyOf(path);
        if (path.isEmpty()) {
            throw new IllegalArgumentException("a patch does not replace the whole document");
        }
    }

    /**
     * The path as a JSON pointer (RFC 6901): {@code ~} becomes {@code ~0} and {@code /} becomes
     * {@code ~1}, as in {@code /metadata/labels/eks.amazonaws.com~1fargate-profile}.
     */
    public String pointer() {
        var pointer = new StringBuilder();
        for (var member : path) {
            pointer.append('/').append(member.replace("~", "~0").replace("/", "~1"));
        }
        return pointer.toString();
    }

    /** A value that a patch puts somewhere. */
    public sealed interface Value {
        /**
         * A text.
         *
         * @param text the text
         */
        record Text(String text) implements Value {}

        /**
         * A whole number.
         *
         * @param number the number
         */
        record Number(int number) implements Value {}

        /**
         * A map of texts.
         *
         * @param members its members
         */
        record Texts(Map<String, String> members) implements Value {
            /** Copies the members. */
            public Texts {
                members = Map.copyOf(members);
            }
        }
    }
}
