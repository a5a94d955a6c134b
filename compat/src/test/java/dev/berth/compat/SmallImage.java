package dev.berth.compat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** An image of one layer, an uncompressed tar with one file in it. */
final class SmallImage {
    static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final int TAR_BLOCK = 512;

    private final byte[] config;
    private final byte[] layer;
    private final byte[] manifest;

    private SmallImage(byte[] config, byte[] layer, byte[] manifest) {
        this.config = config;
        this.layer = layer;
        this.manifest = manifest;
    }

    /** An empty image for an architecture. */
    static SmallImage of(String architecture) {
        return of(architecture, 0);
    }

    /** An image for an architecture with a file of that many zero bytes. */
    static SmallImage of(String architecture, int fileBytes) {
        var layer = tar("file", fileBytes);
        var config =
                """
                {"architecture":"%s","os":"linux","config":{"Cmd":["/none"]},"rootfs":{"type":"layers","diff_ids":["%s"]}}
                """
                        .formatted(architecture, digest(layer))
                        .getBytes(StandardCharsets.UTF_8);
        var manifest =
                """
                {"schemaVersion":2,"mediaType":"%s",
                 "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},
                 "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"%s","size":%d}]}
                """
                        .formatted(
                                MANIFEST,
                                digest(config),
                                config.length,
                                digest(layer),
                                layer.length)
                        .getBytes(StandardCharsets.UTF_8);
        return new SmallImage(config, layer, manifest);
    }

    private static byte[] tar(String name, int size) {
        var blocks = (size + TAR_BLOCK - 1) / TAR_BLOCK;
        var tar = new byte[TAR_BLOCK * (blocks + 3)];
        put(tar, 0, name);
        put(tar, 100, "0000644\0");
        put(tar, 108, "0000000\0");
        put(tar, 116, "0000000\0");
        put(tar, 124, "%011o\0".formatted(size));
        put(tar, 136, "00000000000\0");
        put(tar, 156, "0");
        put(tar, 257, "ustar\00000");
        put(tar, 148, "        ");
        var sum = 0;
        for (var i = 0; i < TAR_BLOCK; i++) {
            sum += tar[i] & 0xff;
        }
        put(tar, 148, "%06o\0 ".formatted(sum));
        return tar;
    }

    private static void put(byte[] into, int at, String text) {
        var bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, into, at, bytes.length);
    }

    /** What names both of its blobs. */
    byte[] manifest() {
        return manifest.clone();
    }

    /** Its configuration and its layer. */
    List<byte[]> blobs() {
        return List.of(config.clone(), layer.clone());
    }

    static String digest(byte[] content) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Writes it as an OCI layout. */
    void writeLayout(Path folder, String reference) throws IOException {
        var blobs = Files.createDirectories(folder.resolve("blobs/sha256"));
        for (var blob : new byte[][] {config, layer, manifest}) {
            Files.write(blobs.resolve(digest(blob).substring("sha256:".length())), blob);
        }
        Files.writeString(folder.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
        Files.writeString(
                folder.resolve("index.json"),
                """
                {"schemaVersion":2,"manifests":[{"mediaType":"%s","digest":"%s","size":%d,
                 "annotations":{"org.opencontainers.image.ref.name":"%s"}}]}
                """
                        .formatted(MANIFEST, digest(manifest), manifest.length, reference));
    }
}
