package dev.berth.app;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A Berth's data folder and the names that go with it.
 *
 * @param path absolute
 */
record DataFolder(Path path) {
    /** Makes the folder exist, for its owner only. */
    static DataFolder open(Path path) throws IOException {
        Files.createDirectories(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
        return new DataFolder(path.toRealPath());
    }

    /**
     * Names everything on this machine that belongs to this data folder: eight hex digits made from
     * its path, so that several Berths live side by side and each finds its own again after a
     * crash.
     */
    String instance() {
        try {
            var digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(path.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 4);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Short-lived files with short names, such as sockets. */
    Path runFolder() {
        return Path.of("/run/berth", instance());
    }

    Path resolve(String name) {
        return path.resolve(name);
    }

    /** Takes the lock that a running Berth holds; empty when one runs. */
    Optional<Lock> tryLock() throws IOException {
        var channel =
                FileChannel.open(
                        path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            return Optional.empty();
        }
        return Optional.of(new Lock(channel, lock));
    }

    /** Whether a Berth runs on this folder. */
    boolean running() throws IOException {
        try (@Nullable Lock lock = tryLock().orElse(null)) {
            return lock == null;
        }
    }

    /** A held lock. */
    static final class Lock implements AutoCloseable {
        private final FileChannel channel;
        private final FileLock lock;

        private Lock(FileChannel channel, FileLock lock) {
            this.channel = channel;
            this.lock = lock;
        }

        @Override
        public void close() throws IOException {
            lock.release();
            channel.close();
        }
    }
}
