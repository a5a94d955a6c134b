package dev.berth.adapter.kube;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;

/** Reads fields of an object tree as the Kubernetes API writes them: absent means zero or empty. */
final class Json {
    private static final DateTimeFormatter MICRO_TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    /** The version of an object that the API server answered with, read no further than that. */
    static String resourceVersion(byte[] object) {
        try (var parser = FACTORY.createParser(ObjectReadContext.empty(), object)) {
            var inMetadata = false;
            for (var token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token != JsonToken.PROPERTY_NAME) {
                    continue;
                }
                var name = parser.currentName();
                var value = parser.nextToken();
                if (!inMetadata && name.equals("metadata")) {
                    inMetadata = true;
                } else if (inMetadata && name.equals("resourceVersion")) {
                    return parser.getString();
                } else if (value.isStructStart()) {
                    parser.skipChildren();
                }
            }
            return "";
        } catch (JacksonException unreadable) {
            return "";
        }
    }

    static boolean has(JsonNode node, String field) {
        var value = node.path(field);
        return !value.isMissingNode() && !value.isNull();
    }

    /** A text, or empty. */
    static String text(JsonNode node, String field) {
        return text(node, field, "");
    }

    /** A text or a number as text, or something else when absent or empty. */
    static String text(JsonNode node, String field, String otherwise) {
        var text = textOrNull(node, field);
        return text == null || text.isEmpty() ? otherwise : text;
    }

    static @Nullable String textOrNull(JsonNode node, String field) {
        return has(node, field) ? node.path(field).asString() : null;
    }

    static boolean flag(JsonNode node, String field) {
        return node.path(field).asBoolean(false);
    }

    static @Nullable Boolean flagOrNull(JsonNode node, String field) {
        return has(node, field) ? node.path(field).asBoolean() : null;
    }

    static int integer(JsonNode node, String field, int otherwise) {
        return has(node, field) ? node.path(field).asInt() : otherwise;
    }

    static long number(JsonNode node, String field, long otherwise) {
        return has(node, field) ? node.path(field).asLong() : otherwise;
    }

    static @Nullable Long numberOrNull(JsonNode node, String field) {
        return has(node, field) ? node.path(field).asLong() : null;
    }

    static @Nullable Instant timeOrNull(JsonNode node, String field) {
        var text = textOrNull(node, field);
        return text == null ? null : Instant.parse(text);
    }

    static Instant time(JsonNode node, String field) {
        var time = timeOrNull(node, field);
        return time == null ? Instant.EPOCH : time;
    }

    /** A list of objects, each read the same way. */
    static <T> List<T> list(JsonNode node, String field, Function<JsonNode, T> read) {
        var list = new ArrayList<T>();
        for (var item : node.path(field)) {
            list.add(read.apply(item));
        }
        return list;
    }

    static List<String> texts(JsonNode node, String field) {
        return list(node, field, JsonNode::asString);
    }

    /** An object whose values are texts, in its order. */
    static Map<String, String> textMap(JsonNode node, String field) {
        var map = new LinkedHashMap<String, String>();
        for (var entry : node.path(field).properties()) {
            map.put(entry.getKey(), entry.getValue().asString(""));
        }
        return map;
    }

    /** A time as {@code metav1.Time} writes it: whole seconds. */
    static String seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** A time as {@code metav1.MicroTime} writes it: six digits. */
    static String micros(Instant time) {
        return MICRO_TIME.format(time);
    }
}
