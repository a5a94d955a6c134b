package dev.berth.adapter.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A folder seen with other owners: what belongs to 0 there belongs, where it is mounted, to the
 * root of a user namespace, and so on. Needs Linux 5.12 and a file system that lends itself to it,
 * such as ext4, xfs, btrfs; overlayfs takes such folders as layers from 5.19 on.
 */
@SuppressWarnings("restricted") // Foreign calls are this class's whole purpose.
public final class MappedFolder {
    // The same numbers on all architectures.
    private static final long SYS_OPEN_TREE = 428;
    private static final long SYS_MOVE_MOUNT = 429;
    private static final long SYS_MOUNT_SETATTR = 442;
    private static final int OPEN_TREE_CLONE = 1;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_FDCWD = -100;
    private static final long MOUNT_ATTR_IDMAP = 0x10_0000;
    private static final long MOUNT_ATTR_RDONLY = 1;
    private static final long ATTRIBUTES_BYTES = 32;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_AT =
            STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN_TREE = call(JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle MOUNT_SETATTR =
            call(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle MOVE_MOUNT =
            call(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);

    private MappedFolder() {}

    /**
     * Mounts a folder with the owners of a user namespace on an empty one. Nothing can be changed
     * through it.
     */
    public static void mount(Path folder, Path target, Path userNamespace) throws Errno {
        var tree = openTree(folder);
        try {
            var users = Libc.open(userNamespace.toString(), Libc.O_RDONLY);
            try {
                map(tree, users, folder);
            } finally {
                Libc.close(users);
            }
            move(tree, target);
        } finally {
            Libc.close(tree);
        }
    }

    private static int openTree(Path folder) throws Errno {
        return (int)
                made(
                        "open_tree " + folder,
                        (arena, errno) ->
                                (long)
                                        OPEN_TREE.invokeExact(
                                                errno,
                                                SYS_OPEN_TREE,
                                                AT_FDCWD,
                                                arena.allocateFrom(folder.toString()),
                                                OPEN_TREE_CLONE | Libc.O_CLOEXEC));
    }

    private static void map(int tree, int users, Path folder) throws Errno {
        made(
                "map the owners of " + folder,
                (arena, errno) -> {
                    var attributes = arena.allocate(ATTRIBUTES_BYTES, 8);
                    attributes.set(JAVA_LONG, 0, MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY);
                    attributes.set(JAVA_LONG, 24, users);
                    return (long)
                            MOUNT_SETATTR.invokeExact(
                                    errno,
                                    SYS_MOUNT_SETATTR,
                                    tree,
                                    arena.allocateFrom(""),
                                    AT_EMPTY_PATH,
                                    attributes,
                                    ATTRIBUTES_BYTES);
                });
    }

    private static void move(int tree, Path target) throws Errno {
        made(
                "mount on " + target,
                (arena, errno) ->
                        (long)
                                MOVE_MOUNT.invokeExact(
                                        errno,
                                        SYS_MOVE_MOUNT,
                                        tree,
                                        arena.allocateFrom(""),
                                        AT_FDCWD,
                                        arena.allocateFrom(target.toString()),
                                        MOVE_MOUNT_F_EMPTY_PATH));
    }

    private interface Call {
        long in(Arena arena, MemorySegment errno) throws Throwable;
    }

    private static long made(String what, Call call) throws Errno {
        try (var arena = Arena.ofConfined()) {
            var errno = arena.allocate(STATE);
            var result = call.in(arena, errno);
            if (result < 0) {
                var number = errno.get(JAVA_INT, ERRNO_AT);
                throw new Errno(what, number, Libc.words(number));
            }
            return result;
        } catch (Errno failed) {
            throw failed;
        } catch (RuntimeException | Error bug) {
            throw bug;
        } catch (Throwable impossible) {
            throw new AssertionError("a foreign call throws nothing else", impossible);
        }
    }

    private static MethodHandle call(ValueLayout... arguments) {
        var all = new MemoryLayout[arguments.length + 1];
        all[0] = JAVA_LONG;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("syscall"),
                FunctionDescriptor.of(JAVA_LONG, all),
                Linker.Option.captureCallState("errno"),
                Linker.Option.firstVariadicArg(1));
    }
}
