package dev.berth.adapter.image;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** An image to serve: layers of plain files, config and manifest. */
final class TestImage {
    private final List<byte[]> layers = new ArrayList<>();
    private final List<String> diffIds = new ArrayList<>();
    private final List<String> mediaTypes = new ArrayList<>();
    private String architecture = Platform.here().architecture();
    private boolean docker;
    private Map<String, Object> process = Map.of("Cmd", List.of("sh"));

    static TestImage anImage() {
        return new TestImage();
    }

    TestImage layer(Tar tar) {
        return layer(tar.bytes(), "gzip");
    }

    TestImage layer(byte[] archive, String compression) {
        diffIds.add(Digest.sha256Of(archive).toString());
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            OutputStream compressor =
                    switch (compression) {
                        case "gzip" -> new GZIPOutputStream(out);
                        case "zstd" -> new ZstdOutputStream(out);
                        default -> out;
                    };
            try (compressor) {
                compressor.write(archive);
            }
            layers.add(out.toByteArray());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        mediaTypes.add(
                compression.equals("none")
                        ? ImageManifest.OCI_LAYER
                        : ImageManifest.OCI_LAYER + "+" + compression);
        return this;
    }

    TestImage claimingDiffId(int layer, Digest diffId) {
        diffIds.set(layer, diffId.toString());
        return this;
    }

    TestImage forArchitecture(String wanted) {
        architecture = wanted;
        return this;
    }

    TestImage asDocker() {
        docker = true;
        return this;
    }

    TestImage process(Map<String, Object> wanted) {
        process = wanted;
        return this;
    }

    byte[] config() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architecture", architecture);
        config.put("os", "linux");
        config.put("config", process);
        config.put("rootfs", Map.of("diff_ids", diffIds));
        return Json.write(config);
    }

    List<byte[]> layers() {
        return layers;
    }

    Digest layerDigest(int layer) {
        return Digest.sha256Of(layers.get(layer));
    }

    String mediaType() {
        return docker ? ImageManifest.DOCKER_MANIFEST : ImageManifest.OCI_MANIFEST;
    }

    byte[] manifest() {
        List<Object> descriptors = new ArrayList<>();
        for (int at = 0; at < layers.size(); at++) {
            descriptors.add(
                    ImageImport.descriptor(
                            docker
                                    ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
                                    : mediaTypes.get(at),
                            layerDigest(at),
                            layers.get(at).length));
        }
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("schemaVersion", 2);
        manifest.put("mediaType", mediaType());
        manifest.put(
                "config",
                ImageImport.descriptor(
                        docker
                                ? "application/vnd.docker.container.image.v1+json"
                                : ImageManifest.OCI_CONFIG,
                        Digest.sha256Of(config()),
                        config().length));
        manifest.put("layers", descriptors);
        return Json.write(manifest);
    }

    /** Puts it into a registry and returns the manifest's digest. */
    Digest pushTo(TestRegistry registry, String repository, String tag) {
        layers.forEach(registry::blob);
        registry.blob(config());
        return registry.manifest(repository, tag, manifest(), mediaType());
    }

    /** A list of images, each for a platform such as {@code linux/arm64/v8}. */
    static byte[] index(Map<String, TestImage> images) {
        List<Object> entries = new ArrayList<>();
        images.forEach((platform, image) -> {
            String[] parts = platform.split("/", -1);
            Map<String, Object> entry =
                    ImageImport.descriptor(
                            image.mediaType(),
                            Digest.sha256Of(image.manifest()),
                            image.manifest().length);
            Map<String, String> named = new LinkedHashMap<>();
            named.put("os", parts[0]);
            named.put("architecture", parts[1]);
            if (parts.length > 2) {
                named.put("variant", parts[2]);
            }
            entry.put("platform", named);
            entries.add(entry);
        });
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("schemaVersion", 2);
        index.put("mediaType", ImageManifest.OCI_INDEX);
        index.put("manifests", entries);
        return Json.write(index);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
