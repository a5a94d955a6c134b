package dev.berth.edge.aws.model;

import dev.berth.edge.aws.json.JsonReader;
import dev.berth.edge.aws.json.MalformedJson;
import dev.berth.edge.aws.model.Member.Location;
import dev.berth.edge.aws.model.Shape.ErrorTrait;
import dev.berth.edge.aws.model.Shape.Kind;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Mapping;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the service models that ship with Berth. */
public final class ModelReader {
    private final JsonReader json = new JsonReader();

    /**
     * Reads a service's model.
     *
     * @param service the signing name; only ever one of our own
     */
    public ServiceModel read(String service) {
        String resource = "/dev/berth/edge/aws/models/" + service + ".json";
        try (InputStream stream = ModelReader.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalArgumentException("no model of " + service);
            }
            return model(service, object(json.read(stream)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + resource, e);
        } catch (MalformedJson e) {
            throw new IllegalStateException("cannot read " + resource, e);
        }
    }

    private static ServiceModel model(String service, Map<String, @Nullable Object> tree) {
        var metadata = new HashMap<String, String>();
        object(tree.get("metadata")).forEach((key, value) -> metadata.put(key, text(value)));
        var operations = new HashMap<String, OperationModel>();
        object(tree.get("operations"))
                .forEach((name, value) -> operations.put(name, operation(name, object(value))));
        var shapes = new HashMap<String, Shape>();
        object(tree.get("shapes"))
                .forEach((name, value) -> shapes.put(name, shape(name, object(value))));
        var others = new HashSet<>(texts(tree.get("otherOperations")));
        return new ServiceModel(service, metadata, operations, others, shapes);
    }

    private static OperationModel operation(String name, Map<String, @Nullable Object> tree) {
        Map<String, @Nullable Object> http = object(tree.get("http"));
        Map<String, @Nullable Object> output = object(tree.get("output"));
        Object code = http.get("responseCode");
        return new OperationModel(
                name,
                text(http.get("method")),
                text(http.get("requestUri")),
                code == null ? 200 : ((Number) code).intValue(),
                (String) object(tree.get("input")).get("shape"),
                (String) output.get("shape"),
                (String) output.get("resultWrapper"),
                texts(tree.get("errors")));
    }

    private static Shape shape(String name, Map<String, @Nullable Object> tree) {
        String type = text(tree.get("type"));
        return switch (type) {
            case "structure" -> structure(name, tree);
            case "list" ->
                    new Listing(
                            name,
                            member("member", object(tree.get("member"))),
                            Boolean.TRUE.equals(tree.get("flattened")),
                            number(tree.get("min")),
                            number(tree.get("max")));
            case "map" ->
                    new Mapping(
                            name,
                            member("key", object(tree.get("key"))),
                            member("value", object(tree.get("value"))),
                            number(tree.get("min")),
                            number(tree.get("max")));
            default ->
                    new Scalar(
                            name,
                            kind(type),
                            texts(tree.get("enum")),
                            number(tree.get("min")),
                            number(tree.get("max")),
                            (String) tree.get("pattern"),
                            Boolean.TRUE.equals(tree.get("sensitive")),
                            (String) tree.get("timestampFormat"));
        };
    }

    private static Kind kind(String type) {
        return switch (type) {
            case "string", "character" -> Kind.STRING;
            case "integer" -> Kind.INTEGER;
            case "long" -> Kind.LONG;
            case "double", "float" -> Kind.DOUBLE;
            case "boolean" -> Kind.BOOLEAN;
            case "timestamp" -> Kind.TIMESTAMP;
            case "blob" -> Kind.BLOB;
            default -> throw new IllegalStateException("unknown type " + type);
        };
    }

    private static Structure structure(String name, Map<String, @Nullable Object> tree) {
        var members = new LinkedHashMap<String, Member>();
        object(tree.get("members"))
                .forEach((member, value) -> members.put(member, member(member, object(value))));
        ErrorTrait error = null;
        if (Boolean.TRUE.equals(tree.get("exception"))) {
            Map<String, @Nullable Object> trait = object(tree.get("error"));
            Object code = trait.get("code");
            Long status = number(trait.get("httpStatusCode"));
            error =
                    new ErrorTrait(
                            code == null ? name : text(code),
                            status == null ? null : status.intValue());
        }
        return new Structure(
                name, members, texts(tree.get("required")), (String) tree.get("payload"), error);
    }

    private static Member member(String name, Map<String, @Nullable Object> tree) {
        return new Member(
                name,
                text(tree.get("shape")),
                location((String) tree.get("location")),
                (String) tree.get("locationName"),
                (String) tree.get("queryName"),
                Boolean.TRUE.equals(tree.get("flattened")),
                (String) tree.get("timestampFormat"));
    }

    private static Location location(@Nullable String name) {
        return switch (name) {
            case null -> Location.BODY;
            case "uri" -> Location.URI;
            case "querystring" -> Location.QUERY;
            case "header" -> Location.HEADER;
            case "headers" -> Location.HEADERS;
            case "statusCode" -> Location.STATUS;
            default -> throw new IllegalStateException("unknown location " + name);
        };
    }

    @SuppressWarnings("unchecked") // JsonReader makes no other maps
    private static Map<String, @Nullable Object> object(@Nullable Object tree) {
        return tree == null ? Map.of() : (Map<String, @Nullable Object>) tree;
    }

    private static List<String> texts(@Nullable Object tree) {
        var texts = new ArrayList<String>();
        if (tree instanceof List<?> list) {
            list.forEach(element -> texts.add(text(element)));
        }
        return List.copyOf(texts);
    }

    private static String text(@Nullable Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw new IllegalStateException("not a string: " + value);
    }

    private static @Nullable Long number(@Nullable Object value) {
        return value instanceof Number number ? (Long) number.longValue() : null;
    }
}
