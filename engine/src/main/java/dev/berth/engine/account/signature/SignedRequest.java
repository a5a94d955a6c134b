package dev.berth.engine.account.signature;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request as it stood on the wire, as far as a signature covers it.
 *
 * @param method {@code GET}, {@code POST}, …
 * @param rawPath the path, still percent-encoded; it begins with a slash
 * @param rawQuery what follows the question mark, still percent-encoded; empty without one
 * @param headers the values by lower-case name, in the order they came
 */
public record SignedRequest(
        String method, String rawPath, String rawQuery, Map<String, List<String>> headers) {
    /** The first value of a header, or null. */
    public @Nullable String header(String lowerCaseName) {
        List<String> values = headers.get(lowerCaseName);
        return values == null || values.isEmpty() ? null : values.getFirst();
    }
}
