package dev.berth.adapter.etcd;

import dev.berth.port.Store.Change;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.StoreUnavailable;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One watch of a kind, with one virtual thread of its own. After a lost connection it goes on where
 * it stood; when etcd has forgotten that moment (the API servers compact it every few minutes), it
 * lists, and tells all that exist and that which is gone.
 */
final class Watching<T extends Record> {
    private static final Logger log = LoggerFactory.getLogger(Watching.class);
    private static final Duration PAUSE = Duration.ofMillis(200);

    private final EtcdStore store;
    private final Gateway gateway;
    private final Kind<T> kind;
    private final Consumer<Change<T>> onChange;
    private final Set<String> known;
    private final ReentrantLock telling = new ReentrantLock();
    private final Thread thread;
    private long seen;
    private volatile boolean closed;
    private volatile Gateway.@Nullable Lines open;

    /** Tells changes after a revision at which the known documents existed. */
    Watching(
            EtcdStore store,
            Gateway gateway,
            Kind<T> kind,
            Consumer<Change<T>> onChange,
            Set<String> known,
            long seen) {
        this.store = store;
        this.gateway = gateway;
        this.kind = kind;
        this.onChange = onChange;
        this.known = known;
        this.seen = seen;
        this.thread = Thread.ofVirtual().name("berth-watch-" + kind.name()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Ends it; waits for a change that is being told, unless that telling calls this. */
    void close() {
        closed = true;
        var lines = open;
        if (lines != null) {
            lines.close();
        }
        awaitTelling();
    }

    @SuppressWarnings("LockNotBeforeTry") // Passing through the lock is the waiting.
    private void awaitTelling() {
        telling.lock();
        telling.unlock();
    }

    private void run() {
        while (!closed) {
            try {
                follow();
            } catch (IOException | JacksonException | StoreUnavailable e) {
                if (!closed) {
                    log.warn("store watch lost kind={} reason={}", kind.name(), e.toString());
                }
            }
            if (closed) {
                return;
            }
            try {
                Thread.sleep(PAUSE);
            } catch (InterruptedException e) {
                // Nobody has this thread to interrupt it but the program's own end.
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void follow() throws IOException {
        var request = JsonMapper.shared().createObjectNode();
        var create = request.putObject("create_request");
        create.put("key", EtcdStore.base64(EtcdStore.key(kind, "")));
        create.put("range_end", EtcdStore.endOf(EtcdStore.key(kind, "")));
        create.put("start_revision", Long.toString(seen + 1));
        try (var lines = gateway.stream("/v3/watch", request)) {
            open = lines;
            while (!closed) {
                var line = lines.next();
                if (line == null) {
                    return;
                }
                var result = line.path("result");
                if (result.path("canceled").asBoolean(false)) {
                    relist();
                    return;
                }
                for (var event : result.path("events")) {
                    tell(event);
                }
            }
        } finally {
            open = null;
        }
    }

    private void tell(JsonNode event) {
        var kv = event.path("kv");
        var id = EtcdStore.id(kind, kv);
        if ("DELETE".equals(event.path("type").asString("PUT"))) {
            known.remove(id);
            tell(id, null);
        } else {
            known.add(id);
            tell(id, kv);
        }
        seen = Math.max(seen, EtcdStore.modRevision(kv));
    }

    private void relist() {
        var present = new HashSet<String>();
        long revision =
                store.range(
                        EtcdStore.key(kind, ""),
                        false,
                        kv -> {
                            var id = EtcdStore.id(kind, kv);
                            present.add(id);
                            tell(id, kv);
                        });
        for (var id : Set.copyOf(known)) {
            if (!present.contains(id)) {
                tell(id, null);
            }
        }
        known.clear();
        known.addAll(present);
        seen = revision;
    }

    private void tell(String id, @Nullable JsonNode kv) {
        telling.lock();
        try {
            if (!closed) {
                onChange.accept(new Change<>(id, kv == null ? null : store.value(kind, kv)));
            }
        } catch (RuntimeException e) {
            log.error("store watch listener failed kind={} id={}", kind.name(), id, e);
        } finally {
            telling.unlock();
        }
    }
}
