package dev.berth.testkit;

import dev.berth.core.network.ServiceLead;
import dev.berth.core.pod.IdRanges;
import dev.berth.core.usage.LinkUse;
import dev.berth.port.PodNetwork;
import dev.berth.port.PodUsers;
import dev.berth.port.Subscription;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** VPCs, attached pods and their listening ports in memory. Any thread may call. */
public final class FakePodNetwork implements PodNetwork {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Consumer<String>> detachments = new CopyOnWriteArrayList<>();
    private final Map<String, Vpc> vpcs = new TreeMap<>();
    private final Map<String, Sandbox> sandboxes = new TreeMap<>();
    private final Map<String, LinkUse> traffic = new TreeMap<>();
    private final Map<String, List<PortLead>> leads = new HashMap<>();
    private final Map<String, List<ServiceLead>> serviceLeads = new HashMap<>();
    private final Map<String, Consumer<Connection>> servers = new HashMap<>();
    private volatile Runnable whenAsked = () -> {};
    private final ArrayDeque<String> attachFaults = new ArrayDeque<>();

    /** Knows no VPC. */
    public FakePodNetwork() {}

    /** Lets something happen whenever a pod's sandbox is asked for, before the answer. */
    public void whenAsked(Runnable meanwhile) {
        whenAsked = meanwhile;
    }

