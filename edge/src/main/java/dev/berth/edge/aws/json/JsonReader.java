package dev.berth.edge.aws.json;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/** Reads JSON into trees. Duplicate names and deep nesting are refused. Safe for many threads. */
public final class JsonReader {
    /** Deeper JSON is refused; the deepest AWS request is far below. */
    private static final int DEPTH_MAX = 64;

    private final JsonFactory factory =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder().maxNestingDepth(DEPTH_MAX).build())
                    .build();

    /** Reads one JSON value and nothing after it. */
    public @Nullable Object read(byte[] bytes) throws MalformedJson {
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), bytes)) {
            return whole(parser);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /** Reads one JSON value and nothing after it. */
    public @Nullable Object read(String text) throws MalformedJson {
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), text)) {
            return whole(parser);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /** Reads one JSON value and nothing after it; the stream stays open. */
    public @Nullable Object read(InputStream stream) throws MalformedJson {
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), stream)) {
            return whole(parser);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    private static MalformedJson malformed(JacksonException e) {
        var at = e.getLocation();
        String where =
                at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
        return new MalformedJson(e.getOriginalMessage() + where);
    }

    private static @Nullable Object whole(JsonParser parser) throws MalformedJson {
        JsonToken first = parser.nextToken();
        if (first == null) {
            throw new MalformedJson("no JSON value");
        }
        Object value = value(parser, first);
        if (parser.nextToken() != null) {
            throw new MalformedJson("more after the end of the JSON value");
        }
        return value;
    }

    @SuppressWarnings("EnumOrdinal")
    private static @Nullable Object value(JsonParser parser, JsonToken token) throws MalformedJson {
        return switch (token) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT -> integer(parser);
            case VALUE_NUMBER_FLOAT -> (Object) parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case END_OBJECT, END_ARRAY, PROPERTY_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
                    throw new MalformedJson("unexpected " + token);
        };
    }

    private static Object integer(JsonParser parser) {
        return parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                ? (Object) parser.getDoubleValue()
                : (Object) parser.getLongValue();
    }

    private static Map<String, @Nullable Object> object(JsonParser parser) throws MalformedJson {
        var map = new LinkedHashMap<String, @Nullable Object>();
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            map.put(name, value(parser, parser.nextToken()));
        }
        return map;
    }

    private static List<@Nullable Object> array(JsonParser parser) throws MalformedJson {
        var list = new ArrayList<@Nullable Object>();
        for (JsonToken token = parser.nextToken();
                token != JsonToken.END_ARRAY;
                token = parser.nextToken()) {
            list.add(value(parser, token));
        }
        return list;
    }
}
