package dev.berth.edge.aws.ec2;

import dev.berth.core.fault.Refused;
import dev.berth.core.network.AccountNetwork;
import dev.berth.edge.aws.Operation.Call;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Describes resources of one kind: by ids, of which an unknown one is refused; by filters, of which
 * each is one of several texts with {@code *} and {@code ?}; a page at a time.
 *
 * @param output the list's member in the answer
 * @param idMember the ids' member in the call
 * @param filterMember the filters' member in the call
 * @param id a resource's id
 * @param shape a resource's output members
 * @param filters what a filter looks at; tags need not be named
 * @param lookUp throws the kind's own error for an unknown id
 */
record Describe<R>(
        String output,
        String idMember,
        String filterMember,
        Function<R, String> id,
        Function<R, Map<String, @Nullable Object>> shape,
        Map<String, Function<R, List<String>>> filters,
        LookUp<R> lookUp) {
    private static final int PAGE_MAX = 1000;

    /** Finds a resource by id. */
    @FunctionalInterface
    interface LookUp<R> {
        R find(AccountNetwork network, String id) throws Refused;
    }

    /** Answers a describe call. */
    Map<String, @Nullable Object> answer(Call call, AccountNetwork network, Collection<R> all)
            throws Refused {
        var ids = Ec2Input.texts(call.input(), idMember);
        var found = new ArrayList<R>();
        if (ids.isEmpty()) {
            found.addAll(all);
        }
        for (var wanted : ids) {
            found.add(lookUp.find(network, wanted));
        }
        for (var filter : Ec2Input.structures(call.input(), filterMember)) {
            var name = String.valueOf(filter.get("Name"));
            var values = Ec2Input.texts(filter, "Values").stream().map(Describe::pattern).toList();
            var looksAt = looksAt(name, network);
            found.removeIf(resource ->
                    looksAt.apply(resource).stream()
                            .noneMatch(text ->
                                    values.stream()
                                            .anyMatch(value -> value.matcher(text).matches())));
        }
        return page(call, found);
    }

    private Map<String, @Nullable Object> page(Call call, List<R> found) throws Refused {
        var from = 0;
        var token = Ec2Input.optionalText(call, "NextToken");
        if (token.isPresent()) {
            try {
                from = Integer.parseUnsignedInt(token.get());
            } catch (NumberFormatException unknown) {
                from = -1;
            }
            if (from < 0) {
                throw Ec2Input.refuse(
                        "InvalidNextToken", "The token '" + token.get() + "' is invalid");
            }
        }
        var most =
                call.input().get("MaxResults") instanceof Number number
                        ? number.intValue()
                        : PAGE_MAX;
        if (most < 5 || most > PAGE_MAX) {
            throw Ec2Input.refuse(
                    "InvalidParameterValue",
                    "Value ( "
                            + most
                            + " ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.");
        }
        from = Math.min(from, found.size());
        var to = Math.min(found.size(), from + most);
        var answer = new LinkedHashMap<String, @Nullable Object>();
        answer.put(output, found.subList(from, to).stream().map(shape).toList());
        if (to < found.size()) {
            answer.put("NextToken", String.valueOf(to));
        }
        return answer;
    }

    private Function<R, List<String>> looksAt(String name, AccountNetwork network) throws Refused {
        if (name.startsWith("tag:")) {
            var key = name.substring(4);
            return resource -> {
                var value = network.tagsOf(id.apply(resource)).get(key);
                return value == null ? List.of() : List.of(value);
            };
        }
        if (name.equals("tag-key")) {
            return resource -> List.copyOf(network.tagsOf(id.apply(resource)).keySet());
        }
        var looksAt = filters.get(name);
        if (looksAt == null) {
            throw Ec2Input.refuse("InvalidParameterValue", "The filter '" + name + "' is invalid");
        }
        return looksAt;
    }

    /**
     * A filter's value as EC2 reads it: {@code *} any text, {@code ?} any character, backslash
     * escapes.
     */
    static Pattern pattern(String value) {
        var regex = new StringBuilder();
        for (var i = 0; i < value.length(); i++) {
            var character = value.charAt(i);
            switch (character) {
                case '*' -> regex.append(".*");
                case '?' -> regex.append('.');
                default -> {
                    var literal =
                            character == '\\' && i + 1 < value.length()
                                    ? value.charAt(++i)
                                    : character;
                    regex.append(Pattern.quote(String.valueOf(literal)));
                }
            }
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }
}
