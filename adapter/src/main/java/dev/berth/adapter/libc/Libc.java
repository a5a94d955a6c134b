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
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Calls of glibc (2.34 or newer) on Linux. A blocking call here holds the thread that makes it, and
 * a virtual thread's carrier with it: use {@link BlockingCalls} for those.
 */
@SuppressWarnings("restricted") // Foreign calls are what this class is for.
public final class Libc {
    /** New mount namespace. */
    public static final int CLONE_NEWNS = 0x0002_0000;

    /** New host name. */
    public static final int CLONE_NEWUTS = 0x0400_0000;

    /** New IPC namespace. */
    public static final int CLONE_NEWIPC = 0x0800_0000;

    /** New network. */
    public static final int CLONE_NEWNET = 0x4000_0000;

    /** Own root and working folder, for one thread. */
    public static final int CLONE_FS = 0x0000_0200;

    /** Bind mount. */
    public static final long MS_BIND = 0x1000;

    /** With everything below. */
    public static final long MS_REC = 0x4000;

    /** Receives mounts from its peers and gives none. */
    public static final long MS_SLAVE = 1L << 19;

    /** Gives mounts to its peers and receives theirs. */
    public static final long MS_SHARED = 1L << 20;

    /** Unmounts at once what is seen, and the rest once it is unused. */
    public static final int MNT_DETACH = 2;

    /** Reading only. */
    public static final int O_RDONLY = 0;

    /** Writing only. */
    public static final int O_WRONLY = 1;

    /** Both. */
    public static final int O_RDWR = 2;

    /** Not as the controlling terminal. */
    public static final int O_NOCTTY = 0x100;

    /** Without waiting. */
    public static final int O_NONBLOCK = 0x800;

    /** Not inherited by programs. */
    public static final int O_CLOEXEC = 0x8_0000;

    /** Only as a name. */
    public static final int O_PATH = 0x20_0000;

    /** Unix sockets. */
    public static final int AF_UNIX = 1;

    /** Netlink sockets. */
    public static final int AF_NETLINK = 16;

    /** Datagrams. */
    public static final int SOCK_RAW = 3;

    /** Packets in order over a connection. */
    public static final int SOCK_SEQPACKET = 5;

    /** Not inherited by programs. */
    public static final int SOCK_CLOEXEC = 0x8_0000;

    /** Ends sending. */
    public static final int SHUT_WR = 1;

    /** Ends both directions. */
    public static final int SHUT_RDWR = 2;

    /** The same number on all architectures. */
    private static final long SYS_PIDFD_OPEN = 434;

    private static final short POLLIN = 1;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final long TIOCSWINSZ = 0x5414;
    private static final int TCSANOW = 0;
    private static final short SPAWN_SETSIGDEF = 0x04;
    private static final short SPAWN_SETSIGMASK = 0x08;
    private static final short SPAWN_SETSID = 0x80;

    /** More than any architecture's {@code posix_spawnattr_t} (336), file actions and termios. */
    private static final long OPAQUE_BYTES = 1024;

    private static final int SIGSET_BYTES = 128;

    /** Descriptors for a child are first moved above those it will have. */
    private static final int FIRST_HIGH_FD = 16;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_AT =
            STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");

