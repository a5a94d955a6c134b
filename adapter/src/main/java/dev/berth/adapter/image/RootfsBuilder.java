package dev.berth.adapter.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A root file system in memory, from which one layer is made. It needs no rights, and equal files
 * make equal bytes: names are sorted, times are zero, everything is root's, and nothing is
 * compressed, because compressors differ from machine to machine. One thread.
 */
final class RootfsBuilder {
    private final TreeMap<String, Node> nodes = new TreeMap<>();

    private sealed interface Node {}

    private record Folder(int mode) implements Node {}

    @SuppressWarnings("ArrayRecordComponent") // Carried, never compared.
    private record Plain(int mode, byte[] content) implements Node {}

    private record Link(String target) implements Node {}

    /** Puts a folder at a path without a slash at its ends; its parents too. */
    RootfsBuilder folder(String path, int mode) {
        parents(path);
        nodes.put(path, new Folder(mode));
        return this;
    }

    /** Puts a file. */
    RootfsBuilder file(String path, int mode, byte[] content) {
        parents(path);
        nodes.put(path, new Plain(mode, content));
        return this;
    }

    /** Puts a file with a text. */
    RootfsBuilder file(String path, String text) {
        return file(path, 0644, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Puts a symbolic link. */
    RootfsBuilder link(String path, String target) {
        parents(path);
        nodes.put(path, new Link(target));
        return this;
    }

    boolean has(String path) {
        return nodes.containsKey(path);
    }

    /** The content of a file that is known to be there. */
    byte[] content(String path) throws IOException {
        if (nodes.get(path) instanceof Plain file) {
            return file.content;
        }
        throw new IOException("no file " + path);
    }

    /** Takes a path away with all below it. */
    RootfsBuilder remove(String path) {
        nodes.keySet().removeIf(each -> each.equals(path) || each.startsWith(path + "/"));
        return this;
    }

    /**
     * Adds what an archive holds.
     *
     * @param mergedUsr whether {@code /bin}, {@code /sbin} and {@code /lib…} are links into {@code
     *     /usr}, so that files for them go there
     */
    void unpack(TarReader tar, boolean mergedUsr) throws IOException {
        for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
            String path = path(entry.name(), mergedUsr);
            if (path.isEmpty()) {
                continue;
            }
            switch (entry.type()) {
                case '5' -> {
                    if (!(nodes.get(path) instanceof Link)) {
                        folder(path, entry.mode() & 07777);
                    }
                }
                case '0' -> {
                    ByteArrayOutputStream content = new ByteArrayOutputStream();
                    byte[] buffer = new byte[64 * 1024];
                    for (int count = tar.read(buffer, 0, buffer.length);
                            count >= 0;
                            count = tar.read(buffer, 0, buffer.length)) {
                        content.write(buffer, 0, count);
                    }
                    file(path, entry.mode() & 07777, content.toByteArray());
                }
                case '1' -> {
                    Node target = nodes.get(path(entry.linkName(), mergedUsr));
                    if (target == null) {
                        throw new IOException("hard link to nothing: " + path);
                    }
                    parents(path);
                    nodes.put(path, target);
                }
                case '2' -> link(path, NativeFiles.show(entry.linkName()));
                default -> throw new IOException("a package with a device: " + path);
            }
        }
    }

    private static String path(byte[] name, boolean mergedUsr) {
        String path = NativeFiles.show(name);
        if (path.startsWith("./")) {
            path = path.substring(2);
        }
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        if (path.equals(".")) {
            return "";
        }
        int slash = path.indexOf('/');
        String first = slash < 0 ? path : path.substring(0, slash);
        boolean moved = first.equals("bin") || first.equals("sbin") || first.startsWith("lib");
        return mergedUsr && moved ? "usr/" + path : path;
    }

    private void parents(String path) {
        for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
            nodes.putIfAbsent(path.substring(0, slash), new Folder(0755));
        }
    }

    /** The layer's archive. */
    byte[] archive() throws IOException {
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(archive, "UTF-8")) {
            out.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            out.setAddPaxHeadersForNonAsciiNames(true);
            for (Map.Entry<String, Node> each : nodes.entrySet()) {
                switch (each.getValue()) {
                    case Folder folder -> put(out, each.getKey() + "/", folder.mode);
                    case Plain file -> {
                        TarArchiveEntry entry = entry(each.getKey(), TarConstants.LF_NORMAL);
                        entry.setMode(file.mode);
                        entry.setSize(file.content.length);
                        out.putArchiveEntry(entry);
                        out.write(file.content);
                        out.closeArchiveEntry();
                    }
                    case Link link -> {
                        TarArchiveEntry entry = entry(each.getKey(), TarConstants.LF_SYMLINK);
                        entry.setMode(0777);
                        entry.setLinkName(link.target);
                        out.putArchiveEntry(entry);
                        out.closeArchiveEntry();
                    }
                }
            }
        }
        return archive.toByteArray();
    }

    private static void put(TarArchiveOutputStream out, String name, int mode) throws IOException {
        TarArchiveEntry entry = entry(name, TarConstants.LF_DIR);
        entry.setMode(mode);
        out.putArchiveEntry(entry);
        out.closeArchiveEntry();
    }

    private static TarArchiveEntry entry(String name, byte type) {
        TarArchiveEntry entry = new TarArchiveEntry(name, type);
        entry.setModTime(0L);
        entry.setIds(0, 0);
        entry.setNames("", "");
        return entry;
    }
}
