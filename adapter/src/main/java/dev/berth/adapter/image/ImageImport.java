package dev.berth.adapter.image;

import dev.berth.adapter.image.ImageRecords.Origin;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.PullFailed.Why;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Takes images from files. All of a file is read and checked before the first name is given, so a
 * bad one leaves nothing behind but content that nobody names.
 */
final class ImageImport {
    private static final int JSON_BYTES_MAX = 8 * 1024 * 1024;
    private static final int LINKS_MAX = 10;

    private final OciImages images;
    private final ContentStore content;

    ImageImport(OciImages images, ContentStore content) {
        this.images = images;
        this.content = content;
    }

    /** Named files, whether in a folder or unpacked from an archive. */
    private interface Members {
        /** The file of that name, or null. */
        @Nullable Path get(String name);
    }

    private record Pending(String reference, Digest root, ImageArrival.Chosen chosen) {}

    List<Image> importFile(Path file) throws PullFailed, InterruptedException {
        if (Files.isDirectory(file)) {
            return importFrom(file, name -> below(file, name));
        }
        Path place = null;
        try {
            place = content.place();
            Files.createDirectory(place);
            Map<String, Path> members = unpack(file, place);
            return importFrom(file, members::get);
        } catch (NoSuchFileException absent) {
            throw new PullFailed(Why.NOT_FOUND, "no such file", absent);
        } catch (IOException failed) {
            throw ContentStore.failure("bad archive", failed);
        } finally {
            if (place != null) {
                try {
                    NativeFiles.deleteTree(place);
                } catch (IOException ignored) {
                    // The next start sweeps it; the import itself is not harmed.
                    place = null;
                }
            }
        }
    }

    private static @Nullable Path below(Path folder, String name) {
        Path path = folder.resolve(name).normalize();
        return path.startsWith(folder) && Files.isRegularFile(path) ? path : null;
    }

