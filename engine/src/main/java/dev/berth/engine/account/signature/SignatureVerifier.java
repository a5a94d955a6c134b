package dev.berth.engine.account.signature;

import dev.berth.engine.account.signature.Signature.Claimed;
import dev.berth.engine.account.signature.Signature.Unusable;
import dev.berth.engine.account.signature.Verdict.Accepted;
import dev.berth.engine.account.signature.Verdict.Reason;
import dev.berth.engine.account.signature.Verdict.Rejected;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Checks signatures: the key is known, the time is near, all that matters was signed, and the
 * signature is the one we calculate, compared in constant time. Safe for many threads.
 */
public final class SignatureVerifier {
    /** How far a signer's clock may be off. Source: aws-apis-from-java §E */
    public static final Duration SKEW = Duration.ofMinutes(5);

    private static final String UNSIGNED = "UNSIGNED-PAYLOAD";
    private static final byte[] NO_BODY = {};

    private final KeyRing keys;
    private final SigningKeys signing = new SigningKeys();

    /** Accepts the signatures of these keys. */
    public SignatureVerifier(KeyRing keys) {
        this.keys = keys;
    }

    /** Checks a request whose body is here as a whole. */
    public Verdict verify(SignedRequest request, byte[] body, Instant now) {
        return switch (Signature.of(request)) {
            case Unusable unusable -> unusable.why();
            case Claimed claimed -> verify(claimed, request, body, now);
        };
    }

    /** Checks a request whose signature was read before, to find out which service it is for. */
    public Verdict verify(Claimed claimed, SignedRequest request, byte[] body, Instant now) {
        Integer expires = claimed.expiresSeconds();
        Duration life = expires == null ? SKEW : Duration.ofSeconds(expires);
        return verify(claimed, request, body, now, life);
    }

    /**
     * Checks a presigned GET, such as the one inside a token of {@code aws eks get-token}. The URL
     * is only read, never fetched; its own host stands for the Host header. Which hosts, paths and
     * parameters are welcome is for the caller to say.
     *
     * @param url an absolute http or https URL, percent-encoded as it was signed
     * @param headers further headers that the fetcher would send, by name, such as {@code
     *     x-k8s-aws-id}; each must be signed
     * @param life how long after its signing the URL is good, whatever its {@code X-Amz-Expires}
     *     says; for EKS 15 minutes. Source: eks-fargate §13.1 (D)
     */
    public Verdict verifyPresigned(
            String url, Map<String, String> headers, Duration life, Instant now) {
        SignedRequest request = presigned(url, headers);
        if (request == null) {
            return new Rejected(Reason.INCOMPLETE, "not an absolute http or https URL");
        }
        return switch (Signature.of(request)) {
            case Unusable unusable -> unusable.why();
            case Claimed claimed -> {
                for (String name : headers.keySet()) {
                    String lower = name.toLowerCase(Locale.ROOT);
                    if (!claimed.signedHeaders().contains(lower)) {
                        yield new Rejected(
                                Reason.WRONG_SIGNATURE, "the header '" + lower + "' is not signed");
                    }
                }
                yield verify(claimed, request, NO_BODY, now, life);
            }
        };
    }

    private static @Nullable SignedRequest presigned(String url, Map<String, String> headers) {
        boolean https = url.startsWith("https://");
        if (!https && !url.startsWith("http://")) {
            return null;
        }
        int hostAt = https ? 8 : 7;
        int question = url.indexOf('?', hostAt);
        int queryAt = question < 0 ? url.length() : question;
        int slash = url.indexOf('/', hostAt);
        int pathAt = slash < 0 || slash > queryAt ? queryAt : slash;
        String host = url.substring(hostAt, pathAt);
        String defaultPort = https ? ":443" : ":80";
        if (host.endsWith(defaultPort)) {
            host = host.substring(0, host.length() - defaultPort.length());
        }
        String path = url.substring(pathAt, queryAt);
        var all = new HashMap<String, List<String>>();
        headers.forEach((name, value) -> all.put(name.toLowerCase(Locale.ROOT), List.of(value)));
        all.put("host", List.of(host));
        return new SignedRequest(
                "GET",
                path.isEmpty() ? "/" : path,
                question < 0 ? "" : url.substring(question + 1),
                all);
    }

