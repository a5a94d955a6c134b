package dev.berth.engine.clusters;

import dev.berth.core.pod.Pod;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides who answers a cluster's names: the pods that the Service {@code kube-dns} selects, as
 * soon as one of them is ready, because they follow the users' ConfigMap {@code coredns}; until
 * then and whenever none is left, Berth's own CoreDNS.
 */
public final class NameAnswerers implements ClusterListener {
    private static final Logger LOG = LoggerFactory.getLogger(NameAnswerers.class);
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private final ClusterRecords records;
    private final Time time;
    private final Map<String, OfCluster> watched = new ConcurrentHashMap<>();

    /** Watches no cluster yet. */
    public NameAnswerers(ClusterRecords records, Time time) {
        this.records = records;
        this.time = time;
    }

    @Override
    public void started(RunningCluster cluster) {
        var address =
                records.find(cluster.name())
                        .map(record -> record.config().apiAddress())
                        .orElse(null);
        if (address != null) {
            var answerers = new OfCluster(cluster, address);
            watched.put(cluster.name(), answerers);
            answerers.start();
        }
    }

    @Override
    public void stopping(String clusterName) {
        var ending = watched.remove(clusterName);
        if (ending != null) {
            ending.close();
        }
    }

    private final class OfCluster implements KubeApi.PodListener {
        private final RunningCluster cluster;
        private final String address;
        private final ReentrantLock lock = new ReentrantLock();
        // All below is guarded by the lock.
        private final Set<String> ready = new HashSet<>();
        private Subscription watch = () -> {};
        private boolean synced;
        private boolean ours = true;
        private boolean writing;
        private boolean closed;

        OfCluster(RunningCluster cluster, String address) {
            this.cluster = cluster;
            this.address = address;
        }

        void start() {
            var watching = cluster.api().watchPods(this);
            lock.lock();
            try {
                watch = watching;
            } finally {
                lock.unlock();
            }
        }

        void close() {
            Subscription ending;
            lock.lock();
            try {
                closed = true;
                ending = watch;
            } finally {
                lock.unlock();
            }
            ending.close();
        }

        @Override
        public void present(Pod pod) {
            if (selected(pod)) {
                note(pod.uid(), answers(pod));
            }
        }

        @Override
        public void gone(Pod pod) {
            note(pod.uid(), false);
        }

        @Override
        public void synced() {
            lock.lock();
            try {
                synced = true;
                decide();
            } finally {
                lock.unlock();
            }
        }

        private void note(String podUid, boolean answers) {
            lock.lock();
            try {
                if (answers ? ready.add(podUid) : ready.remove(podUid)) {
                    decide();
                }
            } finally {
                lock.unlock();
            }
        }

        /**
         * Holding the lock. The write is made elsewhere: a watch must not wait for the API server.
         */
        private void decide() {
            if (synced && !closed && !writing && ours != ready.isEmpty()) {
                writing = true;
                Thread.ofVirtual().name("names-" + cluster.name()).start(this::write);
            }
        }

        private void write() {
            boolean wished;
            lock.lock();
            try {
                wished = ready.isEmpty();
            } finally {
                lock.unlock();
            }
            var written = false;
            try {
                cluster.api().apply(ControlPlaneObjects.ownAnswerer(address, wished));
                written = true;
                LOG.info(
                        "names are answered by {} cluster={}",
                        wished ? "Berth's own CoreDNS" : "coredns pods",
                        cluster.name());
            } catch (KubeRefused | KubeUnavailable notNow) {
                LOG.info(
                        "who answers names is not written yet cluster={} cause={}",
                        cluster.name(),
                        notNow.getMessage());
            }
            lock.lock();
            try {
                writing = false;
                if (written) {
                    ours = wished;
                    decide();
                }
            } finally {
                lock.unlock();
            }
            if (!written) {
                var _ = time.after(AGAIN, this::synced);
            }
        }
    }

    private static boolean selected(Pod pod) {
        return pod.metadata().namespace().equals("kube-system")
                && "kube-dns".equals(pod.metadata().labels().get("k8s-app"));
    }

    private static boolean answers(Pod pod) {
        var ready = pod.status().conditionsByType().get("Ready");
        return !pod.deleting() && ready != null && ready.status().equals("True");
    }
}
