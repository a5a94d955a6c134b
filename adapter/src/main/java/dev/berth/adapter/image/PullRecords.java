package dev.berth.adapter.image;

import dev.berth.core.pod.PullAccess;
import dev.berth.core.pod.PullAccess.SecretUse;
import dev.berth.port.Images.PullFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.databind.JsonNode;

/**
 * Who may use which pulled image: one small file per image. An image without one was not pulled.
 * Secrets are told by their coordinates and a hash, never by what is in them. Used by any thread.
 */
final class PullRecords {
    private final Path folder;
    private final ContentStore content;
    private final ReentrantLock lock = new ReentrantLock();

    PullRecords(Path folder, ContentStore content) {
        this.folder = folder;
        this.content = content;
    }

    /** Notes that an image is pulled, before it is here: nobody may use it until that is said. */
    void begin(Digest image) throws PullFailed {
        lock.lock();
        try {
            if (read(image).isEmpty()) {
                write(image, Map.of());
            }
        } catch (IOException failed) {
            throw ContentStore.failure("failed to record the pull of " + image, failed);
        } finally {
            lock.unlock();
        }
    }

    Optional<Map<String, PullAccess>> access(Digest image) {
        try {
            return read(image);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    void allow(Digest image, String name, PullAccess access) {
        lock.lock();
        try {
            Map<String, PullAccess> known = new LinkedHashMap<>(read(image).orElse(Map.of()));
            PullAccess before = known.get(name);
            PullAccess now = before == null ? access : before.and(access);
            if (!now.equals(before)) {
                known.put(name, now);
                write(image, known);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } finally {
            lock.unlock();
        }
    }

    void forget(Digest image) throws IOException {
        lock.lock();
        try {
            Files.deleteIfExists(file(image));
        } finally {
            lock.unlock();
        }
    }

    private Path file(Digest image) {
        return folder.resolve(image.hex() + ".json");
    }

    private Optional<Map<String, PullAccess>> read(Digest image) throws IOException {
        byte[] document;
        try {
            document = Files.readAllBytes(file(image));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
        Map<String, PullAccess> known = new LinkedHashMap<>();
        JsonNode node = Json.read(document);
        // A damaged file says that the image was pulled and not by whom: all must pull again.
        if (node != null) {
            for (JsonNode each : Json.list(node, "names")) {
                List<SecretUse> secrets = new ArrayList<>();
                for (JsonNode secret : Json.list(each, "secrets")) {
                    secrets.add(
                            new SecretUse(
                                    Json.text(secret, "uid"),
                                    Json.text(secret, "namespace"),
                                    Json.text(secret, "name"),
                                    Json.text(secret, "hash")));
                }
                JsonNode everyPod = each.get("everyPod");
                known.put(
                        Json.text(each, "name"),
                        new PullAccess(everyPod != null && everyPod.asBoolean(), secrets));
            }
        }
        return Optional.of(known);
    }

    private void write(Digest image, Map<String, PullAccess> known) throws IOException {
        List<Map<String, Object>> names = new ArrayList<>();
        known.forEach((name, access) -> {
            List<Map<String, Object>> secrets = new ArrayList<>();
            for (SecretUse each : access.secrets()) {
                secrets.add(
                        Map.of(
                                "uid", each.uid(),
                                "namespace", each.namespace(),
                                "name", each.name(),
                                "hash", each.hash()));
            }
            names.add(Map.of("name", name, "everyPod", access.everyPod(), "secrets", secrets));
        });
        Files.createDirectories(folder);
        Path place = content.place();
        try {
            Files.write(place, Json.write(Map.of("names", names)));
            Files.move(
                    place,
                    file(image),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(place);
        }
    }
}
