package dev.berth.adapter.image;

import dev.berth.core.pod.PullSecrets;
import dev.berth.port.Images.RegistryCredential;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@code config.json} as {@code docker login} writes it, read anew at each question, so that a
 * login while Berth runs counts. Helpers that keep credentials elsewhere are not asked, as a
 * kubelet asks none of this file.
 */
final class DockerConfig {
    private static final Logger LOG = LoggerFactory.getLogger(DockerConfig.class);
    private static final long BYTES_MAX = 1 << 20;

    private final Path file;

    DockerConfig(Path file) {
        this.file = file;
    }

    /** Its credentials for an image; none when the file is not there or not understood. */
    List<RegistryCredential> credentials(String image) {
        try {
            if (Files.size(file) > BYTES_MAX) {
                throw new IOException("more than " + BYTES_MAX + " bytes");
            }
            return PullSecrets.logins(Files.readAllBytes(file), image).stream()
                    .map(each ->
                            new RegistryCredential(
                                    each.registry(), each.username(), each.password()))
                    .toList();
        } catch (IOException failed) {
            LOG.warn("no credentials from file={} cause={}", file, failed.toString());
            return List.of();
        }
    }
}
