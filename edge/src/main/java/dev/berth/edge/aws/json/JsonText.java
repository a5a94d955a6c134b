package dev.berth.edge.aws.json;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes JSON piece by piece into a StringBuilder. */
public final class JsonText {
    private static final String HEX = "0123456789abcdef";

    private JsonText() {}

    /** Appends a string with its quotes. */
    public static void string(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20) {
                        out.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    /** Appends a tree of Map, List, String, Number, Boolean and null. */
    public static void tree(StringBuilder out, @Nullable Object value) {
        switch (value) {
            case null -> out.append("null");
            case String text -> string(out, text);
            case Map<?, ?> map -> {
                char separator = '{';
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.append(separator);
                    string(out, String.valueOf(entry.getKey()));
                    out.append(':');
                    tree(out, entry.getValue());
                    separator = ',';
                }
                out.append(separator == '{' ? "{}" : "}");
            }
            case Iterable<?> list -> {
                char separator = '[';
                for (Object element : list) {
                    out.append(separator);
                    tree(out, element);
                    separator = ',';
                }
                out.append(separator == '[' ? "[]" : "]");
            }
            case Number number -> out.append(number);
            case Boolean bool -> out.append(bool.booleanValue());
            default ->
                    throw new IllegalArgumentException("not JSON: " + value.getClass().getName());
        }
    }
}
