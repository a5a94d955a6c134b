package dev.berth.compat;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * One AWS call, byte for byte as a test wants it, signed by a signer of its own so that Berth's is
 * not checked with itself.
 *
 * @param service the service in the signature's scope
 * @param path with its query, percent-encoded
 * @param contentType of the body
 * @param signing how it is signed
 */
record RawCall(
        String service,
        String method,
        String path,
        String body,
        String contentType,
        Signing signing) {
    private static final DateTimeFormatter BASIC =
            DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final Map<String, String> VERSIONS =
            Map.of("ec2", "2016-11-15", "iam", "2010-05-08", "sts", "2011-06-15");
    private static final Pattern CODE = Pattern.compile("<Code>([^<]*)</Code>");
    private static final Pattern MESSAGE = Pattern.compile("<Message>([^<]*)</Message>");
    private static final Pattern JSON_MESSAGE =
            Pattern.compile("\"message\":\"((?:[^\"\\\\]|\\\\.)*)\"");

    /**
     * How a call is signed.
     *
     * @param key an access key id, or null for Berth's own
     * @param secret its secret, or null for Berth's own
     * @param region the scope's region, or null for Berth's own
     * @param skew added to the time
     * @param authorization what becomes of the header at last; null leaves it out
     */
    record Signing(
            String key,
            String secret,
            String region,
            Duration skew,
            UnaryOperator<String> authorization) {
        static final Signing GOOD =
                new Signing(null, null, null, Duration.ZERO, UnaryOperator.identity());
    }

    /** What came back. */
    record Answer(int status, String code, String message, String body) {}

    /** A call of EKS. */
    static RawCall eks(String method, String path, String json) {
        return new RawCall("eks", method, path, json, "application/json", Signing.GOOD);
    }

    /** A call of ec2, iam or sts, with names and values in turn. */
    static RawCall query(String service, String action, String... parameters) {
        var form = new StringBuilder("Action=" + action + "&Version=" + VERSIONS.get(service));
        for (var i = 0; i < parameters.length; i += 2) {
            form.append('&')
                    .append(parameters[i])
                    .append('=')
                    .append(URLEncoder.encode(parameters[i + 1], StandardCharsets.UTF_8));
        }
        return new RawCall(
                service,
                "POST",
                "/",
                form.toString(),
                "application/x-www-form-urlencoded; charset=utf-8",
                Signing.GOOD);
    }

    /** The same call signed in another way. */
    RawCall signed(Signing other) {
        return new RawCall(service, method, path, body, contentType, other);
    }

    /** Sends it. */
    Answer send(HttpClient http, OneBerth berth)
            throws IOException, InterruptedException, GeneralSecurityException {
        var endpoint = URI.create(berth.environment("AWS_ENDPOINT_URL"));
        var request =
                HttpRequest.newBuilder(URI.create(endpoint + path))
                        .timeout(Duration.ofSeconds(60))
                        .method(method, HttpRequest.BodyPublishers.ofString(body));
        headers(endpoint, berth).forEach(request::header);
        var answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        var text = answer.body();
        var xml = text.startsWith("<");
        return new Answer(
                answer.statusCode(),
                xml
                        ? first(CODE, text)
                        : answer.headers()
                                .firstValue("x-amzn-errortype")
                                .orElse("")
                                .split("[:#]", 2)[0],
                unescaped(first(xml ? MESSAGE : JSON_MESSAGE, text)),
                text);
    }

    private Map<String, String> headers(URI endpoint, OneBerth berth)
            throws GeneralSecurityException {
        var region = signing.region() == null ? berth.environment("AWS_REGION") : signing.region();
        var at = BASIC.format(Instant.now().plus(signing.skew()));
        var scope = at.substring(0, 8) + "/" + region + "/" + service + "/aws4_request";
        var question = path.indexOf('?');
        var canonical =
                String.join(
                        "\n",
                        method,
                        // Signers encode the encoded path once more; here only % can occur in it.
                        (question < 0 ? path : path.substring(0, question)).replace("%", "%25"),
                        question < 0 ? "" : path.substring(question + 1),
                        "content-type:" + contentType,
                        "host:" + endpoint.getAuthority(),
                        "x-amz-date:" + at,
                        "",
                        "content-type;host;x-amz-date",
                        sha256(body.getBytes(StandardCharsets.UTF_8)));
        var text =
                "AWS4-HMAC-SHA256\n"
                        + at
                        + "\n"
                        + scope
                        + "\n"
                        + sha256(canonical.getBytes(StandardCharsets.UTF_8));
        var secret =
                signing.secret() == null
                        ? berth.environment("AWS_SECRET_ACCESS_KEY")
                        : signing.secret();
        var key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (var part : scope.split("/", -1)) {
            key = hmac(key, part);
        }
        var authorization =
                signing.authorization()
                        .apply(
                                "AWS4-HMAC-SHA256 Credential="
                                        + (signing.key() == null
                                                ? berth.environment("AWS_ACCESS_KEY_ID")
                                                : signing.key())
                                        + "/"
                                        + scope
                                        + ", SignedHeaders=content-type;host;x-amz-date, Signature="
                                        + HexFormat.of().formatHex(hmac(key, text)));
        var headers = new LinkedHashMap<String, String>();
        headers.put("content-type", contentType);
        headers.put("x-amz-date", at);
        if (authorization != null) {
            headers.put("authorization", authorization);
        }
        return headers;
    }

    private static String sha256(byte[] bytes) throws GeneralSecurityException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String first(Pattern pattern, String text) {
        var match = pattern.matcher(text);
        return match.find() ? match.group(1) : "";
    }

    private static String unescaped(String text) {
        return text.replace("&apos;", "'")
                .replace("&#39;", "'")
                .replace("&quot;", "\"")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
                .replace("\\\"", "\"")
                .replace("\\\\", "\\");
    }
}
