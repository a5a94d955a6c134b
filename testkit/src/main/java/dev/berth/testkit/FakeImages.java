package dev.berth.testkit;

import dev.berth.core.pod.PullAccess;
import dev.berth.port.DiskUse;
import dev.berth.port.Images;
import dev.berth.port.PodUsers;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A registry and this machine's images in memory. A pull of an image that the registry knows works
 * at once, unless pulls are held. Any thread may call.
 */
public final class FakeImages implements Images {
    private static final Pattern REFERENCE =
            Pattern.compile(
                    "[a-z0-9]+([._/:-]+[a-zA-Z0-9]+)*(:[\\w][\\w.-]{0,127})?(@sha256:[0-9a-f]{64})?");

    /** Runs {@code /bin/sh}, as the root user. */
    public static final Config SHELL =
            new Config(
                    List.of(),
                    List.of("sh"),
                    List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                    "",
                    "",
                    null,
                    Map.of());

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, Image> registry = new HashMap<>();
    private final Map<String, Image> here = new LinkedHashMap<>();
    private final Map<String, Image> layouts = new TreeMap<>();
    private final Map<String, Long> written = new TreeMap<>();
    private final ArrayDeque<PullFailed> faults = new ArrayDeque<>();
    private final List<String> pulls = new ArrayList<>();
    private final List<RegistryCredential> credentialsSeen = new ArrayList<>();
    private final List<RegistryCredential> own = new ArrayList<>();
    private final Map<String, Map<String, PullAccess>> accesses = new HashMap<>();
    private long capacity = 100_000_000_000L;
    private long available = 50_000_000_000L;
    private boolean held;
    private volatile boolean canMapUsers = true;

    /** Knows no image. */
    public FakeImages() {}

    /** Puts an image into the registry and returns it. */
    public Image inRegistry(String reference, Config config) {
        var full = full(reference);
        var hex = HexFormat.of().toHexDigits(full.hashCode() & 0xffffffffL).repeat(4);
        var image =
                new Image(
                        "sha256:" + hex,
                        full,
                        full.substring(0, full.lastIndexOf(':')) + "@sha256:" + hex,
                        29_150_000,
                        config);
        lock.lock();
        try {
            registry.put(full, image);
        } finally {
            lock.unlock();
        }
        return image;
    }

    /** Puts an image into the registry and onto this machine. */
    public Image onMachine(String reference, Config config) {
        var image = inRegistry(reference, config);
        lock.lock();
        try {
            here.put(image.reference(), image);
        } finally {
            lock.unlock();
        }
        return image;
    }

    /** Makes the next pull fail. */
    public void failNextPull(PullFailed.Why why, String message) {
        lock.lock();
        try {
            faults.add(new PullFailed(why, message, null));
        } finally {
            lock.unlock();
        }
    }

    /** Lets pulls wait until {@link #release}. */
    public void hold() {
        lock.lock();
        try {
            held = true;
        } finally {
            lock.unlock();
        }
    }

