package dev.berth.adapter.image;

import dev.berth.adapter.image.ImageRecords.Named;
import dev.berth.adapter.image.ImageRecords.Origin;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
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
 * Brings an image to this machine, wherever it comes from: chooses this platform's, fetches its
 * config and its layers side by side, unpacks them in their order, and names it once it is whole.
 * Used by any thread.
 */
final class ImageArrival {
    private static final Logger LOG = LoggerFactory.getLogger(ImageArrival.class);

    /** How deep a list of images may hold further lists. */
    private static final int INDEX_DEPTH_MAX = 3;

    private final Platform platform;
    private final ContentStore content;
    private final LayerStore layers;
    private final ImageRecords records;
    private final PullRecords pulls;
    private final ImageStorage storage;
    private final ConcurrentHashMap<Digest, ImageConfig> configs = new ConcurrentHashMap<>();

    ImageArrival(
            Platform platform,
            ContentStore content,
            LayerStore layers,
            ImageRecords records,
            PullRecords pulls,
            ImageStorage storage) {
        this.platform = platform;
        this.content = content;
        this.layers = layers;
        this.records = records;
        this.pulls = pulls;
        this.storage = storage;
    }

    /** The image of a record, or empty when parts of it are missing here. */
    Optional<Image> image(Named named) {
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

    @Nullable ImageConfig config(Digest digest) {
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

    /** Brings what a registry has under a name; asks it what the name means now. */
    Image pull(ImageReference wanted, RegistryClient.Session session)
            throws PullFailed, InterruptedException {
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
}
