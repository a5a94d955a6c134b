package dev.berth.engine.nodes;

import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.tenancy.NodeEviction;
import dev.berth.core.tenancy.TenantUse;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks every 10 seconds, as a kubelet does, whether ordinary nodes run out of memory or disk:
 * tells the node, which reports the pressure and refuses pods, and sends one pod away at each look.
 * A pressure is told for 5 minutes after it was seen last. Nothing is read of nodes without pods.
 */
public final class PressureWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PressureWatch.class);

    /** As a kubelet's own period. */
    static final Duration EVERY = Duration.ofSeconds(10);

    /** As a kubelet's {@code evictionPressureTransitionPeriod}. */
    static final Duration TOLD_FOR = Duration.ofMinutes(5);

    private final OrdinaryNodes nodes;
    private final Pods pods;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final Map<String, Seen> seen = new HashMap<>();
    private Subscription timer = () -> {};
    private boolean closed;

    /** The pods on the nodes. */
    public interface Pods {
        /** What the running pods of a node use now. */
        List<TenantUse> uses(String nodeName);

        /** Ends a pod. */
        void evict(String podUid, Verdict why);
    }

    /** When each pressure was seen last, or null. */
    private record Seen(@Nullable Instant memory, @Nullable Instant disk) {
        Seen with(Pressure now, Instant at) {
            return new Seen(now.memory() ? at : memory, now.disk() ? at : disk);
        }

        Pressure at(Instant now) {
            return new Pressure(lasts(memory, now), lasts(disk, now));
        }

        private static boolean lasts(@Nullable Instant last, Instant now) {
            return last != null && now.isBefore(last.plus(TOLD_FOR));
        }
    }

    /** Does nothing before {@link #start}. */
    public PressureWatch(OrdinaryNodes nodes, Pods pods, Time time) {
        this.nodes = nodes;
        this.pods = pods;
        this.time = time;
    }

    /** Begins to look. */
    public void start() {
        lock.lock();
        try {
            if (!closed) {
                timer = time.after(EVERY, this::round);
            }
        } finally {
            lock.unlock();
        }
    }

    private void round() {
        try {
            nodes.all().keySet().forEach(this::look);
        } catch (RuntimeException missed) {
            LOG.warn("nodes are not looked at this time", missed);
        }
        start();
    }

    private void look(OrdinaryNode node) {
        var uses = pods.uses(node.name());
        var now = time.now();
        nodes.pressure(node.name(), remember(node, NodeEviction.pressure(node, uses), now));
        NodeEviction.next(node, uses)
                .ifPresent(eviction -> {
                    LOG.info(
                            "pod is evicted node={} pod={} why={}",
                            node.name(),
                            eviction.pod().key(),
                            eviction.why().message());
                    pods.evict(eviction.pod().uid(), eviction.why());
                });
    }

    private Pressure remember(OrdinaryNode node, Pressure now, Instant at) {
        lock.lock();
        try {
            return seen.merge(
                            node.name(),
                            new Seen(null, null).with(now, at),
                            (before, _) -> before.with(now, at))
                    .at(at);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            timer.close();
        } finally {
            lock.unlock();
        }
    }
}
