package dev.berth.adapter.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Something below a folder, held open. The kernel itself keeps the way there inside the folder,
 * whatever links those who can write to it have put there or put there meanwhile; and once open it
 * stays the same thing. {@link #bind} mounts it elsewhere without naming it again. Needs Linux 5.6.
 *
 * @param descriptor names it, and nothing but names it
 */
@SuppressWarnings("restricted") // Foreign calls are this class's whole purpose.
public record Beneath(int descriptor) implements AutoCloseable {
    private static final long SYS_OPENAT2 = 437;
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long RESOLVE_BENEATH = 0x08;
    private static final int HOW_BYTES = 24;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_AT =
            STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle OPENAT2 =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("syscall"),
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG),
                    Linker.Option.captureCallState("errno"),
                    Linker.Option.firstVariadicArg(1));
    private static final MethodHandle MKDIRAT =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("mkdirat"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT),
                    Linker.Option.captureCallState("errno"));
    private static final MethodHandle FCHOWNAT =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("fchownat"),
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT),
                    Linker.Option.captureCallState("errno"));

    /** How a folder that is missing on the way is made. */
    public record Maker(int mode, @Nullable Long uid, @Nullable Long gid) {}

    /**
     * Opens something below a folder.
     *
     * @param path relative; empty for the folder itself
     * @param maker makes folders that are missing, or null when all must be there
     */
    public static Beneath open(String folder, String path, @Nullable Maker maker) throws Errno {
        var top = Libc.open(folder, Libc.O_PATH);
        var here = openOrClose(top);
        try {
            var way = new StringBuilder();
            for (var part : path.split("/", -1)) {
                if (part.equals("..")) {
                    throw new Errno("open " + path, Errno.EINVAL, "must not contain '..'");
                }
                if (!part.isEmpty() && !part.equals(".")) {
                    way.append(way.isEmpty() ? "" : "/").append(part);
                    // From the top each time: a link among the parts may lead up, but not out.
                    var next = openAt(top, way.toString(), maker == null);
                    if (next < 0 && maker != null) {
                        make(here, part, maker);
                        next = openAt(top, way.toString(), true);
                    }
                    Libc.close(here);
                    here = next;
                }
            }
            var found = new Beneath(here);
            here = -1;
            return found;
        } finally {
            if (here >= 0) {
                Libc.close(here);
            }
            Libc.close(top);
        }
    }

    private static int openOrClose(int top) throws Errno {
        try {
            return openAt(top, ".", true);
        } catch (Errno failed) {
            Libc.close(top);
            throw failed;
        }
    }

    /** Opens; -1 when it is missing and may be. */
    private static int openAt(int folder, String path, boolean must) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var errno = arena.allocate(STATE);
            var how = arena.allocate(HOW_BYTES, 8);
            how.set(JAVA_LONG, 0, Libc.O_PATH | Libc.O_CLOEXEC);
            how.set(JAVA_LONG, 16, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
            var fd =
                    (long)
                            OPENAT2.invokeExact(
                                    errno,
                                    SYS_OPENAT2,
                                    folder,
                                    arena.allocateFrom(path),
                                    how,
                                    (long) HOW_BYTES);
            if (fd >= 0) {
                return (int) fd;
            }
            var number = errno.get(JAVA_INT, ERRNO_AT);
            if (number == Errno.ENOENT && !must) {
                return -1;
            }
            throw new Errno("open " + path, number, Libc.words(number));
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    private static void make(int folder, String name, Maker maker) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var errno = arena.allocate(STATE);
            var made = (int) MKDIRAT.invokeExact(errno, folder, arena.allocateFrom(name), 0700);
            if (made != 0 && errno.get(JAVA_INT, ERRNO_AT) != Errno.EEXIST) {
                throw failed("mkdir " + name, errno);
            }
            if (made == 0) {
                var fresh = openAt(folder, name, true);
                try {
                    own(arena, errno, fresh, maker);
                } finally {
                    Libc.close(fresh);
                }
            }
        } catch (Throwable thrown) {
            throw passOn(thrown);
        }
    }

    private static void own(Arena arena, MemorySegment errno, int folder, Maker maker)
            throws Throwable {
        if (maker.uid() != null || maker.gid() != null) {
            var uid = maker.uid() == null ? -1 : maker.uid().intValue();
            var gid = maker.gid() == null ? -1 : maker.gid().intValue();
            var owned =
                    (int)
                            FCHOWNAT.invokeExact(
                                    errno, folder, arena.allocateFrom(""), uid, gid, AT_EMPTY_PATH);
            if (owned != 0) {
                throw failed("chown", errno);
            }
        }
        // A descriptor that only names cannot be changed by itself, but by its link.
        Libc.chmod("/proc/self/fd/" + folder, maker.mode());
    }

    /** Mounts it, with all that is mounted in it, on something of the same kind. */
    public void bind(String target) throws Errno {
        Libc.mount(link(), target, null, Libc.MS_BIND | Libc.MS_REC, null);
    }

    /** A path that means it and nothing else as long as it is open, for this process only. */
    public String link() {
        return "/proc/self/fd/" + descriptor;
    }

    @Override
    public void close() {
        Libc.close(descriptor);
    }

    private static Errno failed(String what, MemorySegment errno) {
        var number = errno.get(JAVA_INT, ERRNO_AT);
        return new Errno(what, number, Libc.words(number));
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
