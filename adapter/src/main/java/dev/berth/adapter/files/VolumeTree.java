package dev.berth.adapter.files;

import dev.berth.core.pod.VolumeFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A folder whose files change all at once. The files lie in a hidden folder with a name of its own;
 * the link {@code ..data} names it, and each name at the top is a link through {@code ..data}.
 * Renaming a new {@code ..data} over the old one changes everything in one step.
 *
 * <pre>
 *   index.html -> ..data/index.html
 *   ..data -> ..1730000000000000000
 *   ..1730000000000000000/index.html
 * </pre>
 */
final class VolumeTree {
    private static final String DATA = "..data";
    private static final String NEXT = "..data_tmp";
    private static final int SET_GROUP = 02000;
    private static final int FOLDER = 0755;

    private VolumeTree() {}

    /** Makes the folder hold exactly these files. */
    static void write(Path folder, List<VolumeFile> files, @Nullable Long group, long stamp)
            throws IOException {
        for (var file : files) {
            check(file.path());
        }
        Files.createDirectories(folder);
        mode(folder, group == null ? 0777 : 0777 | SET_GROUP);
        own(folder, null, group);
        var data = folder.resolve(DATA);
        var before =
                Files.isSymbolicLink(data) ? folder.resolve(Files.readSymbolicLink(data)) : null;
        if (before != null && same(before, files)) {
            return;
        }
        var fresh = folder.resolve(".." + stamp);
        delete(fresh);
        Files.createDirectory(fresh);
        mode(fresh, group == null ? FOLDER : FOLDER | SET_GROUP);
        own(fresh, null, group);
        for (var file : files) {
            writeFile(fresh, file, group);
        }
        var next = folder.resolve(NEXT);
        Files.deleteIfExists(next);
        Files.createSymbolicLink(next, fresh.getFileName());
        Files.move(next, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        var tops = new HashSet<String>();
        for (var file : files) {
            tops.add(Path.of(file.path()).getName(0).toString());
        }
        for (var top : tops) {
            var link = folder.resolve(top);
            if (!Files.isSymbolicLink(link)) {
                try {
                    Files.createSymbolicLink(link, Path.of(DATA, top));
                } catch (FileAlreadyExistsException e) {
                    throw new IOException(link + " is in the way", e);
                }
            }
        }
        try (var entries = Files.newDirectoryStream(folder)) {
            for (var entry : entries) {
                var name = entry.getFileName().toString();
                if (Files.isSymbolicLink(entry) && !name.equals(DATA) && !tops.contains(name)) {
                    Files.delete(entry);
                }
            }
        }
        if (before != null && !before.equals(fresh)) {
            delete(before);
        }
    }

    private static void check(String path) throws IOException {
        var parts = Path.of(path);
        if (path.isEmpty() || parts.isAbsolute()) {
            throw new IOException("a volume's file has a relative path, not " + path);
        }
        for (var part : parts) {
            if (part.toString().equals("..") || parts.getName(0).toString().startsWith("..")) {
                throw new IOException("a volume's file cannot be called " + path);
            }
        }
    }

    private static void writeFile(Path fresh, VolumeFile file, @Nullable Long group)
            throws IOException {
        var path = fresh.resolve(file.path());
        for (var parent = path.getParent();
                parent != null && !parent.equals(fresh) && !Files.exists(parent);
                parent = parent.getParent()) {
            Files.createDirectories(parent);
            mode(parent, group == null ? FOLDER : FOLDER | SET_GROUP);
            own(parent, null, group);
        }
        Files.write(path, file.content());
        own(path, file.owner(), group);
        mode(path, group == null ? file.mode() : file.mode() | 0440);
    }

    private static boolean same(Path before, List<VolumeFile> files) throws IOException {
        var paths = new HashSet<Path>();
        for (var file : files) {
            var path = before.resolve(file.path());
            paths.add(path);
            try {
                if (Files.isSymbolicLink(path)
                        || !Arrays.equals(Files.readAllBytes(path), file.content())) {
                    return false;
                }
            } catch (NoSuchFileException e) {
                return false;
            }
        }
        try (var there = Files.walk(before)) {
            return there.filter(Files::isRegularFile).allMatch(paths::contains);
        }
    }

    static void mode(Path path, int mode) throws IOException {
        Files.setAttribute(path, "unix:mode", mode, LinkOption.NOFOLLOW_LINKS);
    }

    static void own(Path path, @Nullable Long owner, @Nullable Long group) throws IOException {
        if (owner != null) {
            Files.setAttribute(path, "unix:uid", Math.toIntExact(owner), LinkOption.NOFOLLOW_LINKS);
        }
        if (group != null) {
            Files.setAttribute(path, "unix:gid", Math.toIntExact(group), LinkOption.NOFOLLOW_LINKS);
        }
    }

    /** Deletes a folder with all that is in it; links are deleted, not followed. */
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.deleteIfExists(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path visited, @Nullable IOException failure) throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        Files.deleteIfExists(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
