package dev.berth.edge.aws.ec2;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation.Call;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Reads the members of an EC2 call that many operations share. */
final class Ec2Input {
    private Ec2Input() {}

    /** A text that the model requires. */
    static String text(Call call, String member) throws Refused {
        var value = optionalText(call, member);
        if (value.isEmpty()) {
            throw refuse("MissingParameter", "The request must contain the parameter " + member);
        }
        return value.get();
    }

    /**
     * A text; an empty one counts as absent, since older SDKs send those. Source: terraform-calls
     * trap 8
     */
    static Optional<String> optionalText(Call call, String member) {
        return Optional.ofNullable(call.input().get(member))
                .map(Object::toString)
                .filter(text -> !text.isEmpty());
    }

    /** A list of texts, empty when absent. */
    static List<String> texts(Map<String, Object> input, String member) {
        return list(input, member).stream()
                .map(Object::toString)
                .filter(text -> !text.isEmpty())
                .toList();
    }

    /** A list of structures, empty when absent. */
    static List<Map<String, Object>> structures(Map<String, Object> input, String member) {
        var structures = new ArrayList<Map<String, Object>>();
        for (var item : list(input, member)) {
            structures.add(structure(item));
        }
        return structures;
    }

    /** A structure of the tree. */
    static Map<String, Object> structure(Object item) {
        var members = new LinkedHashMap<String, Object>();
        if (item instanceof Map<?, ?> map) {
            map.forEach((key, value) ->
                    members.put(String.valueOf(key), Objects.requireNonNull(value)));
        }
        return members;
    }

    /** The tags that a create call asks for, of the resource type it makes. */
    static Map<String, String> tags(Call call, String resourceType) throws Refused {
        var tags = new LinkedHashMap<String, String>();
        for (var specification : structures(call.input(), "TagSpecifications")) {
            if (!resourceType.equals(specification.get("ResourceType"))) {
                throw refuse(
                        "InvalidParameterValue",
                        "'"
                                + specification.get("ResourceType")
                                + "' is not a valid taggable resource type for this operation.");
            }
            tags.putAll(tagPairs(specification, "Tags"));
        }
        return tags;
    }

    /** Tags as a map. */
    static Map<String, String> tagPairs(Map<String, Object> input, String member) throws Refused {
        var tags = new LinkedHashMap<String, String>();
        for (var tag : structures(input, member)) {
            var key = String.valueOf(tag.getOrDefault("Key", ""));
            var value = String.valueOf(tag.getOrDefault("Value", ""));
            if (key.isEmpty() || key.length() > 127 || value.length() > 255) {
                throw refuse(
                        "InvalidParameterValue",
                        "Tag key must be 1 to 127 and tag value at most 255 characters long: "
                                + key);
            }
            if (key.startsWith("aws:")) {
                throw refuse(
                        "InvalidParameterValue",
                        "Tag keys starting with 'aws:' are reserved for internal use");
            }
            tags.put(key, value);
        }
        return tags;
    }

    private static List<?> list(Map<String, Object> input, String member) {
        return input.get(member) instanceof List<?> list ? list : List.of();
    }

    static Refused refuse(String code, String message) {
        return new Refused(new AwsFault(code, 400, message));
    }
}
