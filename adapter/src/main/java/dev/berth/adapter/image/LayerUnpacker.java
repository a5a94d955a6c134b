package dev.berth.adapter.image;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks one layer's archive into a folder of its own, in the form that overlayfs expects: deleted
 * names become character devices 0/0, folders that hide what is below carry the mark {@code
 * trusted.overlay.opaque}.
 *
 * <p>Archives are written by strangers. Names are taken apart before use, {@code ..} cannot leave
 * the folder, links on the way are followed as the container would see them, and the marks of
 * overlayfs itself are not taken from an archive. One thread, one archive; needs root, for owners
 * and devices.
 */
final class LayerUnpacker implements AutoCloseable {
    private static final byte[] OPAQUE = NativeFiles.bytes("trusted.overlay.opaque");
    private static final byte[] YES = {'y'};
    private static final byte[] SELF = {};
    private static final String WHITEOUT = ".wh.";
    private static final String WHITEOUT_META = ".wh..wh.";
    private static final String WHITEOUT_OPAQUE = ".wh..wh..opq";
    private static final int LINKS_MAX = 40;
    private static final int BUFFER_BYTES = 128 * 1024;

    private final int root;
    private final List<Integer> lower;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment buffer = arena.allocate(BUFFER_BYTES);
    private final byte[] bytes = new byte[BUFFER_BYTES];
    private final List<FolderTime> folderTimes = new ArrayList<>();
    private byte @Nullable [] parentPath;
    private int parent = -1;

    @SuppressWarnings("ArrayRecordComponent") // Carried, never compared.
    private record FolderTime(byte[] path, long seconds, int nanos) {}

    /**
     * Unpacks into a folder.
     *
     * @param root the open folder, empty
     * @param lower the open folders of the layers below, nearest first; a folder that the archive
     *     does not mention itself gets the owner and mode that it has there
     */
    LayerUnpacker(int root, List<Integer> lower) {
        this.root = root;
        this.lower = List.copyOf(lower);
    }

