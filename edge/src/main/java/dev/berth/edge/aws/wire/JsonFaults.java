package dev.berth.edge.aws.wire;

import dev.berth.core.fault.AwsFault;
import dev.berth.edge.aws.json.JsonText;
import dev.berth.edge.aws.model.Member;
import dev.berth.edge.aws.model.ServiceModel;
import dev.berth.edge.aws.model.Shape.ErrorTrait;
import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Structure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Bodies of errors in the JSON protocols. Members that the model's error has and the fault has not
 * are written as null, as EKS does. Source: eks-fargate §12.1 (D, O)
 */
final class JsonFaults {
    private JsonFaults() {}

    /** The status of the answer: the model's, where it knows the code. */
    static int status(@Nullable ServiceModel model, AwsFault fault) {
        Structure known = model == null ? null : model.error(fault.code());
        ErrorTrait trait = known == null ? null : known.error();
        Integer status = trait == null ? null : trait.httpStatus();
        return status == null ? fault.httpStatus() : status;
    }

    /**
     * The body.
     *
     * @param type what goes first as {@code __type}, or null to leave that out
     */
    static String body(@Nullable ServiceModel model, AwsFault fault, @Nullable String type) {
        var out = new StringBuilder(128).append('{');
        if (type != null) {
            out.append("\"__type\":");
            JsonText.string(out, type);
            out.append(',');
        }
        out.append("\"message\":");
        JsonText.string(out, fault.message());
        Structure known = model == null ? null : model.error(fault.code());
        if (model == null || known == null) {
            fault.members().forEach((name, value) -> member(out, name, value));
        } else {
            for (Member member : known.members().values()) {
                String value = fault.members().get(member.name());
                if (member.name().equals("message")) {
                    continue;
                }
                boolean list = model.shapeOf(member) instanceof Listing;
                member(out, member.wireName(), value == null || !list ? value : split(value));
            }
        }
        return out.append('}').toString();
    }

    /** A fault's members are texts; one that the model has as a list is written with commas. */
    private static List<String> split(String value) {
        return value.isEmpty() ? List.of() : List.of(value.split(",", -1));
    }

    private static void member(StringBuilder out, String name, @Nullable Object value) {
        out.append(',');
        JsonText.string(out, name);
        out.append(':');
        JsonText.tree(out, value);
    }
}
