package dev.berth.adapter.image;

import dev.berth.port.Images.PullFailed;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Writable root file systems: an image's layers below, a folder for what is written above, joined
 * by overlayfs. One folder per layout holds {@code upper}, {@code work} and {@code root}; it is the
 * only record, so that a later life of Berth, or a clean-up after a crash, finds everything. Used
 * by any thread, one at a time per id.
 */
final class OverlayMounts {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,199}");

    /** mount(2) takes one page of options; the last byte is a zero. */
    private static final int OPTION_BYTES_MAX = 4095;

    /** MS_RDONLY, MS_NOSUID, MS_NODEV and MS_NOEXEC. */
    private static final long TO_BE_READ = 1 | 2 | 4 | 8;

    /** The file that says whose layout it is. */
    private static final String IMAGE = "image";

    private final Path folder;

    OverlayMounts(Path folder) {
        this.folder = folder;
    }

    /**
     * Joins layers, topmost first, and returns the root. Nothing happens if it is joined.
     *
     * @param image the id of the image whose layers these are
     */
    Path mount(String image, List<Path> layers, String id) throws PullFailed {
        return mount(image, layers, id, 0);
    }

    /** As {@link #mount}, but nothing of it can be written, run or used as a device. */
    Path mountReadOnly(String image, List<Path> layers, String id) throws PullFailed {
        return mount(image, layers, id, TO_BE_READ);
    }

    private Path mount(String image, List<Path> layers, String id, long flags) throws PullFailed {
        Path place = place(id);
        Path root = place.resolve("root");
        try {
            if (isMounted(place, root)) {
                return root;
            }
            // What a crash or a reboot has left is of a container that never was or is no more.
            NativeFiles.deleteTree(place);
            Files.createDirectories(place);
            try {
                Files.writeString(place.resolve(IMAGE), image);
                join(place, root, layers, flags);
            } catch (IOException failed) {
                NativeFiles.deleteTree(place);
                throw failed;
            }
            return root;
        } catch (IOException failed) {
            throw ContentStore.failure("failed to mount rootfs of " + id, failed);
        }
    }

    private static void join(Path place, Path root, List<Path> layers, long flags)
            throws IOException {
        Path upper = Files.createDirectory(place.resolve("upper"));
        Path work = Files.createDirectory(place.resolve("work"));
        Files.createDirectory(root);
        List<Path> lower = layers;
        if (lower.isEmpty()) {
            // overlayfs wants something below, also for an image that is made of nothing.
            lower = List.of(Files.createDirectory(place.resolve("empty")));
        }
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

    private static @org.jspecify.annotations.Nullable String options(
            List<String> lower, Path upper, Path work) {
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

    private static boolean isMounted(Path place, Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            return false;
        }
        return !Files.getAttribute(place, "unix:dev").equals(Files.getAttribute(root, "unix:dev"));
    }

    /** Where what is written to a layout lies. */
    Path written(String id) {
        return place(id).resolve("upper");
    }

    /** Takes a layout away with all that was written; nothing when there is none. */
    void unmount(String id) throws IOException {
        Path place = place(id);
        Path root = place.resolve("root");
        while (isMounted(place, root)) {
            NativeFiles.unmount(root);
        }
        NativeFiles.deleteTree(place);
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

    private Path place(String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("not an id for a layout: " + id);
        }
        return folder.resolve(id);
    }
}
