package dev.berth.adapter.kube;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.KubeApi.PodListener;
import dev.berth.port.Subscription;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * All pods of a cluster as they are now: lists them once, then follows the watch, and lists again
 * only when the server has forgotten the version it stood at. One virtual thread reads the watch,
 * translates each pod once and tells every listener before it reads on, so a listener must be
 * quick, and must not wait for a lock under which another thread subscribes or closes.
 */
final class PodReflector implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PodReflector.class);
    private static final String PATH = "/api/v1/pods";

    /** The server ends a watch after this time; it goes on where it was. */
    private static final int WATCH_SECONDS = 1800;

    private static final long RETRY_MILLIS = 50;
    private static final long RETRY_MILLIS_MAX = 1000;
    private static final int READ_BYTES = 16 * 1024;

    private final ApiConnection connection;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock; the thread is its only writer of pods.
    private final Map<PodKey, Pod> known = new HashMap<>();
    private final List<Follower> followers = new ArrayList<>();
    private boolean listed;
    private boolean closed;
    private @Nullable Thread thread;
    private @Nullable InputStream open;

    PodReflector(ApiConnection connection) {
        this.connection = connection;
    }

    /** Tells the listener of all pods, and keeps telling it. */
    Subscription follow(PodListener listener) {
        lock.lock();
        try {
            if (closed) {
                throw new KubeUnavailable("closed", null);
            }
            var follower = new Follower(listener);
            followers.add(follower);
            if (thread == null) {
                thread = Thread.ofVirtual().name("pod-watch").start(this::run);
            }
            if (listed) {
                known.values().forEach(listener::present);
                listener.synced();
            }
            return follower;
        } finally {
            lock.unlock();
        }
    }

    private final class Follower implements Subscription {
        private final PodListener listener;

        Follower(PodListener listener) {
            this.listener = listener;
        }

        @Override
        public void close() {
            // Listeners are told under this lock, so none is being told after it was had.
            lock.lock();
            try {
                followers.remove(this);
            } finally {
                lock.unlock();
            }
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
                version = watch(version);
                retryMillis = RETRY_MILLIS;
                continue;
            } catch (KubeRefused e) {
                if (e.code() == 410) {
                    version = null;
                    continue;
                }
                LOG.warn("pod watch refused code={} message={}", e.code(), e.getMessage());
            } catch (KubeUnavailable e) {
                if (!closed()) {
                    LOG.debug("pod watch interrupted, will go on: {}", e.getMessage());
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

    /** Reads all pods, tells what differs from what is known, and returns the list's version. */
    private String list() {
        var answer =
                connection
                        .get(PATH)
                        .orElseThrow(() -> new KubeUnavailable("the server has no pods", null));
        var present = new HashMap<PodKey, Pod>();
        for (var item : answer.path("items")) {
            var pod = PodTranslation.pod(item);
            present.put(pod.key(), pod);
        }
        lock.lock();
        try {
            for (var before : List.copyOf(known.values())) {
                if (!present.containsKey(before.key())) {
                    gone(before);
                }
            }
            present.values().forEach(this::present);
            if (!listed) {
                listed = true;
                followers().forEach(follower -> follower.listener.synced());
            }
        } finally {
            lock.unlock();
        }
        return Json.text(answer.path("metadata"), "resourceVersion");
    }

    /** Follows changes until the server ends the watch; returns the version to go on from. */
    private String watch(String from) throws KubeRefused {
        var version = from;
        var path =
                PATH
                        + "?watch=1&allowWatchBookmarks=true&timeoutSeconds="
                        + WATCH_SECONDS
                        + "&resourceVersion="
                        + version;
        try (var stream = connection.watch(path)) {
            if (!opened(stream)) {
                return version;
            }
            var lines = new Lines(stream);
            for (var line = lines.next(); line != null; line = lines.next()) {
                version = change(connection.tree(line), version);
            }
            return version;
        } catch (IOException e) {
            LOG.debug("pod watch broke off: {}", e.getMessage());
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
        var type = Json.text(event, "type");
        switch (type) {
            case "ADDED", "MODIFIED" -> {
                var pod = PodTranslation.pod(object);
                lock.lock();
                try {
                    present(pod);
                } finally {
                    lock.unlock();
                }
            }
            case "DELETED" -> {
                var pod = PodTranslation.pod(object);
                lock.lock();
                try {
                    gone(pod);
                } finally {
                    lock.unlock();
                }
            }
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

    private void present(Pod pod) {
        var before = known.put(pod.key(), pod);
        if (before != null && !before.uid().equals(pod.uid())) {
            followers().forEach(follower -> tell(() -> follower.listener.gone(before)));
        }
        if (before == null
                || !before.metadata().resourceVersion().equals(pod.metadata().resourceVersion())) {
            followers().forEach(follower -> tell(() -> follower.listener.present(pod)));
        }
    }

    private void gone(Pod pod) {
        known.remove(pod.key());
        followers().forEach(follower -> tell(() -> follower.listener.gone(pod)));
    }

    /** A listener may close itself while it is told. */
    private List<Follower> followers() {
        return List.copyOf(followers);
    }

    /** One listener's failure is its own; the others and the watch go on. */
    private static void tell(Runnable telling) {
        try {
            telling.run();
        } catch (RuntimeException e) {
            LOG.error("a listener of the pod watch failed", e);
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            followers.clear();
            if (thread != null) {
                thread.interrupt();
            }
            if (open != null) {
                open.close();
            }
        } catch (IOException e) {
            LOG.debug("pod watch did not close well: {}", e.getMessage());
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
