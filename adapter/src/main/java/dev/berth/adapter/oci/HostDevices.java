package dev.berth.adapter.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.node.ArrayNode;

/** The machine's devices, as a privileged container gets them. */
final class HostDevices {
    private static final Path DEV = Path.of("/dev");

    /** What each container has of its own, and what is no device of the machine. */
    private static final Set<String> OWN =
            Set.of("pts", "shm", "mqueue", "fd", "console", "ptmx", "core");

    private static final int KIND = 0170000;
    private static final int CHARACTERS = 0020000;
    private static final int BLOCKS = 0060000;

    private HostDevices() {}

    /** Adds all of them. */
    static void all(ArrayNode devices) throws IOException {
        add(DEV, devices);
    }

    private static void add(Path folder, ArrayNode devices) throws IOException {
        try (var entries = Files.newDirectoryStream(folder)) {
            for (var entry : entries) {
                if (folder.equals(DEV) && OWN.contains(String.valueOf(entry.getFileName()))) {
                    continue;
                }
                if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    add(entry, devices);
                } else {
                    device(entry, devices);
                }
            }
        }
    }

    private static long number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Number number ? number.longValue() : 0;
    }

    private static void device(Path path, ArrayNode devices) throws IOException {
        try {
            var all = Files.readAttributes(path, "unix:*", LinkOption.NOFOLLOW_LINKS);
            var mode = number(all, "mode");
            var kind = mode & KIND;
            if (kind != CHARACTERS && kind != BLOCKS) {
                return;
            }
            var number = number(all, "rdev");
            devices.addObject()
                    .put("path", path.toString())
                    .put("type", kind == CHARACTERS ? "c" : "b")
                    .put("major", (number >> 8) & 0xfff)
                    .put("minor", (number & 0xff) | ((number >> 12) & 0xfff00))
                    .put("fileMode", mode & 0777)
                    .put("uid", number(all, "uid"))
                    .put("gid", number(all, "gid"));
        } catch (NoSuchFileException gone) {
            // A device that went meanwhile.
        }
    }
}
