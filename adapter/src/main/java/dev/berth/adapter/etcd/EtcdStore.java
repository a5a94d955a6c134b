package dev.berth.adapter.etcd;

import dev.berth.port.Store;
import dev.berth.port.Subscription;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The Store in etcd. A document lies at {@code /berth/KIND/ID} as JSON; its revision is etcd's
 * mod_revision, which grows over all keys, so that a document made again never has an old one.
 */
public final class EtcdStore implements Store, AutoCloseable {
    private static final String PREFIX = "/berth/";

    /** How many documents one request lists. */
    private static final int PAGE = 500;

    private final Gateway gateway;
    private final JsonMapper json = Documents.mapper();
    private final Set<Watching<?>> watches = ConcurrentHashMap.newKeySet();

    /**
     * Speaks to an etcd.
     *
     * @param socket the Unix socket of etcd's HTTP clients
     */
    public EtcdStore(Path socket) {
        this.gateway = new Gateway(socket, json);
    }

    @Override
    public <T extends Record> Optional<Stored<T>> get(Kind<T> kind, String id) {
        var request = object();
        request.put("key", base64(key(kind, id)));
        var kvs = ask("/v3/kv/range", request).path("kvs");
        return kvs.isEmpty() ? Optional.empty() : Optional.of(stored(kind, kvs.get(0)));
    }

    @Override
    public <T extends Record> List<Stored<T>> list(Kind<T> kind, String idPrefix) {
        var all = new ArrayList<Stored<T>>();
        range(key(kind, idPrefix), false, kv -> all.add(stored(kind, kv)));
        return List.copyOf(all);
    }

    @Override
    public <T extends Record> Stored<T> put(Kind<T> kind, String id, T value, long expectedRevision)
            throws Conflict {
        var put = object();
        put.put("key", base64(key(kind, id)));
        put.put("value", Base64.getEncoder().encodeToString(json.writeValueAsBytes(value)));
        long revision = ifRevision(kind, id, expectedRevision, "request_put", put);
        return new Stored<>(id, value, revision);
    }

    @Override
    public <T extends Record> void delete(Kind<T> kind, String id, long expectedRevision)
            throws Conflict {
        if (expectedRevision < 1) {
            throw new Conflict(kind.name() + "/" + id);
        }
        var delete = object();
        delete.put("key", base64(key(kind, id)));
        ifRevision(kind, id, expectedRevision, "request_delete_range", delete);
    }

    @Override
    public <T extends Record> Subscription watch(Kind<T> kind, Consumer<Change<T>> onChange) {
        Set<String> known = ConcurrentHashMap.newKeySet();
        long revision = range(key(kind, ""), true, kv -> known.add(id(kind, kv)));
        var watching = new Watching<>(this, gateway, kind, onChange, known, revision);
        watches.add(watching);
        watching.start();
        return () -> {
            watches.remove(watching);
            watching.close();
        };
    }

    /**
     * Deletes every key that begins so, whoever wrote it: what a cluster leaves behind.
     *
     * @param prefix such as {@code /kube/0123…/}; never Berth's own
     */
    public void eraseKeys(String prefix) {
        if (prefix.length() < 2 || PREFIX.startsWith(prefix) || prefix.startsWith(PREFIX)) {
            throw new IllegalArgumentException("not to be erased: " + prefix);
        }
        var request = object();
        request.put("key", base64(prefix));
        request.put("range_end", endOf(prefix));
        ask("/v3/kv/deleterange", request);
    }

    /** Ends all watches; the store is not to be used afterwards. */
    @Override
    public void close() {
        watches.forEach(Watching::close);
        gateway.close();
    }

    private long ifRevision(
            Kind<?> kind, String id, long expectedRevision, String operation, ObjectNode request)
            throws Conflict {
        var transaction = object();
        var compare = transaction.putArray("compare").addObject();
        compare.put("key", base64(key(kind, id)));
        compare.put("target", "MOD");
        compare.put("result", "EQUAL");
        compare.put("mod_revision", Long.toString(expectedRevision));
        transaction.putArray("success").addObject().set(operation, request);
        var answer = ask("/v3/kv/txn", transaction);
        if (!answer.path("succeeded").asBoolean(false)) {
            throw new Conflict(kind.name() + "/" + id);
        }
        return revision(answer);
    }

    /** Tells all keys with the prefix at one moment, in order; returns that moment's revision. */
    long range(String prefix, boolean keysOnly, Consumer<JsonNode> onKey) {
        var first = prefix.getBytes(StandardCharsets.UTF_8);
        var end = base64(following(first));
        long revision = 0;
        while (true) {
            var request = object();
            request.put("key", base64(first));
            request.put("range_end", end);
            request.put("limit", Integer.toString(PAGE));
            request.put("keys_only", keysOnly);
            if (revision > 0) {
                request.put("revision", Long.toString(revision));
            }
            var answer = ask("/v3/kv/range", request);
            if (revision == 0) {
                revision = revision(answer);
            }
            var kvs = answer.path("kvs");
            kvs.forEach(onKey);
            if (!answer.path("more").asBoolean(false)) {
                return revision;
            }
            var last = Base64.getDecoder().decode(kvs.get(kvs.size() - 1).path("key").asString());
            first = Arrays.copyOf(last, last.length + 1);
        }
    }

    private JsonNode ask(String path, JsonNode request) {
        try {
            return gateway.call(path, request);
        } catch (IOException | JacksonException e) {
            throw new StoreUnavailable("etcd did not answer " + path, e);
        }
    }

    private <T extends Record> Stored<T> stored(Kind<T> kind, JsonNode kv) {
        return new Stored<>(id(kind, kv), value(kind, kv), modRevision(kv));
    }

    <T extends Record> T value(Kind<T> kind, JsonNode kv) {
        return json.readValue(
                Base64.getDecoder().decode(kv.path("value").asString("")), kind.type());
    }

    static String id(Kind<?> kind, JsonNode kv) {
        var key =
                new String(
                        Base64.getDecoder().decode(kv.path("key").asString()),
                        StandardCharsets.UTF_8);
        return key.substring(key(kind, "").length());
    }

    static long modRevision(JsonNode kv) {
        return Long.parseLong(kv.path("mod_revision").asString());
    }

    static long revision(JsonNode answer) {
        return Long.parseLong(answer.path("header").path("revision").asString());
    }

    static String key(Kind<?> kind, String id) {
        return PREFIX + kind.name() + "/" + id;
    }

    static String base64(String text) {
        return base64(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** The first key after all that begin with this one; ours never end in 0xff. */
    static byte[] following(byte[] prefix) {
        var next = prefix.clone();
        next[next.length - 1]++;
        return next;
    }

    static String endOf(String prefix) {
        return base64(following(prefix.getBytes(StandardCharsets.UTF_8)));
    }

    private ObjectNode object() {
        return json.createObjectNode();
    }
}
