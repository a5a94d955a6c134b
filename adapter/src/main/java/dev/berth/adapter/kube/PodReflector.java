package dev.berth.adapter.kube;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.KubeApi.PodListener;
import dev.berth.port.Subscription;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * All pods of a cluster as they are now. The thread that reads the watch translates each pod once
 * and tells every listener before it reads on, so a listener must be quick, and must not wait for a
 * lock under which another thread subscribes or closes.
 */
final class PodReflector implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PodReflector.class);

    private final ListWatch watch;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock; the watch's thread is the only writer of pods.
    private final Map<PodKey, Pod> known = new HashMap<>();
    private final List<Follower> followers = new ArrayList<>();
    private boolean listed;
    private boolean closed;

    PodReflector(ApiConnection connection) {
        watch =
                new ListWatch(
                        connection, "/api/v1/pods", ApiConnection.Form.WHOLE, new Translator());
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
            watch.start();
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

    private final class Translator implements ListWatch.Reader {
        @Override
        public void listed(JsonNode items) {
            var present = new HashMap<PodKey, Pod>();
            for (var item : items) {
                var pod = PodTranslation.pod(item);
                present.put(pod.key(), pod);
            }
            lock.lock();
            try {
                for (var before : List.copyOf(known.values())) {
                    if (!present.containsKey(before.key())) {
                        PodReflector.this.gone(before);
                    }
                }
                present.values().forEach(PodReflector.this::present);
                if (!listed) {
                    listed = true;
                    followers().forEach(follower -> follower.listener.synced());
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void present(JsonNode object) {
            var pod = PodTranslation.pod(object);
            lock.lock();
            try {
                PodReflector.this.present(pod);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void gone(JsonNode object) {
            var pod = PodTranslation.pod(object);
            lock.lock();
            try {
                PodReflector.this.gone(pod);
            } finally {
                lock.unlock();
            }
        }
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
        } finally {
            lock.unlock();
        }
        watch.close();
    }
}
