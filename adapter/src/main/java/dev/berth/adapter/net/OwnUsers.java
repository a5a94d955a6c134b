package dev.berth.adapter.net;

import dev.berth.adapter.libc.MountTable;
import dev.berth.adapter.libc.UserNamespace;
import dev.berth.core.pod.IdRanges;
import dev.berth.port.PodUsers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which pods have users of their own, and which ids these are on this machine. In a pod's folder
 * are the user namespace and a folder where the roots of its containers are mounted: the way there
 * is open to everyone, as that to the data folder need not be. Any thread may call.
 */
final class OwnUsers {
    private static final String NAMESPACE = "user";
    private static final String ROOTS = "roots";
    private static final String EMPTY_ROOT = "empty-root";

    /** What is below it is this instance's, or other instances' too. */
    private static final Path RUN = Path.of("/run");

    private final Path root;

    /** Who has the range that begins with an id. */
    private final Map<Long, String> holders = new ConcurrentHashMap<>();

    /** For pods whose folders are in the folder {@code pods} of this one. */
    OwnUsers(Path root) {
        this.root = root;
    }

    /** Opens the way to the pods' folders, as far as it is this instance's. */
    void start() throws IOException {
        letThrough(root.resolve("pods"));
        for (var each = root; each != null && !each.equals(RUN); each = each.getParent()) {
            if (each.equals(root) || each.startsWith(RUN)) {
                letThrough(each);
            }
        }
    }

    /**
     * Namespaces with users of their own, under names in a pod's folder.
     *
     * @param folder the pod's; exists
     */
    PodUsers make(String podUid, Path folder) throws IOException {
        var firstId = take(podUid);
        try (var made = UserNamespace.open(firstId, IdRanges.LENGTH)) {
            made.bind("user", folder.resolve(NAMESPACE));
            made.bind("net", folder.resolve("network"));
            made.bind("ipc", folder.resolve("ipc"));
            made.bind("uts", folder.resolve("uts"));
            letThrough(folder);
            letThrough(Files.createDirectory(folder.resolve(ROOTS)));
            var empty = Files.createDirectory(folder.resolve(EMPTY_ROOT));
            Files.setAttribute(empty, "unix:uid", (int) firstId);
            Files.setAttribute(empty, "unix:gid", (int) firstId);
            return users(folder, firstId);
        } catch (IOException | RuntimeException failed) {
            release(podUid);
            throw failed;
        }
    }

    /** Finds what an earlier life has made. */
    PodUsers adopt(String podUid, Path folder, long firstId) {
        holders.put(firstId, podUid);
        return users(folder, firstId);
    }

    /** Its ids are free for another pod. */
    void release(String podUid) {
        holders.values().removeIf(podUid::equals);
    }

    void clear() {
        holders.clear();
    }

    /** Unmounts what is still mounted for containers in a pod's folder. */
    static void discard(Path folder) throws IOException {
        var roots = folder.resolve(ROOTS);
        if (Files.isDirectory(roots)) {
            MountTable.clear(roots);
        }
    }

    private long take(String podUid) throws IOException {
        while (true) {
            var free = IdRanges.free(holders::containsKey);
            if (free.isEmpty()) {
                throw new IOException("could not find an empty slot to allocate a user namespace");
            }
            if (holders.putIfAbsent(free.getAsLong(), podUid) == null) {
                return free.getAsLong();
            }
        }
    }

    private static PodUsers users(Path folder, long firstId) {
        return new PodUsers(
                folder.resolve(NAMESPACE),
                firstId,
                IdRanges.LENGTH,
                folder.resolve(ROOTS),
                folder.resolve(EMPTY_ROOT));
    }

    private static void letThrough(Path folder) throws IOException {
        var has = Files.getPosixFilePermissions(folder);
        if (has.addAll(PosixFilePermissions.fromString("--x--x--x"))) {
            Files.setPosixFilePermissions(folder, has);
        }
    }
}
