package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape.Kind;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Mapping;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads the input of the two query protocols, whose nesting is in the parameters' names. */
final class FormReader {
    /** How the two protocols differ. */
    interface Dialect {
        /** The name of a structure's member in a request. */
        String nameOf(Member member);

        /** What stands before the index of a list's elements. */
        String elements(String name, Member member, Listing list);

        /** The fault for a value of the wrong type. */
        AwsFault wrongType(String name, String value, Scalar expected);
    }

    private final ServiceModel model;
    private final Dialect dialect;
    private final Parameters parameters;

    FormReader(ServiceModel model, Dialect dialect, Parameters parameters) {
        this.model = model;
        this.dialect = dialect;
        this.parameters = parameters;
    }

    /** Reads a structure whose members' names begin with this prefix and a dot. */
    Map<String, Object> structure(Structure structure, String prefix) throws Refused {
        var tree = new LinkedHashMap<String, Object>();
        for (Member member : structure.members().values()) {
            String own = dialect.nameOf(member);
            String name = prefix.isEmpty() ? own : prefix + '.' + own;
            Object value = value(name, member);
            if (value != null) {
                tree.put(member.name(), value);
            } else if (structure.required().contains(member.name())
                    && parameters.isEmpty(name)
                    && model.shapeOf(member) instanceof Scalar scalar
                    && scalar.kind() == Kind.STRING) {
                tree.put(member.name(), "");
            }
        }
        return tree;
    }

    private @Nullable Object value(String name, Member member) throws Refused {
        return switch (model.shapeOf(member)) {
            case Structure structure ->
                    parameters.hasUnder(name) ? structure(structure, name) : null;
            case Listing list -> list(dialect.elements(name, member, list), list);
            case Mapping map -> map(name + ".entry", map);
            case Scalar scalar -> scalar(name, scalar);
        };
    }

    private @Nullable List<Object> list(String name, Listing list) throws Refused {
        List<String> indexes = parameters.indexes(name);
        if (indexes.isEmpty()) {
            return null;
        }
        var elements = new ArrayList<Object>(indexes.size());
        for (String index : indexes) {
            Object element = value(name + '.' + index, list.element());
            if (element != null) {
                elements.add(element);
            }
        }
        return elements;
    }

    private @Nullable Map<String, Object> map(String name, Mapping map) throws Refused {
        List<String> indexes = parameters.indexes(name);
        if (indexes.isEmpty()) {
            return null;
        }
        var entries = new LinkedHashMap<String, Object>();
        for (String index : indexes) {
            String key = parameters.get(name + '.' + index + '.' + map.key().wireName());
            Object value = value(name + '.' + index + '.' + map.value().wireName(), map.value());
            if (key != null) {
                entries.put(key, Objects.requireNonNullElse(value, ""));
            }
        }
        return entries;
    }

    private @Nullable Object scalar(String name, Scalar scalar) throws Refused {
        String text = parameters.get(name);
        if (text == null) {
            return null;
        }
        Object value = FromText.value(scalar, text);
        if (value == null) {
            throw new Refused(dialect.wrongType(name, text, scalar));
        }
        return value;
    }
}
