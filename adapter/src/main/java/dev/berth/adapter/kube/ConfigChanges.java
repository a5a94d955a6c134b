package dev.berth.adapter.kube;

import dev.berth.port.KubeApi.ConfigChange;
import dev.berth.port.Subscription;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * Which ConfigMaps and Secrets change. Two watches for a whole cluster, of metadata only: names and
 * versions are remembered, and no secret comes here. What changed while a watch was broken is found
 * by its version.
 */
final class ConfigChanges implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigChanges.class);

    private final CopyOnWriteArrayList<Follower> followers = new CopyOnWriteArrayList<>();
    private final ListWatch configMaps;
    private final ListWatch secrets;

    ConfigChanges(ApiConnection connection) {
        configMaps =
                new ListWatch(
                        connection,
                        "/api/v1/configmaps",
                        ApiConnection.Form.METADATA,
                        new Versions(false));
        secrets =
                new ListWatch(
                        connection,
                        "/api/v1/secrets",
                        ApiConnection.Form.METADATA,
                        new Versions(true));
    }

    /** Tells the listener of every change from now on. */
    Subscription follow(Consumer<ConfigChange> listener) {
        var follower = new Follower(listener);
        followers.add(follower);
        configMaps.start();
        secrets.start();
        return () -> followers.remove(follower);
    }

    /** The same listener may follow twice. */
    private static final class Follower {
        private final Consumer<ConfigChange> listener;

        Follower(Consumer<ConfigChange> listener) {
            this.listener = listener;
        }
    }

    /** The objects of one kind; only the thread of its watch comes here. */
    private final class Versions implements ListWatch.Reader {
        private final boolean secret;
        private final Map<ConfigChange, String> known = new HashMap<>();
        private boolean listed;

        Versions(boolean secret) {
            this.secret = secret;
        }

        @Override
        public void listed(JsonNode items) {
            Set<ConfigChange> absent = new HashSet<>(known.keySet());
            for (var item : items) {
                var named = named(item);
                absent.remove(named);
                var before = known.put(named, version(item));
                if (listed && !version(item).equals(before)) {
                    tell(named);
                }
            }
            known.keySet().removeAll(absent);
            absent.forEach(this::tell);
            listed = true;
        }

        @Override
        public void present(JsonNode object) {
            var named = named(object);
            if (!version(object).equals(known.put(named, version(object)))) {
                tell(named);
            }
        }

        @Override
        public void gone(JsonNode object) {
            known.remove(named(object));
            tell(named(object));
        }

        private ConfigChange named(JsonNode object) {
            var metadata = object.path("metadata");
            return new ConfigChange(
                    secret, Json.text(metadata, "namespace"), Json.text(metadata, "name"));
        }

        private static String version(JsonNode object) {
            return Json.text(object.path("metadata"), "resourceVersion");
        }

        private void tell(ConfigChange change) {
            for (var follower : followers) {
                try {
                    follower.listener.accept(change);
                } catch (RuntimeException e) {
                    LOG.error("a listener of configuration failed", e);
                }
            }
        }
    }

    @Override
    public void close() {
        followers.clear();
        configMaps.close();
        secrets.close();
    }
}
