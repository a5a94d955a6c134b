package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.json.JsonReader;
import dev.berth.edge.aws.json.JsonText;
import dev.berth.edge.aws.json.MalformedJson;
import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.Member.Location;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape;
import dev.berth.edge.aws.model.Shape.Kind;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Mapping;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Bodies of the two JSON protocols, in both directions. */
final class JsonBody {
    private final JsonReader reader = new JsonReader();
    private final ServiceModel model;

    JsonBody(ServiceModel model) {
        this.model = model;
    }

    /** Parses a body that must be an object; an empty one counts as {@code {}}. */
    Map<?, ?> parse(byte[] body) throws Refused {
        if (body.length == 0) {
            return Map.of();
        }
        Object tree;
        try {
            tree = reader.read(body);
        } catch (MalformedJson _) {
            throw serialization(null);
        }
        if (tree == null) {
            return Map.of();
        }
        if (tree instanceof Map<?, ?> map) {
            return map;
        }
        throw serialization(tokenOf(tree) + " can not be converted to an Object");
    }

    /**
     * Adds the body's members of a structure; JSON null counts as absent, unknown names are
     * skipped.
     */
    void read(Structure structure, Map<?, ?> json, Map<String, Object> into) throws Refused {
        for (Member member : structure.members().values()) {
            if (member.location() == Location.BODY) {
                Object given = json.get(member.wireName());
                if (given != null) {
                    into.put(member.name(), value(model.shapeOf(member), given));
                }
            }
        }
    }

    /** Converts one value to what its shape says. */
    Object value(Shape shape, Object json) throws Refused {
        return switch (shape) {
            case Structure structure -> {
                if (!(json instanceof Map<?, ?> object)) {
                    throw wrongType(json, structure.name());
                }
                var tree = new LinkedHashMap<String, Object>();
                read(structure, object, tree);
                yield tree;
            }
            case Listing list -> list(list, json);
            case Mapping map -> {
                if (!(json instanceof Map<?, ?> object)) {
                    throw wrongType(json, "Map");
                }
                var entries = new LinkedHashMap<String, Object>();
                for (Map.Entry<?, ?> entry : object.entrySet()) {
                    Object inner = entry.getValue();
                    if (inner != null) {
                        entries.put(
                                String.valueOf(entry.getKey()),
                                value(model.shapeOf(map.value()), inner));
                    }
                }
                yield entries;
            }
            case Scalar scalar -> scalar(scalar, json);
        };
    }

    private List<Object> list(Listing list, Object json) throws Refused {
        if (!(json instanceof List<?> array)) {
            throw wrongType(json, "List");
        }
        var elements = new ArrayList<Object>(array.size());
        for (Object element : array) {
            if (element != null) {
                elements.add(value(model.shapeOf(list.element()), element));
            }
        }
        return elements;
    }

    private static Object scalar(Scalar scalar, Object json) throws Refused {
        Object value =
                switch (scalar.kind()) {
                    case STRING -> json instanceof String ? json : null;
                    case BOOLEAN -> json instanceof Boolean ? json : null;
                    case INTEGER ->
                            json instanceof Long number && number == number.intValue()
                                    ? json
                                    : null;
                    case LONG -> json instanceof Long ? json : null;
                    case DOUBLE -> json instanceof Number number ? number.doubleValue() : null;
                    case BLOB -> json instanceof String text ? FromText.bytes(text) : null;
                    case TIMESTAMP ->
                            switch (json) {
                                case Number number -> Times.ofEpoch(number.doubleValue());
                                case String text -> Times.parse(text);
                                default -> null;
                            };
                };
        if (value == null) {
            throw wrongType(json, FromText.kindName(scalar));
        }
        return value;
    }

    /** Source of the words: aws-apis-from-java §C; for other types than these two, our choice. */
    private static Refused wrongType(Object json, String expected) {
        return serialization(tokenOf(json) + " can not be converted to " + expected);
    }

    static Refused serialization(@Nullable String message) {
        return new Refused(
                new AwsFault("SerializationException", 400, message == null ? "" : message));
    }

    private static String tokenOf(Object json) {
        return switch (json) {
            case String _ -> "STRING_VALUE";
            case Number _ -> "NUMBER_VALUE";
            case Boolean bool -> bool ? "TRUE_VALUE" : "FALSE_VALUE";
            case List<?> _ -> "START_ARRAY";
            default -> "START_OBJECT";
        };
    }

    /** Appends the body's members of a structure as an object. */
    void write(StringBuilder out, Structure structure, Map<?, ?> tree) {
        Trees.checkMembers(structure, tree);
        char separator = '{';
        for (Member member : structure.members().values()) {
            Object value = tree.get(member.name());
            if (value != null && member.location() == Location.BODY) {
                out.append(separator);
                JsonText.string(out, member.wireName());
                out.append(':');
                write(out, model.shapeOf(member), member, value);
                separator = ',';
            }
        }
        out.append(separator == '{' ? "{}" : "}");
    }

    private void write(StringBuilder out, Shape shape, Member member, Object value) {
        switch (shape) {
            case Structure structure -> write(out, structure, Trees.map(structure, value));
            case Listing list -> {
                char separator = '[';
                for (Object element : Trees.list(list, value)) {
                    if (element != null) {
                        out.append(separator);
                        write(out, model.shapeOf(list.element()), list.element(), element);
                        separator = ',';
                    }
                }
                out.append(separator == '[' ? "[]" : "]");
            }
            case Mapping map -> {
                char separator = '{';
                for (Map.Entry<?, ?> entry : Trees.map(map, value).entrySet()) {
                    Object inner = entry.getValue();
                    if (inner != null) {
                        out.append(separator);
                        JsonText.string(out, String.valueOf(entry.getKey()));
                        out.append(':');
                        write(out, model.shapeOf(map.value()), map.value(), inner);
                        separator = ',';
                    }
                }
                out.append(separator == '{' ? "{}" : "}");
            }
            case Scalar scalar -> {
                Trees.checkScalar(scalar, value);
                if (value instanceof Instant time) {
                    String format = member.timestampFormat();
                    time(out, format == null ? scalar.timestampFormat() : format, time);
                } else if (scalar.kind() == Kind.BLOB) {
                    JsonText.string(out, Base64.getEncoder().encodeToString((byte[]) value));
                } else {
                    JsonText.tree(out, value);
                }
            }
        }
    }

    private static void time(StringBuilder out, @Nullable String format, Instant time) {
        if ("iso8601".equals(format)) {
            JsonText.string(out, Times.millis(time));
        } else {
            Times.epoch(out, time);
        }
    }
}