    /** Undoes a layer's compression, whichever it is: gzip, zstd or none. */
    static InputStream decompressed(InputStream in) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(in, BUFFER_BYTES);
        buffered.mark(4);
        byte[] magic = buffered.readNBytes(4);
        buffered.reset();
        if (magic.length >= 2 && magic[0] == 0x1f && magic[1] == (byte) 0x8b) {
            return new BufferedInputStream(
                    new GZIPInputStream(buffered, BUFFER_BYTES), BUFFER_BYTES);
        }
        if (Arrays.equals(magic, new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd})) {
            return new BufferedInputStream(new ZstdInputStream(buffered), BUFFER_BYTES);
        }
        return buffered;
    }

    /**
     * Unpacks an archive.
     *
     * @param layer as it came, compressed or not
     * @param algorithm of the digest to compute
     * @return the digest of the archive without compression
     */
    Digest unpack(InputStream layer, String algorithm) throws IOException, InterruptedException {
        MessageDigest hasher = Digest.hasher(algorithm);
        try (InputStream in = new DigestInputStream(decompressed(layer), hasher)) {
            copyFromLower(SELF, root);
            TarReader tar = new TarReader(in);
            for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("unpacking stopped");
                }
                add(entry, tar);
            }
            tar.drain();
            for (int at = folderTimes.size() - 1; at >= 0; at--) {
                FolderTime each = folderTimes.get(at);
                setFolderTime(each);
            }
            return Digest.finish(algorithm, hasher.digest());
        }
    }

    @Override
    public void close() {
        forgetParent();
        arena.close();
    }

    private void setFolderTime(FolderTime time) throws IOException {
        int folder;
        try {
            folder = NativeFiles.openInRoot(root, time.path, NativeFiles.O_DIRECTORY);
        } catch (NativeFailure gone) {
            // A later entry of the same archive replaced the folder.
            return;
        }
        try {
            NativeFiles.touch(folder, new byte[] {'.'}, time.seconds, time.nanos);
        } finally {
            NativeFiles.close(folder);
        }
    }

    private void add(TarReader.Entry entry, TarReader tar) throws IOException {
        List<byte[]> path = split(entry.name());
        if (path.isEmpty()) {
            if (entry.type() == '5') {
                furnish(root, SELF, entry);
                folderTimes.add(
                        new FolderTime(new byte[] {'.'}, entry.mtimeSeconds(), entry.mtimeNanos()));
            }
            return;
        }
        byte[] base = path.getLast();
        List<byte[]> above = path.subList(0, path.size() - 1);
        String name = NativeFiles.show(base);
        if (name.startsWith(WHITEOUT)) {
            whiteout(above, base, name);
            return;
        }
        int folder = parent(above);
        boolean opaque = false;
        NativeFiles.Stat known = stat(folder, base);
        boolean stays = false;
        if (known != null) {
            stays = known.isFolder() && entry.type() == '5';
            if (!stays) {
                opaque = known.isWhiteout() && entry.type() == '5';
                NativeFiles.deleteTree(folder, base);
                if (known.isFolder()) {
                    forgetParent();
                    folder = parent(above);
                }
            }
        }
        switch (entry.type()) {
            case '5' -> {
                if (!stays) {
                    NativeFiles.makeFolder(folder, base, 0700);
                }
            }
            case '0' -> write(folder, base, entry, tar);
            case '1' -> {
                hardLink(folder, base, entry);
                return;
            }
            case '2' -> NativeFiles.makeLink(folder, base, entry.linkName());
            case '3', '4' ->
                    NativeFiles.makeNode(
                            folder,
                            base,
                            (entry.type() == '3' ? NativeFiles.S_IFCHR : NativeFiles.S_IFBLK)
                                    | 0600,
                            entry.deviceMajor(),
                            entry.deviceMinor());
            case '6' -> NativeFiles.makeNode(folder, base, NativeFiles.S_IFIFO | 0600, 0, 0);
            default ->
                    throw new IOException(
                            "unhandled tar header type " + (int) entry.type() + " of " + name);
        }
        furnish(folder, base, entry);
        if (opaque) {
            NativeFiles.setAttribute(folder, base, OPAQUE, YES);
        }
        if (entry.type() == '5') {
            folderTimes.add(new FolderTime(join(path), entry.mtimeSeconds(), entry.mtimeNanos()));
        }
    }

    private void whiteout(List<byte[]> above, byte[] base, String name) throws IOException {
        if (lower.isEmpty()) {
            return;
        }
        if (name.equals(WHITEOUT_OPAQUE)) {
            NativeFiles.setAttribute(parent(above), SELF, OPAQUE, YES);
            return;
        }
        if (name.startsWith(WHITEOUT_META)) {
            return;
        }
        byte[] hidden = Arrays.copyOfRange(base, WHITEOUT.length(), base.length);
        String hiddenName = NativeFiles.show(hidden);
        if (hiddenName.isEmpty() || hiddenName.equals(".") || hiddenName.equals("..")) {
            throw new IOException("invalid whiteout name: " + name);
        }
        int folder = parent(above);
        NativeFiles.Stat known = stat(folder, hidden);
        if (known == null) {
            NativeFiles.makeNode(folder, hidden, NativeFiles.S_IFCHR, 0, 0);
        } else if (known.isFolder()) {
            // This very layer has put a new folder there: what is below it must not show through.
            NativeFiles.setAttribute(folder, hidden, OPAQUE, YES);
        }
    }

    private void hardLink(int folder, byte[] base, TarReader.Entry entry) throws IOException {
        List<byte[]> target = split(entry.linkName());
        if (target.isEmpty()) {
            throw new IOException("invalid hard link to " + NativeFiles.show(entry.linkName()));
        }
        byte[] parentOfTarget = join(target.subList(0, target.size() - 1));
        int from = NativeFiles.openInRoot(root, parentOfTarget, NativeFiles.O_DIRECTORY);
        try {
            NativeFiles.makeHardLink(from, target.getLast(), folder, base);
        } finally {
            NativeFiles.close(from);
        }
    }

    private void write(int folder, byte[] base, TarReader.Entry entry, TarReader tar)
            throws IOException {
        int file =
                NativeFiles.openAt(
                        folder,
                        base,
                        NativeFiles.O_WRONLY
                                | NativeFiles.O_CREAT
                                | NativeFiles.O_EXCL
                                | NativeFiles.O_NOFOLLOW
                                | NativeFiles.O_CLOEXEC,
                        0600);
        try {
            List<TarReader.Piece> pieces = entry.pieces();
            if (pieces == null) {
                copy(tar, file, Long.MAX_VALUE);
                return;
            }
            for (TarReader.Piece piece : pieces) {
                NativeFiles.seek(file, piece.offset());
                copy(tar, file, piece.length());
            }
            NativeFiles.truncate(file, entry.sizeBytes());
        } finally {
            NativeFiles.close(file);
        }
    }

    private void copy(TarReader tar, int file, long length) throws IOException {
        long left = length;
        while (left > 0) {
            int count = tar.read(bytes, 0, (int) Math.min(bytes.length, left));
            if (count < 0) {
                return;
            }
            MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, count);
            NativeFiles.write(file, buffer, count);
            left -= count;
        }
    }

    /** Owner first: it takes the set-user-id bit and file capabilities away. */
    private static void furnish(int folder, byte[] base, TarReader.Entry entry) throws IOException {
        NativeFiles.own(folder, base, entry.uid(), entry.gid());
        byte[] name = base.length == 0 ? new byte[] {'.'} : base;
        if (entry.type() != '2') {
            NativeFiles.permit(folder, name, entry.mode() & 07777);
        }
        for (Map.Entry<String, byte[]> each : entry.attributes().entrySet()) {
            if (isTaken(each.getKey())) {
                try {
                    NativeFiles.setAttribute(
                            folder, base, NativeFiles.bytes(each.getKey()), each.getValue());
                } catch (NativeFailure failure) {
                    if (failure.errno() != NativeFailure.EOPNOTSUPP) {
                        throw failure;
                    }
                }
            }
        }
        if (entry.type() != '5') {
            NativeFiles.touch(folder, name, entry.mtimeSeconds(), entry.mtimeNanos());
        }
    }

    private static boolean isTaken(String attribute) {
        return attribute.equals("security.capability")
                || attribute.startsWith("system.posix_acl_")
                || (attribute.startsWith("user.") && !attribute.startsWith("user.overlay."));
    }

    /** The folder that a path is in, open; made when the archive has not mentioned it. */
    private int parent(List<byte[]> above) throws IOException {
        byte[] path = join(above);
        if (parentPath != null && Arrays.equals(parentPath, path)) {
            return parent;
        }
        forgetParent();
        parent = ensure(above, 0);
        parentPath = path;
        return parent;
    }

    private void forgetParent() {
        if (parentPath != null) {
            NativeFiles.close(parent);
            parentPath = null;
        }
    }

    private int ensure(List<byte[]> path, int links) throws IOException {
        try {
            return NativeFiles.openInRoot(root, join(path), NativeFiles.O_DIRECTORY);
        } catch (NativeFailure failure) {
            boolean missing = failure.errno() == NativeFailure.ENOENT;
            boolean inTheWay = failure.errno() == NativeFailure.ENOTDIR;
            if (path.isEmpty() || links > LINKS_MAX || !(missing || inTheWay)) {
                throw failure;
            }
        }
        List<byte[]> above = path.subList(0, path.size() - 1);
        byte[] base = path.getLast();
        int folder = ensure(above, links);
        try {
            NativeFiles.Stat known = stat(folder, base);
            if (known != null && known.isLink()) {
                // A link whose target is not in this layer: the target is made here.
                return ensure(target(above, NativeFiles.readLink(folder, base)), links + 1);
            }
            boolean opaque = known != null && known.isWhiteout();
            if (known != null) {
                NativeFiles.unlink(folder, base);
            }
            NativeFiles.makeFolder(folder, base, 0755);
            int made =
                    NativeFiles.openAt(
                            folder,
                            base,
                            NativeFiles.O_DIRECTORY
                                    | NativeFiles.O_NOFOLLOW
                                    | NativeFiles.O_CLOEXEC,
                            0);
            if (opaque) {
                NativeFiles.setAttribute(folder, base, OPAQUE, YES);
            } else {
                copyFromLower(join(path), made);
            }
            return made;
        } finally {
            NativeFiles.close(folder);
        }
    }

    private static List<byte[]> target(List<byte[]> above, byte[] link) {
        List<byte[]> path = new ArrayList<>();
        if (link.length == 0 || link[0] != '/') {
            path.addAll(above);
        }
        append(path, link);
        return path;
    }

    /** Gives a folder the owner, mode and time that it has in the layers below. */
    private void copyFromLower(byte[] path, int folder) throws IOException {
        byte[] dot = {'.'};
        for (int each : lower) {
            int below;
            try {
                below =
                        NativeFiles.openInRoot(
                                each, path.length == 0 ? dot : path, NativeFiles.O_PATH);
            } catch (NativeFailure absent) {
                continue;
            }
            try {
                NativeFiles.Stat stat = NativeFiles.stat(below, SELF);
                if (stat.isFolder()) {
                    NativeFiles.own(folder, SELF, stat.uid(), stat.gid());
                    NativeFiles.permit(folder, dot, stat.permissions());
                    NativeFiles.touch(folder, dot, stat.mtimeSeconds(), stat.mtimeNanos());
                }
                return;
            } finally {
                NativeFiles.close(below);
            }
        }
    }

    private static NativeFiles.@Nullable Stat stat(int folder, byte[] name) throws NativeFailure {
        try {
            return NativeFiles.stat(folder, name);
        } catch (NativeFailure failure) {
            if (failure.errno() == NativeFailure.ENOENT) {
                return null;
            }
            throw failure;
        }
    }

    /** A name's parts; {@code ..} takes one away, and cannot take more than there are. */
    private static List<byte[]> split(byte[] name) throws IOException {
        List<byte[]> parts = new ArrayList<>();
        append(parts, name);
        for (byte[] each : parts) {
            for (byte letter : each) {
                if (letter == 0) {
                    throw new IOException("invalid name in archive: a zero byte");
                }
            }
        }
        return parts;
    }

    private static void append(List<byte[]> parts, byte[] name) {
        int from = 0;
        for (int at = 0; at <= name.length; at++) {
            if (at < name.length && name[at] != '/') {
                continue;
            }
            int length = at - from;
            if (length == 2 && name[from] == '.' && name[from + 1] == '.') {
                if (!parts.isEmpty()) {
                    parts.removeLast();
                }
            } else if (length > 0 && !(length == 1 && name[from] == '.')) {
                parts.add(Arrays.copyOfRange(name, from, at));
            }
            from = at + 1;
        }
    }

    /** The parts with slashes between; {@code .} for none. */
    private static byte[] join(List<byte[]> parts) {
        if (parts.isEmpty()) {
            return new byte[] {'.'};
        }
        int length = parts.size() - 1;
        for (byte[] each : parts) {
            length += each.length;
        }
        byte[] path = new byte[length];
        int at = 0;
        for (byte[] each : parts) {
            if (at > 0) {
                path[at++] = '/';
            }
            System.arraycopy(each, 0, path, at, each.length);
            at += each.length;
        }
        return path;
    }
}