    /** Lets pulls go on. */
    public void release() {
        lock.lock();
        try {
            held = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Every pull so far, by reference. */
    public List<String> pulls() {
        lock.lock();
        try {
            return List.copyOf(pulls);
        } finally {
            lock.unlock();
        }
    }

    /** Every credential that came with a pull. */
    public List<RegistryCredential> credentialsSeen() {
        lock.lock();
        try {
            return List.copyOf(credentialsSeen);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Image> find(String reference) {
        lock.lock();
        try {
            return Optional.ofNullable(here.get(full(reference)));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Image> list() {
        lock.lock();
        try {
            return List.copyOf(here.values());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Image pull(String reference, List<RegistryCredential> credentials)
            throws PullFailed, InterruptedException {
        lock.lockInterruptibly();
        try {
            pulls.add(reference);
            credentialsSeen.addAll(credentials);
            if (!REFERENCE.matcher(reference).matches()) {
                throw new PullFailed(PullFailed.Why.INVALID_NAME, "invalid reference format", null);
            }
            while (held) {
                changed.await();
            }
            var fault = faults.poll();
            if (fault != null) {
                throw fault;
            }
            var image = registry.get(full(reference));
            if (image == null) {
                throw new PullFailed(
                        PullFailed.Why.NOT_FOUND,
                        "failed to resolve reference \"" + full(reference) + "\": not found",
                        null);
            }
            here.put(image.reference(), image);
            accesses.computeIfAbsent(image.id(), none -> new HashMap<>());
            return image;
        } finally {
            lock.unlock();
        }
    }

    /** Makes this machine know a credential of its own, for every image. */
    public void knowing(RegistryCredential credential) {
        lock.lock();
        try {
            own.add(credential);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<RegistryCredential> credentials(String reference) {
        lock.lock();
        try {
            return List.copyOf(own);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Map<String, PullAccess>> access(String imageId) {
        lock.lock();
        try {
            return Optional.ofNullable(accesses.get(imageId)).map(Map::copyOf);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void allow(String imageId, String name, PullAccess access) {
        lock.lock();
        try {
            accesses.computeIfAbsent(imageId, none -> new HashMap<>())
                    .merge(name, access, PullAccess::and);
        } finally {
            lock.unlock();
        }
    }

    /** Makes the file system look like that. */
    public void room(long capacityBytes, long availableBytes) {
        lock.lock();
        try {
            capacity = capacityBytes;
            available = availableBytes;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Storage storage() {
        lock.lock();
        try {
            return new Storage(
                    here.values().stream()
                            .map(image ->
                                    new Stored(
                                            image.id(),
                                            image.sizeBytes(),
                                            layouts.containsValue(image),
                                            !accesses.containsKey(image.id()),
                                            Instant.EPOCH))
                            .toList(),
                    capacity,
                    available);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long clean(List<String> imageIds) {
        lock.lock();
        try {
            var before = here.size();
            here.values()
                    .removeIf(image ->
                            imageIds.contains(image.id()) && !layouts.containsValue(image));
            accesses.keySet().removeAll(imageIds);
            var freed = (before - here.size()) * 29_150_000L;
            available += freed;
            return freed;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean canMapUsers() {
        return canMapUsers;
    }

    /** From now on pods cannot, or can again, have users of their own. */
    public void canMapUsers(boolean can) {
        canMapUsers = can;
    }

    @Override
    public Path mount(Image image, String id, @Nullable PodUsers users) throws PullFailed {
        lock.lock();
        try {
            if (!here.containsKey(image.reference())) {
                throw new PullFailed(
                        PullFailed.Why.NOT_FOUND, image.reference() + " is not here", null);
            }
            layouts.put(id, image);
            return Path.of("/fake/layout/" + id);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Path mountReadOnly(Image image, String id, @Nullable PodUsers users) throws PullFailed {
        return mount(image, id, users);
    }

    /** Makes a container look as if it had written this much. */
    public void write(String id, long bytes) {
        lock.lock();
        try {
            written.put(id, bytes);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public DiskUse written(String id) {
        lock.lock();
        try {
            return layouts.containsKey(id)
                    ? new DiskUse(written.getOrDefault(id, 0L), 1)
                    : DiskUse.NONE;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void unmount(String id) {
        lock.lock();
        try {
            layouts.remove(id);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<String> mounted() {
        lock.lock();
        try {
            return List.copyOf(layouts.keySet());
        } finally {
            lock.unlock();
        }
    }

    /** What a reference means: {@code nginx} is {@code docker.io/library/nginx:latest}. */
    private static String full(String reference) {
        var slash = reference.indexOf('/');
        var first = slash < 0 ? "" : reference.substring(0, slash);
        var domain =
                slash < 0
                        ? "docker.io/library/" + reference
                        : first.contains(".") || first.contains(":") || first.equals("localhost")
                                ? reference
                                : "docker.io/" + reference;
        var last = domain.substring(domain.lastIndexOf('/') + 1);
        return last.contains(":") || last.contains("@") ? domain : domain + ":latest";
    }
}
