package dev.berth.adapter.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.adapter.libc.Beneath;
import dev.berth.adapter.libc.MountTable;
import dev.berth.core.pod.VolumeFile;
import dev.berth.port.DiskUse;
import dev.berth.port.PodFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pods' files below a data folder. Secrets of all pods lie on one tmpfs, mounted when the first
 * one is written: a mount for each would cost every pod's start a process.
 *
 * <pre>
 *   pods/UID/owner               cluster, namespace, name: a line each
 *   pods/UID/etc/resolv.conf
 *   pods/UID/volumes/NAME/       emptyDir, configMap; tmpfs of its own for medium Memory
 *   pods/UID/words/CONTAINER.ATTEMPT
 *   pods/UID/binds/volumes/NAME  a folder of the machine, mounted
 *   pods/UID/binds/subpaths/CONTAINER.INDEX
 *   pods-memory/UID/NAME/        secrets, tokens, fields; on tmpfs
 *   node-roots/NODE/             what an ordinary node's hostPath volumes see
 * </pre>
 */
public final class DiskPodFiles implements PodFiles {
    private static final Logger LOG = LoggerFactory.getLogger(DiskPodFiles.class);
    private static final int IMAGE_TEXT_MOST = 1 << 20;
    private static final int LINKS_MOST = 40;
    private static final int SET_GROUP = 02000;

    /** A tmpfs has it from its mount on, and a kubelet leaves it there. */
    private static final int STICKY = 01000;

    private final Path pods;
    private final Path memory;
    private final Path nodeRoots;
    private final ReentrantLock mounting = new ReentrantLock();
    private final AtomicLong stamps = new AtomicLong(System.currentTimeMillis() * 1_000_000);
    private volatile boolean memoryMounted;

    /** Keeps them below this folder. */
    public DiskPodFiles(Path data) {
        pods = data.resolve("pods");
        memory = data.resolve("pods-memory");
        nodeRoots = data.resolve("node-roots");
    }

    @Override
    public void prepare(String podUid, Owner owner) throws FilesFailed {
        attempt(
                "make the folder of pod " + podUid,
                () -> {
                    var folder = folder(podUid);
                    Files.createDirectories(folder);
                    VolumeTree.mode(folder, 0711);
                    var file = folder.resolve("owner");
                    if (Files.exists(file)) {
                        return file;
                    }
                    var fresh = folder.resolve("owner.new");
                    Files.writeString(
                            fresh,
                            owner.cluster()
                                    + "\n"
                                    + owner.namespace()
                                    + "\n"
                                    + owner.name()
                                    + "\n");
                    return Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
                });
    }

    @Override
    public Map<String, Owner> pods() {
        var owners = new HashMap<String, Owner>();
        try (var folders = Files.newDirectoryStream(pods)) {
            for (var folder : folders) {
                owner(folder)
                        .ifPresent(owner -> owners.put(folder.getFileName().toString(), owner));
            }
        } catch (NoSuchFileException none) {
            return Map.of();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("the pods' folders cannot be listed", e);
        }
        return owners;
    }

    /** A folder whose owner was not written down yet belongs to nobody: its cluster is empty. */
    private static Optional<Owner> owner(Path folder) throws IOException {
        try {
            var lines = Files.readAllLines(folder.resolve("owner"));
            return lines.size() < 3
                    ? Optional.of(new Owner("", "", ""))
                    : Optional.of(new Owner(lines.get(0), lines.get(1), lines.get(2)));
        } catch (NoSuchFileException e) {
            return Optional.of(new Owner("", "", ""));
        } catch (NotDirectoryException e) {
            return Optional.empty();
        }
    }

    @Override
    public Path etcFile(String podUid, String name, String text) throws FilesFailed {
        return attempt(
                "write " + name + " of pod " + podUid,
                () -> {
                    var folder = folder(podUid).resolve("etc");
                    Files.createDirectories(folder);
                    VolumeTree.mode(folder, 0755);
                    // The same file is written again, since containers have mounted it, not its
                    // folder.
                    var file = Files.writeString(folder.resolve(plain(name)), text);
                    VolumeTree.mode(file, 0644);
                    return file;
                });
    }

