package dev.berth.engine.account.signature;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Percent-encoding as signatures want it, and the canonical forms of paths and queries. */
final class UriText {
    private static final String HEX = "0123456789ABCDEF";

    private UriText() {}

    /** Encodes all but letters, digits, {@code -._~} and, where asked, slashes. */
    static String encode(String text, boolean keepSlashes) {
        StringBuilder out = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (unreserved(c) || (keepSlashes && c == '/')) {
                if (out != null) {
                    out.append(c);
                }
                continue;
            }
            if (out == null) {
                out = new StringBuilder(text.length() + 16).append(text, 0, i);
            }
            int end = Character.isHighSurrogate(c) && i + 1 < text.length() ? i + 2 : i + 1;
            for (byte b : text.substring(i, end).getBytes(StandardCharsets.UTF_8)) {
                out.append('%').append(HEX.charAt((b >> 4) & 15)).append(HEX.charAt(b & 15));
            }
            i = end - 1;
        }
        return out == null ? text : out.toString();
    }

    /** Undoes percent-encoding; a plus stays a plus, and a broken escape stays as it is. */
    static String decode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        byte[] in = text.getBytes(StandardCharsets.UTF_8);
        byte[] out = new byte[in.length];
        int length = 0;
        for (int i = 0; i < in.length; i++) {
            int high = in[i] == '%' && i + 2 < in.length ? Character.digit(in[i + 1], 16) : -1;
            int low = high < 0 ? -1 : Character.digit(in[i + 2], 16);
            if (low >= 0) {
                out[length++] = (byte) (high << 4 | low);
                i += 2;
            } else {
                out[length++] = in[i];
            }
        }
        return new String(out, 0, length, StandardCharsets.UTF_8);
    }

    /**
     * The canonical path: dot segments and empty ones resolved, then each segment of the raw path
     * encoded once more, as every service but S3 has it.
     */
    static String canonicalPath(String rawPath) {
        return encode(normalize(rawPath), true);
    }

    private static String normalize(String path) {
        if (path.isEmpty()) {
            return "/";
        }
        if (!path.contains("//") && !path.contains("/.")) {
            return path;
        }
        var kept = new ArrayList<String>();
        for (String segment : split(path, '/')) {
            if (segment.equals("..")) {
                if (!kept.isEmpty()) {
                    kept.removeLast();
                }
            } else if (!segment.isEmpty() && !segment.equals(".")) {
                kept.add(segment);
            }
        }
        String joined = "/" + String.join("/", kept);
        return path.endsWith("/") && !kept.isEmpty() ? joined + "/" : joined;
    }

    /** The canonical query: pairs encoded anew and sorted, the signature itself left out. */
    static String canonicalQuery(String rawQuery) {
        if (rawQuery.isEmpty()) {
            return "";
        }
        var pairs = new ArrayList<Pair>();
        for (String part : split(rawQuery, '&')) {
            int equals = part.indexOf('=');
            String name = equals < 0 ? part : part.substring(0, equals);
            if ((name.isEmpty() && equals < 0) || name.equals("X-Amz-Signature")) {
                continue;
            }
            String value = equals < 0 ? "" : part.substring(equals + 1);
            pairs.add(new Pair(encode(decode(name), false), encode(decode(value), false)));
        }
        pairs.sort(null);
        var out = new StringBuilder(rawQuery.length() + 16);
        for (Pair pair : pairs) {
            if (!out.isEmpty()) {
                out.append('&');
            }
            out.append(pair.name).append('=').append(pair.value);
        }
        return out.toString();
    }

    /** The decoded value of the first parameter with this name, or null. */
    static @Nullable String parameter(String rawQuery, String name) {
        int at = 0;
        while (at < rawQuery.length()) {
            int and = rawQuery.indexOf('&', at);
            int end = and < 0 ? rawQuery.length() : and;
            if (rawQuery.startsWith(name, at)
                    && at + name.length() < end
                    && rawQuery.charAt(at + name.length()) == '=') {
                return decode(rawQuery.substring(at + name.length() + 1, end));
            }
            at = end + 1;
        }
        return null;
    }

    /** The parts between separators, empty ones too. */
    static List<String> split(String text, char separator) {
        var parts = new ArrayList<String>();
        int at = 0;
        for (int next = text.indexOf(separator); next >= 0; next = text.indexOf(separator, at)) {
            parts.add(text.substring(at, next));
            at = next + 1;
        }
        parts.add(text.substring(at));
        return parts;
    }

    private static boolean unreserved(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '_'
                || c == '.'
                || c == '~';
    }

    private record Pair(String name, String value) implements Comparable<Pair> {
        @Override
        public int compareTo(Pair other) {
            int byName = name.compareTo(other.name);
            return byName != 0 ? byName : value.compareTo(other.value);
        }
    }
}
