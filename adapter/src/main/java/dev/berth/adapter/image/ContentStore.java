package dev.berth.adapter.image;

import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.PullFailed.Why;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pieces of content as files named by their digests. What is there is whole: everything is written
 * elsewhere first, checked, and moved in. Used by any thread, and by several programs at once.
 */
final class ContentStore {
    private static final Logger LOG = LoggerFactory.getLogger(ContentStore.class);

    /** How often a download that breaks off goes on. Our choice. */
    private static final int RETRIES_MAX = 5;

    /** Downloads at once, of all pulls together. Our choice. */
    private static final int DOWNLOADS_MAX = 6;

    private final Path blobs;
    private final Path ingest;
    private final SharedWork<Path> downloads = new SharedWork<>();
    private final Semaphore turns = new Semaphore(DOWNLOADS_MAX);

    /** A store in that folder, which need not exist. */
    ContentStore(Path folder) {
        this.blobs = folder.resolve("blobs");
        this.ingest = folder.resolve("ingest");
    }

    /** Where content comes from. */
    interface Source {
        /**
         * Opens it.
         *
         * @param offset how many bytes are here already; the source may begin at 0 all the same
         */
        RegistryClient.Body open(long offset) throws PullFailed, InterruptedException;
    }

    /** Where content of that digest is or would be. */
    Path path(Digest digest) {
        return blobs.resolve(digest.algorithm()).resolve(digest.hex());
    }

    boolean has(Digest digest) {
        return Files.isRegularFile(path(digest));
    }

    /** A small content, checked against its digest, or null when it is not here or damaged. */
    byte @Nullable [] read(Digest digest, int bytesMax) throws IOException {
        byte[] content;
        try (InputStream in = Files.newInputStream(path(digest))) {
            content = in.readNBytes(bytesMax);
        } catch (NoSuchFileException absent) {
            return null;
        }
        return Digest.finish(digest.algorithm(), digest.hasher().digest(content)).equals(digest)
                ? content
                : null;
    }

    /** Puts a small content in, whose digest the caller has checked. */
    void put(byte[] document, Digest digest) throws PullFailed {
        try {
            Path place = place();
            try {
                Files.write(place, document);
                moveIn(place, digest);
            } finally {
                Files.deleteIfExists(place);
            }
        } catch (IOException failed) {
            throw failure("failed to write content " + digest, failed);
        }
    }

    /** Takes a file of {@link #place} over, whose digest the caller has computed. */
    void adopt(Path place, Digest digest) throws IOException {
        moveIn(place, digest);
    }

    /** Takes a content away; nothing when it is not here. */
    void remove(Digest digest) {
        try {
            Files.deleteIfExists(path(digest));
        } catch (IOException failed) {
            LOG.warn("cannot remove content digest={} cause={}", digest, failed.getMessage());
        }
    }

    /** The digests of all content here. */
    List<Digest> list() throws IOException {
        List<Digest> all = new ArrayList<>();
        for (String algorithm : List.of("sha256", "sha512")) {
            if (!Files.isDirectory(blobs.resolve(algorithm))) {
                continue;
            }
            try (DirectoryStream<Path> files = Files.newDirectoryStream(blobs.resolve(algorithm))) {
                for (Path each : files) {
                    String text = algorithm + ":" + each.getFileName();
                    if (Digest.isOne(text)) {
                        all.add(Digest.of(text));
                    }
                }
            }
        }
        return all;
    }

    /** A new name for a file in the making; whoever asks for it also removes it. */
    Path place() throws IOException {
        Path mine = ingest.resolve(Long.toString(ProcessHandle.current().pid()));
        Files.createDirectories(mine);
        return mine.resolve(UUID.randomUUID().toString());
    }

    /** Removes what earlier programs left half done. */
    void sweep() throws IOException {
        if (!Files.isDirectory(ingest)) {
            return;
        }
        try (DirectoryStream<Path> makers = Files.newDirectoryStream(ingest)) {
            for (Path maker : makers) {
                String name = String.valueOf(maker.getFileName());
                boolean alive =
                        name.matches("[0-9]{1,10}")
                                && ProcessHandle.of(Long.parseLong(name))
                                        .map(ProcessHandle::isAlive)
                                        .orElse(false);
                if (!alive) {
                    NativeFiles.deleteTree(maker);
                }
            }
        }
    }