    @Override
    public Path waitingRoot(String podUid) throws FilesFailed {
        return attempt(
                "make a root with a waiting program for pod " + podUid,
                () -> {
                    var folder = folder(podUid).resolve("waiting");
                    Files.createDirectories(folder);
                    VolumeTree.mode(folder, 0755);
                    var program = folder.resolve("pause");
                    if (!Files.exists(program)) {
                        var fresh = folder.resolve("pause.new");
                        Files.write(fresh, WaitingProgram.of(System.getProperty("os.arch", "")));
                        VolumeTree.mode(fresh, 0755);
                        Files.move(fresh, program);
                    }
                    return folder;
                });
    }

    @Override
    public Path emptyFolder(
            String podUid, String volume, @Nullable Long memoryBytes, @Nullable Long group)
            throws FilesFailed {
        return attempt(
                "make volume " + volume + " of pod " + podUid,
                () -> {
                    var folder = folder(podUid).resolve("volumes").resolve(plain(volume));
                    var exists = Files.isDirectory(folder);
                    Files.createDirectories(folder);
                    if (memoryBytes != null && !Mounts.mounted(folder)) {
                        Mounts.tmpfs(folder, memoryBytes > 0 ? "size=" + memoryBytes : "size=50%");
                        exists = false;
                    }
                    if (!exists) {
                        VolumeTree.own(folder, null, group);
                        VolumeTree.mode(
                                folder,
                                0777
                                        | (memoryBytes == null ? 0 : STICKY)
                                        | (group == null ? 0 : SET_GROUP));
                    }
                    return folder;
                });
    }

    @Override
    public Path writeVolume(
            String podUid,
            String volume,
            boolean inMemory,
            List<VolumeFile> files,
            @Nullable Long group)
            throws FilesFailed {
        return attempt(
                "write volume " + volume + " of pod " + podUid,
                () -> {
                    if (inMemory) {
                        mountMemory();
                    }
                    var folder =
                            inMemory
                                    ? memory.resolve(plain(podUid)).resolve(plain(volume))
                                    : folder(podUid).resolve("volumes").resolve(plain(volume));
                    Files.createDirectories(folder);
                    VolumeTree.write(folder, files, group, stamps.incrementAndGet());
                    return folder;
                });
    }

    private void mountMemory() throws IOException {
        if (memoryMounted) {
            return;
        }
        mounting.lock();
        try {
            Files.createDirectories(memory);
            if (!Mounts.inMemory(memory)) {
                Mounts.tmpfs(memory, "mode=0711");
            }
            memoryMounted = true;
        } finally {
            mounting.unlock();
        }
    }

    @Override
    public Path nodeRoot(String nodeId, Map<String, String> texts) throws FilesFailed {
        return attempt(
                "make the root folder of " + nodeId,
                () -> HostFolders.root(nodeRoots.resolve(plain(nodeId)), texts));
    }

    @Override
    public void removeNodeRoot(String nodeId) throws FilesFailed {
        attempt(
                "remove the root folder of " + nodeId,
                () -> {
                    var root = nodeRoots.resolve(plain(nodeId));
                    Mounts.unmountBelow(root);
                    VolumeTree.delete(root);
                    return root;
                });
    }

    /** {@inheritDoc} A link in the pod's folder names it, so that it is found as others are. */
    @Override
    public Path hostPath(String podUid, String volume, Path root, String path, String type)
            throws FilesFailed {
        try {
            var target = HostFolders.find(root, path, type);
            var link = folder(podUid).resolve("volumes").resolve(plain(volume));
            Files.createDirectories(link.getParent());
            Files.deleteIfExists(link);
            Files.createSymbolicLink(link, target);
            return target;
        } catch (IOException e) {
            throw new FilesFailed(String.valueOf(e.getMessage()), e);
        }
    }

