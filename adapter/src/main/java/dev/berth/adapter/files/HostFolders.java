package dev.berth.adapter.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What hostPath volumes see: a folder of this machine that stands for a node's {@code /}, or this
 * machine's own.
 */
final class HostFolders {
    /** What the kernel shows is the same for all nodes of a machine. */
    private static final Set<String> OF_THE_KERNEL = Set.of("proc", "sys", "dev");

    private static final Map<String, Integer> FOLDERS =
            Map.ofEntries(
                    Map.entry("dev", 0755),
                    Map.entry("etc", 0755),
                    Map.entry("home", 0755),
                    Map.entry("mnt", 0755),
                    Map.entry("opt", 0755),
                    Map.entry("proc", 0755),
                    Map.entry("root", 0700),
                    Map.entry("run", 0755),
                    Map.entry("sys", 0755),
                    Map.entry("tmp", 01777),
                    Map.entry("usr", 0755),
                    Map.entry("var", 0755),
                    Map.entry("var/lib", 0755),
                    Map.entry("var/log", 0755),
                    Map.entry("var/tmp", 01777));

    private static final int KIND = 0170000;
    private static final int SOCKET = 0140000;
    private static final int CHARACTERS = 0020000;
    private static final int BLOCKS = 0060000;

    private HostFolders() {}

    /** Makes a node's root folder with what a small system has. */
    static Path root(Path folder, Map<String, String> texts) throws IOException {
        for (var name : FOLDERS.keySet().stream().sorted().toList()) {
            var made = folder.resolve(name);
            if (!Files.exists(made)) {
                Files.createDirectories(made);
                VolumeTree.mode(made, FOLDERS.getOrDefault(name, 0755));
            }
        }
        for (var text : texts.entrySet()) {
            var file = folder.resolve(text.getKey());
            if (!Files.exists(file)) {
                Files.writeString(file, text.getValue());
                VolumeTree.mode(file, 0644);
            }
        }
        return folder;
    }

    /** Where a path of the node lies on this machine, made when its type says so. */
    static Path find(Path root, String path, String type) throws IOException {
        var at = locate(root, path);
        switch (type) {
            case "" -> {
                // Whoever mounts it makes a folder of it, as container runtimes do.
                if (!Files.exists(at)) {
                    Files.createDirectories(at);
                }
            }
            case "DirectoryOrCreate" -> {
                if (!Files.exists(at)) {
                    Files.createDirectories(at);
                    VolumeTree.mode(at, 0755);
                }
                check(Files.isDirectory(at), path, "a directory");
            }
            case "Directory" -> check(Files.isDirectory(at), path, "a directory");
            case "FileOrCreate" -> {
                if (!Files.exists(at)) {
                    Files.createFile(at);
                    VolumeTree.mode(at, 0644);
                }
                check(Files.isRegularFile(at), path, "a file");
            }
            case "File" -> check(Files.isRegularFile(at), path, "a file");
            case "Socket" -> check(kind(at) == SOCKET, path, "a socket file");
            case "CharDevice" -> check(kind(at) == CHARACTERS, path, "a character device");
            case "BlockDevice" -> check(kind(at) == BLOCKS, path, "a block device");
            default -> throw new IOException(type + " is an invalid volume type");
        }
        return at;
    }

    /** Links below a node's own root begin at that root, as they would on a machine of its own. */
    private static Path locate(Path root, String path) throws IOException {
        var parts = List.of(path.split("/"));
        if (root.equals(Path.of("/")) || parts.contains("..")) {
            if (parts.contains("..")) {
                throw new IOException("hostPath must not contain '..': " + path);
            }
            return Path.of(path);
        }
        var first = parts.stream().filter(part -> !part.isEmpty()).findFirst().orElse("");
        return OF_THE_KERNEL.contains(first)
                ? Path.of(path)
                : DiskPodFiles.inside(root, path)
                        .orElseThrow(() -> new IOException(path + " has too many links"));
    }

    private static int kind(Path path) throws IOException {
        return Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                ? (int) Files.getAttribute(path, "unix:mode") & KIND
                : 0;
    }

    private static void check(boolean holds, String path, String what) throws IOException {
        if (!holds) {
            throw new IOException("hostPath type check failed: " + path + " is not " + what);
        }
    }
}
