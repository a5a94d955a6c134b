package dev.berth.adapter.image;

import dev.berth.port.Images.PullFailed;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a registry or a layout says an image is made of: either one image, or a list of images for
 * several platforms. OCI's and Docker's documents differ in the media types only.
 */
sealed interface ImageManifest {
    String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
    String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
    String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

    /** The media types to ask a registry for. */
    String ACCEPT =
            String.join(", ", DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX) + ", */*";

    /** The most bytes that a manifest may have; what registries accept. */
    int BYTES_MAX = 4 * 1024 * 1024;

    /** The most layers; overlayfs allows 500. */
    int LAYERS_MAX = 400;

    /** The most images in one list. */
    int ENTRIES_MAX = 2000;

    /** One image. */
    record Single(Descriptor config, List<Descriptor> layers) implements ImageManifest {
        public Single {
            layers = List.copyOf(layers);
        }

        long layerBytes() {
            return layers.stream().mapToLong(Descriptor::sizeBytes).sum();
        }
    }

    /** One image per platform. */
    record Several(List<Descriptor> images) implements ImageManifest {
        public Several {
            images = List.copyOf(images);
        }

        /**
         * The image that fits a machine best, or null. An entry that names no platform fits any;
         * what it really is then shows in its config.
         */
        @Nullable Descriptor choose(Platform platform) {
            Descriptor best = null;
            int bestRank = Integer.MAX_VALUE;
            for (Descriptor each : images) {
                Platform theirs = each.platform();
                int rank = theirs == null ? 100 : platform.rank(theirs);
                if (rank >= 0 && rank < bestRank && isImage(each.mediaType())) {
                    best = each;
                    bestRank = rank;
                }
            }
            return best;
        }

        private static boolean isImage(String mediaType) {
            return mediaType.isEmpty()
                    || mediaType.equals(OCI_MANIFEST)
                    || mediaType.equals(DOCKER_MANIFEST)
                    || mediaType.equals(OCI_INDEX)
                    || mediaType.equals(DOCKER_LIST);
        }
    }

    /**
     * Reads a manifest.
     *
     * @param mediaType as the registry or the descriptor said, possibly empty; the document's own
     *     word goes first
     * @throws PullFailed {@code CORRUPT} when it is not one
     */
    static ImageManifest parse(byte[] document, String mediaType) throws PullFailed {
        JsonNode root = Json.read(document);
        if (root == null || !root.isObject()) {
            throw corrupt("invalid manifest: not a JSON object");
        }
        if (Json.number(root, "schemaVersion") == 1) {
            String old =
                    mediaType.isEmpty()
                            ? "application/vnd.docker.distribution.manifest.v1+prettyjws"
                            : mediaType;
            throw corrupt(
                    "media type \""
                            + old
                            + "\" is no longer supported since containerd v2.0, please rebuild the"
                            + " image as \""
                            + DOCKER_MANIFEST
                            + "\" or \""
                            + OCI_MANIFEST
                            + "\"");
        }
        String own = Json.text(root, "mediaType");
        boolean several =
                own.equals(OCI_INDEX)
                        || own.equals(DOCKER_LIST)
                        || (own.isEmpty() && root.get("manifests") != null);
        if (several) {
            if (root.get("layers") != null || root.get("config") != null) {
                throw corrupt("invalid manifest: expected index but found manifest");
            }
            List<Descriptor> images = new ArrayList<>();
            for (JsonNode each : Json.list(root, "manifests")) {
                images.add(descriptor(each));
            }
            if (images.size() > ENTRIES_MAX) {
                throw corrupt("invalid manifest: too many entries in an index");
            }
            return new Several(images);
        }
        if (root.get("manifests") != null) {
            throw corrupt("invalid manifest: expected manifest but found index");
        }
        JsonNode config = root.get("config");
        if (config == null || !config.isObject()) {
            throw corrupt("invalid manifest: no config");
        }
        List<Descriptor> layers = new ArrayList<>();
        for (JsonNode each : Json.list(root, "layers")) {
            layers.add(descriptor(each));
        }
        if (layers.size() > LAYERS_MAX) {
            throw corrupt("invalid manifest: more than " + LAYERS_MAX + " layers");
        }
        return new Single(descriptor(config), layers);
    }

    private static Descriptor descriptor(JsonNode node) throws PullFailed {
        String digest = Json.text(node, "digest");
        if (!Digest.isOne(digest)) {
            throw corrupt("invalid manifest: invalid checksum digest format \"" + digest + "\"");
        }
        long size = Json.number(node, "size");
        if (size < 0) {
            throw corrupt("invalid manifest: no size of " + digest);
        }
        JsonNode platform = node.get("platform");
        JsonNode annotations = node.get("annotations");
        String name = "";
        if (annotations != null && annotations.isObject()) {
            name = Json.text(annotations, "io.containerd.image.name");
            if (name.isEmpty()) {
                name = Json.text(annotations, "org.opencontainers.image.ref.name");
            }
        }
        return new Descriptor(
                Json.text(node, "mediaType"),
                Digest.of(digest),
                size,
                platform != null && platform.isObject()
                        ? new Platform(
                                Json.text(platform, "os"),
                                Json.text(platform, "architecture"),
                                Json.text(platform, "variant"))
                        : null,
                name.isEmpty() ? null : name);
    }

    private static PullFailed corrupt(String message) {
        return new PullFailed(PullFailed.Why.CORRUPT, message, null);
    }
}