    @Override
    public Path attachFolder(
            String podUid, String volume, Path folder, String below, @Nullable Maker maker)
            throws FilesFailed {
        var target = binds(podUid).resolve("volumes").resolve(plain(volume));
        return attempt(
                "attach " + folder + " as volume " + volume,
                () ->
                        Mounts.mounted(target)
                                ? target
                                : bind(
                                        folder,
                                        below,
                                        maker == null
                                                ? null
                                                : new Beneath.Maker(
                                                        maker.mode(), maker.uid(), maker.gid()),
                                        target));
    }

    @Override
    public Path subPath(String podUid, Path volume, String subPath, String user)
            throws FilesFailed {
        var target = binds(podUid).resolve("subpaths").resolve(plain(user.replace('/', '.')));
        return attempt(
                "find " + subPath + " in volume " + volume.getFileName(),
                () -> {
                    MountTable.clear(target);
                    return bind(
                            volume,
                            subPath,
                            new Beneath.Maker(
                                    (int) Files.getAttribute(volume, "unix:mode") & 07777,
                                    null,
                                    Long.valueOf((int) Files.getAttribute(volume, "unix:gid"))),
                            target);
                });
    }

    @Override
    public Path existingFolder(String podUid, Path volume, String subPath, String user)
            throws FilesFailed {
        var target = binds(podUid).resolve("subpaths").resolve(plain(user.replace('/', '.')));
        return attempt(
                "find the folder " + subPath,
                () -> {
                    MountTable.clear(target);
                    var bound = bind(volume, subPath, null, target);
                    if (!Files.isDirectory(bound)) {
                        MountTable.clear(bound);
                        throw new NotDirectoryException(subPath);
                    }
                    return bound;
                });
    }

    /** Mounts something below a folder on a target that is a folder or a file as it is. */
    private static Path bind(Path folder, String below, Beneath.@Nullable Maker maker, Path target)
            throws IOException {
        try (var found = Beneath.open(folder.toString(), below, maker)) {
            var isFolder = Files.isDirectory(Path.of(found.link()));
            Files.deleteIfExists(target);
            if (isFolder) {
                Files.createDirectories(target);
            } else {
                Files.createDirectories(target.getParent());
                Files.createFile(target);
            }
            found.bind(target.toString());
            return target;
        }
    }

    private Path binds(String podUid) {
        return folder(podUid).resolve("binds");
    }

    @Override
    public Path terminationLog(String podUid, String container, int attempt) throws FilesFailed {
        return attempt(
                "make the termination log of " + container,
                () -> {
                    var file = words(podUid, container, attempt);
                    Files.createDirectories(file.getParent());
                    if (!Files.exists(file)) {
                        Files.createFile(file);
                    }
                    VolumeTree.mode(file, 0666);
                    return file;
                });
    }

    @Override
    public String lastWords(String podUid, String container, int attempt, int bytesMax) {
        try (var file = new RandomAccessFile(words(podUid, container, attempt).toFile(), "r")) {
            var length = (int) Math.min(file.length(), bytesMax);
            file.seek(file.length() - length);
            var bytes = new byte[length];
            file.readFully(bytes);
            return new String(bytes, UTF_8);
        } catch (java.io.FileNotFoundException none) {
            return "";
        } catch (IOException e) {
            LOG.info("last words not read uid={} container={}", podUid, container, e);
            return "";
        }
    }

    @Override
    public Optional<String> imageText(Path rootfs, String path) {
        try {
            var file = inside(rootfs, path);
            if (file.isEmpty() || !Files.isRegularFile(file.get(), LinkOption.NOFOLLOW_LINKS)) {
                return Optional.empty();
            }
            try (var in = Files.newInputStream(file.get(), LinkOption.NOFOLLOW_LINKS)) {
                return Optional.of(new String(in.readNBytes(IMAGE_TEXT_MOST), UTF_8));
            }
        } catch (IOException e) {
            LOG.info("file of an image not read path={}", path, e);
            return Optional.empty();
        }
    }

