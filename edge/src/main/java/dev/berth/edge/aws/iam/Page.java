package dev.berth.edge.aws.iam;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One page of a list. The marker is the position of the next element, which is our choice; {@code
 * IsTruncated} is always there, because clients go by it. Source: terraform-calls §2.6 (R)
 */
final class Page {
    private static final long ITEMS_DEFAULT = 100;

    private Page() {}

    /**
     * The page that a request asks for.
     *
     * @param name the output's member for the list
     * @param tree how an element is told
     */
    static <T> Map<String, @Nullable Object> of(
            Map<String, Object> input, String name, List<T> all, Function<T, Object> tree)
            throws Refused {
        int from = from(input, all.size());
        Long wanted = (Long) input.get("MaxItems");
        int to = (int) Math.min(all.size(), from + (wanted == null ? ITEMS_DEFAULT : wanted));
        var output = new LinkedHashMap<String, @Nullable Object>();
        output.put(name, all.subList(from, to).stream().map(tree).toList());
        output.put("IsTruncated", to < all.size());
        output.put("Marker", to < all.size() ? Integer.toString(to) : null);
        return output;
    }

    private static int from(Map<String, Object> input, int size) throws Refused {
        String marker = (String) input.get("Marker");
        if (marker == null) {
            return 0;
        }
        try {
            int from = Integer.parseInt(marker);
            if (from >= 0) {
                return Math.min(from, size);
            }
        } catch (NumberFormatException _) {
            // Told below.
        }
        throw new Refused(new AwsFault("ValidationError", 400, "Invalid Marker."));
    }
}
