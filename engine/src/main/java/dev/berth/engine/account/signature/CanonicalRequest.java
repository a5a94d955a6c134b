package dev.berth.engine.account.signature;

import java.util.List;

/** The one form of a request that both sides hash. */
final class CanonicalRequest {
    private CanonicalRequest() {}

    /**
     * Writes it.
     *
     * @param signedHeaders lower-case names in the order of the signature
     * @param payloadHash hex of the body's SHA-256, or {@code UNSIGNED-PAYLOAD}
     */
    static String of(SignedRequest request, List<String> signedHeaders, String payloadHash) {
        var out = new StringBuilder(512);
        out.append(request.method()).append('\n');
        out.append(UriText.canonicalPath(request.rawPath())).append('\n');
        out.append(UriText.canonicalQuery(request.rawQuery())).append('\n');
        for (String name : signedHeaders) {
            out.append(name).append(':');
            List<String> values = request.headers().getOrDefault(name, List.of());
            for (int i = 0; i < values.size(); i++) {
                if (i > 0) {
                    out.append(',');
                }
                appendTrimmed(out, values.get(i));
            }
            out.append('\n');
        }
        out.append('\n').append(String.join(";", signedHeaders)).append('\n').append(payloadHash);
        return out.toString();
    }

    /** Appends without outer blanks and with inner runs of blanks as one. */
    private static void appendTrimmed(StringBuilder out, String value) {
        String stripped = value.strip();
        boolean blank = false;
        for (int i = 0; i < stripped.length(); i++) {
            char c = stripped.charAt(i);
            boolean isBlank = c == ' ' || c == '\t';
            if (!isBlank) {
                out.append(c);
            } else if (!blank) {
                out.append(' ');
            }
            blank = isBlank;
        }
    }
}
