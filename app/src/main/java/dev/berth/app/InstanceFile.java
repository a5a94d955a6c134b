package dev.berth.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a Berth's own commands need to know of it, in {@code instance.json} of its data folder,
 * readable by its owner only. It stays when Berth stops, so that {@code berth env} still knows the
 * credentials.
 *
 * @param pid the server's process
 * @param endpoint where AWS clients go
 * @param region the AWS region
 * @param account the AWS account
 * @param accessKeyId the root user's key
 * @param secretAccessKey its secret
 * @param controlPort where Berth's own commands go, on 127.0.0.1
 * @param controlSecret what they show
 */
record InstanceFile(
        long pid,
        String endpoint,
        String region,
        String account,
        String accessKeyId,
        String secretAccessKey,
        int controlPort,
        String controlSecret) {
    private static final String NAME = "instance.json";
    private static final JsonMapper JSON = JsonMapper.shared();

    /** Reads a data folder's file; empty when there is none. */
    static Optional<InstanceFile> read(Path data) throws IOException {
        try {
            return Optional.of(
                    JSON.readValue(Files.readAllBytes(data.resolve(NAME)), InstanceFile.class));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (JacksonException broken) {
            throw new IOException(
                    data.resolve(NAME) + " cannot be read: " + broken.getOriginalMessage(), broken);
        }
    }

    /** Writes it, whole or not at all. */
    void write(Path data) throws IOException {
        var fresh = data.resolve(NAME + ".new");
        Files.deleteIfExists(fresh);
        Files.createFile(
                fresh,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.write(fresh, JSON.writeValueAsBytes(this));
        Files.move(
                fresh,
                data.resolve(NAME),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public String toString() {
        return "InstanceFile[" + endpoint + "]";
    }
}
