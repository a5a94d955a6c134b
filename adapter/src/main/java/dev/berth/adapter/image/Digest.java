package dev.berth.adapter.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The digest that names a piece of content: {@code sha256:<64 hex>} or {@code sha512:<128 hex>}.
 *
 * @param algorithm {@code sha256} or {@code sha512}
 * @param hex in lower case
 */
record Digest(String algorithm, String hex) {
    private static final Pattern SHA256 = Pattern.compile("sha256:[a-f0-9]{64}");
    private static final Pattern SHA512 = Pattern.compile("sha512:[a-f0-9]{128}");

    /** Whether a text is a digest as this class understands it. */
    static boolean isOne(String text) {
        return SHA256.matcher(text).matches() || SHA512.matcher(text).matches();
    }

    /** Reads a digest; an {@link IllegalArgumentException} for anything else. */
    static Digest of(String text) {
        if (!isOne(text)) {
            throw new IllegalArgumentException("invalid checksum digest format: " + text);
        }
        int colon = text.indexOf(':');
        return new Digest(text.substring(0, colon), text.substring(colon + 1));
    }

    /** The sha256 of some bytes. */
    static Digest sha256Of(byte[] content) {
        return finish("sha256", hasher("sha256").digest(content));
    }

    /** The digest that a hasher of that algorithm has come to. */
    static Digest finish(String algorithm, byte[] result) {
        return new Digest(algorithm, HexFormat.of().formatHex(result));
    }

    /** Computes digests of that algorithm. */
    static MessageDigest hasher(String algorithm) {
        try {
            return MessageDigest.getInstance(
                    algorithm.toUpperCase(Locale.ROOT).replace("SHA", "SHA-"));
        } catch (NoSuchAlgorithmException missing) {
            throw new AssertionError("every JDK has it: " + algorithm, missing);
        }
    }

    /** Computes digests of this one's algorithm. */
    MessageDigest hasher() {
        return hasher(algorithm);
    }

    @Override
    public String toString() {
        return algorithm + ":" + hex;
    }
}