    /** Unpacks an archive's files under numbers, and says which name each has. */
    private static Map<String, Path> unpack(Path file, Path place)
            throws IOException, InterruptedException {
        Map<String, Path> members = new HashMap<>();
        Map<String, String> links = new HashMap<>();
        byte[] buffer = new byte[128 * 1024];
        try (InputStream in =
                LayerUnpacker.decompressed(new BufferedInputStream(Files.newInputStream(file)))) {
            TarReader tar = new TarReader(in);
            for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("import stopped");
                }
                String name = clean(NativeFiles.show(entry.name()));
                if (entry.type() == '0' && entry.pieces() == null) {
                    Path member = place.resolve(Integer.toString(members.size()));
                    try (OutputStream out = Files.newOutputStream(member)) {
                        for (int count = tar.read(buffer, 0, buffer.length);
                                count >= 0;
                                count = tar.read(buffer, 0, buffer.length)) {
                            out.write(buffer, 0, count);
                        }
                    }
                    members.put(name, member);
                } else if (entry.type() == '1') {
                    links.put(name, clean(NativeFiles.show(entry.linkName())));
                } else if (entry.type() == '2') {
                    // Older versions of docker save link equal layers to each other.
                    int slash = name.lastIndexOf('/');
                    links.put(
                            name,
                            clean(
                                    name.substring(0, slash + 1)
                                            + NativeFiles.show(entry.linkName())));
                }
            }
        }
        for (Map.Entry<String, String> each : links.entrySet()) {
            String target = each.getValue();
            for (int hops = 0; hops < LINKS_MAX && !members.containsKey(target); hops++) {
                target = links.getOrDefault(target, target);
            }
            Path member = members.get(target);
            if (member != null) {
                members.putIfAbsent(each.getKey(), member);
            }
        }
        return members;
    }

    private static String clean(String name) {
        List<String> parts = new ArrayList<>();
        for (String each : name.split("/", -1)) {
            if (each.equals("..")) {
                if (!parts.isEmpty()) {
                    parts.removeLast();
                }
            } else if (!each.isEmpty() && !each.equals(".")) {
                parts.add(each);
            }
        }
        return String.join("/", parts);
    }

    private List<Image> importFrom(Path file, Members files)
            throws PullFailed, InterruptedException {
        Path index = files.get("index.json");
        Path manifest = files.get("manifest.json");
        if (index == null && manifest == null) {
            throw corrupt(
                    "neither an OCI layout nor an archive of docker save: it has no index.json and"
                            + " no manifest.json");
        }
        Map<Digest, Path> blobs = new HashMap<>();
        List<Pending> pending = new ArrayList<>();
        if (index != null) {
            fromLayout(file, read(index, "index.json"), files, blobs, pending);
        }
        if (pending.isEmpty() && manifest != null) {
            fromDocker(read(manifest, "manifest.json"), files, blobs, pending);
        }
        if (pending.isEmpty()) {
            throw corrupt("it holds no image with a name");
        }
        // Bring everything first, name afterwards: a damaged last image leaves no first one.
        for (Pending each : pending) {
            images.arrival().bring(each.chosen(), source(files, blobs));
        }
        List<Image> imported = new ArrayList<>();
        for (Pending each : pending) {
            imported.add(
                    images.arrival()
                            .take(
                                    each.reference(),
                                    each.root(),
                                    each.chosen(),
                                    Origin.LOCAL,
                                    source(files, blobs)));
        }
        return imported;
    }

    private void fromLayout(
            Path file, byte[] index, Members files, Map<Digest, Path> blobs, List<Pending> pending)
            throws PullFailed, InterruptedException {
        if (!(ImageManifest.parse(index, ImageManifest.OCI_INDEX)
                instanceof ImageManifest.Several several)) {
            throw corrupt("index.json is not an index");
        }
        List<String> refused = new ArrayList<>();
        PullFailed failure = null;
        for (Descriptor each : several.images()) {
            String name = each.referenceName();
            String reference = name == null ? null : reference(file, name);
            if (reference == null) {
                refused.add(String.valueOf(each.digest()));
                continue;
            }
            byte[] document = blob(each.digest(), files, blobs);
            try {
                ImageArrival.Chosen chosen =
                        images.arrival()
                                .choose(
                                        each.digest(),
                                        document,
                                        (digest, mediaType) -> {
                                            byte[] inner = blob(digest, files, blobs);
                                            content.put(inner, digest);
                                            return inner;
                                        });
                content.put(document, each.digest());
                pending.add(new Pending(reference, each.digest(), chosen));
            } catch (PullFailed failed) {
                // A layout may hold the same name once per platform.
                if (failed.why() != Why.NO_MATCHING_PLATFORM) {
                    throw failed;
                }
                failure = failed;
            }
        }
        if (pending.isEmpty() && failure != null) {
            throw failure;
        }
        if (pending.isEmpty() && !refused.isEmpty() && files.get("manifest.json") == null) {
            throw corrupt("its images have no names: " + String.join(", ", refused));
        }
    }

    /** The full name of what a layout calls by a full name or by a tag only, or null. */
    private static @Nullable String reference(Path file, String name) {
        try {
            if (name.contains("/") || name.contains(":")) {
                return ImageReference.parse(name).toString();
            }
            String base = String.valueOf(file.getFileName()).replaceAll("\\.(tar|tgz|oci).*$", "");
            return ImageReference.parse(base + ":" + name).toString();
        } catch (PullFailed invalid) {
            return null;
        }
    }

    private void fromDocker(
            byte[] document, Members files, Map<Digest, Path> blobs, List<Pending> pending)
            throws PullFailed {
        JsonNode root = Json.read(document);
        if (root == null || !root.isArray()) {
            throw corrupt("manifest.json is not a list");
        }
        for (JsonNode each : root) {
            byte[] config = read(member(files, Json.text(each, "Config")), "config");
            Digest configDigest = Digest.sha256Of(config);
            blobs.put(configDigest, member(files, Json.text(each, "Config")));
            List<Map<String, Object>> layers = new ArrayList<>();
            for (String name : Json.texts(each, "Layers")) {
                Path layer = member(files, name);
                Digest digest = digestOf(layer);
                blobs.put(digest, layer);
                layers.add(descriptor(ImageManifest.OCI_LAYER, digest, sizeOf(layer)));
            }
            Map<String, Object> manifest = new LinkedHashMap<>();
            manifest.put("schemaVersion", 2);
            manifest.put("mediaType", ImageManifest.OCI_MANIFEST);
            manifest.put(
                    "config", descriptor(ImageManifest.OCI_CONFIG, configDigest, config.length));
            manifest.put("layers", layers);
            byte[] bytes = Json.write(manifest);
            Digest digest = Digest.sha256Of(bytes);
            content.put(bytes, digest);
            if (!(ImageManifest.parse(bytes, "") instanceof ImageManifest.Single single)) {
                throw new AssertionError("our own manifest is none");
            }
            for (String tag : Json.texts(each, "RepoTags")) {
                pending.add(
                        new Pending(
                                ImageReference.parse(tag).toString(),
                                digest,
                                new ImageArrival.Chosen(digest, single)));
            }
        }
    }

    /** What a manifest says of a piece of content, as a document. */
    static Map<String, Object> descriptor(String mediaType, Digest digest, long sizeBytes) {
        Map<String, Object> descriptor = new LinkedHashMap<>();
        descriptor.put("mediaType", mediaType);
        descriptor.put("digest", digest.toString());
        descriptor.put("size", sizeBytes);
        return descriptor;
    }

    private static Path member(Members files, String name) throws PullFailed {
        Path member = name.isEmpty() ? null : files.get(clean(name));
        if (member == null) {
            throw corrupt("it has no file \"" + name + "\"");
        }
        return member;
    }

    private static byte[] blob(Digest digest, Members files, Map<Digest, Path> blobs)
            throws PullFailed {
        byte[] document = read(blobFile(digest, files, blobs), digest.toString());
        Digest came = Digest.finish(digest.algorithm(), digest.hasher().digest(document));
        if (!came.equals(digest)) {
            throw corrupt("content " + digest + " is damaged: it is " + came);
        }
        return document;
    }

    private static Path blobFile(Digest digest, Members files, Map<Digest, Path> blobs)
            throws PullFailed {
        Path known = blobs.get(digest);
        if (known == null) {
            known = files.get("blobs/" + digest.algorithm() + "/" + digest.hex());
        }
        if (known == null) {
            throw corrupt("it lacks content " + digest);
        }
        return known;
    }

    private static ImageArrival.Sources source(Members files, Map<Digest, Path> blobs) {
        return descriptor ->
                offset -> {
                    Path file = blobFile(descriptor.digest(), files, blobs);
                    try {
                        return new RegistryClient.Body(Files.newInputStream(file), 0);
                    } catch (IOException failed) {
                        throw ContentStore.failure("failed to open " + file, failed);
                    }
                };
    }

    private static byte[] read(Path file, String what) throws PullFailed {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] document = in.readNBytes(JSON_BYTES_MAX + 1);
            if (document.length > JSON_BYTES_MAX) {
                throw corrupt(what + " has more than " + JSON_BYTES_MAX + " bytes");
            }
            return document;
        } catch (IOException failed) {
            throw ContentStore.failure("failed to read " + what, failed);
        }
    }

    private static Digest digestOf(Path file) throws PullFailed {
        MessageDigest hasher = Digest.hasher("sha256");
        byte[] buffer = new byte[128 * 1024];
        try (InputStream in = Files.newInputStream(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                hasher.update(buffer, 0, count);
            }
        } catch (IOException failed) {
            throw ContentStore.failure("failed to read a layer", failed);
        }
        return Digest.finish("sha256", hasher.digest());
    }

    private static long sizeOf(Path file) throws PullFailed {
        try {
            return Files.size(file);
        } catch (IOException failed) {
            throw ContentStore.failure("failed to read a layer", failed);
        }
    }

    private static PullFailed corrupt(String message) {
        return new PullFailed(Why.CORRUPT, message, null);
    }
}
