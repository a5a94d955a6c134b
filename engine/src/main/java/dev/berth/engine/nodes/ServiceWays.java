package dev.berth.engine.nodes;

import dev.berth.core.network.NodeService;
import dev.berth.core.network.ServiceLead;
import dev.berth.core.pod.Pod;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.port.KubeApi;
import dev.berth.port.PodNetwork;
import dev.berth.port.PodNetwork.NetworkFailed;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one cluster's part of what kube-proxy does on each node and cannot do for a VPC: ports at
 * the addresses of ordinary nodes, and Services that lead to the asker's node. One virtual thread
 * owns the writing; any thread may {@link #look}. Where no Service asks for it, nothing is written.
 */
public final class ServiceWays implements KubeApi.PodListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceWays.class);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final RunningCluster cluster;
    private final OrdinaryNodes nodes;
    private final PodNetwork network;
    private final Time time;
    private final ArrayBlockingQueue<Boolean> looks = new ArrayBlockingQueue<>(1);
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final Map<String, Tenant> tenants = new HashMap<>();
    private List<NodeService> services = List.of();
    private boolean told;

    // Owned by the thread.
    private String complaint = "";

    private final List<Subscription> watches = new CopyOnWriteArrayList<>();

    /** A pod with an address. */
    private record Tenant(String nodeName, String address) {}

    /** Writes nothing yet. */
    public ServiceWays(RunningCluster cluster, OrdinaryNodes nodes, PodNetwork network, Time time) {
        this.cluster = cluster;
        this.nodes = nodes;
        this.network = network;
        this.time = time;
        thread = Thread.ofVirtual().name("service-ways-" + cluster.name()).unstarted(this::run);
    }

    /** Follows Services and pods from now on. */
    public void start() {
        thread.start();
        watches.add(cluster.api().watchPods(this));
        watches.add(
                cluster.api()
                        .watchNodeServices(all -> {
                            lock.lock();
                            try {
                                services = List.copyOf(all);
                                told = true;
                            } finally {
                                lock.unlock();
                            }
                            look();
                        }));
    }

    /** Looks again, since nodes may have come or gone. */
    public void look() {
        var _ = looks.offer(true);
    }

    @Override
    public void present(Pod pod) {
        var node = pod.spec().nodeName();
        var address = pod.status().podIp();
        if (node == null || address == null || pod.status().phase().ended()) {
            gone(pod);
            return;
        }
        note(pod.uid(), new Tenant(node, address));
    }

    private void note(String podUid, Tenant tenant) {
        lock.lock();
        try {
            if (tenant.equals(tenants.put(podUid, tenant)) || services.isEmpty()) {
                return;
            }
        } finally {
            lock.unlock();
        }
        look();
    }

    @Override
    public void gone(Pod pod) {
        lock.lock();
        try {
            if (tenants.remove(pod.uid()) == null || services.isEmpty()) {
                return;
            }
        } finally {
            lock.unlock();
        }
        look();
    }

    @Override
    public void synced() {
        look();
    }

    private void run() {
        try {
            while (true) {
                var _ = looks.take();
                try {
                    write();
                    complaint = "";
                } catch (NetworkFailed e) {
                    var why = String.valueOf(e.getMessage());
                    if (!why.equals(complaint)) {
                        complaint = why;
                        LOG.warn(
                                "ports of nodes are not as Services say cluster={} why={}",
                                cluster.name(),
                                why);
                    }
                    var _ = time.after(AGAIN, this::look);
                }
            }
        } catch (InterruptedException stop) {
            LOG.debug("Services of nodes are left alone cluster={}", cluster.name());
        }
    }

    private void write() throws NetworkFailed {
        var addresses = new TreeMap<String, String>();
        nodes.all().keySet().forEach(node -> addresses.put(node.name(), node.address()));
        var pods = new HashMap<String, TreeSet<String>>();
        List<NodeService> wanted;
        lock.lock();
        try {
            if (!told) {
                return;
            }
            wanted = services;
            for (var tenant : tenants.values()) {
                if (addresses.containsKey(tenant.nodeName())) {
                    pods.computeIfAbsent(tenant.nodeName(), _ -> new TreeSet<>())
                            .add(tenant.address());
                }
            }
        } finally {
            lock.unlock();
        }
        network.leadServices(
                cluster.vpcId(), cluster.name(), ServiceLead.of(wanted, addresses, pods));
    }

    @Override
    public void close() {
        watches.forEach(Subscription::close);
        thread.interrupt();
    }
}