    private Verdict verify(
            Claimed claimed, SignedRequest request, byte[] body, Instant now, Duration life) {
        Optional<KeyRing.Key> known = keys.key(claimed.accessKeyId());
        if (known.isEmpty()) {
            return new Rejected(
                    Reason.UNKNOWN_KEY, "The security token included in the request is invalid.");
        }
        KeyRing.Key key = known.get();
        if (!sameToken(key.sessionToken(), claimed.sessionToken())) {
            return new Rejected(
                    Reason.WRONG_TOKEN, "The security token included in the request is invalid.");
        }
        Rejected untimely = untimely(claimed, now, life);
        if (untimely != null) {
            return untimely;
        }
        Rejected unsigned = unsignedHeader(claimed, request);
        if (unsigned != null) {
            return unsigned;
        }
        String declared = request.header("x-amz-content-sha256");
        String payload;
        if (declared == null) {
            payload = SigningKeys.sha256(body);
        } else if (declared.equals(UNSIGNED)) {
            payload = UNSIGNED;
        } else if (declared.startsWith("STREAMING-")) {
            return new Rejected(
                    Reason.WRONG_PAYLOAD, "Chunk-wise signed payloads are not supported here.");
        } else if (!declared.equalsIgnoreCase(SigningKeys.sha256(body))) {
            return new Rejected(
                    Reason.WRONG_PAYLOAD,
                    "The provided 'x-amz-content-sha256' header does not match what was computed.");
        } else {
            payload = declared;
        }
        String canonical = CanonicalRequest.of(request, claimed.signedHeaders(), payload);
        String expected = signing.sign(key, claimed.scope(), claimed.timestamp(), canonical);
        if (!same(expected, claimed.hex())) {
            return new Rejected(
                    Reason.WRONG_SIGNATURE,
                    "The request signature we calculated does not match the signature you provided."
                            + " Check your AWS Secret Access Key and signing method. Consult the"
                            + " service documentation for details.");
        }
        // Only who knows the secret learns that the session has ended.
        Instant expiresAt = key.expiresAt();
        if (expiresAt != null && !now.isBefore(expiresAt)) {
            return new Rejected(
                    Reason.EXPIRED_TOKEN, "The security token included in the request is expired");
        }
        return new Accepted(key.principal(), claimed.scope());
    }

    private static @Nullable Rejected untimely(Claimed claimed, Instant now, Duration life) {
        if (claimed.signedAt().isAfter(now.plus(SKEW))) {
            return new Rejected(
                    Reason.NOT_YET_CURRENT,
                    "Signature not yet current: "
                            + claimed.timestamp()
                            + " is still later than "
                            + basic(now.plus(SKEW))
                            + " ("
                            + basic(now)
                            + " + 5 min.)");
        }
        Instant earliest = now.minus(life);
        if (claimed.signedAt().isBefore(earliest)) {
            return new Rejected(
                    Reason.EXPIRED,
                    "Signature expired: "
                            + claimed.timestamp()
                            + " is now earlier than "
                            + basic(earliest)
                            + " ("
                            + basic(now)
                            + " - "
                            + span(life)
                            + ")");
        }
        return null;
    }

    private static String span(Duration life) {
        return life.toSecondsPart() == 0 ? life.toMinutes() + " min." : life.toSeconds() + " s.";
    }

    /** The host and all that AWS gives a meaning must be signed. */
    private static @Nullable Rejected unsignedHeader(Claimed claimed, SignedRequest request) {
        if (!claimed.signedHeaders().contains("host")) {
            return new Rejected(
                    Reason.WRONG_SIGNATURE, "'Host' must be a 'SignedHeader' in the AWS request.");
        }
        for (String name : request.headers().keySet()) {
            if (name.startsWith("x-amz-") && !claimed.signedHeaders().contains(name)) {
                return new Rejected(
                        Reason.WRONG_SIGNATURE,
                        "'" + name + "' must be a 'SignedHeader' in the AWS request.");
            }
        }
        return null;
    }

    private static boolean sameToken(@Nullable String expected, @Nullable String sent) {
        if (expected == null || expected.isEmpty()) {
            return sent == null || sent.isEmpty();
        }
        return sent != null && same(expected, sent);
    }

    private static boolean same(String a, String b) {
        return MessageDigest.isEqual(
                a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));
    }

    private static String basic(Instant time) {
        return Signature.BASIC.format(time.atOffset(ZoneOffset.UTC));
    }
}
