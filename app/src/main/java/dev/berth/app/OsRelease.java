package dev.berth.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this machine's system calls itself. */
final class OsRelease {
    private OsRelease() {}

    /** Such as {@code Debian GNU/Linux 12 (bookworm)}; {@code Linux} when it does not say. */
    static String prettyName() throws IOException {
        var file = Path.of("/etc/os-release");
        if (Files.exists(file)) {
            for (var line : Files.readAllLines(file)) {
                if (line.startsWith("PRETTY_NAME=")) {
                    return line.substring(12).replace("\"", "");
                }
            }
        }
        return "Linux";
    }
}
