package dev.berth.adapter.image;

import dev.berth.adapter.libc.MappedFolder;
import dev.berth.adapter.libc.MountTable;
import dev.berth.adapter.libc.UserNamespace;
import dev.berth.core.pod.IdRanges;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.PodUsers;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writable root file systems: an image's layers below, a folder for what is written above, joined
 * by overlayfs. One folder per layout holds {@code upper}, {@code work} and {@code root}; it is the
 * only record, so that a later life of Berth, or a clean-up after a crash, finds everything. Used
 * by any thread, one at a time per id.
 *
 * <p>For users of a pod's own, the layers are seen with these users as owners, what is written is
 * theirs from the beginning, and the root is mounted where they can get to; the folder then says
 * where. The layers' other faces are only needed to join them, since overlayfs keeps its own.
 */
final class OverlayMounts {
    private static final Logger LOG = LoggerFactory.getLogger(OverlayMounts.class);
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,199}");

    /** mount(2) takes one page of options; the last byte is a zero. */
    private static final int OPTION_BYTES_MAX = 4095;

    /** MS_RDONLY, MS_NOSUID, MS_NODEV and MS_NOEXEC. */
    private static final long TO_BE_READ = 1 | 2 | 4 | 8;

    /** The file that says whose layout it is. */
    private static final String IMAGE = "image";

    /** The file that says where a layout for users of a pod's own is mounted. */
    private static final String ELSEWHERE = "root-is";

    /** The layers as users of a pod's own see them, while they are joined. */
    private static final String MAPPED = "mapped";

    /** Where it is tried out whether owners can be mapped; not the name of a layout. */
    private static final String TRIAL = ".trial";

    private final Path folder;
    private final ReentrantLock trying = new ReentrantLock();
    private volatile @Nullable Boolean canMap;

    OverlayMounts(Path folder) {
        this.folder = folder;
    }

    /**
     * Joins layers, topmost first, and returns the root. Nothing happens if it is joined.
     *
     * @param image the id of the image whose layers these are
     * @param users to whom the files belong, or null
     */
    Path mount(String image, List<Path> layers, String id, @Nullable PodUsers users)
            throws PullFailed {
        return mount(image, layers, id, users, 0);
    }

    /** As {@link #mount}, but nothing of it can be written, run or used as a device. */
    Path mountReadOnly(String image, List<Path> layers, String id, @Nullable PodUsers users)
            throws PullFailed {
        return mount(image, layers, id, users, TO_BE_READ);
    }

    private Path mount(
            String image, List<Path> layers, String id, @Nullable PodUsers users, long flags)
            throws PullFailed {
        Path place = place(id);
        Path root = users == null ? place.resolve("root") : users.roots().resolve(id);
        try {
            if (isMounted(root)) {
                return root;
            }
            // What a crash or a reboot has left is of a container that never was or is no more.
            delete(place);
            Files.createDirectories(place);
            try {
                Files.writeString(place.resolve(IMAGE), image);
                if (users != null) {
                    Files.writeString(place.resolve(ELSEWHERE), root.toString());
                }
                join(place, root, layers, users, flags);
            } catch (IOException failed) {
                delete(place);
                throw failed;
            }
            return root;
        } catch (IOException failed) {
            throw ContentStore.failure("failed to mount rootfs of " + id, failed);
        }
    }

    private static void join(
            Path place, Path root, List<Path> layers, @Nullable PodUsers users, long flags)
            throws IOException {
        Files.createDirectories(root);
        List<Path> lower = layers;
        if (lower.isEmpty()) {
            // overlayfs wants something below, also for an image that is made of nothing.
            lower = List.of(Files.createDirectory(place.resolve("empty")));
        }
        if (users == null) {
            joinAsTheyAre(place, root, lower, flags);
            return;
        }
        Path faces = Files.createDirectory(place.resolve(MAPPED));
        try {
            List<Path> mapped = new ArrayList<>();
            for (Path each : lower) {
                Path face = Files.createDirectory(faces.resolve(String.valueOf(mapped.size())));
                MappedFolder.mount(each, face, users.namespace());
                mapped.add(face);
            }
            joinAsTheyAre(place, root, mapped, flags);
        } finally {
            MountTable.clear(faces.toRealPath());
        }
    }

    private static void joinAsTheyAre(Path place, Path root, List<Path> lower, long flags)
            throws IOException {
        Path upper = Files.createDirectory(place.resolve("upper"));
        Path work = Files.createDirectory(place.resolve("work"));
        List<Integer> open = new ArrayList<>();
        try {
            for (Path each : lower) {
                open.add(NativeFiles.openFolder(each));
            }
            int top = NativeFiles.openFolder(upper);
            open.add(top);
            open.add(NativeFiles.openFolder(work));
            NativeFiles.Stat wanted = NativeFiles.stat(open.getFirst(), new byte[0]);
            NativeFiles.own(top, new byte[0], wanted.uid(), wanted.gid());
            NativeFiles.permit(top, new byte[] {'.'}, wanted.permissions());
            NativeFiles.touch(top, new byte[] {'.'}, wanted.mtimeSeconds(), wanted.mtimeNanos());
            String options = options(lower.stream().map(Path::toString).toList(), upper, work);
            if (options == null) {
                // Names with overlayfs's own punctuation, or more of them than fit into a page:
                // descriptors name the same folders in a few plain letters.
                options =
                        options(
                                open.stream()
                                        .limit(lower.size())
                                        .map(OverlayMounts::byDescriptor)
                                        .toList(),
                                Path.of(byDescriptor(top)),
                                Path.of(byDescriptor(open.getLast())));
            }
            if (options == null) {
                throw new IOException("too many layers for overlayfs: " + lower.size());
            }
            try {
                // Nothing written here needs to outlive a power cut, and syncing would hold up
                // every end of a container.
                NativeFiles.mount("berth", root, "overlay", flags, options + ",volatile");
            } catch (NativeFailure failure) {
                if (failure.errno() != NativeFailure.EINVAL) {
                    throw failure;
                }
                NativeFiles.mount("berth", root, "overlay", flags, options);
            }
        } finally {
            open.forEach(NativeFiles::close);
        }
    }

    private static String byDescriptor(int descriptor) {
        return "/proc/self/fd/" + descriptor;
    }

    private static @Nullable String options(List<String> lower, Path upper, Path work) {
        for (String each : lower) {
            if (!isPlain(each)) {
                return null;
            }
        }
        if (!isPlain(upper.toString()) || !isPlain(work.toString())) {
            return null;
        }
        String options =
                "lowerdir=" + String.join(":", lower) + ",upperdir=" + upper + ",workdir=" + work;
        return NativeFiles.bytes(options + ",volatile").length > OPTION_BYTES_MAX ? null : options;
    }

    private static boolean isPlain(String path) {
        return path.chars().noneMatch(each -> each == ':' || each == ',' || each == '\\');
    }

    private static boolean isMounted(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return false;
        }
        return !Files.getAttribute(root.resolveSibling("."), "unix:dev")
                .equals(Files.getAttribute(root, "unix:dev"));
    }

    /** Faces of layers, which a crash has left, are not to be taken for what lies here. */
    private static void delete(Path place) throws IOException {
        Path faces = place.resolve(MAPPED);
        if (Files.isDirectory(faces)) {
            MountTable.clear(faces.toRealPath());
        }
        NativeFiles.deleteTree(place);
    }

    private static Path root(Path place) throws IOException {
        try {
            return Path.of(Files.readString(place.resolve(ELSEWHERE)));
        } catch (NoSuchFileException here) {
            return place.resolve("root");
        }
    }

    /** Whether layouts for users of a pod's own can be made here; tried out once. */
    boolean canMapUsers() {
        Boolean known = canMap;
        if (known != null) {
            return known;
        }
        trying.lock();
        try {
            known = canMap;
            if (known == null) {
                known = tried();
                canMap = known;
            }
            return known;
        } finally {
            trying.unlock();
        }
    }

    private boolean tried() {
        Path place = folder.resolve(TRIAL);
        try (UserNamespace made = UserNamespace.open(IdRanges.LENGTH, IdRanges.LENGTH)) {
            forgetTrial();
            Files.createDirectories(place);
            Path layer = Files.createDirectory(place.resolve("layer"));
            Files.createFile(layer.resolve("file"));
            Path root = place.resolve("root");
            PodUsers users =
                    new PodUsers(
                            made.namespace("user"), IdRanges.LENGTH, IdRanges.LENGTH, place, place);
            join(place, root, List.of(layer), users, 0);
            try {
                Object owner = Files.getAttribute(root.resolve("file"), "unix:uid");
                return owner.equals((int) IdRanges.LENGTH);
            } finally {
                NativeFiles.unmount(root);
            }
        } catch (IOException failed) {
            LOG.info("pods cannot have users of their own here cause={}", failed.getMessage());
            return false;
        } finally {
            try {
                delete(place);
            } catch (IOException failed) {
                LOG.warn("a trial's folder stays folder={} cause={}", place, failed.getMessage());
            }
        }
    }

    /** Where what is written to a layout lies. */
    Path written(String id) {
        return place(id).resolve("upper");
    }

    /** Takes a layout away with all that was written; nothing when there is none. */
    void unmount(String id) throws IOException {
        Path place = place(id);
        Path root = root(place);
        while (isMounted(root)) {
            NativeFiles.unmount(root);
        }
        if (!root.startsWith(place)) {
            Files.deleteIfExists(root);
        }
        delete(place);
    }

    /** The ids of the images of all layouts; empty for one of which it is not known. */
    Set<String> images() throws IOException {
        Set<String> images = new HashSet<>();
        for (String id : mounted()) {
            try {
                images.add(Files.readString(place(id).resolve(IMAGE)));
            } catch (NoSuchFileException unknownOrGone) {
                if (Files.isDirectory(place(id))) {
                    images.add("");
                }
            }
        }
        return images;
    }

    /** The ids of all layouts, joined or only half made. */
    List<String> mounted() throws IOException {
        List<String> ids = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return ids;
        }
        try (DirectoryStream<Path> places = Files.newDirectoryStream(folder)) {
            for (Path each : places) {
                String name = String.valueOf(each.getFileName());
                if (ID.matcher(name).matches()) {
                    ids.add(name);
                }
            }
        }
        ids.sort(null);
        return ids;
    }

    /** Takes away what a crash may have left of a trial. */
    void forgetTrial() throws IOException {
        Path root = folder.resolve(TRIAL).resolve("root");
        while (isMounted(root)) {
            NativeFiles.unmount(root);
        }
        delete(folder.resolve(TRIAL));
    }

    private Path place(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("not an id for a layout: " + id);
        }
        return folder.resolve(id);
    }
}
