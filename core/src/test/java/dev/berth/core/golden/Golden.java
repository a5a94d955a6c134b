package dev.berth.core.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Compares texts with files that lie in the module's {@code src/test/resources/golden/<concept>/};
 * each has a sibling {@code .note.md} that says where it comes from. With {@code
 * -Dgolden.update=true} the files are rewritten instead.
 */
public final class Golden {
    private static final Path FOLDER = Path.of("src", "test", "resources", "golden");

    private Golden() {}

    /**
     * Asserts that the file says the same.
     *
     * @param file such as {@code refusal/texts.txt}
     */
    public static void check(String file, String actual) {
        var path = FOLDER.resolve(file);
        try {
            if (Boolean.getBoolean("golden.update")) {
                Files.createDirectories(path.getParent());
                Files.writeString(path, actual);
            }
            assertThat(path.resolveSibling(path.getFileName() + ".note.md"))
                    .as("every golden file has a note")
                    .isRegularFile();
            assertThat(actual).isEqualTo(Files.readString(path));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    path + " cannot be read; -Dgolden.update=true makes it", e);
        }
    }

    /** A file's text, for tests that need it as input. */
    public static String read(String file) {
        try {
            return Files.readString(FOLDER.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
