package dev.berth.core.pod;

import java.util.Optional;
import java.util.regex.Pattern;

/** Whether a text can name an image at all, as the distribution project's grammar says. */
public final class ImageName {
    private static final String COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    private static final String DOMAIN =
            "(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\\[[0-9a-fA-F:]+])(?::[0-9]+)?";
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "(?:"
                            + DOMAIN
                            + "/)?"
                            + COMPONENT
                            + "(?:/"
                            + COMPONENT
                            + ")*(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?");
    private static final int NAME_MOST = 255;

    private ImageName() {}

    /** What is wrong with it, or empty when nothing is. */
    public static Optional<String> problem(String image) {
        if (REFERENCE.matcher(image).matches()) {
            return image.length() > NAME_MOST + 200
                    ? Optional.of(
                            "couldn't parse image name \""
                                    + image
                                    + "\": repository name must not be more than 255 characters")
                    : Optional.empty();
        }
        var why =
                image.isEmpty()
                        ? "repository name must have at least one component"
                        : image.matches(".*[A-Z].*")
                                        && REFERENCE
                                                .matcher(image.toLowerCase(java.util.Locale.ROOT))
                                                .matches()
                                ? "repository name must be lowercase"
                                : "invalid reference format";
        return Optional.of(
                "couldn't parse image name \""
                        + image
                        + "\": "
                        + (why.startsWith("invalid") ? why : "invalid reference format: " + why));
    }
}