    /** Makes the next attachment fail before it does anything. */
    public void failNextAttach(String message) {
        lock.lock();
        try {
            attachFaults.add(message);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets something in a pod answer at a port.
     *
     * @param server gets its own end of every connection, on a thread of its own
     */
    public void listen(String podUid, int port, Consumer<Connection> server) {
        lock.lock();
        try {
            servers.put(podUid + ":" + port, server);
        } finally {
            lock.unlock();
        }
    }

    /** Forgets all pods and VPCs, as a reboot does. */
    public void reboot() {
        lock.lock();
        try {
            sandboxes.clear();
            vpcs.clear();
            servers.clear();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void ensureVpc(Vpc vpc) {
        lock.lock();
        try {
            vpcs.put(vpc.id(), vpc);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void removeVpc(String vpcId) {
        lock.lock();
        try {
            vpcs.remove(vpcId);
            sandboxes.values().removeIf(sandbox -> sandbox.vpcId().equals(vpcId));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<String> vpcs() {
        lock.lock();
        try {
            return List.copyOf(vpcs.keySet());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Path namespace(String vpcId) {
        return Path.of("/fake/vpc/" + vpcId);
    }

    @Override
    public Sandbox attach(Attachment attachment) throws NetworkFailed {
        lock.lock();
        try {
            var fault = attachFaults.poll();
            if (fault != null) {
                throw new NetworkFailed(fault, null);
            }
            if (!vpcs.containsKey(attachment.vpcId())) {
                throw new NetworkFailed("no network for " + attachment.vpcId(), null);
            }
            var shared = attachment.share();
            if (shared != null && !sandboxes.containsKey(shared.nodeId())) {
                throw new NetworkFailed("no network for node " + shared.nodeId(), null);
            }
            var sharing = shared != null && shared.network();
            var holder =
                    sandboxes.entrySet().stream()
                            .filter(_ -> !sharing)
                            .filter(entry -> !entry.getKey().equals(attachment.podUid()))
                            .filter(entry ->
                                    entry.getValue().vpcId().equals(attachment.vpcId())
                                            && entry.getValue()
                                                    .address()
                                                    .equals(attachment.address()))
                            .findFirst();
            if (holder.isPresent()) {
                throw new NetworkFailed(
                        attachment.address() + " is taken by " + holder.get().getKey(), null);
            }
            var base = Path.of("/fake/pod/" + attachment.podUid());
            var sandbox =
                    new Sandbox(
                            attachment.vpcId(),
                            attachment.address(),
                            base.resolve("net"),
                            base.resolve("ipc"),
                            base.resolve("uts"),
                            attachment.ownUsers() ? users(attachment.podUid(), base) : null);
            sandboxes.put(attachment.podUid(), sandbox);
            return sandbox;
        } finally {
            lock.unlock();
        }
    }

    private PodUsers users(String podUid, Path base) {
        var had = sandboxes.get(podUid);
        if (had != null && had.users() != null) {
            return had.users();
        }
        var first =
                IdRanges.free(from ->
                                sandboxes.values().stream()
                                        .map(Sandbox::users)
                                        .anyMatch(one -> one != null && one.firstId() == from))
                        .orElseThrow();
        return new PodUsers(
                base.resolve("user"),
                first,
                IdRanges.LENGTH,
                base.resolve("roots"),
                base.resolve("empty-root"));
    }

    @Override
    public void leadPorts(String nodeId, String podUid, Collection<PortLead> ports)
            throws NetworkFailed {
        if (sandbox(podUid).isEmpty() || sandbox(nodeId).isEmpty()) {
            throw new NetworkFailed("not attached: " + podUid + " or " + nodeId, null);
        }
        lock.lock();
        try {
            leads.put(podUid, List.copyOf(ports));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void leadServices(String vpcId, String cluster, List<ServiceLead> wanted) {
        lock.lock();
        try {
            serviceLeads.put(cluster, List.copyOf(wanted));
        } finally {
            lock.unlock();
        }
    }

    /** What was told of a cluster's Services last. */
    public List<ServiceLead> serviceLeads(String cluster) {
        lock.lock();
        try {
            return serviceLeads.getOrDefault(cluster, List.of());
        } finally {
            lock.unlock();
        }
    }

    /** The ports of its node that lead to a pod. */
    public List<PortLead> leads(String podUid) {
        lock.lock();
        try {
            return leads.getOrDefault(podUid, List.of());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void detach(String podUid) {
        lock.lock();
        try {
            sandboxes.remove(podUid);
            leads.remove(podUid);
        } finally {
            lock.unlock();
        }
        detachments.forEach(listener -> listener.accept(podUid));
    }

    @Override
    public Subscription onDetached(Consumer<String> listener) {
        detachments.add(listener);
        return () -> detachments.remove(listener);
    }

    @Override
    public Map<String, Sandbox> attached() {
        lock.lock();
        try {
            return new TreeMap<>(sandboxes);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Sandbox> sandbox(String podUid) {
        whenAsked.run();
        lock.lock();
        try {
            return Optional.ofNullable(sandboxes.get(podUid));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<LinkUse> use(String podUid) {
        lock.lock();
        try {
            return sandboxes.containsKey(podUid)
                    ? Optional.of(
                            traffic.getOrDefault(
                                    podUid,
                                    new LinkUse(
                                            "eth0",
                                            new LinkUse.Traffic(0, 0, 0, 0),
                                            new LinkUse.Traffic(0, 0, 0, 0))))
                    : Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** Makes a pod's link look as if this had passed it. */
    public void pass(String podUid, LinkUse use) {
        lock.lock();
        try {
            traffic.put(podUid, use);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Connection dialFromPod(String podUid, String host, int port) throws IOException {
        if (sandbox(podUid).isEmpty()) {
            throw new IOException("no network for pod " + podUid);
        }
        return dial(podUid, port);
    }

    @Override
    public Connection dialFromVpc(String vpcId, String host, int port) throws IOException {
        var podUid =
                attached().entrySet().stream()
                        .filter(entry -> entry.getValue().vpcId().equals(vpcId))
                        .filter(entry -> entry.getValue().address().equals(host))
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElseThrow(() -> new IOException("no route to host " + host));
        return dial(podUid, port);
    }

    private Connection dial(String podUid, int port) throws IOException {
        @Nullable Consumer<Connection> server;
        lock.lock();
        try {
            server = servers.get(podUid + ":" + port);
        } finally {
            lock.unlock();
        }
        if (server == null) {
            throw new IOException("Connection refused");
        }
        var there = new Pipe(new CountDownLatch(1));
        var back = new Pipe(new CountDownLatch(1));
        var serversEnd = new End(there.source(), back.sink());
        Thread.ofVirtual().name("fake-server").start(() -> server.accept(serversEnd));
        return new End(back.source(), there.sink());
    }

    private record End(InputStream input, OutputStream output) implements Connection {
        @Override
        public void shutdownOutput() throws IOException {
            output.close();
        }

        @Override
        public void close() {
            try {
                output.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