    /**
     * Brings a content here unless it is. Several callers share one download; one that breaks off
     * goes on where it stopped, if the source can.
     */
    Path fetch(Descriptor wanted, String kind, Source source)
            throws PullFailed, InterruptedException {
        if (has(wanted.digest())) {
            return path(wanted.digest());
        }
        return downloads.join(
                wanted.digest().toString(),
                () ->
                        has(wanted.digest())
                                ? path(wanted.digest())
                                : download(wanted, kind, source));
    }

    private Path download(Descriptor wanted, String kind, Source source)
            throws PullFailed, InterruptedException {
        try {
            Path place = place();
            try {
                turns.acquire();
                Digest came;
                try {
                    came = receive(wanted, kind, source, place);
                } finally {
                    turns.release();
                }
                if (!came.equals(wanted.digest())) {
                    throw new PullFailed(
                            Why.CORRUPT,
                            reference(wanted, kind)
                                    + ": unexpected commit digest "
                                    + came
                                    + ", expected "
                                    + wanted.digest()
                                    + ": failed precondition",
                            null);
                }
                moveIn(place, wanted.digest());
                return path(wanted.digest());
            } finally {
                Files.deleteIfExists(place);
            }
        } catch (ClosedByInterruptException stopped) {
            InterruptedException told = new InterruptedException("download stopped");
            told.initCause(stopped);
            throw told;
        } catch (IOException failed) {
            throw failure("failed to copy", failed);
        }
    }

    private static Digest receive(Descriptor wanted, String kind, Source source, Path place)
            throws IOException, PullFailed, InterruptedException {
        MessageDigest hasher = wanted.digest().hasher();
        byte[] buffer = new byte[64 * 1024];
        long done = 0;
        int retries = 0;
        try (OutputStream out = Files.newOutputStream(place)) {
            while (true) {
                RegistryClient.Body body = source.open(done);
                long skip = done - body.offset();
                try (InputStream in = body.stream()) {
                    while (true) {
                        int count;
                        try {
                            count = in.read(buffer);
                        } catch (IOException broken) {
                            if (Thread.interrupted()) {
                                throw new InterruptedException("download stopped");
                            }
                            if (++retries > RETRIES_MAX) {
                                throw new PullFailed(
                                        Why.UNREACHABLE,
                                        "failed to copy: httpReadSeeker: failed open: "
                                                + broken.getMessage(),
                                        broken);
                            }
                            break;
                        }
                        if (count < 0) {
                            if (done < wanted.sizeBytes()) {
                                throw wrongSize(wanted, kind, done);
                            }
                            return Digest.finish(wanted.digest().algorithm(), hasher.digest());
                        }
                        int from = (int) Math.min(skip, count);
                        skip -= from;
                        int useful = count - from;
                        if (done + useful > wanted.sizeBytes()) {
                            throw wrongSize(wanted, kind, done + useful);
                        }
                        out.write(buffer, from, useful);
                        hasher.update(buffer, from, useful);
                        done += useful;
                    }
                }
            }
        }
    }

    private static PullFailed wrongSize(Descriptor wanted, String kind, long came) {
        return new PullFailed(
                Why.CORRUPT,
                reference(wanted, kind)
                        + ": \""
                        + kind
                        + "-"
                        + wanted.digest()
                        + "\" failed size validation: "
                        + came
                        + " != "
                        + wanted.sizeBytes()
                        + ": failed precondition",
                null);
    }

    private static String reference(Descriptor wanted, String kind) {
        return "failed commit on ref \"" + kind + "-" + wanted.digest() + "\"";
    }

    private void moveIn(Path place, Digest digest) throws IOException {
        Path target = path(digest);
        Files.createDirectories(target.getParent());
        Files.move(
                place, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** A disk's failure as the port tells it. */
    static PullFailed failure(String doing, IOException failed) {
        if (NativeFailure.isNoSpace(failed)) {
            return new PullFailed(Why.NO_SPACE, doing + ": no space left on device", failed);
        }
        return new PullFailed(Why.CORRUPT, doing + ": " + failed.getMessage(), failed);
    }
}
