package dev.berth.engine.account.signature;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Turns secrets into signatures, and remembers the derived key of each secret, day, region and
 * service, because deriving it costs four of the five hashes of a check. Safe for many threads.
 */
final class SigningKeys {
    /** The cache is emptied when it holds so many keys; one caller uses a handful a day. */
    private static final int KEYS_MAX = 1024;

    private final Map<Slot, SecretKeySpec> derived = new ConcurrentHashMap<>();

    /** The signature, in lower-case hex, of a canonical request. */
    String sign(KeyRing.Key key, Scope scope, String timestamp, String canonicalRequest) {
        String toSign =
                Signature.ALGORITHM
                        + '\n'
                        + timestamp
                        + '\n'
                        + scope
                        + '\n'
                        + sha256(canonicalRequest.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hmac(derive(key, scope), toSign));
    }

    private SecretKeySpec derive(KeyRing.Key key, Scope scope) {
        var slot = new Slot(key.accessKeyId(), key.secret(), scope);
        SecretKeySpec known = derived.get(slot);
        if (known != null) {
            return known;
        }
        SecretKeySpec next = spec(("AWS4" + key.secret()).getBytes(StandardCharsets.UTF_8));
        for (String part :
                List.of(scope.date(), scope.region(), scope.service(), Scope.TERMINATION)) {
            next = spec(hmac(next, part));
        }
        if (derived.size() >= KEYS_MAX) {
            derived.clear();
        }
        derived.put(slot, next);
        return next;
    }

    /** SHA-256 in lower-case hex. */
    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static SecretKeySpec spec(byte[] key) {
        return new SecretKeySpec(key, "HmacSHA256");
    }

    private static byte[] hmac(SecretKeySpec key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    private record Slot(String accessKeyId, String secret, Scope scope) {}
}
