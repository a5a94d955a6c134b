package dev.berth.adapter.kube;

import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * All objects of one kind in a cluster, followed: lists them once, then reads the watch, and lists
 * again only when the server has forgotten the version it stood at. One virtual thread does it and
 * tells what it reads, one thing after another.
 */
final class ListWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ListWatch.class);

    /** The server ends a watch after this time; it goes on where it was. */
    private static final int WATCH_SECONDS = 1800;

    private static final long RETRY_MILLIS = 50;
    private static final long RETRY_MILLIS_MAX = 1000;
    private static final int READ_BYTES = 16 * 1024;

    private final ApiConnection connection;
    private final String path;
    private final ApiConnection.Form form;
    private final Reader reader;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private boolean closed;
    private @Nullable Thread thread;
    private @Nullable InputStream open;

    /**
     * Reads nothing yet.
     *
     * @param path of the list, such as {@code /api/v1/pods}
     * @param form how much of each object is read
     */
    ListWatch(ApiConnection connection, String path, ApiConnection.Form form, Reader reader) {
        this.connection = connection;
        this.path = path;
        this.form = form;
        this.reader = reader;
    }

    /** What is told, always on the same thread. */
    interface Reader {
        /** All that exist now are these. */
        void listed(JsonNode items);

        /** An object has come or changed. */
        void present(JsonNode object);

        /** An object is gone; its last form. */
        void gone(JsonNode object);
    }

    /** Begins, unless that was done before. */
    void start() {
        lock.lock();
        try {
            if (closed) {
                throw new KubeUnavailable("closed", null);
            }
            if (thread == null) {
                thread = Thread.ofVirtual().name("watch " + path).start(this::run);
            }
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        var retryMillis = RETRY_MILLIS;
        String version = null;
        while (!closed()) {
            try {
                if (version == null) {
                    version = list();
                }
                var since = version;
                version = watch(version);
                if (!version.equals(since)) {
                    retryMillis = RETRY_MILLIS;
                    continue;
                }
                // One that told nothing may have ended at once, and would do so again.
            } catch (KubeRefused e) {
                if (e.code() == 410) {
                    version = null;
                    continue;
                }
                LOG.warn(
                        "watch refused path={} code={} message={}", path, e.code(), e.getMessage());
            } catch (KubeUnavailable e) {
                if (!closed()) {
                    LOG.debug("watch interrupted, will go on path={}: {}", path, e.getMessage());
                }
            }
            try {
                Thread.sleep(retryMillis);
            } catch (InterruptedException _) {
                return;
            }
            retryMillis = Math.min(RETRY_MILLIS_MAX, retryMillis * 2);
        }
    }

    private boolean closed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Reads and tells all, and returns the list's version. */
    private String list() {
        var answer =
                connection
                        .get(path, form)
                        .orElseThrow(() -> new KubeUnavailable("the server has no " + path, null));
        reader.listed(answer.path("items"));
        return Json.text(answer.path("metadata"), "resourceVersion");
    }

    /** Follows changes until the server ends the watch; returns the version to go on from. */
    private String watch(String from) throws KubeRefused {
        var version = from;
        var watched =
                path
                        + "?watch=1&allowWatchBookmarks=true&timeoutSeconds="
                        + WATCH_SECONDS
                        + "&resourceVersion="
                        + version;
        try (var stream = connection.watch(watched, form)) {
            if (!opened(stream)) {
                return version;
            }
            var lines = new Lines(stream);
            for (var line = lines.next(); line != null; line = lines.next()) {
                version = change(connection.tree(line), version);
            }
            return version;
        } catch (IOException e) {
            LOG.debug("watch broke off path={}: {}", path, e.getMessage());
            // What was told so far counts; the next watch begins there.
            return version;
        }
    }

    /** Remembers the stream, so that closing ends the wait for its next line. */
    private boolean opened(InputStream stream) {
        lock.lock();
        try {
            open = stream;
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    private String change(JsonNode event, String version) throws KubeRefused {
        var object = event.path("object");
        switch (Json.text(event, "type")) {
            case "ADDED", "MODIFIED" -> reader.present(object);
            case "DELETED" -> reader.gone(object);
            case "ERROR" -> {
                var code = Json.integer(object, "code", 500);
                if (code == 410) {
                    throw new KubeRefused(code, Json.text(object, "message"));
                }
                throw new KubeUnavailable(
                        "watch: " + code + " " + Json.text(object, "message"), null);
            }
            default -> {
                // BOOKMARK: only its version counts.
            }
        }
        return Json.text(object.path("metadata"), "resourceVersion", version);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (thread != null) {
                thread.interrupt();
            }
            if (open != null) {
                open.close();
            }
        } catch (IOException e) {
            LOG.debug("watch did not close well path={}: {}", path, e.getMessage());
        } finally {
            lock.unlock();
        }
    }

    /** Splits a stream into lines as they come; {@code BufferedReader} would decode them, too. */
    private static final class Lines {
        private final InputStream stream;
        private final byte[] buffer = new byte[READ_BYTES];
        private final ByteArrayOutputStream begun = new ByteArrayOutputStream();
        private int from;
        private int to;

        Lines(InputStream stream) {
            this.stream = stream;
        }

        /** The next line, or null at the end of the stream. */
        byte @Nullable [] next() throws IOException {
            while (true) {
                for (var at = from; at < to; at++) {
                    if (buffer[at] == '\n') {
                        begun.write(buffer, from, at - from);
                        from = at + 1;
                        var line = begun.toByteArray();
                        begun.reset();
                        return line;
                    }
                }
                begun.write(buffer, from, to - from);
                from = 0;
                to = Math.max(0, stream.read(buffer));
                if (to == 0) {
                    return null;
                }
            }
        }
    }
}
