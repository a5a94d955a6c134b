package dev.berth.adapter.image;

import dev.berth.port.ContainerRuntime.User;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which numbers a user's name stands for inside an image, by the image's own {@code
 * /etc/passwd} and {@code /etc/group}. Links in the image are followed as a process inside would
 * see them and never lead out of it.
 */
public final class ImageUsers {
    private static final int FILE_BYTES_MAX = 8 * 1024 * 1024;
    private static final long ID_MAX = (1L << 32) - 2;

    private ImageUsers() {}

    /** A user or group cannot be found; the message is fit for a pod's event. */
    public static final class UnknownUser extends Exception {
        private static final long serialVersionUID = 1L;

        UnknownUser(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Resolves {@code user}, {@code uid}, {@code user:group}, {@code uid:gid} or a mix; empty is
     * root. A number needs no entry and then means group 0 unless one is given; a user without a
     * given group also gets the groups that list it. The rules are those of Docker and containerd.
     *
     * @param rootfs the laid-out image
     * @throws UnknownUser when a name has no entry, or a number is out of range
     */
    public static User resolve(Path rootfs, String text) throws UnknownUser {
        int colon = text.indexOf(':');
        String user = colon < 0 ? text : text.substring(0, colon);
        String group = colon < 0 ? "" : text.substring(colon + 1);
        String[] passwd = lines(rootfs, "etc/passwd");
        String[] groups = lines(rootfs, "etc/group");
        long uid = 0;
        long gid = 0;
        String name = user;
        boolean number = isNumber(user);
        boolean found = false;
        String wanted = user.isEmpty() ? "0" : user;
        for (String line : passwd) {
            String[] fields = line.split(":", -1);
            if (fields.length >= 4
                    && isNumber(fields[2])
                    && isNumber(fields[3])
                    && (fields[0].equals(user)
                            || ((number || user.isEmpty()) && fields[2].equals(wanted)))) {
                name = fields[0];
                uid = id(fields[2]);
                gid = id(fields[3]);
                found = true;
                break;
            }
        }
        if (!found && !user.isEmpty()) {
            if (!number) {
                throw new UnknownUser(
                        "unable to find user " + user + ": no matching entries in passwd file",
                        null);
            }
            uid = id(user);
        }
        List<Long> additional = new ArrayList<>();
        if (!group.isEmpty()) {
            gid = groupId(groups, group);
        } else if (found) {
            for (String line : groups) {
                String[] fields = line.split(":", -1);
                if (fields.length >= 4
                        && isNumber(fields[2])
                        && List.of(fields[3].split(",", -1)).contains(name)
                        && id(fields[2]) != gid) {
                    additional.add(id(fields[2]));
                }
            }
        }
        return new User(uid, gid, additional);
    }

    private static long groupId(String[] groups, String group) throws UnknownUser {
        for (String line : groups) {
            String[] fields = line.split(":", -1);
            if (fields.length >= 3
                    && isNumber(fields[2])
                    && (fields[0].equals(group) || fields[2].equals(group))) {
                return id(fields[2]);
            }
        }
        if (!isNumber(group)) {
            throw new UnknownUser(
                    "unable to find group " + group + ": no matching entries in group file", null);
        }
        return id(group);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.length() < 18 && text.chars().allMatch(Character::isDigit);
    }

    private static long id(String text) throws UnknownUser {
        long id = Long.parseLong(text);
        if (id > ID_MAX) {
            throw new UnknownUser("uids and gids must be in range 0-" + ID_MAX, null);
        }
        return id;
    }

    private static String[] lines(Path rootfs, String path) throws UnknownUser {
        try {
            return text(rootfs, path).orElse("").split("\n", -1);
        } catch (IOException failed) {
            throw new UnknownUser("unable to read /" + path + ": " + failed.getMessage(), failed);
        }
    }

    /**
     * The text of a plain file inside an image, at most 8 MiB, or empty when there is none.
     *
     * @param path below the root, such as {@code etc/passwd}
     */
    public static Optional<String> text(Path rootfs, String path) throws IOException {
        byte[] name = NativeFiles.bytes(path);
        try {
            int root = NativeFiles.openFolder(rootfs);
            try {
                // A pipe or a device of that name would make us wait for ever.
                int named = NativeFiles.openInRoot(root, name, NativeFiles.O_PATH);
                try {
                    if (!NativeFiles.stat(named, new byte[0]).isFile()) {
                        return Optional.empty();
                    }
                } finally {
                    NativeFiles.close(named);
                }
                int file = NativeFiles.openInRoot(root, name, NativeFiles.O_NONBLOCK);
                try {
                    byte[] content = NativeFiles.readAll(file, FILE_BYTES_MAX);
                    return Optional.of(new String(content, StandardCharsets.UTF_8));
                } finally {
                    NativeFiles.close(file);
                }
            } finally {
                NativeFiles.close(root);
            }
        } catch (NativeFailure failure) {
            if (failure.errno() == NativeFailure.ENOENT
                    || failure.errno() == NativeFailure.ENOTDIR
                    || failure.errno() == NativeFailure.ELOOP) {
                return Optional.empty();
            }
            throw failure;
        }
    }
}
