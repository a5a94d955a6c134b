package dev.berth.engine.nodes;

import dev.berth.core.admission.Admission;
import dev.berth.core.network.Ipv4Range;
import dev.berth.core.network.Subnet;
import dev.berth.core.node.FargateNode;
import dev.berth.core.node.HostFacts;
import dev.berth.core.node.NodeLease;
import dev.berth.core.node.NodeName;
import dev.berth.core.node.PlacedNode;
import dev.berth.core.placement.LaunchBackOff;
import dev.berth.core.pod.Pod;
import dev.berth.core.profile.ProfileChoice;
import dev.berth.core.size.FargateSize;
import dev.berth.core.size.Sizing;
import dev.berth.engine.Busy;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.KubeApi.PodListener;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Fargate nodes of one cluster. The scheduler makes one for each pod it places; from then on
 * this class keeps its lease, and takes it away when its pod is gone. The pod's address is free
 * again when the Node object is gone and nothing is attached to the network under the pod's uid any
 * more.
 *
 * <p>What is remembered here is only what the API server knows, too: at the start it is read from
 * the Node objects, a node whose pod is gone is removed, and a pod that was bound without its node,
 * because Berth died in between, gets it again. Any thread may call; the lock is never held while
 * the API server is asked.
 */
public final class FargateNodes implements NodeBook, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FargateNodes.class);

    private static final Duration END_AT_MOST = Duration.ofSeconds(10);

    /** The pod's annotation with its size, written when it is bound. */
    public static final String CAPACITY_PROVISIONED = "CapacityProvisioned";

    private final RunningCluster cluster;
    private final KubeApi api;
    private final NetworkView network;
    private final HostFacts host;
    private final Places places;
    private final Predicate<String> attached;
    private final Time time;
    private final Busy busy = new Busy();
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final Map<String, Entry> byName = new HashMap<>();
    private final Map<String, Entry> byPod = new HashMap<>();
    private final Set<String> restored = new HashSet<>();
    private final Set<PlacedNode> leaving = new HashSet<>();
    private final Set<Thread> threads = new HashSet<>();
    private Subscription watch = () -> {};
    private Subscription timer = () -> {};
    private List<Runnable> awaitingPods = new ArrayList<>();
    private boolean podsKnown;
    private boolean closed;

    private enum State {
        /** Placed; the Node object may exist from an earlier life. */
        PLANNED,
        /** Being written. */
        WRITING,
        /** Written. */
        THERE,
        /** Not wanted any more. */
        RETIRED
    }

    private static final class Entry {
        private final PlacedNode placed;
        private State state = State.PLANNED;
        private int storageGibibytes = Sizing.DEFAULT_STORAGE_GIBIBYTES;
        private String uid = "";
        private Instant alive = Instant.EPOCH;

        Entry(PlacedNode placed) {
            this.placed = placed;
        }
    }

    /**
     * Does nothing before {@link #start}.
     *
     * @param host the machine, as this cluster's nodes tell it
     * @param attached whether a pod, by its uid, is still attached to its VPC
     */
    public FargateNodes(
            RunningCluster cluster,
            NetworkView network,
            HostFacts host,
            Places places,
            Predicate<String> attached,
            Time time) {
        this.cluster = cluster;
        this.api = cluster.api();
        this.network = network;
        this.host = host;
        this.places = places;
        this.attached = attached;
        this.time = time;
    }

    /**
     * Reads the Node objects that exist, so that every pod with a Node has its place again when
     * this returns; then follows the pods, of which some may be bound without one.
     */
    public void start() {
        for (var node : api.nodes(FargateNode.COMPUTE_TYPE, FargateNode.FARGATE)) {
            FargateNode.placed(NodeObjects.toCore(node)).ifPresent(this::restore);
        }
        var watching = api.watchPods(new Pods());
        locked(() -> {
            watch = watching;
            timer = time.after(NodeLease.RENEW_EVERY, this::tick);
        });
    }

    /**
     * Does something as soon as all places that pods were given earlier are held again: at once, or
     * later on the thread of the watch. Before that no place may be given to a new pod.
     */
    public void whenKnown(Runnable task) {
        var now =
                locked(() -> {
                    if (!podsKnown) {
                        awaitingPods.add(task);
                    }
                    return podsKnown;
                });
        if (now) {
            task.run();
        }
    }

    /**
     * Counts what is under way for this cluster's nodes; its scheduler counts here, too. What waits
     * for a time to come is not under way.
     */
    public Busy busy() {
        return busy;
    }

    private void restore(PlacedNode placed) {
        places.hold(cluster.name(), "", placed);
        locked(() -> {
            add(new Entry(placed));
            restored.add(placed.podUid());
        });
    }

    private void add(Entry entry) {
        byName.put(entry.placed.nodeName(), entry);
        byPod.put(entry.placed.podUid(), entry);
    }

    @Override
    public Optional<PlacedNode> placed(String nodeName) {
        return locked(() -> Optional.ofNullable(byName.get(nodeName)).map(entry -> entry.placed));
    }

    /** Where a pod was placed, by its uid. */
    public Optional<PlacedNode> placedPod(String podUid) {
        return locked(() -> Optional.ofNullable(byPod.get(podUid)).map(entry -> entry.placed));
    }

    /** All places, in no order. */
    public List<PlacedNode> all() {
        return locked(() -> byName.values().stream().map(entry -> entry.placed).toList());
    }

    /**
     * Remembers where a pod was placed, and so names its node. The place must have been taken from
     * {@link Places}.
     */
    public PlacedNode plan(
            String podUid, Subnet subnet, String address, FargateSize size, int storageGibibytes) {
        var vpc =
                network.vpc(subnet.vpcId())
                        .orElseThrow(() -> new IllegalStateException("no VPC of " + subnet));
        var placed =
                new PlacedNode(
                        NodeName.of(vpc, cluster.region(), address).value(),
                        podUid,
                        subnet.vpcId(),
                        subnet.id(),
                        address,
                        subnet.availabilityZone(),
                        size);
        var entry = new Entry(placed);
        entry.storageGibibytes = storageGibibytes;
        locked(() -> add(entry));
        return placed;
    }

    /**
     * Makes a pod's Node object exist; one request when it is new. Nothing when it exists already,
     * or when the pod has been given up meanwhile.
     */
    public void write(String podUid) throws KubeRefused {
        var entry = locked(() -> begin(podUid, State.PLANNED));
        if (entry != null) {
            write(entry, State.PLANNED);
        }
    }

    /** Makes a pod's Node object exist some time soon, however long the API server is away. */
    public void writeSoon(String podUid) {
        inBackground(
                "write-node-of-" + podUid,
                () -> insisting("node is not written pod_uid=" + podUid, () -> write(podUid)));
    }

    private void write(Entry entry, State before) throws KubeRefused {
        var now = time.now();
        var written = false;
        try {
            entry.uid = api.applyNode(object(entry, now));
            written = true;
        } finally {
            var end = written ? State.THERE : before;
            var alive = written ? now : null;
            if (locked(() -> finish(entry, end, alive)) == State.RETIRED) {
                inBackground("retire-" + entry.placed.nodeName(), () -> remove(entry.placed));
            }
        }
    }

    private @Nullable Entry begin(String podUid, State from) {
        var entry = byPod.get(podUid);
        if (entry == null || entry.state != from) {
            return null;
        }
        entry.state = State.WRITING;
        restored.remove(podUid);
        return entry;
    }

    private static State finish(Entry entry, State end, @Nullable Instant alive) {
        if (entry.state == State.WRITING) {
            entry.state = end;
            entry.alive = alive == null ? entry.alive : alive;
        }
        return entry.state;
    }

    private KubeApi.Node object(Entry entry, Instant now) {
        var placed = entry.placed;
        var hostname = placed.nodeName().substring(NodeName.PREFIX.length());
        var name =
                new NodeName(
                        placed.nodeName(),
                        hostname.equals(placed.address())
                                ? Optional.empty()
                                : Optional.of(hostname),
                        placed.address());
        return NodeObjects.toPort(FargateNode.of(placed, name, host, entry.storageGibibytes, now));
    }

    /** Takes a pod's node away and frees its place; nothing when it has none. */
    public void retire(String podUid) {
        var placed = locked(() -> unwanted(podUid));
        if (placed != null) {
            inBackground("retire-" + placed.nodeName(), () -> remove(placed));
        }
    }

    /** The place to remove; null when there is none, or when the thread that writes it will. */
    private @Nullable PlacedNode unwanted(String podUid) {
        var entry = byPod.remove(podUid);
        if (entry == null) {
            return null;
        }
        byName.remove(entry.placed.nodeName(), entry);
        restored.remove(podUid);
        var before = entry.state;
        entry.state = State.RETIRED;
        return before == State.WRITING ? null : entry.placed;
    }

    /** Only when no Node object is left can the address, and so the name, be somebody else's. */
    private void remove(PlacedNode placed) throws InterruptedException {
        insisting(
                "node is not removed node=" + placed.nodeName(),
                () -> api.deleteNode(placed.nodeName()));
        if (attached.test(placed.podUid())) {
            locked(() -> leaving.add(placed));
            // It may have been detached between the question and the note.
            freeIfDetached(placed);
        } else {
            places.free(placed);
        }
    }

    /** Is told when a pod was detached from its VPC; its address may be free now. */
    public void detached(String podUid) {
        locked(() -> Set.copyOf(leaving)).stream()
                .filter(placed -> placed.podUid().equals(podUid))
                .forEach(this::freeIfDetached);
    }

    private void freeIfDetached(PlacedNode placed) {
        if (!attached.test(placed.podUid()) && locked(() -> leaving.remove(placed))) {
            places.free(placed);
        }
    }

    // ---- the pods -------------------------------------------------------------------------------

    /** Only takes notes; what needs the API server goes to threads of its own. */
    private final class Pods implements PodListener {
        private final Set<String> present = new HashSet<>();
        private boolean synced;

        @Override
        public void present(Pod pod) {
            if (!synced) {
                present.add(pod.uid());
            }
            if (pod.spec().nodeName() != null
                    && pod.spec().schedulerName().equals(Admission.FARGATE_SCHEDULER)) {
                bound(pod);
            }
        }

        @Override
        public void gone(Pod pod) {
            present.remove(pod.uid());
            retire(pod.uid());
        }

        @Override
        public void synced() {
            synced = true;
            var orphans =
                    locked(() -> restored.stream().filter(uid -> !present.contains(uid)).toList());
            orphans.forEach(FargateNodes.this::retire);
            present.clear();
            var waiting =
                    locked(() -> {
                        podsKnown = true;
                        var all = awaitingPods;
                        awaitingPods = new ArrayList<>();
                        return all;
                    });
            waiting.forEach(Runnable::run);
        }
    }

    /** Sees to it that a bound pod has its node, and that the node is up to date after a start. */
    private void bound(Pod pod) {
        var missing =
                locked(() -> {
                    var entry = byPod.get(pod.uid());
                    if (entry == null) {
                        return true;
                    }
                    if (!restored.remove(pod.uid())) {
                        return false;
                    }
                    entry.storageGibibytes = storage(pod);
                    places.hold(cluster.name(), profile(pod), entry.placed);
                    return true;
                });
        if (missing && (placedPod(pod.uid()).isPresent() || rebuild(pod))) {
            writeSoon(pod.uid());
        }
    }

    /** Makes a place from what the pod itself tells; false when it was not placed by Berth. */
    private boolean rebuild(Pod pod) {
        var nodeName = String.valueOf(pod.spec().nodeName());
        var size =
                Optional.ofNullable(pod.metadata().annotations().get(CAPACITY_PROVISIONED))
                        .flatMap(FargateSize::parse);
        var address = addressIn(nodeName);
        var subnet = address.flatMap(this::subnetOf);
        if (size.isEmpty() || subnet.isEmpty() || locked(() -> byName.containsKey(nodeName))) {
            return false;
        }
        var placed =
                new PlacedNode(
                        nodeName,
                        pod.uid(),
                        subnet.get().vpcId(),
                        subnet.get().id(),
                        address.get(),
                        subnet.get().availabilityZone(),
                        size.get());
        if (!places.holdIfFree(cluster.name(), profile(pod), placed)) {
            // It is on its way out, and the place is not free before it is out.
            return false;
        }
        var entry = new Entry(placed);
        entry.storageGibibytes = storage(pod);
        locked(() -> add(entry));
        LOG.info("pod bound without its node pod={} node={}", pod.key(), nodeName);
        return true;
    }

    /** The address that a node's name tells, in either of its forms. */
    private static Optional<String> addressIn(String nodeName) {
        if (!nodeName.startsWith(NodeName.PREFIX)) {
            return Optional.empty();
        }
        var hostname = nodeName.substring(NodeName.PREFIX.length());
        var address =
                hostname.startsWith("ip-")
                        ? hostname.substring(3).split("\\.", 2)[0].replace('-', '.')
                        : hostname;
        return Ipv4Range.parse(address + "/32").map(_ -> address);
    }

    private Optional<Subnet> subnetOf(String address) {
        return network.subnetsOf(cluster.vpcId()).stream()
                .filter(subnet ->
                        Ipv4Range.parse(subnet.cidr())
                                .filter(range -> range.indexOf(address).isPresent())
                                .isPresent())
                .findFirst();
    }

    private static String profile(Pod pod) {
        return pod.metadata().labels().getOrDefault(ProfileChoice.PROFILE_LABEL, "");
    }

    private static int storage(Pod pod) {
        return switch (Sizing.of(pod.spec())) {
            case Sizing.Provisioned(var _, var storageGibibytes) -> storageGibibytes;
            case Sizing.TooBig _ -> Sizing.DEFAULT_STORAGE_GIBIBYTES;
        };
    }

    // ---- leases ---------------------------------------------------------------------------------

    /** Renews all leases, one after another, and sets the timer for the next time. */
    private void tick() {
        busy.begin();
        try {
            renewAll();
        } finally {
            busy.end();
        }
    }

    private void renewAll() {
        try {
            for (var entry :
                    locked(() ->
                            byName.values().stream()
                                    .filter(entry -> entry.state == State.THERE)
                                    .toList())) {
                if (locked(() -> closed)) {
                    return;
                }
                renew(entry);
            }
        } catch (KubeUnavailable e) {
            LOG.warn("leases are not renewed cluster={} why={}", cluster.name(), e.getMessage());
        } finally {
            locked(() -> Set.copyOf(leaving)).forEach(this::freeIfDetached);
            locked(() -> {
                if (!closed) {
                    timer = time.after(NodeLease.RENEW_EVERY, this::tick);
                }
            });
        }
    }

    private void renew(Entry entry) {
        var now = time.now();
        try {
            if (NodeLease.expired(locked(() -> entry.alive), now)) {
                // The node controller has told it dead: a machine that slept, or a long stall.
                var stale = locked(() -> begin(entry.placed.podUid(), State.THERE));
                if (stale != null) {
                    write(stale, State.THERE);
                }
            }
            api.renewLease(
                    entry.placed.nodeName(), entry.uid, (int) NodeLease.DURATION.toSeconds(), now);
            locked(() -> entry.alive = now);
        } catch (KubeRefused e) {
            LOG.warn(
                    "lease is not renewed node={} why={}", entry.placed.nodeName(), e.getMessage());
        }
    }

    // ---- threads --------------------------------------------------------------------------------

    private interface Task {
        void run() throws InterruptedException;
    }

    private interface Request {
        void run() throws KubeRefused;
    }

    /** Repeats a request until the API server has answered it, yes or no. */
    private void insisting(String complaint, Request request) throws InterruptedException {
        for (int failures = 1; ; failures++) {
            if (locked(() -> closed)) {
                throw new InterruptedException("closed");
            }
            try {
                request.run();
                return;
            } catch (KubeRefused e) {
                LOG.warn("{} why={}", complaint, e.getMessage());
                return;
            } catch (KubeUnavailable e) {
                LOG.debug("{} why={}", complaint, e.getMessage());
                pause(LaunchBackOff.after(failures));
            }
        }
    }

    /** Waits; whoever waits is not under way, but is again before the timer's task has ended. */
    private void pause(Duration span) throws InterruptedException {
        var over = new CountDownLatch(1);
        var counted = new AtomicBoolean();
        Runnable count =
                () -> {
                    if (counted.compareAndSet(false, true)) {
                        busy.begin();
                    }
                };
        Runnable wake =
                () -> {
                    count.run();
                    over.countDown();
                };
        var wakeUp = time.after(span, wake);
        busy.end();
        try {
            over.await();
        } finally {
            wakeUp.close();
            count.run();
        }
    }

    private void inBackground(String name, Task task) {
        var thread =
                Thread.ofVirtual()
                        .name(name)
                        .unstarted(() -> {
                            try {
                                task.run();
                            } catch (InterruptedException _) {
                                LOG.debug("given up, closing: {}", name);
                            } finally {
                                locked(() -> threads.remove(Thread.currentThread()));
                                busy.end();
                            }
                        });
        locked(() -> {
            if (!closed) {
                threads.add(thread);
                busy.begin();
                thread.start();
            }
        });
    }

    private <T> T locked(java.util.function.Supplier<T> ask) {
        lock.lock();
        try {
            return ask.get();
        } finally {
            lock.unlock();
        }
    }

    private void locked(Runnable task) {
        lock.lock();
        try {
            task.run();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets go of the cluster: the Node objects stay, the places are free. Nothing is written or
     * removed after this returns, so that whoever starts next for this cluster meets nobody.
     */
    @Override
    public void close() {
        locked(() -> {
            closed = true;
            timer.close();
            threads.forEach(Thread::interrupt);
        });
        watch.close();
        try {
            if (!busy.awaitQuiet(END_AT_MOST)) {
                LOG.warn("nodes do not end cluster={}", cluster.name());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        places.freeAll(cluster.name());
    }
}
