package dev.berth.core.pod;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which credentials of docker's configuration files are for an image, as a kubelet looks them up:
 * by the host, in which each part may have wildcards, its port, and the beginning of the path; the
 * most particular ones first. They come from Secrets of type {@code kubernetes.io/dockerconfigjson}
 * (key {@code .dockerconfigjson}) or {@code kubernetes.io/dockercfg} (key {@code .dockercfg}), or
 * from a file of the machine's. What is not understood is left out.
 */
public final class PullSecrets {
    private static final int DEPTH_MOST = 20;
    private static final String DEFAULT_REGISTRY = "index.docker.io";

    private PullSecrets() {}

    /**
     * A credential.
     *
     * @param registry whom it is for: a host, with wildcards, a port and a path if it has them
     * @param username the name
     * @param password the secret; never logged
     */
    public record Login(String registry, String username, String password) {
        @Override
        public String toString() {
            return "Login[" + registry + ", " + username + "]";
        }
    }

    /**
     * The credentials in a Secret's data that are for this image, in the order in which they are
     * tried.
     *
     * @param type the Secret's type
     */
    public static List<Login> logins(String type, Map<String, byte[]> data, String image) {
        var config = data.get(".dockerconfigjson");
        if (type.equals("kubernetes.io/dockerconfigjson") && config != null) {
            return logins(config, image);
        }
        var old = data.get(".dockercfg");
        return type.equals("kubernetes.io/dockercfg") && old != null
                ? fitting(all(object(old)), image)
                : List.of();
    }

    /** The same for the text of a {@code config.json} of docker's. */
    public static List<Login> logins(byte[] configJson, String image) {
        return object(configJson).get("auths") instanceof Map<?, ?> auths
                ? fitting(all(auths), image)
                : List.of();
    }

    /**
     * Whether a host, with its port if it has one, is one that a pattern means: each part between
     * dots may have {@code *} for any letters and {@code ?} for one.
     */
    public static boolean matchesHost(String pattern, String host) {
        var patternPort = port(pattern);
        var parts = pattern.substring(0, pattern.length() - patternPort.length()).split("\\.", -1);
        var hostPort = port(host);
        var hosts = host.substring(0, host.length() - hostPort.length()).split("\\.", -1);
        if (!patternPort.equals(hostPort) || parts.length != hosts.length) {
            return false;
        }
        for (var at = 0; at < parts.length; at++) {
            if (!matches(parts[at], hosts[at])) {
                return false;
            }
        }
        return true;
    }

    /** {@code :5000} of a host, or nothing. */
    private static String port(String host) {
        var colon = host.lastIndexOf(':');
        return colon < 0 || host.endsWith("]") ? "" : host.substring(colon);
    }

    /** Goes back to the last {@code *} only, so that no pattern takes long. */
    private static boolean matches(String pattern, String text) {
        var in = 0;
        var at = 0;
        var star = -1;
        var covered = 0;
        while (at < text.length()) {
            if (in < pattern.length()
                    && (pattern.charAt(in) == '?' || pattern.charAt(in) == text.charAt(at))
                    && pattern.charAt(in) != '*') {
                in++;
                at++;
            } else if (in < pattern.length() && pattern.charAt(in) == '*') {
                star = in++;
                covered = at;
            } else if (star >= 0) {
                in = star + 1;
                at = ++covered;
            } else {
                return false;
            }
        }
        while (in < pattern.length() && pattern.charAt(in) == '*') {
            in++;
        }
        return in == pattern.length();
    }

    private static List<Login> fitting(List<Login> logins, String image) {
        var name = repository(image);
        var slash = name.indexOf('/');
        var host = name.substring(0, slash);
        var path = name.substring(slash);
        var fitting =
                logins.stream()
                        .filter(login -> {
                            var end = login.registry().indexOf('/');
                            return end < 0
                                    ? matchesHost(login.registry(), host)
                                    : matchesHost(login.registry().substring(0, end), host)
                                            && path.startsWith(login.registry().substring(end));
                        })
                        .sorted(Comparator.comparing(Login::registry).reversed())
                        .toList();
        return fitting.isEmpty() && host.equals("docker.io")
                ? logins.stream()
                        .filter(login -> login.registry().equals(DEFAULT_REGISTRY))
                        .toList()
                : fitting;
    }

    /**
     * The name of an image without its tag and digest, in full: {@code nginx:1} is {@code
     * docker.io/library/nginx}.
     */
    public static String repository(String image) {
        var at = image.indexOf('@');
        var name = at < 0 ? image : image.substring(0, at);
        var colon = name.lastIndexOf(':');
        if (colon > name.lastIndexOf('/')) {
            name = name.substring(0, colon);
        }
        var slash = name.indexOf('/');
        var first = slash < 0 ? "" : name.substring(0, slash);
        if (first.equals(DEFAULT_REGISTRY)) {
            return repository("docker.io" + name.substring(slash));
        }
        if (first.equals("docker.io")) {
            return name.indexOf('/', slash + 1) < 0
                    ? "docker.io/library/" + name.substring(slash + 1)
                    : name;
        }
        var hasHost = first.contains(".") || first.contains(":") || first.equals("localhost");
        return hasHost ? name : slash < 0 ? "docker.io/library/" + name : "docker.io/" + name;
    }

    private static List<Login> all(Map<?, ?> auths) {
        var logins = new ArrayList<Login>();
        auths.forEach((server, entry) -> {
            if (server instanceof String name && entry instanceof Map<?, ?> fields) {
                login(key(name), fields).ifPresent(logins::add);
            }
        });
        return logins;
    }

    private static Optional<Login> login(String registry, Map<?, ?> fields) {
        if (fields.get("auth") instanceof String encoded && !encoded.isEmpty()) {
            try {
                var pair = new String(Base64.getMimeDecoder().decode(encoded), UTF_8);
                var colon = pair.indexOf(':');
                return colon < 0
                        ? Optional.empty()
                        : Optional.of(
                                new Login(
                                        registry,
                                        pair.substring(0, colon),
                                        pair.substring(colon + 1)));
            } catch (IllegalArgumentException notBase64) {
                return Optional.empty();
            }
        }
        return fields.get("username") instanceof String username
                        && fields.get("password") instanceof String password
                ? Optional.of(new Login(registry, username, password))
                : Optional.empty();
    }

    /** {@code https://index.docker.io/v1/} is {@code index.docker.io}; other paths stay. */
    private static String key(String server) {
        var scheme = server.indexOf("://");
        var rest = scheme < 0 ? server : server.substring(scheme + 3);
        var slash = rest.indexOf('/');
        if (slash < 0) {
            return rest;
        }
        var path = rest.substring(slash);
        if (path.startsWith("/v1/") || path.startsWith("/v2/")) {
            path = path.substring(3);
        }
        return rest.substring(0, slash) + (path.equals("/") ? "" : path);
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