    /** Follows links as the container would see them: an absolute one begins at its root. */
    static Optional<Path> inside(Path rootfs, String path) throws IOException {
        var todo = new java.util.ArrayDeque<String>(List.of(path.split("/")));
        var at = rootfs;
        for (var links = 0; !todo.isEmpty(); ) {
            var part = todo.removeFirst();
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            if (part.equals("..")) {
                var parent = at.getParent();
                at = at.equals(rootfs) || parent == null ? rootfs : parent;
                continue;
            }
            var next = at.resolve(part);
            if (!Files.isSymbolicLink(next)) {
                at = next;
                continue;
            }
            if (++links > LINKS_MOST) {
                return Optional.empty();
            }
            var target = Files.readSymbolicLink(next).toString();
            at = target.startsWith("/") ? rootfs : at;
            List.of(target.split("/")).reversed().forEach(todo::addFirst);
        }
        return Optional.of(at);
    }

    @Override
    public Map<String, DiskUse> use(String podUid) throws FilesFailed {
        var use = new HashMap<String, DiskUse>();
        try (var folders = Files.newDirectoryStream(folder(podUid).resolve("volumes"))) {
            for (var folder : folders) {
                use.put(folder.getFileName().toString(), Trees.use(folder));
            }
        } catch (NoSuchFileException none) {
            return Map.of();
        } catch (IOException e) {
            throw new FilesFailed(
                    "cannot look at the volumes of pod " + podUid + ": " + e.getMessage(), e);
        }
        return use;
    }

    @Override
    public void removeVolumes(String podUid) throws FilesFailed {
        attempt(
                "remove the volumes of pod " + podUid,
                () -> {
                    var volumes = folder(podUid).resolve("volumes");
                    var binds = binds(podUid);
                    if (Files.exists(binds)) {
                        MountTable.clear(binds.toRealPath());
                        Mounts.mustBeFree(binds);
                        VolumeTree.delete(binds);
                    }
                    Mounts.unmountBelow(volumes);
                    VolumeTree.delete(volumes);
                    VolumeTree.delete(memory.resolve(plain(podUid)));
                    return volumes;
                });
    }

    @Override
    public void remove(String podUid) throws FilesFailed {
        removeVolumes(podUid);
        attempt(
                "remove the folder of pod " + podUid,
                () -> {
                    Mounts.mustBeFree(folder(podUid));
                    VolumeTree.delete(folder(podUid));
                    return pods;
                });
    }

    /** Unmounts what is left when no pod is: after it, nothing of this adapter is mounted. */
    public void unmountAll() throws FilesFailed {
        attempt(
                "unmount the pods' memory",
                () -> {
                    mounting.lock();
                    try {
                        Mounts.unmountBelow(pods);
                        Mounts.unmountBelow(memory);
                        memoryMounted = false;
                        return memory;
                    } finally {
                        mounting.unlock();
                    }
                });
    }

    private Path folder(String podUid) {
        return pods.resolve(plain(podUid));
    }

    private Path words(String podUid, String container, int attempt) {
        return folder(podUid).resolve("words").resolve(plain(container) + "." + attempt);
    }

    /** Names come from the API server, which has checked them; a path would be our own fault. */
    private static String plain(String name) {
        if (name.isEmpty() || name.contains("/") || name.equals(".") || name.equals("..")) {
            throw new IllegalArgumentException("not a plain name: " + name);
        }
        return name;
    }

    private interface Task {
        Path run() throws IOException;
    }

    private static Path attempt(String what, Task task) throws FilesFailed {
        try {
            return task.run();
        } catch (IOException e) {
            throw new FilesFailed("cannot " + what + ": " + e.getMessage(), e);
        }
    }
}
