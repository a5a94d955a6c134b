package dev.berth.edge.aws.eks;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The members of an input or of a structure within one, whose types the protocol engine has
 * checked. An empty text reads as absent, because old SDKs send what was left out as empty. Source:
 * terraform-calls §2.6 (R)
 *
 * @param members by name
 */
record Input(Map<?, ?> members) {
    private static final Input EMPTY = new Input(Map.of());

    /** A text that the model requires, or that its operation can do with empty. */
    String text(String name) {
        return members.get(name) instanceof String text ? text : "";
    }

    /** A text, or null. */
    @Nullable String textOrNull(String name) {
        return members.get(name) instanceof String text && !text.isEmpty() ? text : null;
    }

    /** A switch, or null. */
    @Nullable Boolean flagOrNull(String name) {
        return members.get(name) instanceof Boolean flag ? flag : null;
    }

    /** Whether a switch is on. */
    boolean isOn(String name) {
        return Boolean.TRUE.equals(members.get(name));
    }

    /** A number, or null. */
    @Nullable Long numberOrNull(String name) {
        return members.get(name) instanceof Long number ? number : null;
    }

    /** Whether a member was sent at all. */
    boolean has(String name) {
        return members.containsKey(name);
    }

    /** A list of texts, empty when absent. */
    List<String> texts(String name) {
        return members.get(name) instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of();
    }

    /** A map of texts, empty when absent. */
    Map<String, String> textMap(String name) {
        var found = new java.util.LinkedHashMap<String, String>();
        if (members.get(name) instanceof Map<?, ?> map) {
            map.forEach((key, value) -> found.put(String.valueOf(key), String.valueOf(value)));
        }
        return found;
    }

    /** A structure, empty when absent. */
    Input structure(String name) {
        return members.get(name) instanceof Map<?, ?> map ? new Input(map) : EMPTY;
    }

    /** A list of structures, empty when absent. */
    List<Input> structures(String name) {
        return members.get(name) instanceof List<?> list
                ? list.stream()
                        .map(item -> item instanceof Map<?, ?> map ? new Input(map) : EMPTY)
                        .toList()
                : List.of();
    }
}
