package dev.berth.adapter.image;

import java.util.List;

/**
 * A kind of machine that an image is for, in the words of Go.
 *
 * @param os such as {@code linux}
 * @param architecture such as {@code amd64}
 * @param variant such as {@code v8}, or empty
 */
public record Platform(String os, String architecture, String variant) {
    /** Brings other spellings of the same machine into one form. */
    public Platform {
        architecture =
                switch (architecture) {
                    case "x86_64", "x86-64" -> "amd64";
                    case "aarch64" -> "arm64";
                    case "i386", "i686" -> "386";
                    case "armhf" -> "arm";
                    default -> architecture;
                };
        variant =
                switch (architecture) {
                    case "amd64" -> variant.equals("v1") ? "" : variant;
                    case "arm64" -> variant.equals("8") || variant.equals("v8") ? "" : variant;
                    case "arm" -> variant.isEmpty() ? "v7" : variant;
                    default -> variant;
                };
    }

    /** The machine this program runs on, always with Linux. */
    public static Platform here() {
        return new Platform("linux", System.getProperty("os.arch", "amd64"), "");
    }

    /**
     * How well an image of another platform runs here: 0 is best, −1 is not at all. An arm64
     * machine also runs the older kinds of arm, the newest of them first, as containerd has it.
     */
    int rank(Platform image) {
        if (!os.equals(image.os)) {
            return -1;
        }
        if (architecture.equals(image.architecture)) {
            if (variant.equals(image.variant)) {
                return 0;
            }
            if (architecture.equals("arm")) {
                List<String> kinds = List.of("v8", "v7", "v6", "v5");
                int ours = kinds.indexOf(variant);
                int theirs = kinds.indexOf(image.variant);
                return ours >= 0 && theirs > ours ? theirs - ours : -1;
            }
            return image.variant.isEmpty() ? 1 : -1;
        }
        if (architecture.equals("arm64") && image.architecture.equals("arm")) {
            int kind = List.of("v8", "v7", "v6", "v5").indexOf(image.variant);
            return kind < 0 ? -1 : 2 + kind;
        }
        return -1;
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
