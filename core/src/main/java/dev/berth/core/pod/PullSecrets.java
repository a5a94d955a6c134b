package dev.berth.core.pod;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the registry credentials of a Secret of type {@code kubernetes.io/dockerconfigjson} (key
 * {@code .dockerconfigjson}) or {@code kubernetes.io/dockercfg} (key {@code .dockercfg}). What is
 * not understood is left out.
 */
public final class PullSecrets {
    private static final int DEPTH_MOST = 20;

    private PullSecrets() {}

    /**
     * A credential.
     *
     * @param registry the host, with its port if it has one
     * @param username the name
     * @param password the secret; never logged
     */
    public record Login(String registry, String username, String password) {
        @Override
        public String toString() {
            return "Login[" + registry + ", " + username + "]";
        }
    }

    /** The credentials in a Secret's data that are for the registry of this image. */
    public static List<Login> logins(Map<String, byte[]> data, String image) {
        var logins = new ArrayList<Login>();
        var config = data.get(".dockerconfigjson");
        if (config != null && object(config).get("auths") instanceof Map<?, ?> auths) {
            add(logins, auths);
        }
        var old = data.get(".dockercfg");
        if (old != null) {
            add(logins, object(old));
        }
        var wanted = registry(image);
        return logins.stream().filter(login -> login.registry().equals(wanted)).toList();
    }

    /** The registry of an image: {@code docker.io} unless its name begins with another host. */
    public static String registry(String image) {
        var slash = image.indexOf('/');
        var first = slash < 0 ? "" : image.substring(0, slash);
        return first.contains(".") || first.contains(":") || first.equals("localhost")
                ? first
                : "docker.io";
    }

    private static void add(List<Login> logins, Map<?, ?> auths) {
        auths.forEach((server, entry) -> {
            if (server instanceof String name && entry instanceof Map<?, ?> fields) {
                var login = login(host(name), fields);
                if (login != null) {
                    logins.add(login);
                }
            }
        });
    }

    private static @Nullable Login login(String registry, Map<?, ?> fields) {
        if (fields.get("auth") instanceof String encoded && !encoded.isEmpty()) {
            try {
                var pair = new String(Base64.getMimeDecoder().decode(encoded), UTF_8);
                var colon = pair.indexOf(':');
                if (colon > 0) {
                    return new Login(registry, pair.substring(0, colon), pair.substring(colon + 1));
                }
            } catch (IllegalArgumentException notBase64) {
                return null;
            }
        }
        return fields.get("username") instanceof String username
                        && fields.get("password") instanceof String password
                ? new Login(registry, username, password)
                : null;
    }

    /** {@code https://index.docker.io/v1/} is {@code docker.io}. */
    private static String host(String server) {
        var scheme = server.indexOf("://");
        var rest = scheme < 0 ? server : server.substring(scheme + 3);
        var slash = rest.indexOf('/');
        var host = slash < 0 ? rest : rest.substring(0, slash);
        return host.equals("index.docker.io") || host.equals("registry-1.docker.io")
                ? "docker.io"
                : host;
    }

    private static Map<?, ?> object(byte[] json) {
        try {
            return new Json(new String(json, UTF_8)).value(0) instanceof Map<?, ?> map
                    ? map
                    : Map.of();
        } catch (IllegalArgumentException notJson) {
            return Map.of();
        }
    }

    /** Just enough of a reader: core knows no JSON library. */
    private static final class Json {
        private final String text;
        private int at;

        Json(String text) {
            this.text = text;
        }

        @Nullable Object value(int depth) {
            if (depth > DEPTH_MOST) {
                throw new IllegalArgumentException("nested too deeply");
            }
            return switch (next()) {
                case '{' -> members(depth);
                case '[' -> elements(depth);
                case '"' -> string();
                default -> word();
            };
        }

        private Map<String, @Nullable Object> members(int depth) {
            var members = new LinkedHashMap<String, @Nullable Object>();
            at++;
            while (next() != '}') {
                var name = string();
                expect(':');
                members.put(name, value(depth + 1));
                if (next() == ',') {
                    at++;
                }
            }
            at++;
            return members;
        }

        private List<@Nullable Object> elements(int depth) {
            var elements = new ArrayList<@Nullable Object>();
            at++;
            while (next() != ']') {
                elements.add(value(depth + 1));
                if (next() == ',') {
                    at++;
                }
            }
            at++;
            return elements;
        }

        private String string() {
            expect('"');
            var string = new StringBuilder();
            while (peek() != '"') {
                var one = text.charAt(at++);
                if (one != '\\') {
                    string.append(one);
                    continue;
                }
                var escaped = peek();
                at++;
                switch (escaped) {
                    case 'n' -> string.append('\n');
                    case 't' -> string.append('\t');
                    case 'r' -> string.append('\r');
                    case 'b' -> string.append('\b');
                    case 'f' -> string.append('\f');
                    case 'u' -> {
                        if (at + 4 > text.length()) {
                            throw new IllegalArgumentException("ends early");
                        }
                        string.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                        at += 4;
                    }
                    default -> string.append(escaped);
                }
            }
            at++;
            return string.toString();
        }

        private String word() {
            var from = at;
            while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
                at++;
            }
            if (from == at) {
                throw new IllegalArgumentException("no value at " + at);
            }
            return text.substring(from, at);
        }

        private void expect(char wanted) {
            if (next() != wanted) {
                throw new IllegalArgumentException("no " + wanted + " at " + at);
            }
            at++;
        }

        private char next() {
            while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
            return peek();
        }

        private char peek() {
            if (at >= text.length()) {
                throw new IllegalArgumentException("ends early");
            }
            return text.charAt(at);
        }
    }
}
