package dev.berth.edge.aws.wire;

import dev.berth.edge.aws.model.Shape.Scalar;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Values that travel as text: in paths, queries, headers and forms. */
final class FromText {
    private FromText() {}

    /** The value, or null when the text is none of the scalar's kind. */
    static @Nullable Object value(Scalar scalar, String text) {
        return switch (scalar.kind()) {
            case STRING -> text;
            case BOOLEAN -> bool(text);
            case INTEGER -> {
                Long number = whole(text);
                yield number != null && number == number.intValue() ? number : null;
            }
            case LONG -> whole(text);
            case DOUBLE -> real(text);
            case TIMESTAMP -> Times.parse(text);
            case BLOB -> bytes(text);
        };
    }

    /** What the kind is called in messages. */
    static String kindName(Scalar scalar) {
        return switch (scalar.kind()) {
            case STRING -> "String";
            case BOOLEAN -> "Boolean";
            case INTEGER -> "Integer";
            case LONG -> "Long";
            case DOUBLE -> "Double";
            case TIMESTAMP -> "Timestamp";
            case BLOB -> "Blob";
        };
    }

    private static @Nullable Boolean bool(String text) {
        if (text.equalsIgnoreCase("true")) {
            return true;
        }
        return text.equalsIgnoreCase("false") ? (Boolean) false : null;
    }

    private static @Nullable Long whole(String text) {
        try {
            return Long.valueOf(text);
        } catch (NumberFormatException _) {
            return null;
        }
    }

    private static @Nullable Double real(String text) {
        try {
            return Double.valueOf(text);
        } catch (NumberFormatException _) {
            return null;
        }
    }

    static byte @Nullable [] bytes(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException _) {
            return null;
        }
    }
}
