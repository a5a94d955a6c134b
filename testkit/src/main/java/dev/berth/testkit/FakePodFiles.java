package dev.berth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.core.pod.VolumeFile;
import dev.berth.port.DiskUse;
import dev.berth.port.PodFiles;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The pods' files in memory; paths are names only. Any thread may call. */
public final class FakePodFiles implements PodFiles {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Owner> owners = new TreeMap<>();
    private final Map<String, String> texts = new TreeMap<>();
    private final Map<String, Map<String, VolumeFile>> volumes = new TreeMap<>();
    private final Map<String, String> imageTexts = new TreeMap<>();
    private int looks;
    private final Map<String, Long> sizes = new TreeMap<>();
    private final ArrayDeque<String> faults = new ArrayDeque<>();

    /** Holds nothing. */
    public FakePodFiles() {}

    /** Makes the next call that can fail do so. */
    public void failNext(String message) {
        locked(() -> {
            faults.add(message);
            return true;
        });
    }

    /** The text of a file under {@code /etc} of a pod, or null. */
    public @Nullable String etc(String podUid, String name) {
        return locked(() -> texts.get(podUid + "/etc/" + name));
    }

    /** The files of a volume by path, as texts. */
    public Map<String, String> volume(String podUid, String volume) {
        return locked(() -> {
            var files = new TreeMap<String, String>();
            volumes.getOrDefault(podUid + "/" + volume, Map.of())
                    .forEach((path, file) -> files.put(path, new String(file.content(), UTF_8)));
            return files;
        });
    }

    /** Whether a pod has this volume. */
    public boolean hasVolume(String podUid, String volume) {
        return locked(() -> volumes.containsKey(podUid + "/" + volume));
    }

    /** Lets a run of a container leave last words. */
    public void say(String podUid, String container, int attempt, String words) {
        locked(() -> texts.put(words(podUid, container, attempt), words));
    }

    /** Gives every image a file. */
    public void imageText(String path, String text) {
        locked(() -> imageTexts.put(path, text));
    }

    @Override
    public void prepare(String podUid, Owner owner) throws FilesFailed {
        checkFault();
        locked(() -> owners.put(podUid, owner));
    }

    @Override
    public Map<String, Owner> pods() {
        return locked(() -> new LinkedHashMap<>(owners));
    }

    @Override
    public Path etcFile(String podUid, String name, String text) throws FilesFailed {
        checkFault();
        locked(() -> texts.put(podUid + "/etc/" + name, text));
        return path(podUid, "etc", name);
    }

    @Override
    public Path waitingRoot(String podUid) throws FilesFailed {
        checkFault();
        return path(podUid, "waiting", "root");
    }

    @Override
    public Path emptyFolder(
            String podUid, String volume, @Nullable Long memoryBytes, @Nullable Long group)
            throws FilesFailed {
        checkFault();
        locked(() -> volumes.putIfAbsent(podUid + "/" + volume, Map.of()));
        return path(podUid, "volumes", volume);
    }

    @Override
    public Path writeVolume(
            String podUid,
            String volume,
            boolean memory,
            List<VolumeFile> files,
            @Nullable Long group)
            throws FilesFailed {
        checkFault();
        locked(() -> {
            var byPath = new TreeMap<String, VolumeFile>();
            files.forEach(file -> byPath.put(file.path(), file));
            return volumes.put(podUid + "/" + volume, byPath);
        });
        return path(podUid, "volumes", volume);
    }

    @Override
    public Path nodeRoot(String nodeId, Map<String, String> files) throws FilesFailed {
        checkFault();
        return Path.of("/fake/roots/" + nodeId);
    }

    @Override
    public void removeNodeRoot(String nodeId) throws FilesFailed {
        checkFault();
    }

    @Override
    public Path hostPath(String podUid, String volume, Path root, String path, String type)
            throws FilesFailed {
        checkFault();
        locked(() -> volumes.putIfAbsent(podUid + "/" + volume, Map.of()));
        return root.resolve(path.substring(1));
    }

    @Override
    public Path attachFolder(
            String podUid, String volume, Path folder, String below, @Nullable Maker maker)
            throws FilesFailed {
        checkFault();
        return path(podUid, "binds", volume);
    }

    @Override
    public Path subPath(String podUid, Path volume, String subPath, String user)
            throws FilesFailed {
        checkFault();
        return volume.resolve(subPath);
    }

    @Override
    public Path existingFolder(String podUid, Path volume, String subPath, String user)
            throws FilesFailed {
        return subPath(podUid, volume, subPath, user);
    }

    @Override
    public Path terminationLog(String podUid, String container, int attempt) throws FilesFailed {
        checkFault();
        return path(podUid, "containers", container + "/" + attempt);
    }

    @Override
    public String lastWords(String podUid, String container, int attempt, int bytesMax) {
        return locked(() -> texts.getOrDefault(words(podUid, container, attempt), ""));
    }

    @Override
    public Optional<String> imageText(Path rootfs, String path) {
        return locked(() -> Optional.ofNullable(imageTexts.get(path)));
    }

    /** Makes a volume look this big. */
    public void grow(String podUid, String volume, long bytes) {
        locked(() -> sizes.put(podUid + "/" + volume, bytes));
    }

    /** How often somebody looked how much there is. */
    public int looks() {
        return locked(() -> looks);
    }

    @Override
    public Map<String, DiskUse> use(String podUid) throws FilesFailed {
        checkFault();
        return locked(() -> {
            looks++;
            var use = new TreeMap<String, DiskUse>();
            for (var key : volumes.keySet()) {
                if (key.startsWith(podUid + "/")) {
                    use.put(
                            key.substring(podUid.length() + 1),
                            new DiskUse(sizes.getOrDefault(key, 0L), 1));
                }
            }
            return use;
        });
    }

    @Override
    public void removeVolumes(String podUid) throws FilesFailed {
        checkFault();
        locked(() -> volumes.keySet().removeIf(key -> key.startsWith(podUid + "/")));
    }

    @Override
    public void remove(String podUid) throws FilesFailed {
        checkFault();
        locked(() -> {
            owners.remove(podUid);
            texts.keySet().removeIf(key -> key.startsWith(podUid + "/"));
            return volumes.keySet().removeIf(key -> key.startsWith(podUid + "/"));
        });
    }

    private static String words(String podUid, String container, int attempt) {
        return podUid + "/words/" + container + "/" + attempt;
    }

    private static Path path(String podUid, String kind, String name) {
        return Path.of("/fake/pods/" + podUid + "/" + kind + "/" + name);
    }

    private void checkFault() throws FilesFailed {
        var message = locked(faults::poll);
        if (message != null) {
            throw new FilesFailed(message, null);
        }
    }

    private <T extends @Nullable Object> T locked(Supplier<T> task) {
        lock.lock();
        try {
            return task.get();
        } finally {
            lock.unlock();
        }
    }
}
