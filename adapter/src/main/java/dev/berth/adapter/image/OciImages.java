package dev.berth.adapter.image;

import dev.berth.adapter.image.ImageRecords.Named;
import dev.berth.adapter.image.ImageRecords.Origin;
import dev.berth.adapter.libc.TreeSize;
import dev.berth.core.pod.PullAccess;
import dev.berth.port.DiskUse;
import dev.berth.port.Images;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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

    /** How deep a list of images may hold further lists. */
    private static final int INDEX_DEPTH_MAX = 3;

    private final Platform platform;
    private final ContentStore content;
    private final LayerStore layers;
    private final ImageRecords records;
    private final OverlayMounts mounts;
    private final RegistryClient registries;
    private final RegistrySettings settings;
    private final PullRecords pulls;
    private final ImageStorage storage;
    private final ConcurrentHashMap<Digest, ImageConfig> configs = new ConcurrentHashMap<>();

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
        this.platform = settings.platform();
        this.content = new ContentStore(folder);
        this.layers = new LayerStore(folder.resolve("layers"), content);
        this.records = new ImageRecords(folder.resolve("names"), content);
        this.mounts = new OverlayMounts(mountFolder.toAbsolutePath());
        this.settings = settings;
        this.pulls = new PullRecords(folder.resolve("pulls"), content);
        this.storage = new ImageStorage(folder, records, content, layers, mounts, pulls);
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
        return named(reference).flatMap(this::image);
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
            image(each).ifPresent(images::add);
        }
        return images;
    }

    /** The image of a record, or empty when parts of it are missing here. */
    private Optional<Image> image(Named named) {
        ImageConfig config = config(named.config());
        if (config == null) {
            return Optional.empty();
        }
        for (Digest chain : LayerStore.chains(config.diffIds())) {
            if (!layers.has(chain)) {
                return Optional.empty();
            }
        }
        return Optional.of(
                new Image(
                        named.config().toString(),
                        named.reference(),
                        named.name() + "@" + named.root(),
                        named.sizeBytes(),
                        config.process()));
    }

    private @Nullable ImageConfig config(Digest digest) {
        ImageConfig known = configs.get(digest);
        if (known != null) {
            return known;
        }
        try {
            byte[] document = content.read(digest, ImageConfig.BYTES_MAX);
            if (document == null) {
                return null;
            }
            ImageConfig config = ImageConfig.parse(document);
            configs.put(digest, config);
            return config;
        } catch (IOException | PullFailed bad) {
            LOG.warn("cannot read an image's config digest={} cause={}", digest, bad.getMessage());
            return null;
        }
    }

    @Override
    public Image pull(String reference, List<RegistryCredential> credentials)
            throws PullFailed, InterruptedException {
        ImageReference wanted = ImageReference.parse(reference);
        Optional<Named> known = named(wanted.toString());
        if (known.isPresent() && known.get().origin() == Origin.LOCAL) {
            Optional<Image> here = image(known.get());
            if (here.isPresent()) {
                return here.get();
            }
        }
        try {
            return doPull(wanted, credentials);
        } catch (PullFailed failed) {
            throw RegistryClient.prefixed(
                    "failed to pull and unpack image \"" + wanted + "\": ", failed);
        }
    }

    private Image doPull(ImageReference wanted, List<RegistryCredential> credentials)
            throws PullFailed, InterruptedException {
        RegistryClient.Session session = registries.session(wanted, credentials);
        RegistryClient.Resolved resolved = session.resolve();
        String asked = wanted.digest();
        Digest expected = asked != null ? Digest.of(asked) : resolved.digest();
        byte[] here = expected == null ? null : stored(expected);
        Digest root;
        byte[] document;
        if (expected != null && here != null) {
            root = expected;
            document = here;
        } else {
            RegistryClient.Document came =
                    session.manifest(expected == null ? wanted.selector() : expected.toString());
            document = came.content();
            String algorithm = expected == null ? "sha256" : expected.algorithm();
            root = Digest.finish(algorithm, Digest.hasher(algorithm).digest(document));
            if (expected != null && !root.equals(expected)) {
                throw wrongDigest("manifest", root, expected);
            }
            ImageManifest.parse(document, came.mediaType());
            keep(document, root);
        }
        Chosen chosen =
                choose(
                        root,
                        document,
                        (digest, mediaType) -> {
                            byte[] known = stored(digest);
                            if (known != null) {
                                return known;
                            }
                            byte[] came = session.manifest(digest.toString()).content();
                            Digest is =
                                    Digest.finish(digest.algorithm(), digest.hasher().digest(came));
                            if (!is.equals(digest)) {
                                throw wrongDigest("manifest", is, digest);
                            }
                            keep(came, digest);
                            return came;
                        });
        return take(
                wanted.toString(),
                root,
                chosen,
                Origin.REGISTRY,
                descriptor -> offset -> session.blob(descriptor.digest(), offset));
    }

    private static PullFailed wrongDigest(String kind, Digest came, Digest expected) {
        return new PullFailed(
                PullFailed.Why.CORRUPT,
                "failed commit on ref \""
                        + kind
                        + "-"
                        + expected
                        + "\": unexpected commit digest "
                        + came
                        + ", expected "
                        + expected
                        + ": failed precondition",
                null);
    }

    private byte @Nullable [] stored(Digest digest) throws PullFailed {
        try {
            return content.read(digest, ImageManifest.BYTES_MAX);
        } catch (IOException failed) {
            throw ContentStore.failure("failed to read content " + digest, failed);
        }
    }

    private void keep(byte[] document, Digest digest) throws PullFailed {
        content.put(document, digest);
    }

    /** Fetches manifests by their digests, checked. */
    interface Manifests {
        byte[] get(Digest digest, String mediaType) throws PullFailed, InterruptedException;
    }

    /** Says where a piece of content comes from. */
    interface Sources {
        ContentStore.Source of(Descriptor descriptor);
    }

    /**
     * This machine's image of what a name stands for.
     *
     * @param digest of its manifest
     * @param manifest the manifest
     */
    record Chosen(Digest digest, ImageManifest.Single manifest) {}

    /** Goes from a manifest or a list of them to the one image for this machine. */
    Chosen choose(Digest root, byte[] document, Manifests manifests)
            throws PullFailed, InterruptedException {
        Digest digest = root;
        byte[] at = document;
        for (int depth = 0; depth < INDEX_DEPTH_MAX; depth++) {
            switch (ImageManifest.parse(at, "")) {
                case ImageManifest.Single single -> {
                    return new Chosen(digest, single);
                }
                case ImageManifest.Several several -> {
                    Descriptor best = several.choose(platform);
                    if (best == null) {
                        throw noMatch();
                    }
                    digest = best.digest();
                    at = manifests.get(digest, best.mediaType());
                }
            }
        }
        throw new PullFailed(
                PullFailed.Why.CORRUPT, "invalid manifest: lists of images nest too deep", null);
    }

    private static PullFailed noMatch() {
        return new PullFailed(
                PullFailed.Why.NO_MATCHING_PLATFORM,
                "no match for platform in manifest: not found",
                null);
    }

    /** Brings an image's config and layers here, without a name. */
    void bring(Chosen chosen, Sources sources) throws PullFailed, InterruptedException {
        bringLayers(chosen, bringConfig(chosen, sources), sources);
    }

    private ImageConfig bringConfig(Chosen chosen, Sources sources)
            throws PullFailed, InterruptedException {
        ImageManifest.Single manifest = chosen.manifest();
        Descriptor configDescriptor = manifest.config();
        if (configDescriptor.sizeBytes() > ImageConfig.BYTES_MAX) {
            throw new PullFailed(
                    PullFailed.Why.CORRUPT,
                    "invalid image config: more than " + ImageConfig.BYTES_MAX + " bytes",
                    null);
        }
        ImageConfig config = config(configDescriptor.digest());
        if (config == null) {
            content.fetch(configDescriptor, "config", sources.of(configDescriptor));
            byte[] document = stored(configDescriptor.digest());
            if (document == null) {
                throw new PullFailed(
                        PullFailed.Why.CORRUPT,
                        "image config " + configDescriptor.digest() + " is damaged on disk",
                        null);
            }
            config = ImageConfig.parse(document);
        }
        Platform theirs = config.platform();
        Platform kind =
                new Platform(
                        theirs.os().isEmpty() ? platform.os() : theirs.os(),
                        theirs.architecture(),
                        "");
        if (!kind.architecture().isEmpty() && platform.rank(kind) < 0) {
            throw noMatch();
        }
        return config;
    }

    private void bringLayers(Chosen chosen, ImageConfig config, Sources sources)
            throws PullFailed, InterruptedException {
        ImageManifest.Single manifest = chosen.manifest();
        if (config.diffIds().size() != manifest.layers().size()) {
            throw new PullFailed(
                    PullFailed.Why.CORRUPT,
                    "mismatched image rootfs and manifest layers: "
                            + config.diffIds().size()
                            + " and "
                            + manifest.layers().size(),
                    null);
        }
        layOut(manifest, config, sources);
    }

    /** Brings an image's config and layers here and gives it a name. */
    Image take(String reference, Digest root, Chosen chosen, Origin origin, Sources sources)
            throws PullFailed, InterruptedException {
        Set<Digest> parts = new LinkedHashSet<>(List.of(root, chosen.digest()));
        parts.add(chosen.manifest().config().digest());
        chosen.manifest().layers().forEach(each -> parts.add(each.digest()));
        try (var _ = storage.want(parts)) {
            ImageConfig config = bringConfig(chosen, sources);
            try (var _ = storage.want(LayerStore.chains(config.diffIds()))) {
                bringLayers(chosen, config, sources);
                return name(reference, root, chosen, origin);
            }
        }
    }

    private Image name(String reference, Digest root, Chosen chosen, Origin origin)
            throws PullFailed {
        if (origin == Origin.REGISTRY) {
            pulls.begin(chosen.manifest().config().digest());
        }
        Named named =
                new Named(
                        reference,
                        root,
                        chosen.digest(),
                        chosen.manifest().config().digest(),
                        chosen.manifest().layerBytes(),
                        origin,
                        Instant.now().getEpochSecond());
        if (!records.get(reference).map(each -> same(each, named)).orElse(false)) {
            records.put(named);
        }
        return image(named)
                .orElseThrow(() ->
                        new PullFailed(
                                PullFailed.Why.CORRUPT,
                                "layers of " + reference + " vanished from disk",
                                null));
    }

    private static boolean same(Named one, Named other) {
        return one.root().equals(other.root())
                && one.manifest().equals(other.manifest())
                && one.config().equals(other.config())
                && one.origin() == other.origin();
    }

    /** Downloads layers side by side and unpacks them in their order as they come. */
    private void layOut(ImageManifest.Single manifest, ImageConfig config, Sources sources)
            throws PullFailed, InterruptedException {
        List<Digest> chains = LayerStore.chains(config.diffIds());
        List<Descriptor> descriptors = manifest.layers();
        boolean complete = true;
        for (Digest each : chains) {
            complete &= layers.has(each);
        }
        if (complete) {
            return;
        }
        ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
        try {
            List<@Nullable Future<Path>> coming = new ArrayList<>();
            for (int at = 0; at < chains.size(); at++) {
                Descriptor layer = descriptors.get(at);
                coming.add(
                        layers.has(chains.get(at))
                                ? null
                                : workers.submit(
                                        () -> content.fetch(layer, "layer", sources.of(layer))));
            }
            for (int at = 0; at < chains.size(); at++) {
                Future<Path> download = coming.get(at);
                if (download != null) {
                    download.get();
                }
                unpack(descriptors.get(at), config.diffIds().get(at), chains, at);
            }
        } catch (ExecutionException failed) {
            throw SharedWork.passOn(failed.getCause());
        } finally {
            workers.shutdownNow();
            workers.close();
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
    public Path mount(Image image, String id) throws PullFailed {
        return storage.guarded(() -> {
            ImageConfig config = Digest.isOne(image.id()) ? config(Digest.of(image.id())) : null;
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
            return mounts.mount(image.id(), folders, id);
        });
    }

    private void unpack(Descriptor layer, Digest diffId, List<Digest> chains, int at)
            throws PullFailed, InterruptedException {
        try {
            layers.unpack(layer, diffId, chains, at);
        } catch (PullFailed failed) {
            // What cannot be unpacked, or has no room beside it, is of no use to anyone.
            content.remove(layer.digest());
            throw failed;
        }
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

    /** The place where content is kept, for the parts of this package that make images. */
    ContentStore content() {
        return content;
    }
}
