package dev.berth.adapter.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Seccomp filters as crun compiled them for an earlier container with the same profile. To compile
 * one takes 12 of the 18 milliseconds of CPU that {@code crun create} takes; crun takes a ready one
 * from an annotation. The profile itself stays in the configuration, for a crun that does not know
 * the annotation: it then compiles as always, and nothing runs unfiltered.
 */
final class CompiledFilters {
    /** Source: crun(1), where it is called experimental. */
    static final String ANNOTATION = "run.oci.seccomp_bpf_data";

    /** Each eight-byte instruction; the kernel takes 4096 of them. */
    private static final int BYTES_MAX = 4096 * 8;

    private final Path folder;
    private final String version;
    private final Map<String, String> known = new ConcurrentHashMap<>();

    /**
     * Does nothing yet.
     *
     * @param folder where filters are kept
     * @param version of crun, which filters depend on
     */
    CompiledFilters(Path folder, String version) {
        this.folder = folder;
        this.version = version;
    }

    /** What a profile's filter is kept under. */
    String key(byte[] profile) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            digest.update(version.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return HexFormat.of().formatHex(digest.digest(profile));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every Java has SHA-256", impossible);
        }
    }

    /** A filter as the annotation's value; empty before a container was made with it. */
    Optional<String> find(String key) throws IOException {
        var present = known.get(key);
        if (present != null) {
            return Optional.of(present);
        }
        try {
            var filter = Files.readAllBytes(folder.resolve(key));
            var text = Base64.getEncoder().encodeToString(filter);
            known.put(key, text);
            return Optional.of(text);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
    }

    /** Keeps what crun compiled for a container that it just made. */
    void keep(String key, Path compiled) throws IOException {
        if (known.containsKey(key) || !Files.exists(compiled)) {
            return;
        }
        var size = Files.size(compiled);
        if (size == 0 || size % 8 != 0 || size > BYTES_MAX) {
            return;
        }
        Files.createDirectories(folder);
        var fresh = Files.createTempFile(folder, "new", "");
        Files.copy(compiled, fresh, StandardCopyOption.REPLACE_EXISTING);
        Files.move(fresh, folder.resolve(key), StandardCopyOption.ATOMIC_MOVE);
    }
}
