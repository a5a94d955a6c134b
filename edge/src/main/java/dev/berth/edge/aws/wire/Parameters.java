package dev.berth.edge.aws.wire;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a form or a query, by name. An empty value counts as absent, because SDKs send
 * {@code Tags=} for an empty list. Source: terraform-calls §2.6 (R). Where a text is required, an
 * empty one is told apart, because a tag's value may be empty.
 */
final class Parameters {
    private final NavigableMap<String, String> values = new TreeMap<>();
    private final Set<String> empty = new HashSet<>();
    private final Set<String> used = new HashSet<>();

    /** The parameters of the query, then those of a form body; the first of a name counts. */
    static Parameters of(WireRequest request) {
        var parameters = new Parameters();
        parameters.add(request.head().rawQuery());
        if (request.body().length > 0) {
            parameters.add(new String(request.body(), StandardCharsets.UTF_8));
        }
        return parameters;
    }

    private void add(String form) {
        int at = 0;
        while (at < form.length()) {
            int and = form.indexOf('&', at);
            int end = and < 0 ? form.length() : and;
            int equals = form.indexOf('=', at);
            if (equals > at && equals < end) {
                String name = decode(form.substring(at, equals));
                if (equals + 1 < end) {
                    values.putIfAbsent(name, decode(form.substring(equals + 1, end)));
                } else {
                    empty.add(name);
                }
            }
            at = end + 1;
        }
    }

    /** Undoes form encoding; a broken escape leaves the text as it is. */
    static String decode(String text) {
        if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
            return text;
        }
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) {
            return text;
        }
    }

    /** The value of a parameter, or null; remembers that it was asked for. */
    @Nullable String get(String name) {
        String value = values.get(name);
        if (value != null) {
            used.add(name);
        }
        return value;
    }

    /** Whether a parameter is there without a value. */
    boolean isEmpty(String name) {
        return empty.contains(name);
    }

    /** Whether any parameter's name begins with this and a dot. */
    boolean hasUnder(String name) {
        String first = values.ceilingKey(name + '.');
        return first != null && first.startsWith(name) && first.charAt(name.length()) == '.';
    }

    /** The numbers n for which {@code name.n} or {@code name.n.…} is there, ascending. */
    List<String> indexes(String name) {
        // '/' is the character after '.', so this is the range of all names that begin "name.".
        var below = values.subMap(name + '.', true, name + '/', false);
        if (below.isEmpty()) {
            return List.of();
        }
        var numbers = new TreeSet<Integer>();
        for (String key : below.keySet()) {
            int number = number(key, name.length() + 1);
            if (number >= 0) {
                numbers.add(number);
            }
        }
        var texts = new ArrayList<String>(numbers.size());
        for (int number : numbers) {
            texts.add(Integer.toString(number));
        }
        return texts;
    }

    /** The first parameter that nobody asked for and that belongs to no protocol, or null. */
    @Nullable String leftOver() {
        for (String name : values.keySet()) {
            if (!used.contains(name)
                    && !name.equals("Action")
                    && !name.equals("Version")
                    && !name.startsWith("X-Amz-")
                    && !name.equals("AWSAccessKeyId")) {
                return name;
            }
        }
        return null;
    }

    private static int number(String key, int from) {
        int value = 0;
        int at = from;
        while (at < key.length() && key.charAt(at) != '.') {
            char c = key.charAt(at++);
            if (c < '0' || c > '9' || at - from > 7) {
                return -1;
            }
            value = value * 10 + (c - '0');
        }
        return at == from || (key.charAt(from) == '0' && at - from > 1) ? -1 : value;
    }
}
