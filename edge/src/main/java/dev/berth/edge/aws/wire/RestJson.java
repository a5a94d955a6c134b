package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Mapping;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The REST protocol of EKS: the path names the operation, the rest travels in labels, query,
 * headers and a JSON body. Source: eks-fargate §12.1 (D)
 */
public final class RestJson implements Protocol {
    private final ServiceModel model;
    private final JsonBody json;
    private final Routes routes;

    /** Serves this service. */
    RestJson(ServiceModel model) {
        this.model = model;
        this.json = new JsonBody(model);
        this.routes = new Routes(model.operations().values());
    }

    @Override
    public Target target(WireRequest request) {
        String method = request.head().method();
        String path = request.head().rawPath();
        Target.Described found = routes.find(method, path);
        if (found != null) {
            return found;
        }
        // Code and status are our choice: what AWS says to a path it does not know is not recorded.
        return new Target.Other(
                method + " " + path,
                new AwsFault(
                        "UnknownOperationException",
                        404,
                        "There is no operation at " + method + " " + path + "."));
    }

    @Override
    public Map<String, Object> input(Target.Described target, WireRequest request) throws Refused {
        Structure structure = model.structure(target.operation().input());
        var input = new LinkedHashMap<String, Object>();
        for (Member member : structure.members().values()) {
            Object value =
                    switch (member.location()) {
                        case URI -> text(member, target.labels().get(member.wireName()));
                        case QUERY -> query(member, request.head().rawQuery());
                        case HEADER ->
                                text(
                                        member,
                                        request.head()
                                                .header(
                                                        member.wireName()
                                                                .toLowerCase(Locale.ROOT)));
                        case HEADERS -> headers(member.wireName(), request);
                        case BODY, STATUS -> null;
                    };
            if (value != null) {
                input.put(member.name(), value);
            }
        }
        String payload = structure.payload();
        if (payload == null) {
            json.read(structure, json.parse(request.body()), input);
        } else if (request.body().length > 0) {
            input.put(payload, payload(structure, payload, request.body()));
        }
        return input;
    }

    private Object payload(Structure structure, String name, byte[] body) throws Refused {
        Member member = structure.members().get(name);
        if (member == null) {
            throw new IllegalStateException(structure.name() + " has no member " + name);
        }
        Shape shape = model.shapeOf(member);
        if (shape instanceof Scalar scalar) {
            return scalar.kind() == Shape.Kind.BLOB
                    ? body
                    : new String(body, StandardCharsets.UTF_8);
        }
        return json.value(shape, json.parse(body));
    }

    private @Nullable Object query(Member member, String rawQuery) throws Refused {
        if (rawQuery.isEmpty()) {
            return null;
        }
        Shape shape = model.shapeOf(member);
        if (shape instanceof Mapping) {
            return rest(rawQuery);
        }
        var found = new ArrayList<>();
        Scalar scalar =
                switch (shape) {
                    case Scalar single -> single;
                    case Listing list -> (Scalar) model.shapeOf(list.element());
                    case Mapping other -> throw new IllegalStateException(other.name());
                    case Structure other -> throw new IllegalStateException(other.name());
                };
        for (String pair : pairs(rawQuery)) {
            int equals = pair.indexOf('=');
            if (equals > 0
                    && equals + 1 < pair.length()
                    && Parameters.decode(pair.substring(0, equals)).equals(member.wireName())) {
                found.add(scalar(scalar, Parameters.decode(pair.substring(equals + 1))));
            }
        }
        if (found.isEmpty()) {
            return null;
        }
        return shape instanceof Listing ? found : found.getFirst();
    }

    /** A map bound to the query takes every parameter that no other member has. */
    private static Map<String, Object> rest(String rawQuery) {
        var entries = new LinkedHashMap<String, Object>();
        for (String pair : pairs(rawQuery)) {
            int equals = pair.indexOf('=');
            if (equals > 0 && equals + 1 < pair.length()) {
                entries.put(
                        Parameters.decode(pair.substring(0, equals)),
                        Parameters.decode(pair.substring(equals + 1)));
            }
        }
        return entries;
    }

    private static Iterable<String> pairs(String rawQuery) {
        var pairs = new ArrayList<String>();
        int at = 0;
        while (at < rawQuery.length()) {
            int and = rawQuery.indexOf('&', at);
            int end = and < 0 ? rawQuery.length() : and;
            pairs.add(rawQuery.substring(at, end));
            at = end + 1;
        }
        return pairs;
    }

    private static @Nullable Map<String, Object> headers(String prefix, WireRequest request) {
        String lower = prefix.toLowerCase(Locale.ROOT);
        var entries = new LinkedHashMap<String, Object>();
        for (Map.Entry<String, List<String>> header : request.head().headers().entrySet()) {
            if (header.getKey().startsWith(lower) && !header.getValue().isEmpty()) {
                entries.put(
                        header.getKey().substring(lower.length()), header.getValue().getFirst());
            }
        }
        return entries.isEmpty() ? null : entries;
    }

    private @Nullable Object text(Member member, @Nullable String text) throws Refused {
        if (text == null || text.isEmpty()) {
            return null;
        }
        return model.shapeOf(member) instanceof Scalar scalar ? scalar(scalar, text) : text;
    }

    private static Object scalar(Scalar scalar, String text) throws Refused {
        Object value = FromText.value(scalar, text);
        if (value == null) {
            throw JsonBody.serialization(
                    "STRING_VALUE can not be converted to " + FromText.kindName(scalar));
        }
        return value;
    }

    @Override
    public WireAnswer output(
            OperationModel operation,
            Map<String, ? extends @Nullable Object> output,
            String requestId) {
        Structure structure = model.structure(operation.output());
        var headers = headers(requestId);
        int status = operation.responseCode();
        for (Member member : structure.members().values()) {
            Object value = output.get(member.name());
            if (value == null) {
                continue;
            }
            switch (member.location()) {
                case HEADER ->
                        headers.put(
                                member.wireName(),
                                value instanceof Instant time
                                        ? Times.seconds(time)
                                        : value.toString());
                case STATUS -> status = ((Number) value).intValue();
                case BODY, URI, QUERY, HEADERS -> {}
            }
        }
        var out = new StringBuilder(512);
        String payload = structure.payload();
        Member whole = payload == null ? null : structure.members().get(payload);
        if (whole != null && model.shapeOf(whole) instanceof Structure inner) {
            Object value = output.get(whole.name());
            json.write(out, inner, value == null ? Map.of() : Trees.map(inner, value));
        } else {
            json.write(out, structure, output);
        }
        return new WireAnswer(status, headers, out.toString());
    }

    @Override
    public WireAnswer fault(AwsFault fault, String requestId) {
        return fault(model, fault, requestId);
    }

    /** An error for a service whose model we may not have. */
    static WireAnswer fault(@Nullable ServiceModel model, AwsFault fault, String requestId) {
        var headers = headers(requestId);
        headers.put("x-amzn-ErrorType", fault.code());
        return new WireAnswer(
                JsonFaults.status(model, fault), headers, JsonFaults.body(model, fault, null));
    }

    private static Map<String, String> headers(String requestId) {
        var headers = new HashMap<String, String>();
        headers.put("Content-Type", "application/json");
        headers.put("x-amzn-RequestId", requestId);
        return headers;
    }
}
