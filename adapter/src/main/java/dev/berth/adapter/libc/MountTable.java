package dev.berth.adapter.libc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The mounts of this process, as {@code /proc/self/mountinfo} lists them.
 *
 * @param mounts in the kernel's order, later ones over earlier ones
 */
public record MountTable(List<Mount> mounts) {
    /** Copies the list. */
    public MountTable {
        mounts = List.copyOf(mounts);
    }

    /**
     * A mount.
     *
     * @param point where
     * @param type of file system, such as {@code cgroup2}
     * @param options of the file system, comma-separated, such as {@code rw,memory}
     * @param shared whether it gives its mounts to peers
     */
    public record Mount(Path point, String type, String options, boolean shared) {}

    /** Reads it. */
    public static MountTable read() throws IOException {
        return parse(Files.readAllLines(Path.of("/proc/thread-self/mountinfo")));
    }

    /** Understands lines of mountinfo. */
    public static MountTable parse(List<String> lines) {
        var mounts = new ArrayList<Mount>();
        for (var line : lines) {
            var halves = line.split(" - ", 2);
            if (halves.length < 2) {
                continue;
            }
            var left = halves[0].split(" ", -1);
            var right = halves[1].split(" ", -1);
            if (left.length < 6 || right.length < 3) {
                continue;
            }
            var shared = false;
            for (var i = 6; i < left.length; i++) {
                shared |= left[i].startsWith("shared:");
            }
            mounts.add(new Mount(Path.of(unescaped(left[4])), right[0], right[2], shared));
        }
        return new MountTable(mounts);
    }

    /** The mounts at or below a folder, deepest last. */
    public List<Mount> below(Path folder) {
        return mounts.stream().filter(mount -> mount.point().startsWith(folder)).toList();
    }

    /** The type of the file system that is mounted on a folder last; empty when none is. */
    public String type(Path folder) {
        return mounts.stream()
                .filter(mount -> mount.point().equals(folder))
                .reduce((_, last) -> last)
                .map(Mount::type)
                .orElse("");
    }

    /** Whether a folder is itself a mount point whose mounts are shared. */
    public boolean isSharedMount(Path folder) {
        return mounts.stream()
                .filter(mount -> mount.point().equals(folder))
                .reduce((_, last) -> last)
                .map(Mount::shared)
                .orElse(false);
    }

    /** Whether the mount that a folder lies in is shared. */
    public boolean isInSharedMount(Path folder) {
        return mounts.stream()
                .filter(mount -> folder.startsWith(mount.point()))
                .reduce((one, other) ->
                        other.point().getNameCount() >= one.point().getNameCount() ? other : one)
                .map(Mount::shared)
                .orElse(false);
    }

    /**
     * Makes a folder a mount point of its own whose later mounts are seen in copies of this mount
     * table; nothing when it is one.
     */
    public static void share(Path folder) throws IOException {
        if (!read().isSharedMount(folder)) {
            var path = folder.toString();
            Libc.mount(path, path, null, Libc.MS_BIND | Libc.MS_REC, null);
            Libc.mount(null, path, null, Libc.MS_SHARED, null);
        }
    }

    /** Takes away everything mounted at or below a folder, the folder's own mount too. */
    public static void clear(Path folder) throws IOException {
        var below = read().below(folder);
        for (var mount : below.reversed()) {
            try {
                Libc.umount(mount.point().toString(), Libc.MNT_DETACH);
            } catch (Errno failed) {
                if (failed.number() != Errno.EINVAL && failed.number() != Errno.ENOENT) {
                    throw failed;
                }
            }
        }
    }

    private static String unescaped(String text) {
        if (!text.contains("\\")) {
            return text;
        }
        var plain = new StringBuilder();
        for (var i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '\\' && i + 3 < text.length()) {
                plain.append((char) Integer.parseInt(text, i + 1, i + 4, 8));
                i += 3;
            } else {
                plain.append(text.charAt(i));
            }
        }
        return plain.toString();
    }
}
