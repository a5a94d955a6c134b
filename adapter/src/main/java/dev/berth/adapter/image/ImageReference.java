package dev.berth.adapter.image;

import dev.berth.port.Images.PullFailed;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of an image, taken apart as the container world does it: {@code nginx} is {@code
 * docker.io/library/nginx:latest}. A name with a tag and a digest means the digest.
 *
 * @param registry the host, with its port if it has one, such as {@code docker.io}
 * @param repository such as {@code library/nginx}
 * @param tag such as {@code latest}, or null when there is only a digest
 * @param digest or null
 */
public record ImageReference(
        String registry, String repository, @Nullable String tag, @Nullable String digest) {
    private static final String COMPONENT = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*";
    private static final String LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    private static final String DOMAIN =
            "(?:" + LABEL + "(?:\\." + LABEL + ")*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?";
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "("
                            + DOMAIN
                            + ")/("
                            + COMPONENT
                            + "(?:/"
                            + COMPONENT
                            + ")*)"
                            + "(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
                            + "(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:"
                            + "[0-9a-fA-F]{32,}))?");
    private static final Pattern IDENTIFIER = Pattern.compile("[a-f0-9]{64}");
    private static final int REPOSITORY_CHARACTERS_MAX = 255;

    /**
     * Takes a name apart.
     *
     * @throws PullFailed {@code INVALID_NAME} with the text that the kubelet shows for it
     */
    public static ImageReference parse(String text) throws PullFailed {
        if (IDENTIFIER.matcher(text).matches()) {
            throw invalid(
                    text,
                    "invalid repository name ("
                            + text
                            + "), cannot specify 64-byte hexadecimal strings");
        }
        String domain = "docker.io";
        String remainder = text;
        int slash = text.indexOf('/');
        if (slash < 0) {
            remainder = "library/" + text;
        } else {
            String first = text.substring(0, slash);
            if (first.equals("index.docker.io")) {
                remainder = text.substring(slash + 1);
            } else if (first.equals("localhost")
                    || first.contains(".")
                    || first.contains(":")
                    || !first.toLowerCase(Locale.ROOT).equals(first)) {
                domain = first;
                remainder = text.substring(slash + 1);
            }
            if (domain.equals("docker.io") && remainder.indexOf('/') < 0) {
                remainder = "library/" + remainder;
            }
        }
        int colon = remainder.indexOf(':');
        String name = colon < 0 ? remainder : remainder.substring(0, colon);
        if (!name.toLowerCase(Locale.ROOT).equals(name)) {
            throw invalid(
                    text,
                    "invalid reference format: repository name (" + name + ") must be lowercase");
        }
        Matcher matcher = REFERENCE.matcher(domain + "/" + remainder);
        if (!matcher.matches()) {
            boolean onlyCase =
                    REFERENCE
                            .matcher((domain + "/" + remainder).toLowerCase(Locale.ROOT))
                            .matches();
            throw invalid(
                    text,
                    onlyCase ? "repository name must be lowercase" : "invalid reference format");
        }
        if (matcher.group(2).length() > REPOSITORY_CHARACTERS_MAX) {
            throw invalid(
                    text,
                    "repository name must not be more than "
                            + REPOSITORY_CHARACTERS_MAX
                            + " characters");
        }
        String digest = matcher.group(4);
        if (digest != null && !Digest.isOne(digest)) {
            String algorithm = digest.substring(0, digest.indexOf(':'));
            boolean known = algorithm.equals("sha256") || algorithm.equals("sha512");
            throw invalid(
                    text,
                    known ? "invalid checksum digest length" : "unsupported digest algorithm");
        }
        String tag = matcher.group(3);
        return new ImageReference(
                matcher.group(1),
                matcher.group(2),
                digest != null ? null : tag == null ? "latest" : tag,
                digest);
    }

    private static PullFailed invalid(String text, String reason) {
        return new PullFailed(
                PullFailed.Why.INVALID_NAME,
                "Failed to apply default image tag \""
                        + text
                        + "\": couldn't parse image name \""
                        + text
                        + "\": "
                        + reason,
                null);
    }

    /** Registry and repository, {@code docker.io/library/nginx}. */
    public String name() {
        return registry + "/" + repository;
    }

    /** The same repository at a digest. */
    String at(Digest content) {
        return name() + "@" + content;
    }

    /** The part after the name, as registries take it: the digest or the tag. */
    String selector() {
        return digest != null ? digest : tag == null ? "latest" : tag;
    }

    /** The full name: {@code docker.io/library/nginx:latest} or {@code …@sha256:…}. */
    @Override
    public String toString() {
        return digest != null ? name() + "@" + digest : name() + ":" + selector();
    }
}
