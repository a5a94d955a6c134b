package dev.berth.engine.account;

import java.util.Base64;
import java.util.random.RandomGenerator;

/** Makes ids and secrets in the forms that AWS's have. */
final class Secrets {
    private static final String ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private final RandomGenerator random;

    /** Draws from this source, which must not be guessable. */
    Secrets(RandomGenerator random) {
        this.random = random;
    }

    /** An access key id of 20 characters, such as {@code AKIA…}. */
    String accessKeyId(String prefix) {
        return id(prefix, 20);
    }

    /** A unique id of 21 characters, such as {@code AROA…}. */
    String uniqueId(String prefix) {
        return id(prefix, 21);
    }

    /** A secret access key: 40 characters, 240 random bits. */
    String secretAccessKey() {
        return base64(30);
    }

    /** A session token: 256 characters. */
    String sessionToken() {
        return base64(192);
    }

    private String id(String prefix, int length) {
        var id = new StringBuilder(prefix);
        while (id.length() < length) {
            id.append(ID_ALPHABET.charAt(random.nextInt(ID_ALPHABET.length())));
        }
        return id.toString();
    }

    private String base64(int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return Base64.getEncoder().encodeToString(drawn);
    }
}
