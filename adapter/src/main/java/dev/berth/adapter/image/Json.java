package dev.berth.adapter.image;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads JSON of strangers: what is absent, null or of the wrong kind is empty, never a surprise.
 */
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private Json() {}

    /** A document; null when it is not JSON or not an object or a list. */
    static @Nullable JsonNode read(byte[] document) {
        try {
            JsonNode node = MAPPER.readTree(document);
            return node != null && (node.isObject() || node.isArray()) ? node : null;
        } catch (JacksonException bad) {
            return null;
        }
    }

    static byte[] write(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    static String text(JsonNode node, String field) {
        JsonNode value = node.get(field);
        return value != null && value.isString() ? value.stringValue() : "";
    }

    static long number(JsonNode node, String field) {
        JsonNode value = node.get(field);
        return value != null && value.isIntegralNumber() && value.canConvertToLong()
                ? value.longValue()
                : -1;
    }

    static List<String> texts(JsonNode node, String field) {
        List<String> texts = new ArrayList<>();
        for (JsonNode each : list(node, field)) {
            if (each.isString()) {
                texts.add(each.stringValue());
            }
        }
        return texts;
    }

    static List<JsonNode> list(JsonNode node, String field) {
        JsonNode value = node.get(field);
        List<JsonNode> list = new ArrayList<>();
        if (value != null && value.isArray()) {
            value.forEach(list::add);
        }
        return list;
    }

    static Map<String, String> map(JsonNode node, String field) {
        Map<String, String> map = new LinkedHashMap<>();
        JsonNode value = node.get(field);
        if (value != null && value.isObject()) {
            value.properties()
                    .forEach(each -> {
                        if (each.getValue().isString()) {
                            map.put(each.getKey(), each.getValue().stringValue());
                        }
                    });
        }
        return map;
    }
}