    private static final MethodHandle MOUNT =
            function("mount", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle UMOUNT2 = function("umount2", ADDRESS, JAVA_INT);
    private static final MethodHandle UNSHARE = function("unshare", JAVA_INT);
    private static final MethodHandle SETNS = function("setns", JAVA_INT, JAVA_INT);
    private static final MethodHandle SETHOSTNAME = function("sethostname", ADDRESS, JAVA_LONG);
    private static final MethodHandle KILL = function("kill", JAVA_INT, JAVA_INT);
    private static final MethodHandle WAITPID = function("waitpid", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle OPEN = variadic("open", 2, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle CHMOD = function("chmod", ADDRESS, JAVA_INT);
    private static final MethodHandle CLOSE = function("close", JAVA_INT);
    private static final MethodHandle READ = sized("read", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle WRITE = sized("write", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle PIPE2 = function("pipe2", ADDRESS, JAVA_INT);
    private static final MethodHandle FCNTL = variadic("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle IOCTL = variadic("ioctl", 2, JAVA_INT, JAVA_LONG, ADDRESS);
    private static final MethodHandle SOCKET = function("socket", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle CONNECT = function("connect", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SHUTDOWN = function("shutdown", JAVA_INT, JAVA_INT);
    private static final MethodHandle POLL = function("poll", ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle SYSCALL =
            variadic("syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle POSIX_OPENPT = function("posix_openpt", JAVA_INT);
    private static final MethodHandle GRANTPT = function("grantpt", JAVA_INT);
    private static final MethodHandle UNLOCKPT = function("unlockpt", JAVA_INT);
    private static final MethodHandle PTSNAME_R =
            function("ptsname_r", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle TCGETATTR = function("tcgetattr", JAVA_INT, ADDRESS);
    private static final MethodHandle TCSETATTR =
            function("tcsetattr", JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle CFMAKERAW =
            LINKER.downcallHandle(symbol("cfmakeraw"), FunctionDescriptor.ofVoid(ADDRESS));
    private static final MethodHandle STRERROR =
            LINKER.downcallHandle(
                    symbol("strerror"),
                    FunctionDescriptor.of(
                            ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(256, JAVA_BYTE)),
                            JAVA_INT));

    private static final MethodHandle SPAWN =
            function("posix_spawn", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle ACTIONS_INIT =
            function("posix_spawn_file_actions_init", ADDRESS);
    private static final MethodHandle ACTIONS_DESTROY =
            function("posix_spawn_file_actions_destroy", ADDRESS);
    private static final MethodHandle ACTIONS_OPEN =
            function(
                    "posix_spawn_file_actions_addopen",
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    JAVA_INT,
                    JAVA_INT);
    private static final MethodHandle ACTIONS_DUP2 =
            function("posix_spawn_file_actions_adddup2", ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle ACTIONS_CHDIR =
            function("posix_spawn_file_actions_addchdir_np", ADDRESS, ADDRESS);
    private static final MethodHandle ACTIONS_CLOSE_FROM =
            function("posix_spawn_file_actions_addclosefrom_np", ADDRESS, JAVA_INT);
    private static final MethodHandle ATTRIBUTES_INIT = function("posix_spawnattr_init", ADDRESS);
    private static final MethodHandle ATTRIBUTES_DESTROY =
            function("posix_spawnattr_destroy", ADDRESS);
    private static final MethodHandle ATTRIBUTES_FLAGS =
            function("posix_spawnattr_setflags", ADDRESS, JAVA_SHORT);
    private static final MethodHandle ATTRIBUTES_MASK =
            function("posix_spawnattr_setsigmask", ADDRESS, ADDRESS);
    private static final MethodHandle ATTRIBUTES_DEFAULT =
            function("posix_spawnattr_setsigdefault", ADDRESS, ADDRESS);

    private Libc() {}

    /** mount(2); a null source, type or data is passed as NULL. */
    public static void mount(
            @Nullable String source,
            String target,
            @Nullable String type,
            long flags,
            @Nullable String data)
            throws Errno {
        call(
                "mount " + target,
                (arena, errno) ->
                        (int)
                                MOUNT.invokeExact(
                                        errno,
                                        text(arena, source),
                                        text(arena, target),
                                        text(arena, type),
                                        flags,
                                        text(arena, data)));
    }

    /** umount2(2). */
    public static void umount(String target, int flags) throws Errno {
        call(
                "umount " + target,
                (arena, errno) -> (int) UMOUNT2.invokeExact(errno, text(arena, target), flags));
    }

    /** unshare(2), for the calling platform thread only. */
    public static void unshare(int flags) throws Errno {
        call("unshare", (_, errno) -> (int) UNSHARE.invokeExact(errno, flags));
    }

    /** setns(2), for the calling platform thread only. */
    public static void setns(int fd, int kind) throws Errno {
        call("setns", (_, errno) -> (int) SETNS.invokeExact(errno, fd, kind));
    }

    /** sethostname(2), in the calling thread's UTS namespace. */
    public static void sethostname(String name) throws Errno {
        call(
                "sethostname " + name,
                (arena, errno) -> {
                    var bytes = arena.allocateFrom(name);
                    return (int) SETHOSTNAME.invokeExact(errno, bytes, bytes.byteSize() - 1);
                });
    }

    /** kill(2); a negative pid means the process group. */
    public static void kill(int pid, int signal) throws Errno {
        call("kill " + pid, (_, errno) -> (int) KILL.invokeExact(errno, pid, signal));
    }

    /** Waits for a child's end. Blocks. Gives its exit code, or 128 + n for signal n. */
    public static int waitpid(int pid) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var status = arena.allocate(JAVA_INT);
            call("waitpid " + pid, (_, errno) -> (int) WAITPID.invokeExact(errno, pid, status, 0));
            var bits = status.get(JAVA_INT, 0);
            var signal = bits & 0x7f;
            return signal == 0 ? bits >> 8 & 0xff : 128 + signal;
        }
    }

    /**
     * Waits until a descriptor can be read or its other side is gone. Blocks.
     *
     * @return whether that happened in time
     */
    public static boolean awaitReadable(int fd, int millis) throws Errno {
        return call(
                        "poll",
                        (arena, errno) -> {
                            var wanted = arena.allocate(8, 4);
                            wanted.set(JAVA_INT, 0, fd);
                            wanted.set(JAVA_SHORT, 4, POLLIN);
                            return (int) POLL.invokeExact(errno, wanted, 1L, millis);
                        })
                > 0;
    }

    /**
     * Waits until any process ends, a child or not. Blocks.
     *
     * @return whether it has ended
     */
    public static boolean awaitEnd(int pid, int millis) throws Errno {
        int fd;
        try {
            fd =
                    (int)
                            call(
                                    "pidfd_open " + pid,
                                    (_, errno) ->
                                            (int)
                                                    SYSCALL.invokeExact(
                                                            errno, SYS_PIDFD_OPEN, (long) pid, 0L));
        } catch (Errno failed) {
            if (failed.number() == Errno.ESRCH) {
                return true;
            }
            throw failed;
        }
        try {
            return awaitReadable(fd, millis);
        } finally {
            close(fd);
        }
    }

    /** open(2), never inherited by programs. */
    public static int open(String path, int flags) throws Errno {
        return (int)
                call(
                        "open " + path,
                        (arena, errno) ->
                                (int)
                                        OPEN.invokeExact(
                                                errno, text(arena, path), flags | O_CLOEXEC, 0));
    }

    /** chmod(2); links are followed. */
    public static void chmod(String path, int mode) throws Errno {
        call(
                "chmod " + path,
                (arena, errno) -> (int) CHMOD.invokeExact(errno, text(arena, path), mode));
    }

    /** close(2); what it says is of no use to anybody. */
    public static void close(int fd) {
        try {
            call("close", (_, errno) -> (int) CLOSE.invokeExact(errno, fd));
        } catch (Errno ignored) {
            // The descriptor is gone all the same.
        }
    }

    /** read(2). Blocks. Gives the number of bytes read, or 0 at the end. */
    public static int read(int fd, byte[] into, int offset, int length) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var buffer = arena.allocate(Math.max(1, length));
            var count =
                    call(
                            "read",
                            (_, errno) ->
                                    (long) READ.invokeExact(errno, fd, buffer, (long) length));
            MemorySegment.copy(buffer, JAVA_BYTE, 0, into, offset, (int) count);
            return (int) count;
        }
    }

    /** Writes all. Blocks. */
    public static void write(int fd, byte[] from, int offset, int length) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var buffer = arena.allocate(Math.max(1, length));
            MemorySegment.copy(from, offset, buffer, JAVA_BYTE, 0, length);
            var done = new long[1];
            while (done[0] < length) {
                done[0] +=
                        call(
                                "write",
                                (_, errno) ->
                                        (long)
                                                WRITE.invokeExact(
                                                        errno,
                                                        fd,
                                                        buffer.asSlice(done[0]),
                                                        length - done[0]));
            }
        }
    }

    /** pipe2(2): where to read, then where to write. Neither is inherited by programs. */
    public static int[] pipe() throws Errno {
        try (var arena = Arena.ofConfined()) {
            var both = arena.allocate(JAVA_INT, 2);
            call("pipe", (_, errno) -> (int) PIPE2.invokeExact(errno, both, O_CLOEXEC));
            return new int[] {both.getAtIndex(JAVA_INT, 0), both.getAtIndex(JAVA_INT, 1)};
        }
    }

    /** socket(2), never inherited by programs. */
    public static int socket(int domain, int type, int protocol) throws Errno {
        return (int)
                call(
                        "socket",
                        (_, errno) ->
                                (int)
                                        SOCKET.invokeExact(
                                                errno, domain, type | SOCK_CLOEXEC, protocol));
    }

    /**
     * Connects to a Unix socket.
     *
     * @param path at most 107 bytes
     */
    public static void connectUnix(int fd, String path) throws Errno {
        call(
                "connect " + path,
                (arena, errno) -> {
                    var address = arena.allocate(110);
                    address.set(JAVA_SHORT, 0, (short) AF_UNIX);
                    address.setString(2, path);
                    return (int) CONNECT.invokeExact(errno, fd, address, 110);
                });
    }

    /** shutdown(2). */
    public static void shutdown(int fd, int how) throws Errno {
        call("shutdown", (_, errno) -> (int) SHUTDOWN.invokeExact(errno, fd, how));
    }

    /**
     * A new pseudo terminal: bytes pass it as they are until a program on its other side changes
     * that.
     */
    public static Terminal openTerminal() throws Errno {
        var fd =
                (int)
                        call(
                                "posix_openpt",
                                (_, errno) ->
                                        (int)
                                                POSIX_OPENPT.invokeExact(
                                                        errno, O_RDWR | O_NOCTTY | O_CLOEXEC));
        try {
            call("grantpt", (_, errno) -> (int) GRANTPT.invokeExact(errno, fd));
            call("unlockpt", (_, errno) -> (int) UNLOCKPT.invokeExact(errno, fd));
            try (var arena = Arena.ofConfined()) {
                var name = arena.allocate(128);
                call("ptsname", (_, errno) -> (int) PTSNAME_R.invokeExact(errno, fd, name, 128L));
                var modes = arena.allocate(OPAQUE_BYTES);
                call("tcgetattr", (_, errno) -> (int) TCGETATTR.invokeExact(errno, fd, modes));
                call(
                        "tcsetattr",
                        (_, errno) -> {
                            CFMAKERAW.invokeExact(modes);
                            return (int) TCSETATTR.invokeExact(errno, fd, TCSANOW, modes);
                        });
                return new Terminal(fd, name.getString(0));
            }
        } catch (Errno failed) {
            close(fd);
            throw failed;
        }
    }

    /**
     * A pseudo terminal.
     *
     * @param fd our side
     * @param path the other side, for a program
     */
    public record Terminal(int fd, String path) {}

    /** Sets a terminal's size; the programs on it get SIGWINCH. */
    public static void resize(int terminal, int columns, int rows) throws Errno {
        call(
                "resize",
                (arena, errno) -> {
                    var size = arena.allocate(8, 2);
                    size.set(JAVA_SHORT, 0, (short) rows);
                    size.set(JAVA_SHORT, 2, (short) columns);
                    return (int) IOCTL.invokeExact(errno, terminal, TIOCSWINSZ, size);
                });
    }

    /**
     * Starts a program as our child, from the calling thread's namespaces and cgroups. It inherits
     * nothing but what is given: no other descriptor, no blocked or ignored signal. The caller
     * waits for it.
     *
     * @param command an absolute path, then arguments
     * @param environment {@code NAME=value} each; nothing else is passed
     * @param folder where it runs
     * @param fds its descriptors 0, 1, 2 and so on; -1 is /dev/null
     * @param terminal opened as 0, 1 and 2 and made the controlling terminal of a new session, or
     *     null; {@code fds} then begins with three entries that are not looked at
     * @return its pid
     */
    public static int spawn(
            List<String> command,
            List<String> environment,
            String folder,
            int[] fds,
            @Nullable String terminal)
            throws Errno {
        var high = new int[fds.length];
        java.util.Arrays.fill(high, -1);
        try (var arena = Arena.ofConfined()) {
            var actions = arena.allocate(OPAQUE_BYTES, 16);
            var attributes = arena.allocate(OPAQUE_BYTES, 16);
            var pid = arena.allocate(JAVA_INT);
            direct("actions", () -> (int) ACTIONS_INIT.invokeExact(state(arena), actions));
            direct("attributes", () -> (int) ATTRIBUTES_INIT.invokeExact(state(arena), attributes));
            try {
                addDescriptors(arena, actions, fds, high, terminal);
                direct(
                        "folder",
                        () ->
                                (int)
                                        ACTIONS_CHDIR.invokeExact(
                                                state(arena), actions, text(arena, folder)));
                addSignals(arena, attributes, terminal != null);
                direct(
                        "start " + command.getFirst(),
                        () ->
                                (int)
                                        SPAWN.invokeExact(
                                                state(arena),
                                                pid,
                                                text(arena, command.getFirst()),
                                                actions,
                                                attributes,
                                                texts(arena, command),
                                                texts(arena, environment)));
                return pid.get(JAVA_INT, 0);
            } finally {
                direct("actions", () -> (int) ACTIONS_DESTROY.invokeExact(state(arena), actions));
                direct(
                        "attributes",
                        () -> (int) ATTRIBUTES_DESTROY.invokeExact(state(arena), attributes));
            }
        } finally {
            for (var fd : high) {
                if (fd >= 0) {
                    close(fd);
                }
            }
        }
    }

    private static void addDescriptors(
            Arena arena, MemorySegment actions, int[] fds, int[] high, @Nullable String terminal)
            throws Errno {
        for (var i = 0; i < fds.length; i++) {
            var target = i;
            if (terminal != null && i < 3) {
                if (i == 0) {
                    // The first terminal that a session's leader opens becomes the session's.
                    addOpen(arena, actions, 0, terminal, O_RDWR);
                } else {
                    direct(
                            "descriptor",
                            () -> (int) ACTIONS_DUP2.invokeExact(state(arena), actions, 0, target));
                }
            } else if (fds[i] < 0) {
                addOpen(arena, actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY);
            } else {
                var source = fds[i];
                high[i] =
                        (int)
                                call(
                                        "dup",
                                        (_, errno) ->
                                                (int)
                                                        FCNTL.invokeExact(
                                                                errno,
                                                                source,
                                                                F_DUPFD_CLOEXEC,
                                                                FIRST_HIGH_FD));
                var from = high[i];
                direct(
                        "descriptor",
                        () -> (int) ACTIONS_DUP2.invokeExact(state(arena), actions, from, target));
            }
        }
        // The JVM's sockets are not all marked: a child that outlives us must not keep our ports.
        direct(
                "descriptors",
                () -> (int) ACTIONS_CLOSE_FROM.invokeExact(state(arena), actions, fds.length));
    }

    private static void addOpen(
            Arena arena, MemorySegment actions, int target, String path, int flags) throws Errno {
        direct(
                "descriptor",
                () ->
                        (int)
                                ACTIONS_OPEN.invokeExact(
                                        state(arena),
                                        actions,
                                        target,
                                        text(arena, path),
                                        flags,
                                        0));
    }

    private static void addSignals(Arena arena, MemorySegment attributes, boolean session)
            throws Errno {
        var none = arena.allocate(SIGSET_BYTES);
        var usual = arena.allocate(SIGSET_BYTES);
        // All of 1 to 31 but SIGKILL (9) and SIGSTOP (19), which cannot be set.
        usual.set(JAVA_LONG, 0, 0x7fff_ffffL & ~(1L << 8) & ~(1L << 18));
        direct("mask", () -> (int) ATTRIBUTES_MASK.invokeExact(state(arena), attributes, none));
        direct(
                "signals",
                () -> (int) ATTRIBUTES_DEFAULT.invokeExact(state(arena), attributes, usual));
        var flags = (short) (SPAWN_SETSIGDEF | SPAWN_SETSIGMASK | (session ? SPAWN_SETSID : 0));
        direct("flags", () -> (int) ATTRIBUTES_FLAGS.invokeExact(state(arena), attributes, flags));
    }

    private interface Call {
        long in(Arena arena, MemorySegment errno) throws Throwable;
    }

    private interface DirectCall {
        int make() throws Throwable;
    }

    /** Makes a call that answers -1 and sets errno. */
    private static long call(String what, Call call) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var errno = state(arena);
            while (true) {
                var result = made(() -> call.in(arena, errno));
                if (result != -1) {
                    return result;
                }
                var number = errno.get(JAVA_INT, ERRNO_AT);
                if (number != Errno.EINTR) {
                    throw new Errno(what, number, words(number));
                }
            }
        }
    }

    /** Makes a call that answers an error number itself. */
    private static void direct(String what, DirectCall call) throws Errno {
        var number = (int) made(() -> call.make());
        if (number != 0) {
            throw new Errno(what, number, words(number));
        }
    }

    private interface Made {
        long get() throws Throwable;
    }

    private static long made(Made call) {
        try {
            return call.get();
        } catch (RuntimeException | Error bug) {
            throw bug;
        } catch (Throwable impossible) {
            throw new AssertionError("a foreign call throws nothing else", impossible);
        }
    }

    /** What the C library calls an error number. */
    public static String words(int number) {
        try {
            return ((MemorySegment) STRERROR.invokeExact(number)).getString(0);
        } catch (Throwable unlikely) {
            return "error";
        }
    }

    private static MemorySegment state(Arena arena) {
        return arena.allocate(STATE);
    }

    private static MemorySegment text(Arena arena, @Nullable String text) {
        return text == null ? MemorySegment.NULL : arena.allocateFrom(text);
    }

    private static MemorySegment texts(Arena arena, List<String> texts) {
        var array = arena.allocate(ADDRESS, texts.size() + 1L);
        for (var i = 0; i < texts.size(); i++) {
            array.setAtIndex(ADDRESS, i, arena.allocateFrom(texts.get(i)));
        }
        return array;
    }

    private static MemorySegment symbol(String name) {
        return LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new IllegalStateException("this C library has no " + name));
    }

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                symbol(name), FunctionDescriptor.of(JAVA_INT, arguments), CAPTURE);
    }

    private static MethodHandle sized(String name, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                symbol(name), FunctionDescriptor.of(JAVA_LONG, arguments), CAPTURE);
    }

    private static MethodHandle variadic(String name, int fixed, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                symbol(name),
                FunctionDescriptor.of(JAVA_INT, arguments),
                CAPTURE,
                Linker.Option.firstVariadicArg(fixed));
    }
}
