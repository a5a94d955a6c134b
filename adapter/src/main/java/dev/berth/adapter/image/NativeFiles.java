package dev.berth.adapter.image;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * The calls of libc that the JDK has no words for: owners without following links, device nodes,
 * extended attributes of every namespace, mounts, and names that are bytes in whatever encoding the
 * image's maker used.
 *
 * <p>Folders are named by descriptors, and names inside them have no slash, so that no link made by
 * an image's archive is ever followed on the way. {@link #openInRoot} is the one call that follows
 * links, and the kernel keeps it inside the given root. Needs Linux 5.6 for that.
 */
@SuppressWarnings("restricted") // Foreign calls are this class's whole purpose.
final class NativeFiles {
    static final int O_RDONLY = 0;
    static final int O_WRONLY = 1;
    static final int O_CREAT = 0100;
    static final int O_EXCL = 0200;
    static final int O_NONBLOCK = 04000;
    static final int O_CLOEXEC = 02000000;
    static final int O_PATH = 010000000;
    static final int O_DIRECTORY;
    static final int O_NOFOLLOW;

    static final int S_IFMT = 0170000;
    static final int S_IFDIR = 0040000;
    static final int S_IFREG = 0100000;
    static final int S_IFLNK = 0120000;
    static final int S_IFCHR = 0020000;
    static final int S_IFBLK = 0060000;
    static final int S_IFIFO = 0010000;

    static final long MS_RDONLY = 1;
    static final int MNT_DETACH = 2;

    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_REMOVEDIR = 0x200;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final long RESOLVE_IN_ROOT = 0x10;
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long SYS_OPENAT2 = 437;
    private static final long SYS_GETDENTS64;

    /** Folders inside folders beyond this depth are moved up before they are deleted. */
    private static final int DELETE_DEPTH_MAX = 64;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            CALL_STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    static {
        boolean arm = System.getProperty("os.arch", "").equals("aarch64");
        O_DIRECTORY = arm ? 040000 : 0200000;
        O_NOFOLLOW = arm ? 0100000 : 0400000;
        SYS_GETDENTS64 = arm ? 61 : 217;
    }

