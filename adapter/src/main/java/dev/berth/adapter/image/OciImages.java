package dev.berth.adapter.image;

import dev.berth.adapter.image.ImageRecords.Named;
import dev.berth.adapter.image.ImageRecords.Origin;
import dev.berth.adapter.libc.TreeSize;
import dev.berth.core.pod.PullAccess;
import dev.berth.port.DiskUse;
import dev.berth.port.Images;
import dev.berth.port.PodUsers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Images of the OCI's and Docker's kinds, kept in folders and laid out by overlayfs.
 *
 * <p>A pull always asks the registry what a tag means now, as a kubelet's does; only what came from
 * a file or was built here is taken as it is, so that a machine without any registry can run pods
 * whatever their pull policy says (our choice). Content is written elsewhere first and moved in
 * when it is whole, so a crash, a full disk or a wrong digest leaves nothing that counts. It is not
 * synced: after a power cut an image may have to be pulled again.
 *
 * <p>Used by any thread; several programs may share the folders.
 */
public final class OciImages implements Images, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OciImages.class);

    private final ContentStore content;
    private final LayerStore layers;
    private final ImageRecords records;
    private final OverlayMounts mounts;
    private final RegistryClient registries;
    private final RegistrySettings settings;
    private final PullRecords pulls;
    private final ImageStorage storage;
    private final ImageArrival arrival;

    /**
     * Images in the given folders, which need not exist.
     *
     * @param contentFolder for what was pulled, shared by restarts
     * @param mountFolder for the layouts
     * @param settings where images come from
     */
    public OciImages(Path contentFolder, Path mountFolder, RegistrySettings settings) {
        this(contentFolder, mountFolder, settings, RegistryClient.Limits.usual());
    }

    OciImages(
            Path contentFolder,
            Path mountFolder,
            RegistrySettings settings,
            RegistryClient.Limits limits) {
        Path folder = contentFolder.toAbsolutePath();
        this.content = new ContentStore(folder);
        this.layers = new LayerStore(folder.resolve("layers"), content);
        this.records = new ImageRecords(folder.resolve("names"), content);
        this.mounts = new OverlayMounts(mountFolder.toAbsolutePath());
        this.settings = settings;
        this.pulls = new PullRecords(folder.resolve("pulls"), content);
        this.storage = new ImageStorage(folder, records, content, layers, mounts, pulls);
        this.arrival =
                new ImageArrival(settings.platform(), content, layers, records, pulls, storage);
        this.registries = new RegistryClient(settings, limits);
    }

    /** Removes what pulls of earlier programs left half done; good to do once at a start. */
    public void sweep() {
        try {
            content.sweep();
        } catch (IOException failed) {
            LOG.warn("cannot remove half-finished downloads cause={}", failed.getMessage());
        }
    }

    @Override
    public void close() {
        registries.close();
    }

    @Override
    public Optional<Image> find(String reference) {
        return named(reference).flatMap(arrival::image);
    }

    private Optional<Named> named(String text) {
        String id = text.matches("[a-f0-9]{64}") ? "sha256:" + text : text;
        if (Digest.isOne(id)) {
            return records.list().stream()
                    .filter(each -> each.config().toString().equals(id))
                    .findFirst();
        }
        ImageReference reference;
        try {
            reference = ImageReference.parse(text);
        } catch (PullFailed invalid) {
            return Optional.empty();
        }
        Optional<Named> exact = records.get(reference.toString());
        String digest = reference.digest();
        if (exact.isPresent() || digest == null) {
            return exact;
        }
        return records.list().stream()
                .filter(each ->
                        each.name().equals(reference.name())
                                && (each.root().toString().equals(digest)
                                        || each.manifest().toString().equals(digest)))
                .findFirst();
    }

    @Override
    public List<Image> list() {
        List<Image> images = new ArrayList<>();
        for (Named each : records.list()) {
            arrival.image(each).ifPresent(images::add);
        }
        return images;
    }

    @Override
    public Image pull(String reference, List<RegistryCredential> credentials)
            throws PullFailed, InterruptedException {
        return pull(reference, credentials, null);
    }

    @Override
    public Image pull(
            String reference, List<RegistryCredential> credentials, @Nullable Route loopback)
            throws PullFailed, InterruptedException {
        ImageReference wanted = ImageReference.parse(reference);
        Optional<Named> known = named(wanted.toString());
        if (known.isPresent() && known.get().origin() == Origin.LOCAL) {
            Optional<Image> here = arrival.image(known.get());
            if (here.isPresent()) {
                return here.get();
            }
        }
        try {
            if (loopback == null || !RegistrySettings.isOnLoopback(wanted.registry())) {
                return arrival.pull(wanted, registries.session(wanted, credentials));
            }
            try (LoopbackWay way = LoopbackWay.to(wanted.registry(), loopback)) {
                return arrival.pull(wanted, registries.session(wanted, credentials, way.base()));
            } catch (IOException failed) {
                throw new PullFailed(
                        PullFailed.Why.UNREACHABLE,
                        "no way to " + wanted.registry() + ": " + failed.getMessage(),
                        failed);
            }
        } catch (PullFailed failed) {
            throw RegistryClient.prefixed(
                    "failed to pull and unpack image \"" + wanted + "\": ", failed);
        }
    }

    @Override
    public List<RegistryCredential> credentials(String reference) {
        Path file = settings.dockerConfig();
        if (file == null) {
            return List.of();
        }
        DockerConfig config = new DockerConfig(file);
        Set<RegistryCredential> all = new LinkedHashSet<>(config.credentials(reference));
        try {
            ImageReference wanted = ImageReference.parse(reference);
            for (RegistrySettings.Endpoint each : settings.endpoints(wanted.registry())) {
                if (each.mirror()) {
                    all.addAll(config.credentials(each.authority() + "/" + wanted.repository()));
                }
            }
        } catch (PullFailed invalid) {
            LOG.debug("no image's name reference={}", reference, invalid);
        }
        return List.copyOf(all);
    }

    @Override
    public Optional<Map<String, PullAccess>> access(String imageId) {
        Digest image = Digest.of(imageId);
        Optional<Map<String, PullAccess>> pulled = pulls.access(image);
        // What was put here by hand is everybody's, though a registry may have had it too.
        return pulled.filter(any -> !isLocal(image));
    }

    private boolean isLocal(Digest image) {
        return records.list().stream()
                .anyMatch(each -> each.config().equals(image) && each.origin() == Origin.LOCAL);
    }

    @Override
    public void allow(String imageId, String name, PullAccess access) {
        pulls.allow(Digest.of(imageId), name, access);
    }

    @Override
    public Storage storage() {
        return storage.now();
    }

    @Override
    public long clean(List<String> imageIds) {
        return storage.clean(imageIds.stream().map(Digest::of).toList());
    }

    /**
     * Takes a name away, and the image with it when that was the last one.
     *
     * @param text a name, or the id of an image, which goes with all its names
     * @return whether it was here
     * @throws IllegalStateException when a container has it
     */
    public boolean remove(String text) {
        Optional<Named> found = named(text);
        if (found.isEmpty()) {
            return false;
        }
        Named name = found.get();
        boolean byId = name.config().toString().endsWith(text);
        boolean last =
                byId
                        || records.list().stream()
                                        .filter(each -> each.config().equals(name.config()))
                                        .count()
                                == 1;
        if (last
                && storage.now().images().stream()
                        .anyMatch(each ->
                                each.used() && each.id().equals(name.config().toString()))) {
            throw new IllegalStateException(text + " is used by a container");
        }
        if (byId) {
            storage.clean(List.of(name.config()));
        } else {
            storage.removeName(name);
        }
        return true;
    }

    /** Takes away what belongs to no image and has been here for an hour. */
    public void cleanOwnerless() {
        storage.cleanOwnerless(Instant.now());
    }

    @Override
    public boolean canMapUsers() {
        return mounts.canMapUsers();
    }

    @Override
    public Path mount(Image image, String id, @Nullable PodUsers users) throws PullFailed {
        return layOut(image, id, users, true);
    }

    @Override
    public Path mountReadOnly(Image image, String id, @Nullable PodUsers users) throws PullFailed {
        return layOut(image, id, users, false);
    }

    private Path layOut(Image image, String id, @Nullable PodUsers users, boolean writable)
            throws PullFailed {
        return storage.guarded(() -> {
            ImageConfig config =
                    Digest.isOne(image.id()) ? arrival.config(Digest.of(image.id())) : null;
            if (config == null) {
                throw absent(image);
            }
            List<Path> folders = new ArrayList<>();
            for (Digest chain : LayerStore.chains(config.diffIds()).reversed()) {
                if (!layers.has(chain)) {
                    throw absent(image);
                }
                folders.add(layers.path(chain));
            }
            return writable
                    ? mounts.mount(image.id(), folders, id, users)
                    : mounts.mountReadOnly(image.id(), folders, id, users);
        });
    }

    private static PullFailed absent(Image image) {
        return new PullFailed(
                PullFailed.Why.NOT_FOUND,
                "image \"" + image.reference() + "\" is not on this machine: not found",
                null);
    }

    @Override
    public DiskUse written(String id) {
        try {
            var size = TreeSize.of(mounts.written(id).toString());
            return new DiskUse(size.bytes(), size.files());
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot look at the layout " + id, failed);
        }
    }

    @Override
    public void unmount(String id) {
        try {
            mounts.unmount(id);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot take away the layout " + id, failed);
        }
    }

    @Override
    public List<String> mounted() {
        try {
            return mounts.mounted();
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot list layouts", failed);
        }
    }

    /** Takes all layouts away, also those that a crash has left; goes on after a failure. */
    public void unmountAll() {
        for (String id : mounted()) {
            try {
                mounts.unmount(id);
            } catch (IOException failed) {
                LOG.warn("cannot take away a layout id={} cause={}", id, failed.getMessage());
            }
        }
        try {
            mounts.forgetTrial();
        } catch (IOException failed) {
            LOG.warn("cannot take away a trial's folder cause={}", failed.getMessage());
        }
    }

    /**
     * Takes images from a file: an OCI layout (a folder, or a tar of one) or an archive of {@code
     * docker save}, compressed or not. A pull will not ask a registry for them.
     *
     * @return the images, one per name
     * @throws PullFailed {@code CORRUPT} when it is neither, or is damaged
     */
    public List<Image> importFile(Path file) throws PullFailed, InterruptedException {
        try {
            return new ImageImport(this, content).importFile(file.toAbsolutePath());
        } catch (PullFailed failed) {
            throw RegistryClient.prefixed("cannot import " + file + ": ", failed);
        }
    }

    /** The way in, for the parts of this package that make images. */
    ImageArrival arrival() {
        return arrival;
    }

    /** The place where content is kept, for the parts of this package that make images. */
    ContentStore content() {
        return content;
    }
}
