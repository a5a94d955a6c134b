package dev.berth.edge.aws.eks;

import dev.berth.core.cluster.EksFaults;
import dev.berth.core.fault.Refused;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list. The token holds the key of the last element told, so that what is deleted
 * between two pages makes nothing be left out; its form is our choice. There is no token on the
 * last page. Source: eks-fargate §12.1 (D)
 */
final class Page {
    private static final long SIZE_DEFAULT = 100;

    /** Begins what is encoded in a token, so that other texts are not taken for tokens. */
    private static final String AFTER = "after:";

    private Page() {}

    /** The page that a request asks for, of names in order. */
    static Map<String, @Nullable Object> of(Input input, String member, List<String> names)
            throws Refused {
        return of(input, member, names, Function.identity(), name -> name);
    }

    /**
     * The page that a request asks for.
     *
     * @param member the output's member for the list
     * @param key tells elements apart
     * @param tree how an element is told
     */
    static <T> Map<String, @Nullable Object> of(
            Input input,
            String member,
            List<T> all,
            Function<T, String> key,
            Function<T, Object> tree)
            throws Refused {
        var from = from(input.textOrNull("nextToken"), all.stream().map(key).toList());
        var wanted = input.numberOrNull("maxResults");
        var to = (int) Math.min(all.size(), from + (wanted == null ? SIZE_DEFAULT : wanted));
        var output = new LinkedHashMap<String, @Nullable Object>();
        output.put(member, all.subList(from, to).stream().map(tree).toList());
        output.put("nextToken", to < all.size() ? token(key.apply(all.get(to - 1))) : null);
        return output;
    }

    private static int from(@Nullable String token, List<String> keys) throws Refused {
        if (token == null) {
            return 0;
        }
        String last;
        try {
            last = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException foreign) {
            last = "";
        }
        if (!last.startsWith(AFTER)) {
            // Our words.
            throw new Refused(EksFaults.invalidParameter("The nextToken is not valid"));
        }
        last = last.substring(AFTER.length());
        var index = keys.indexOf(last);
        if (index >= 0) {
            return index + 1;
        }
        var next = 0;
        while (next < keys.size() && keys.get(next).compareTo(last) <= 0) {
            next++;
        }
        return next;
    }

    private static String token(String key) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString((AFTER + key).getBytes(StandardCharsets.UTF_8));
    }
}
