package dev.berth.adapter.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a folder with all in it takes of its file system, counted as {@code du -x} counts. Java can
 * ask for the length of a file, not for its blocks. Links are not followed, and a tree that others
 * change meanwhile, or nest without end, leads neither out of it nor to more than two open folders.
 * One walk, by one platform thread.
 */
@SuppressWarnings("restricted") // Foreign calls are this class's whole purpose.
public final class TreeSize {
    private static final int AT_FDCWD = -100;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_NO_AUTOMOUNT = 0x800;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final int FOLDER = 0040000;
    private static final int KIND = 0170000;
    private static final long BLOCK_BYTES = 512;
    private static final byte[] UP = {'.', '.'};
    private static final int NAME_AT = 19;
    private static final int NAMES_BYTES = 32 << 10;
    private static final int NAME_BYTES_MOST = 256;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_AT =
            STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final int O_FOLDER;
    private static final long SYS_GETDENTS64;

    static {
        var arm = System.getProperty("os.arch", "").equals("aarch64");
        O_FOLDER = Libc.O_CLOEXEC | (arm ? 040000 | 0100000 : 0200000 | 0400000);
        SYS_GETDENTS64 = arm ? 61 : 217;
    }

    private static final MethodHandle OPENAT =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("openat"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
                    Linker.Option.captureCallState("errno"),
                    Linker.Option.firstVariadicArg(3));
    private static final MethodHandle STATX =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("statx"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS),
                    Linker.Option.captureCallState("errno"));
    private static final MethodHandle GETDENTS64 =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("syscall"),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG),
                    Linker.Option.captureCallState("errno"),
                    Linker.Option.firstVariadicArg(1));

    private final MemorySegment errno;
    private final MemorySegment stat;
    private final MemorySegment name;
    private final MemorySegment names;
    private final Set<Long> counted = new HashSet<>();
    private long device;
    private long bytes;
    private long files;

    private TreeSize(Arena arena) {
        errno = arena.allocate(STATE);
        stat = arena.allocate(256, 8);
        name = arena.allocate(NAME_BYTES_MOST);
        names = arena.allocate(NAMES_BYTES, 8);
    }

    /**
     * What it takes.
     *
     * @param bytes blocks, a file with several names once
     * @param files how many, folders included
     */
    public record Size(long bytes, long files) {
        /** Nothing. */
        public static final Size NONE = new Size(0, 0);
    }

    /** Counts a folder and all in it on the same file system; nothing when there is none. */
    public static Size of(String folder) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var walk = new TreeSize(arena);
            walk.count(arena.allocateFrom(folder));
            return new Size(walk.bytes, walk.files);
        }
    }

    /** A folder on the way down: which one it is, and which in it are still to be looked into. */
    private record Level(long inode, Deque<byte[]> ahead) {}

    private void count(MemorySegment path) throws Errno {
        var at = open(AT_FDCWD, path);
        if (at < 0) {
            return;
        }
        try {
            if (!look(at, null, AT_EMPTY_PATH)) {
                return;
            }
            device = device();
            add();
            var way = new ArrayDeque<Level>();
            way.push(new Level(inode(), list(at)));
            while (!way.isEmpty()) {
                var next = way.getFirst().ahead().poll();
                if (next == null) {
                    way.pop();
                }
                var other = way.isEmpty() ? -1 : open(at, text(next == null ? UP : next));
                if (other >= 0) {
                    Libc.close(at);
                    at = other;
                }
                if (next != null && other >= 0) {
                    var same = look(at, null, AT_EMPTY_PATH) && device() == device;
                    way.push(new Level(inode(), same ? list(at) : new ArrayDeque<>()));
                } else if (next == null && !back(at, other, way)) {
                    return;
                }
            }
        } finally {
            Libc.close(at);
        }
    }

    /** Whether the way up led back to where it came from: somebody may have moved the folder. */
    private boolean back(int at, int other, Deque<Level> way) throws Errno {
        return other >= 0
                && look(at, null, AT_EMPTY_PATH)
                && device() == device
                && inode() == way.getFirst().inode();
    }

    /** Counts what is in a folder; gives the folders in it. */
    private Deque<byte[]> list(int folder) throws Errno {
        var folders = new ArrayDeque<byte[]>();
        while (true) {
            var filled = getdents(folder);
            if (filled <= 0) {
                return folders;
            }
            for (long at = 0;
                    at < filled;
                    at += Short.toUnsignedInt(names.get(JAVA_SHORT, at + 16))) {
                var end = NAME_AT;
                while (names.get(JAVA_BYTE, at + end) != 0) {
                    end++;
                }
                var each = names.asSlice(at + NAME_AT, end - (long) NAME_AT).toArray(JAVA_BYTE);
                if (dots(each) || !look(folder, each, 0) || device() != device) {
                    continue;
                }
                add();
                if ((mode() & KIND) == FOLDER) {
                    folders.add(each);
                }
            }
        }
    }

    private void add() {
        var several = stat.get(JAVA_INT, 16) > 1 && (mode() & KIND) != FOLDER;
        if (!several || counted.add(inode())) {
            bytes += stat.get(JAVA_LONG, 48) * BLOCK_BYTES;
            files++;
        }
    }

    private static boolean dots(byte[] name) {
        return name[0] == '.' && (name.length == 1 || (name.length == 2 && name[1] == '.'));
    }

    private int mode() {
        return Short.toUnsignedInt(stat.get(JAVA_SHORT, 28));
    }

    private long inode() {
        return stat.get(JAVA_LONG, 32);
    }

    private long device() {
        return Integer.toUnsignedLong(stat.get(JAVA_INT, 136)) << 32
                | Integer.toUnsignedLong(stat.get(JAVA_INT, 140));
    }

    private MemorySegment text(byte[] text) {
        MemorySegment.copy(text, 0, name, JAVA_BYTE, 0, text.length);
        name.set(JAVA_BYTE, text.length, (byte) 0);
        return name;
    }

    /** Opens a folder; -1 when it is none any more. */
    private int open(int from, MemorySegment path) throws Errno {
        try {
            var fd = (int) OPENAT.invokeExact(errno, from, path, O_FOLDER, 0);
            return fd >= 0 ? fd : gone("open");
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** Asks about a name, or about an open folder; whether it is there. */
    private boolean look(int folder, byte @Nullable [] each, int flags) throws Errno {
        try {
            var result =
                    (int)
                            STATX.invokeExact(
                                    errno,
                                    folder,
                                    text(each == null ? new byte[0] : each),
                                    AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | flags,
                                    STATX_BASIC_STATS,
                                    stat);
            return result == 0 || gone("stat") == 0;
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    private long getdents(int folder) throws Errno {
        try {
            var filled =
                    (long)
                            GETDENTS64.invokeExact(
                                    errno, SYS_GETDENTS64, folder, names, names.byteSize());
            return filled >= 0 ? filled : gone("getdents");
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    /** -1 when what was asked for has gone meanwhile, as files do. */
    private int gone(String what) throws Errno {
        var number = errno.get(JAVA_INT, ERRNO_AT);
        if (number == Errno.ENOENT || number == Errno.ENOTDIR || number == Errno.ELOOP) {
            return -1;
        }
        throw new Errno(what, number, Libc.words(number));
    }

    private static Errno passOn(Throwable thrown) {
        return switch (thrown) {
            case Errno failed -> failed;
            case RuntimeException bug -> throw bug;
            case Error error -> throw error;
            default -> throw new AssertionError("a foreign call throws nothing else", thrown);
        };
    }
}
