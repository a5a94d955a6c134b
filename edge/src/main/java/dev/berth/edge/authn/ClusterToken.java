package dev.berth.edge.authn;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.ResolverStyle;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A token: {@code k8s-aws-v1.} and, in base64url without padding, a presigned GET of STS's
 * GetCallerIdentity. Its checks come in aws-iam-authenticator's order, with its texts; where it
 * quotes an error of Go's libraries, the text is ours. Source: eks-fargate §13.1, §13.2 (D)
 */
final class ClusterToken {
    private static final String PREFIX = "k8s-aws-v1.";
    private static final int BYTES_MAX = 4096;
    private static final String CLUSTER_HEADER = "x-k8s-aws-id";
    private static final int EXPIRES_SECONDS_MAX = 900;
    private static final Duration LIFE = Duration.ofMinutes(15);
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withResolverStyle(ResolverStyle.STRICT);

    /** How Go prints a time, which is how aws-iam-authenticator tells the date. */
    private static final DateTimeFormatter GO_TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss '+0000 UTC'", Locale.ROOT);

    private static final Set<String> PARAMETERS =
            Set.of(
                    "action",
                    "version",
                    "x-amz-algorithm",
                    "x-amz-credential",
                    "x-amz-date",
                    "x-amz-expires",
                    "x-amz-security-token",
                    "x-amz-signature",
                    "x-amz-signedheaders");

    private ClusterToken() {}

    /**
     * The presigned URL in a token that has the right form.
     *
     * @param hosts whose URLs are welcome
     * @throws TokenRefused at the first check that fails
     */
    static String url(String token, StsHosts hosts, Instant now) throws TokenRefused {
        if (token.getBytes(StandardCharsets.UTF_8).length > BYTES_MAX) {
            throw TokenRefused.format("token is too large");
        }
        if (!token.startsWith(PREFIX)) {
            throw TokenRefused.format("token is missing expected \"" + PREFIX + "\" prefix");
        }
        var text = decoded(token.substring(PREFIX.length()));
        var url = parsed(text);
        checkOrigin(url, hosts);
        checkParameters(parameters(url), now);
        return text;
    }

    private static String decoded(String encoded) throws TokenRefused {
        if (encoded.indexOf('=') >= 0) {
            throw TokenRefused.format("illegal base64 data");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Base64.getUrlDecoder().decode(encoded)))
                    .toString();
        } catch (IllegalArgumentException e) {
            throw TokenRefused.format("illegal base64 data");
        } catch (CharacterCodingException e) {
            throw TokenRefused.format("the pre-signed URL is not text");
        }
    }

    private static URI parsed(String text) throws TokenRefused {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw TokenRefused.format("the pre-signed URL cannot be parsed");
        }
    }

    private static void checkOrigin(URI url, StsHosts hosts) throws TokenRefused {
        var scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        var host = url.getRawAuthority() == null ? "" : url.getRawAuthority();
        boolean own = hosts.isOwn(host);
        if (!scheme.equals("https") && !(own && scheme.equals("http"))) {
            throw TokenRefused.format("unexpected scheme \"" + scheme + "\" in pre-signed URL");
        }
        if (!own && !hosts.isSts(host)) {
            throw TokenRefused.format("unexpected hostname \"" + host + "\" in pre-signed URL");
        }
        if (!"/".equals(url.getRawPath())) {
            throw TokenRefused.format("unexpected path in pre-signed URL");
        }
    }

    /** The values by lower-case name. */
    private static Map<String, String> parameters(URI url) throws TokenRefused {
        var all = new LinkedHashMap<String, List<String>>();
        var query = url.getRawQuery() == null ? "" : url.getRawQuery();
        for (var pair : query.split("&", -1)) {
            if (!pair.isEmpty()) {
                int equals = pair.indexOf('=');
                var name = unescaped(equals < 0 ? pair : pair.substring(0, equals));
                var value = equals < 0 ? "" : unescaped(pair.substring(equals + 1));
                all.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
            }
        }
        var names = new HashSet<String>();
        for (var name : all.keySet()) {
            if (!names.add(name.toLowerCase(Locale.ROOT))) {
                throw TokenRefused.format("duplicate query parameter found: \"" + name + "\"");
            }
        }
        var parameters = new LinkedHashMap<String, String>();
        for (var each : all.entrySet()) {
            var name = each.getKey().toLowerCase(Locale.ROOT);
            if (!PARAMETERS.contains(name)) {
                throw TokenRefused.format(
                        "non-whitelisted query parameter \"" + each.getKey() + "\"");
            }
            if (each.getValue().size() != 1) {
                throw TokenRefused.format("query parameter with multiple values not supported");
            }
            parameters.put(name, each.getValue().getFirst());
        }
        return parameters;
    }

    private static String unescaped(String text) throws TokenRefused {
        try {
            return java.net.URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw TokenRefused.format("malformed query parameter");
        }
    }

    private static void checkParameters(Map<String, String> parameters, Instant now)
            throws TokenRefused {
        if (!"GetCallerIdentity".equals(parameters.get("action"))) {
            throw TokenRefused.format("unexpected action parameter in pre-signed URL");
        }
        var signed = parameters.getOrDefault("x-amz-signedheaders", "");
        if (!List.of(signed.split(";", -1)).stream()
                .anyMatch(header -> header.equalsIgnoreCase(CLUSTER_HEADER))) {
            throw TokenRefused.format(
                    "client did not sign the " + CLUSTER_HEADER + " header in the pre-signed URL");
        }
        checkExpires(parameters.getOrDefault("x-amz-expires", ""));
        var date = parameters.getOrDefault("x-amz-date", "");
        if (date.isEmpty()) {
            throw TokenRefused.format("X-Amz-Date parameter must be present in pre-signed URL");
        }
        checkDate(date, now);
    }

    private static void checkExpires(String text) throws TokenRefused {
        int seconds;
        try {
            seconds = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            // What cannot be read counts as nothing, as Go has it.
            throw TokenRefused.format("invalid X-Amz-Expires parameter in pre-signed URL: 0");
        }
        if (seconds < 0 || seconds > EXPIRES_SECONDS_MAX) {
            throw TokenRefused.format(
                    "invalid X-Amz-Expires parameter in pre-signed URL: " + seconds);
        }
    }

    private static void checkDate(String text, Instant now) throws TokenRefused {
        LocalDateTime date;
        try {
            date = LocalDateTime.parse(text, DATE);
        } catch (DateTimeException e) {
            throw TokenRefused.format(
                    "error parsing X-Amz-Date parameter " + text + " into format 20060102T150405Z");
        }
        if (now.isAfter(date.toInstant(ZoneOffset.UTC).plus(LIFE))) {
            throw TokenRefused.format(
                    "X-Amz-Date parameter is expired (15 minute expiration) "
                            + GO_TIME.format(date));
        }
    }
}
