package dev.berth.engine.account.signature;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Signs requests as the AWS SDKs do: for Berth's own client and for tokens. */
public final class RequestSigner {
    private static final byte[] NO_BODY = {};

    private final KeyRing.Key key;
    private final SigningKeys signing = new SigningKeys();

    /** Signs with this key. */
    public RequestSigner(KeyRing.Key key) {
        this.key = key;
    }

    /**
     * The headers to add to a request.
     *
     * @param request its headers hold {@code host}; all of them get signed
     * @return {@code x-amz-date}, {@code authorization}, and {@code x-amz-security-token} for a
     *     session
     */
    public Map<String, String> sign(
            SignedRequest request, byte[] body, String region, String service, Instant now) {
        String timestamp = Signature.BASIC.format(now.atOffset(ZoneOffset.UTC));
        var scope = new Scope(timestamp.substring(0, 8), region, service);
        var added = new TreeMap<String, String>();
        added.put("x-amz-date", timestamp);
        String token = key.sessionToken();
        if (token != null) {
            added.put("x-amz-security-token", token);
        }
        var headers = new TreeMap<>(request.headers());
        added.forEach((name, value) -> headers.put(name, List.of(value)));
        var whole =
                new SignedRequest(request.method(), request.rawPath(), request.rawQuery(), headers);
        List<String> names = List.copyOf(headers.keySet());
        String canonical = CanonicalRequest.of(whole, names, SigningKeys.sha256(body));
        added.put(
                "authorization",
                Signature.ALGORITHM
                        + " Credential="
                        + key.accessKeyId()
                        + '/'
                        + scope
                        + ", SignedHeaders="
                        + String.join(";", names)
                        + ", Signature="
                        + signing.sign(key, scope, timestamp, canonical));
        return added;
    }

    /**
     * A URL that anyone may GET for a while in our name.
     *
     * @param base scheme, host and, unless it is the scheme's own, port, such as {@code
     *     https://sts.eu-west-1.amazonaws.com}
     * @param rawPath percent-encoded, begins with a slash
     * @param parameters the query's parameters, not yet encoded
     * @param headers further headers that the fetcher must send, such as {@code x-k8s-aws-id}
     * @param life at most seven days
     */
    public String presign(
            String base,
            String rawPath,
            Map<String, String> parameters,
            Map<String, String> headers,
            String region,
            String service,
            Duration life,
            Instant now) {
        String timestamp = Signature.BASIC.format(now.atOffset(ZoneOffset.UTC));
        var scope = new Scope(timestamp.substring(0, 8), region, service);
        var all = new TreeMap<String, List<String>>();
        headers.forEach((name, value) -> all.put(name.toLowerCase(Locale.ROOT), List.of(value)));
        all.put("host", List.of(base.substring(base.indexOf("://") + 3)));
        List<String> names = List.copyOf(all.keySet());
        var query = new TreeMap<>(parameters);
        query.put("X-Amz-Algorithm", Signature.ALGORITHM);
        query.put("X-Amz-Credential", key.accessKeyId() + "/" + scope);
        query.put("X-Amz-Date", timestamp);
        query.put("X-Amz-Expires", Long.toString(life.toSeconds()));
        query.put("X-Amz-SignedHeaders", String.join(";", names));
        String token = key.sessionToken();
        if (token != null) {
            query.put("X-Amz-Security-Token", token);
        }
        var pairs = new ArrayList<String>();
        query.forEach((name, value) ->
                pairs.add(UriText.encode(name, false) + "=" + UriText.encode(value, false)));
        String rawQuery = String.join("&", pairs);
        var request = new SignedRequest("GET", rawPath, rawQuery, all);
        String canonical = CanonicalRequest.of(request, names, SigningKeys.sha256(NO_BODY));
        return base
                + rawPath
                + "?"
                + rawQuery
                + "&X-Amz-Signature="
                + signing.sign(key, scope, timestamp, canonical);
    }
}
