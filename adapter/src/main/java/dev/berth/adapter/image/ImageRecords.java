package dev.berth.adapter.image;

import dev.berth.port.Images.PullFailed;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Which names mean which images here: one small file per name, replaced in one step, read anew each
 * time, so that an import by another program shows at once. Used by any thread.
 */
final class ImageRecords {
    private final Path folder;
    private final ContentStore content;

    ImageRecords(Path folder, ContentStore content) {
        this.folder = folder;
        this.content = content;
    }

    /** Where an image came from, which decides whether a pull asks a registry. */
    enum Origin {
        /** A registry, which may know a newer one under the same name. */
        REGISTRY,
        /** A file or Debian packages: no registry is asked for it. */
        LOCAL
    }

    /**
     * One name.
     *
     * @param reference the full name with a tag or a digest
     * @param root the digest of what the name stands for: a manifest or a list of them
     * @param manifest the digest of this machine's manifest
     * @param config the digest of its config, which is the image's id
     * @param sizeBytes of its layers as they came
     * @param origin where it came from
     * @param since when it was put here, in seconds since 1970
     */
    record Named(
            String reference,
            Digest root,
            Digest manifest,
            Digest config,
            long sizeBytes,
            Origin origin,
            long since) {
        /** Registry and repository. */
        String name() {
            int at = reference.indexOf('@');
            return at >= 0
                    ? reference.substring(0, at)
                    : reference.substring(0, reference.lastIndexOf(':'));
        }
    }

    void put(Named named) throws PullFailed {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("reference", named.reference());
        document.put("root", named.root().toString());
        document.put("manifest", named.manifest().toString());
        document.put("config", named.config().toString());
        document.put("sizeBytes", named.sizeBytes());
        document.put("origin", named.origin().name());
        document.put("since", named.since());
        try {
            Files.createDirectories(folder);
            Path place = content.place();
            try {
                Files.write(place, Json.write(document));
                Files.move(
                        place,
                        file(named.reference()),
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(place);
            }
        } catch (IOException failed) {
            throw ContentStore.failure("failed to record image " + named.reference(), failed);
        }
    }

    /** Takes a name away; nothing when it is not here. */
    void remove(String reference) throws IOException {
        Files.deleteIfExists(file(reference));
    }

    /** The record of exactly that full name. */
    Optional<Named> get(String reference) {
        return read(file(reference));
    }

    /** All records, by name. */
    List<Named> list() {
        List<Named> all = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.json")) {
                for (Path each : files) {
                    read(each).ifPresent(all::add);
                }
            } catch (IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        }
        all.sort(Comparator.comparing(Named::reference));
        return all;
    }

    private static Optional<Named> read(Path file) {
        byte[] document;
        try {
            document = Files.readAllBytes(file);
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
        JsonNode node = Json.read(document);
        // A file that a power cut has damaged is no record: the image is simply brought again.
        if (node == null
                || !Digest.isOne(Json.text(node, "root"))
                || !Digest.isOne(Json.text(node, "manifest"))
                || !Digest.isOne(Json.text(node, "config"))) {
            return Optional.empty();
        }
        return Optional.of(
                new Named(
                        Json.text(node, "reference"),
                        Digest.of(Json.text(node, "root")),
                        Digest.of(Json.text(node, "manifest")),
                        Digest.of(Json.text(node, "config")),
                        Json.number(node, "sizeBytes"),
                        Json.text(node, "origin").equals(Origin.LOCAL.name())
                                ? Origin.LOCAL
                                : Origin.REGISTRY,
                        Json.number(node, "since")));
    }

    private Path file(String reference) {
        return folder.resolve(Digest.sha256Of(NativeFiles.bytes(reference)).hex() + ".json");
    }
}
