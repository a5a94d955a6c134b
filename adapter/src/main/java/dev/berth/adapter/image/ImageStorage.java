package dev.berth.adapter.image;

import dev.berth.adapter.image.ImageRecords.Named;
import dev.berth.adapter.image.ImageRecords.Origin;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.Storage;
import dev.berth.port.Images.Stored;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The room that images take, and how it is given back: an image goes with its names, and with those
 * of its layers and manifests that no other image has and no pull is about to use. Used by any
 * thread; what another program brings here meanwhile is left alone because it is young.
 */
final class ImageStorage {
    private static final Logger LOG = LoggerFactory.getLogger(ImageStorage.class);

    /** How old what belongs to no image must be: another program may be about to name it. */
    private static final Duration OWNERLESS_MIN_AGE = Duration.ofHours(1);

    private final Path folder;
    private final ImageRecords records;
    private final ContentStore content;
    private final LayerStore layers;
    private final OverlayMounts mounts;
    private final PullRecords pulls;

    /** Written while something is removed, read while it is decided what will be used. */
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    private final Map<Digest, Integer> wanted = new HashMap<>();

    ImageStorage(
            Path folder,
            ImageRecords records,
            ContentStore content,
            LayerStore layers,
            OverlayMounts mounts,
            PullRecords pulls) {
        this.folder = folder;
        this.records = records;
        this.content = content;
        this.layers = layers;
        this.mounts = mounts;
        this.pulls = pulls;
    }

    /** Something that must not see its content go. */
    interface Guarded<V> {
        V run() throws PullFailed;
    }

    /** Nothing is removed until this is done, which must not take long. */
    <V> V guarded(Guarded<V> action) throws PullFailed {
        lock.readLock().lock();
        try {
            return action.run();
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Content, or chains of layers, that a pull is about to use; until it is closed. */
    final class Wanted implements AutoCloseable {
        private final List<Digest> digests;

        private Wanted(Collection<Digest> digests) {
            this.digests = List.copyOf(digests);
        }

        @Override
        public void close() {
            lock.readLock().lock();
            try {
                synchronized (wanted) {
                    digests.forEach(each ->
                            wanted.computeIfPresent(
                                    each, (same, count) -> count == 1 ? null : count - 1));
                }
            } finally {
                lock.readLock().unlock();
            }
        }
    }

    /** Keeps these from now on. */
    Wanted want(Collection<Digest> digests) {
        Wanted mine = new Wanted(digests);
        lock.readLock().lock();
        try {
            synchronized (wanted) {
                mine.digests.forEach(each -> wanted.merge(each, 1, Integer::sum));
            }
        } finally {
            lock.readLock().unlock();
        }
        return mine;
    }

    /** What there is, each image once. */
    Storage now() {
        try {
            Set<String> used = mounts.images();
            Map<Digest, Stored> stored = new LinkedHashMap<>();
            for (Named each : records.list()) {
                Stored one =
                        new Stored(
                                each.config().toString(),
                                each.sizeBytes(),
                                isUsed(used, each.config()),
                                each.origin() == Origin.LOCAL,
                                Instant.ofEpochSecond(each.since()));
                stored.merge(
                        each.config(),
                        one,
                        (first, second) ->
                                new Stored(
                                        first.id(),
                                        first.sizeBytes(),
                                        first.used(),
                                        first.pinned() || second.pinned(),
                                        first.since().isAfter(second.since())
                                                ? first.since()
                                                : second.since()));
            }
            Files.createDirectories(folder);
            FileStore disk = Files.getFileStore(folder);
            return new Storage(
                    List.copyOf(stored.values()), disk.getTotalSpace(), disk.getUsableSpace());
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot look at the images' disk", failed);
        }
    }

    /** A layout whose image is not known may be of any. */
    private static boolean isUsed(Set<String> used, Digest image) {
        return used.contains(image.toString()) || used.contains("");
    }

    /** Takes images away that nobody uses; how many bytes of layers that was. */
    long clean(Collection<Digest> images) {
        lock.writeLock().lock();
        try {
            Set<String> used = mounts.images();
            long freed = 0;
            Set<Digest> parts = new HashSet<>();
            Set<Digest> chains = new HashSet<>();
            for (Digest image : Set.copyOf(images)) {
                List<Named> names =
                        records.list().stream()
                                .filter(each -> each.config().equals(image))
                                .toList();
                if (names.isEmpty() || isUsed(used, image)) {
                    continue;
                }
                freed += names.getFirst().sizeBytes();
                for (Named each : names) {
                    collect(each, parts, chains);
                    records.remove(each.reference());
                }
                pulls.forget(image);
            }
            removeUnless(parts, chains);
            return freed;
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot remove images", failed);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Takes one name away; the image goes with its last one. */
    void removeName(Named name) {
        lock.writeLock().lock();
        try {
            boolean others =
                    records.list().stream()
                            .anyMatch(each ->
                                    each.config().equals(name.config())
                                            && !each.reference().equals(name.reference()));
            if (others) {
                records.remove(name.reference());
            } else {
                clean(List.of(name.config()));
            }
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot remove " + name.reference(), failed);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Takes away what belongs to no image: pulls that were given up have left it. */
    void cleanOwnerless(Instant now) {
        lock.writeLock().lock();
        try {
            Set<Digest> parts = new HashSet<>();
            Set<Digest> chains = new HashSet<>();
            for (Digest each : content.list()) {
                if (isOld(content.path(each), now)) {
                    parts.add(each);
                }
            }
            for (Digest each : layers.list()) {
                if (isOld(layers.path(each), now)) {
                    chains.add(each);
                }
            }
            removeUnless(parts, chains);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot remove what belongs to no image", failed);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** A layer's folder has its archive's time, so what counts is when it was moved here. */
    private static boolean isOld(Path path, Instant now) throws IOException {
        try {
            Object changed = Files.getAttribute(path, "unix:ctime");
            return changed instanceof java.nio.file.attribute.FileTime time
                    && time.toInstant().isBefore(now.minus(OWNERLESS_MIN_AGE));
        } catch (NoSuchFileException gone) {
            return false;
        }
    }

    private void removeUnless(Set<Digest> parts, Set<Digest> chains) throws IOException {
        Set<Digest> keptParts = new HashSet<>();
        Set<Digest> keptChains = new HashSet<>();
        for (Named each : records.list()) {
            collect(each, keptParts, keptChains);
        }
        synchronized (wanted) {
            keptParts.addAll(wanted.keySet());
            keptChains.addAll(wanted.keySet());
        }
        for (Digest each : parts) {
            if (!keptParts.contains(each)) {
                content.remove(each);
            }
        }
        for (Digest each : chains) {
            if (!keptChains.contains(each)) {
                layers.remove(each);
            }
        }
    }

    /** What an image is made of, as far as it is here. */
    private void collect(Named image, Set<Digest> parts, Set<Digest> chains) throws IOException {
        parts.addAll(List.of(image.root(), image.manifest(), image.config()));
        try {
            byte[] manifest = content.read(image.manifest(), ImageManifest.BYTES_MAX);
            if (manifest != null
                    && ImageManifest.parse(manifest, "") instanceof ImageManifest.Single single) {
                single.layers().forEach(each -> parts.add(each.digest()));
            }
            byte[] config = content.read(image.config(), ImageConfig.BYTES_MAX);
            if (config != null) {
                chains.addAll(LayerStore.chains(ImageConfig.parse(config).diffIds()));
            }
        } catch (PullFailed damaged) {
            LOG.warn(
                    "an image is damaged reference={} cause={}",
                    image.reference(),
                    damaged.getMessage());
        }
    }
}
