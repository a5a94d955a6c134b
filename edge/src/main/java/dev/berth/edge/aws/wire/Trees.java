package dev.berth.edge.aws.wire;

import dev.berth.edge.aws.model.Shape;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;

/** Checks that an output is what the model says; a mistake here is ours, so it throws. */
final class Trees {
    private Trees() {}

    static Map<?, ?> map(Shape shape, Object value) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw wrong(shape, value);
    }

    static Collection<?> list(Shape shape, Object value) {
        if (value instanceof Collection<?> list) {
            return list;
        }
        throw wrong(shape, value);
    }

    static void checkMembers(Structure structure, Map<?, ?> tree) {
        for (Object name : tree.keySet()) {
            if (!(name instanceof String text) || !structure.members().containsKey(text)) {
                throw new IllegalStateException(structure.name() + " has no member " + name);
            }
        }
    }

    static void checkScalar(Scalar scalar, Object value) {
        boolean right =
                switch (scalar.kind()) {
                    case STRING -> value instanceof String;
                    case INTEGER, LONG -> value instanceof Long || value instanceof Integer;
                    case DOUBLE -> value instanceof Number;
                    case BOOLEAN -> value instanceof Boolean;
                    case TIMESTAMP -> value instanceof Instant;
                    case BLOB -> value instanceof byte[];
                };
        if (!right) {
            throw wrong(scalar, value);
        }
    }

    private static IllegalStateException wrong(Shape shape, Object value) {
        return new IllegalStateException(
                shape.name() + " cannot be a " + value.getClass().getSimpleName());
    }
}