    private static final MethodHandle OPENAT =
            variadic(
                    "openat",
                    3,
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle OPENAT2 =
            variadic(
                    "syscall",
                    1,
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG));
    private static final MethodHandle GETDENTS64 =
            variadic(
                    "syscall",
                    1,
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle CLOSE =
            plain("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle WRITE =
            plain("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle READ =
            plain("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle LSEEK =
            plain("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle FTRUNCATE =
            plain("ftruncate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MKDIRAT =
            plain("mkdirat", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle UNLINKAT =
            plain("unlinkat", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle RENAMEAT =
            plain(
                    "renameat",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
    private static final MethodHandle SYMLINKAT =
            plain("symlinkat", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
    private static final MethodHandle READLINKAT =
            plain(
                    "readlinkat",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG));
    private static final MethodHandle LINKAT =
            plain(
                    "linkat",
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle MKNODAT =
            plain(
                    "mknodat",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG));
    private static final MethodHandle FCHOWNAT =
            plain(
                    "fchownat",
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle FCHMODAT =
            plain(
                    "fchmodat",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle UTIMENSAT =
            plain(
                    "utimensat",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    private static final MethodHandle STATX =
            plain(
                    "statx",
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle LSETXATTR =
            plain(
                    "lsetxattr",
                    FunctionDescriptor.of(
                            JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LGETXATTR =
            plain(
                    "lgetxattr",
                    FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG));
    private static final MethodHandle MOUNT =
            plain(
                    "mount",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    private static final MethodHandle UMOUNT2 =
            plain("umount2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle STRERROR =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().find("strerror").orElseThrow(),
                    FunctionDescriptor.of(ADDRESS, JAVA_INT));

    private NativeFiles() {}

    /** What a file is; of a link, the link itself. */
    record Stat(
            int mode,
            int uid,
            int gid,
            int linkCount,
            long mtimeSeconds,
            int mtimeNanos,
            long rdev) {
        boolean isFolder() {
            return (mode & S_IFMT) == S_IFDIR;
        }

        boolean isFile() {
            return (mode & S_IFMT) == S_IFREG;
        }

        boolean isLink() {
            return (mode & S_IFMT) == S_IFLNK;
        }

        /** Whether it is overlayfs's mark for a name deleted from the layers below. */
        boolean isWhiteout() {
            return (mode & S_IFMT) == S_IFCHR && rdev == 0;
        }

        int permissions() {
            return mode & 07777;
        }
    }

    /** Opens a folder of ours, links followed; the caller closes the descriptor. */
    static int openFolder(Path folder) throws NativeFailure {
        return openAt(AT_FDCWD, bytes(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    }

    /** Opens a name in a folder; the caller closes the descriptor. */
    static int openAt(int folder, byte[] name, int flags, int mode) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result = (int) OPENAT.invokeExact(state, folder, text(arena, name), flags, mode);
            return checked(result, state, "open", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /**
     * Opens a path as a process whose root is that folder would see it: absolute links and {@code
     * ..} stay inside.
     */
    static int openInRoot(int root, byte[] path, int flags) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            MemorySegment how = arena.allocate(24, 8);
            how.set(JAVA_LONG, 0, flags | O_CLOEXEC);
            how.set(JAVA_LONG, 8, 0);
            how.set(JAVA_LONG, 16, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
            long result =
                    (long)
                            OPENAT2.invokeExact(
                                    state, SYS_OPENAT2, root, text(arena, path), how, 24L);
            return checked((int) result, state, "open", path);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    static void close(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) CLOSE.invokeExact(arena.allocate(CALL_STATE), descriptor);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    /** Writes all of it. */
    static void write(int descriptor, MemorySegment data, long length) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            long done = 0;
            while (done < length) {
                long result =
                        (long)
                                WRITE.invokeExact(
                                        state, descriptor, data.asSlice(done), length - done);
                if (result < 0) {
                    throw failure(state, "write", new byte[0]);
                }
                done += result;
            }
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Moves the place to write next, which leaves a hole that reads as zeros. */
    static void seek(int descriptor, long offset) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            long result = (long) LSEEK.invokeExact(state, descriptor, offset, 0);
            if (result < 0) {
                throw failure(state, "seek", new byte[0]);
            }
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    static void truncate(int descriptor, long length) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result = (int) FTRUNCATE.invokeExact(state, descriptor, length);
            checked(result, state, "truncate", new byte[0]);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** All of a file's bytes, or a failure when it has more than the limit. */
    static byte[] readAll(int descriptor, int bytesMax) throws NativeFailure {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            MemorySegment buffer = arena.allocate(16384);
            while (true) {
                long result = (long) READ.invokeExact(state, descriptor, buffer, 16384L);
                if (result < 0) {
                    throw failure(state, "read", new byte[0]);
                }
                if (result == 0) {
                    return all.toByteArray();
                }
                if (all.size() + result > bytesMax) {
                    throw new NativeFailure("read", NativeFailure.EFBIG, "file too large");
                }
                all.writeBytes(buffer.asSlice(0, result).toArray(JAVA_BYTE));
            }
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    static void makeFolder(int folder, byte[] name, int mode) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result = (int) MKDIRAT.invokeExact(state, folder, text(arena, name), mode);
            checked(result, state, "mkdir", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    static void makeLink(int folder, byte[] name, byte[] target) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result =
                    (int)
                            SYMLINKAT.invokeExact(
                                    state, text(arena, target), folder, text(arena, name));
            checked(result, state, "symlink", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** What a link points to. */
    static byte[] readLink(int folder, byte[] name) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            MemorySegment target = arena.allocate(4096);
            long length =
                    (long) READLINKAT.invokeExact(state, folder, text(arena, name), target, 4096L);
            if (length < 0) {
                throw failure(state, "readlink", name);
            }
            return target.asSlice(0, length).toArray(JAVA_BYTE);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** A second name for a file; of a link, for the link itself. */
    static void makeHardLink(int fromFolder, byte[] from, int folder, byte[] name)
            throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result =
                    (int)
                            LINKAT.invokeExact(
                                    state,
                                    fromFolder,
                                    text(arena, from),
                                    folder,
                                    text(arena, name),
                                    0);
            checked(result, state, "link", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Makes a device, a pipe or a socket. */
    static void makeNode(int folder, byte[] name, int mode, int major, int minor)
            throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            long device =
                    ((major & 0xfffL) << 8)
                            | (minor & 0xffL)
                            | ((minor & 0xffffff00L) << 12)
                            | ((major & 0xfffff000L) << 32);
            int result = (int) MKNODAT.invokeExact(state, folder, text(arena, name), mode, device);
            checked(result, state, "mknod", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Gives a name, not what it may link to, to an owner. */
    static void own(int folder, byte[] name, int uid, int gid) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result =
                    (int)
                            FCHOWNAT.invokeExact(
                                    state,
                                    folder,
                                    text(arena, name),
                                    uid,
                                    gid,
                                    name.length == 0 ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW);
            checked(result, state, "chown", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Sets the twelve permission bits of a name that is known not to be a link. */
    static void permit(int folder, byte[] name, int permissions) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result =
                    (int) FCHMODAT.invokeExact(state, folder, text(arena, name), permissions, 0);
            checked(result, state, "chmod", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Sets the time of last change of a name, not of what it may link to. */
    static void touch(int folder, byte[] name, long seconds, int nanos) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            MemorySegment times = arena.allocate(32, 8);
            for (int at = 0; at < 32; at += 16) {
                times.set(JAVA_LONG, at, seconds);
                times.set(JAVA_LONG, at + 8, nanos);
            }
            int result =
                    (int)
                            UTIMENSAT.invokeExact(
                                    state, folder, text(arena, name), times, AT_SYMLINK_NOFOLLOW);
            checked(result, state, "utimensat", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** What a name is, links not followed; throws ENOENT when there is none. */
    static Stat stat(int folder, byte[] name) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            MemorySegment result = arena.allocate(256, 8);
            int code =
                    (int)
                            STATX.invokeExact(
                                    state,
                                    folder,
                                    text(arena, name),
                                    AT_SYMLINK_NOFOLLOW | (name.length == 0 ? AT_EMPTY_PATH : 0),
                                    STATX_BASIC_STATS,
                                    result);
            checked(code, state, "stat", name);
            long major = Integer.toUnsignedLong(result.get(JAVA_INT, 128));
            long minor = Integer.toUnsignedLong(result.get(JAVA_INT, 132));
            return new Stat(
                    Short.toUnsignedInt(result.get(JAVA_SHORT, 28)),
                    result.get(JAVA_INT, 20),
                    result.get(JAVA_INT, 24),
                    result.get(JAVA_INT, 16),
                    result.get(JAVA_LONG, 112),
                    result.get(JAVA_INT, 120),
                    major << 32 | minor);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Sets an extended attribute of a name, not of what it may link to. */
    static void setAttribute(int folder, byte[] name, byte[] attribute, byte[] value)
            throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            MemorySegment data = arena.allocate(Math.max(1, value.length));
            MemorySegment.copy(value, 0, data, JAVA_BYTE, 0, value.length);
            int result =
                    (int)
                            LSETXATTR.invokeExact(
                                    state,
                                    text(arena, throughDescriptor(folder, name)),
                                    text(arena, attribute),
                                    data,
                                    (long) value.length,
                                    0);
            checked(result, state, "setxattr " + show(attribute), name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** An extended attribute of a name, at most 64 KiB, or null when it has none such. */
    static byte @org.jspecify.annotations.Nullable [] attribute(
            int folder, byte[] name, byte[] attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(65536);
            long result =
                    (long)
                            LGETXATTR.invokeExact(
                                    arena.allocate(CALL_STATE),
                                    text(arena, throughDescriptor(folder, name)),
                                    text(arena, attribute),
                                    data,
                                    65536L);
            return result < 0 ? null : data.asSlice(0, result).toArray(JAVA_BYTE);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    /** The names in a folder, in no order, without {@code .} and {@code ..}. */
    static List<byte[]> names(int folder) throws NativeFailure {
        List<byte[]> names = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            MemorySegment buffer = arena.allocate(32768, 8);
            while (true) {
                long filled =
                        (long)
                                GETDENTS64.invokeExact(
                                        state, SYS_GETDENTS64, folder, buffer, buffer.byteSize());
                if (filled < 0) {
                    throw failure(state, "getdents", new byte[0]);
                }
                if (filled == 0) {
                    return names;
                }
                for (long at = 0; at < filled; ) {
                    int length = Short.toUnsignedInt(buffer.get(JAVA_SHORT, at + 16));
                    int end = 19;
                    while (buffer.get(JAVA_BYTE, at + end) != 0) {
                        end++;
                    }
                    byte[] name = buffer.asSlice(at + 19, end - 19L).toArray(JAVA_BYTE);
                    if (!isDots(name)) {
                        names.add(name);
                    }
                    at += length;
                }
            }
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    private static boolean isDots(byte[] name) {
        return (name.length == 1 && name[0] == '.')
                || (name.length == 2 && name[0] == '.' && name[1] == '.');
    }

    /** Takes away one name that is not a folder. */
    static void unlink(int folder, byte[] name) throws NativeFailure {
        unlink(folder, name, 0);
    }

    private static void unlink(int folder, byte[] name, int flags) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result = (int) UNLINKAT.invokeExact(state, folder, text(arena, name), flags);
            checked(result, state, "unlink", name);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Takes away a folder of ours with all in it; nothing when there is none. */
    static void deleteTree(Path path) throws NativeFailure {
        Path parent = path.toAbsolutePath().getParent();
        Path name = path.getFileName();
        if (parent == null || name == null) {
            throw new IllegalArgumentException("not a folder to delete: " + path);
        }
        int folder;
        try {
            folder = openFolder(parent);
        } catch (NativeFailure failure) {
            if (failure.errno() == NativeFailure.ENOENT) {
                return;
            }
            throw failure;
        }
        try {
            deleteTree(folder, bytes(name));
        } finally {
            close(folder);
        }
    }

    /**
     * Takes away a name with all in it; nothing when there is none. Links are taken away, never
     * followed, also when somebody changes the tree meanwhile.
     */
    static void deleteTree(int folder, byte[] name) throws NativeFailure {
        if (unlinkUnlessFolder(folder, name)) {
            return;
        }
        int top = openAt(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        try {
            // Again and again, for what is moved up from the depths.
            for (List<byte[]> names = names(top); !names.isEmpty(); names = names(top)) {
                for (byte[] each : names) {
                    deleteTree(top, each, top, 1);
                }
                seek(top, 0);
            }
        } finally {
            close(top);
        }
        unlink(folder, name, AT_REMOVEDIR);
    }

    private static void deleteTree(int folder, byte[] name, int top, int depth)
            throws NativeFailure {
        if (unlinkUnlessFolder(folder, name)) {
            return;
        }
        if (depth > DELETE_DEPTH_MAX) {
            // A program can nest folders without end; a descriptor for each would run out.
            rename(folder, name, top, bytes(".deleted-" + UUID.randomUUID()));
            return;
        }
        int inner = openAt(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        try {
            for (byte[] each : names(inner)) {
                deleteTree(inner, each, top, depth + 1);
            }
        } finally {
            close(inner);
        }
        unlink(folder, name, AT_REMOVEDIR);
    }

    /** Whether the name is gone afterwards; false for a folder. */
    private static boolean unlinkUnlessFolder(int folder, byte[] name) throws NativeFailure {
        try {
            unlink(folder, name, 0);
            return true;
        } catch (NativeFailure failure) {
            if (failure.errno() == NativeFailure.ENOENT) {
                return true;
            }
            if (failure.errno() == NativeFailure.EISDIR) {
                return false;
            }
            throw failure;
        }
    }

    private static void rename(int fromFolder, byte[] from, int toFolder, byte[] to)
            throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result =
                    (int)
                            RENAMEAT.invokeExact(
                                    state,
                                    fromFolder,
                                    text(arena, from),
                                    toFolder,
                                    text(arena, to));
            checked(result, state, "rename", from);
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Mounts a file system. */
    static void mount(String source, Path target, String type, long flags, String options)
            throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result =
                    (int)
                            MOUNT.invokeExact(
                                    state,
                                    text(arena, bytes(source)),
                                    text(arena, bytes(target)),
                                    text(arena, bytes(type)),
                                    flags,
                                    text(arena, bytes(options)));
            checked(result, state, "mount", bytes(target));
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Takes the topmost mount of a place away at once, though files of it may be open. */
    static void unmount(Path target) throws NativeFailure {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CALL_STATE);
            int result = (int) UMOUNT2.invokeExact(state, text(arena, bytes(target)), MNT_DETACH);
            checked(result, state, "umount", bytes(target));
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] bytes(Path path) {
        return bytes(path.toString());
    }

    /** Bytes of a name as a text for people. */
    static String show(byte[] name) {
        return new String(name, StandardCharsets.UTF_8);
    }

    private static byte[] throughDescriptor(int folder, byte[] name) {
        byte[] prefix = bytes("/proc/self/fd/" + folder + (name.length == 0 ? "/." : "/"));
        byte[] path = new byte[prefix.length + name.length];
        System.arraycopy(prefix, 0, path, 0, prefix.length);
        System.arraycopy(name, 0, path, prefix.length, name.length);
        return path;
    }

    private static MemorySegment text(Arena arena, byte[] text) throws NativeFailure {
        for (byte each : text) {
            if (each == 0) {
                throw new NativeFailure(
                        "name with a zero byte", NativeFailure.EINVAL, "invalid argument");
            }
        }
        MemorySegment segment = arena.allocate(text.length + 1L);
        MemorySegment.copy(text, 0, segment, JAVA_BYTE, 0, text.length);
        return segment;
    }

    private static int checked(int result, MemorySegment state, String operation, byte[] name)
            throws NativeFailure {
        if (result < 0) {
            throw failure(state, operation, name);
        }
        return result;
    }

    private static NativeFailure failure(MemorySegment state, String operation, byte[] name) {
        int errno = (int) ERRNO.get(state, 0L);
        String text;
        try {
            MemorySegment message = (MemorySegment) STRERROR.invokeExact(errno);
            text = message.reinterpret(256).getString(0);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
        String lower = text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
        return new NativeFailure(
                name.length == 0 ? operation : operation + " " + show(name), errno, lower);
    }

    private static NativeFailure passOn(Throwable thrown) {
        return switch (thrown) {
            case NativeFailure failure -> failure;
            case RuntimeException bug -> throw bug;
            case Error error -> throw error;
            default -> throw new AssertionError(thrown);
        };
    }

    private static MethodHandle plain(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().find(name).orElseThrow(),
                descriptor,
                Linker.Option.captureCallState("errno"));
    }

    private static MethodHandle variadic(
            String name, int fixedArguments, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().find(name).orElseThrow(),
                descriptor,
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(fixedArguments));
    }
}
