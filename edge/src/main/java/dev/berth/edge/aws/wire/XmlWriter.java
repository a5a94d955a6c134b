package dev.berth.edge.aws.wire;

import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape.Kind;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Mapping;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes the outputs of the two query protocols. */
final class XmlWriter {
    private final ServiceModel model;
    private final String element;
    private final Function<Instant, String> times;
    private final StringBuilder out;

    /**
     * A writer of one answer.
     *
     * @param element the name around a list's element where the model names none
     * @param times how times are written
     */
    XmlWriter(
            ServiceModel model,
            String element,
            Function<Instant, String> times,
            StringBuilder out) {
        this.model = model;
        this.element = element;
        this.times = times;
        this.out = out;
    }

    /** Appends the members of a structure, without an element around them. */
    void members(Structure structure, Map<?, ?> tree) {
        Trees.checkMembers(structure, tree);
        for (Member member : structure.members().values()) {
            Object value = tree.get(member.name());
            if (value != null) {
                value(member.wireName(), member, value);
            }
        }
    }

    private void value(String name, Member member, Object value) {
        switch (model.shapeOf(member)) {
            case Structure structure -> {
                open(name);
                members(structure, Trees.map(structure, value));
                close(name);
            }
            case Listing list -> {
                boolean flat = member.flattened() || list.flattened();
                if (!flat) {
                    open(name);
                }
                String own = list.element().locationName();
                String each = flat ? (own == null ? name : own) : (own == null ? element : own);
                for (Object entry : Trees.list(list, value)) {
                    if (entry != null) {
                        value(each, list.element(), entry);
                    }
                }
                if (!flat) {
                    close(name);
                }
            }
            case Mapping map -> {
                open(name);
                for (Map.Entry<?, ?> entry : Trees.map(map, value).entrySet()) {
                    Object inner = entry.getValue();
                    open("entry");
                    text(map.key().wireName(), String.valueOf(entry.getKey()));
                    if (inner != null) {
                        value(map.value().wireName(), map.value(), inner);
                    }
                    close("entry");
                }
                close(name);
            }
            case Scalar scalar -> text(name, scalar(scalar, value));
        }
    }

    private String scalar(Scalar scalar, Object value) {
        Trees.checkScalar(scalar, value);
        if (value instanceof Instant time) {
            return "unixTimestamp".equals(scalar.timestampFormat())
                    ? Long.toString(time.getEpochSecond())
                    : times.apply(time);
        }
        return scalar.kind() == Kind.BLOB
                ? Base64.getEncoder().encodeToString((byte[]) value)
                : value.toString();
    }

    private void open(String name) {
        out.append('<').append(name).append('>');
    }

    private void close(String name) {
        out.append("</").append(name).append('>');
    }

    private void text(String name, @Nullable String value) {
        text(out, name, value);
    }

    /** Appends an element with text in it; nothing for null. */
    static void text(StringBuilder out, String name, @Nullable String value) {
        if (value == null) {
            return;
        }
        out.append('<').append(name).append('>');
        escape(out, value);
        out.append("</").append(name).append('>');
    }

    private static void escape(StringBuilder out, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\r' -> out.append("&#xD;");
                default -> {
                    // XML 1.0 cannot say other control characters at all.
                    boolean sayable = c >= 0x20 || c == '\n' || c == '\t';
                    out.append(sayable && c != 0xFFFE && c != 0xFFFF ? c : '\uFFFD');
                }
            }
        }
    }
}
