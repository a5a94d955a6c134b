package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.PodPlace;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.tenancy.TenantUse;
import dev.berth.engine.Busy;
import dev.berth.engine.Timeline;
import dev.berth.port.ContainerRuntime.Container;
import dev.berth.port.ContainerRuntime.Exit;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.KubeApi;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodFiles.Owner;
import dev.berth.port.Subscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pods of one cluster on this machine: hears of pods, gives each that was bound to one of our
 * nodes a worker, and takes away what a former life of Berth left of pods that are gone. Closing
 * leaves the pods running.
 */
public final class PodWorkers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PodWorkers.class);
    private static final Duration STOPPING_TAKES = Duration.ofSeconds(10);
    private static final Duration ORPHAN_GRACE = Duration.ofSeconds(2);
    private static final Duration ORPHAN_RETRY = Duration.ofSeconds(5);
    private static final int TERM = 15;

    private final KubeApi api;
    private final Machine machine;
    private final PodSettings settings;
    private final PodNodes nodes;
    private final Busy busy = new Busy();
    private final EventSender events;
    private final LogRotation rotation;
    private final StorageWatch storage;
    private final Surroundings around;
    private final PodStreams streams;
    private final PodUsage usage;
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final Map<String, PodWorker> workers = new LinkedHashMap<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Map<String, Pod> unplaced = new LinkedHashMap<>();
    private final Map<String, PodMailbox> claims = new HashMap<>();
    private final Map<String, Exit> unclaimed = new HashMap<>();
    private final Map<String, List<Container>> found = new HashMap<>();
    private boolean closed;
    private Subscription watch = () -> {};
    private Subscription configWatch = () -> {};
    private Subscription exits = () -> {};

    /**
     * Works for a cluster with nodes that were made for one pod each.
     *
     * @param nodes the placement of a node of ours by its name, empty for other nodes
     */
    public PodWorkers(
            KubeApi api,
            Machine machine,
            PodSettings settings,
            Function<String, Optional<PlacedNode>> nodes,
            Timeline timeline) {
        this(api, machine, settings, PodNodes.ofFargate(nodes), timeline);
    }

    /** Works for a cluster. */
    public PodWorkers(
            KubeApi api, Machine machine, PodSettings settings, PodNodes nodes, Timeline timeline) {
        this.api = api;
        this.machine = machine;
        this.settings = settings;
        this.nodes = nodes;
        events = new EventSender(api, busy, settings.cluster());
        rotation = new LogRotation(machine, this::all);
        storage = new StorageWatch(machine, this::all);
        around =
                new Surroundings(
                        api,
                        machine,
                        settings,
                        events,
                        timeline,
                        busy,
                        new PullTurns(),
                        new ClaimsOfWorkers(),
                        nodes,
                        new StartCounts());
        streams = new PodStreams(this, machine);
        usage = new PodUsage(this, machine, storage, around.starts());
    }

    /**
     * Looks at what runs and begins to hear of pods.
     *
     * @throws RuntimeFailed when the machine's containers cannot be listed; nothing has begun then
     */
    public void start() throws RuntimeFailed, InterruptedException {
        var owners = machine.files().pods();
        for (var container : machine.runtime().list()) {
            if (ours(owners.get(container.podUid()))) {
                found.computeIfAbsent(container.podUid(), _ -> new ArrayList<>()).add(container);
            }
        }
        events.start();
        exits = machine.runtime().onExit(this::exited);
        configWatch =
                api.watchConfig(change -> all().forEach(worker -> worker.configChanged(change)));
        watch = api.watchPods(new Watcher());
    }

    /** Logs, commands and connections of these pods. */
    public PodStreams streams() {
        return streams;
    }

    /** What these pods use. */
    public PodUsage usage() {
        return usage;
    }

    /** Says that nodes have come: pods that were bound to unknown ones are looked at again. */
    public void nodesChanged() {
        List<Pod> again;
        lock.lock();
        try {
            again = List.copyOf(unplaced.values());
        } finally {
            lock.unlock();
        }
        again.forEach(this::present);
    }

    /** Stops hearing and working; the pods run on. */
    @Override
    public void close() {
        watch.close();
        configWatch.close();
        exits.close();
        List<PodWorker> stopping;
        List<Thread> ending;
        lock.lock();
        try {
            closed = true;
            stopping = List.copyOf(workers.values());
            ending = List.copyOf(threads);
        } finally {
            lock.unlock();
        }
        rotation.close();
        storage.close();
        stopping.forEach(worker -> worker.box().close());
        ending.forEach(Thread::interrupt);
        var deadline = System.nanoTime() + STOPPING_TAKES.toNanos();
        try {
            for (var thread : ending) {
                thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        events.close();
    }

    /** Waits until nothing is under way; false when the time passed first. For tests. */
    boolean awaitQuiet(Duration atMost) throws InterruptedException {
        return busy.awaitQuiet(atMost);
    }

    /**
     * What the running pods of a node use: memory at this moment, disk when it was last looked at.
     */
    public List<TenantUse> uses(String nodeName) {
        var uses = new ArrayList<TenantUse>();
        for (var worker : all()) {
            var view = worker.view();
            if (view.node().nodeName().equals(nodeName)
                    && view.runs().stream().anyMatch(ContainerRun::running)) {
                uses.add(use(view));
            }
        }
        return uses;
    }

    private TenantUse use(PodLedger.View view) {
        var pod = view.pod();
        var memory = new HashMap<String, Long>();
        var written = new HashMap<String, Long>();
        var disk = storage.last(pod.uid());
        for (var run : view.runs()) {
            if (run.running() && run.containerId() != null) {
                machine.runtime()
                        .containerUse(pod.uid(), PodLedger.rawId(run))
                        .ifPresent(use -> memory.put(run.name(), use.memory().workingSet()));
                disk.ifPresent(use -> written.put(run.name(), use.ofContainer(run.name())));
            }
        }
        return new TenantUse(
                pod,
                machine.runtime()
                        .podUse(pod.uid())
                        .map(use -> use.memory().workingSet())
                        .orElse(0L),
                memory,
                disk.map(use -> use.ofPod(pod.spec())).orElse(0L),
                written);
    }

    /** Ends a pod because its node needs what the pod uses. */
    public void evict(String podUid, Verdict why) {
        worker(podUid).ifPresent(worker -> worker.evict(why));
    }

    /** Looks at a pod again, for which something may have changed on its node. */
    public void look(String podUid) {
        worker(podUid).ifPresent(worker -> worker.box().poke());
    }

    Optional<PodWorker> worker(String podUid) {
        lock.lock();
        try {
            return Optional.ofNullable(workers.get(podUid));
        } finally {
            lock.unlock();
        }
    }

    List<PodWorker> all() {
        lock.lock();
        try {
            return List.copyOf(workers.values());
        } finally {
            lock.unlock();
        }
    }

    // ---- what is heard

    private final class Watcher implements KubeApi.PodListener {
        @Override
        public void present(Pod pod) {
            PodWorkers.this.present(pod);
        }

        @Override
        public void gone(Pod pod) {
            lock.lock();
            try {
                unplaced.remove(pod.uid());
                var worker = workers.get(pod.uid());
                if (worker != null) {
                    worker.box().gone();
                    return;
                }
            } finally {
                lock.unlock();
            }
            removeOrphan(pod.uid());
        }

        @Override
        public void synced() {
            var owners = machine.files().pods();
            List<String> orphans;
            lock.lock();
            try {
                orphans =
                        owners.entrySet().stream()
                                .filter(entry -> ours(entry.getValue()))
                                .map(Map.Entry::getKey)
                                .filter(uid -> !workers.containsKey(uid))
                                .filter(uid -> !unplaced.containsKey(uid))
                                .toList();
            } finally {
                lock.unlock();
            }
            orphans.forEach(PodWorkers.this::removeOrphan);
        }
    }

    private boolean ours(@Nullable Owner owner) {
        return owner != null && owner.cluster().equals(settings.cluster());
    }

    private void present(Pod pod) {
        var nodeName = pod.spec().nodeName();
        if (nodeName == null) {
            return;
        }
        var known = worker(pod.uid());
        if (known.isPresent()) {
            known.get().box().wish(pod);
            return;
        }
        var node = nodes.place(pod);
        lock.lock();
        try {
            if (closed) {
                return;
            }
            if (node.isEmpty()) {
                unplaced.put(pod.uid(), pod);
                return;
            }
            unplaced.remove(pod.uid());
            begin(pod, node.get());
        } finally {
            lock.unlock();
        }
    }

    private void begin(Pod pod, PodPlace node) {
        var box = new PodMailbox(busy);
        var containers = found.remove(pod.uid());
        var worker =
                new PodWorker(
                        around,
                        pod,
                        node,
                        containers == null ? List.of() : containers,
                        box,
                        () -> forget(pod.uid()));
        workers.put(pod.uid(), worker);
        if (containers != null) {
            // From now on nobody looks for them in what was found, so their ends go to the box at
            // once, before its thread has begun.
            for (var container : containers) {
                claims.put(container.id(), box);
                var missed = unclaimed.remove(container.id());
                if (missed != null) {
                    box.exit(missed);
                }
            }
        }
        box.wish(pod);
        threads.removeIf(thread -> !thread.isAlive());
        threads.add(Thread.ofVirtual().name("pod-" + pod.key()).start(worker));
        rotation.arm();
        storage.begins(pod.uid());
    }

    private void forget(String podUid) {
        lock.lock();
        try {
            workers.remove(podUid);
        } finally {
            lock.unlock();
        }
        storage.ends(podUid);
    }

    private void exited(Exit exit) {
        PodMailbox box;
        lock.lock();
        try {
            box = claims.get(exit.id());
            if (box == null) {
                if (found.values().stream()
                        .flatMap(List::stream)
                        .anyMatch(container -> container.id().equals(exit.id()))) {
                    unclaimed.put(exit.id(), exit);
                }
                return;
            }
        } finally {
            lock.unlock();
        }
        box.exit(exit);
    }

    private final class ClaimsOfWorkers implements Surroundings.Claims {
        @Override
        public void claim(String containerId, PodMailbox box) {
            Exit missed;
            lock.lock();
            try {
                claims.put(containerId, box);
                missed = unclaimed.remove(containerId);
            } finally {
                lock.unlock();
            }
            if (missed != null) {
                box.exit(missed);
            }
        }

        @Override
        public void release(String containerId) {
            lock.lock();
            try {
                claims.remove(containerId);
            } finally {
                lock.unlock();
            }
        }
    }

    // ---- orphans

    /** Stops and removes what is left of a pod that is gone from the API server. */
    private void removeOrphan(String podUid) {
        var owner = machine.files().pods().get(podUid);
        if (!ours(owner) || owner == null) {
            return;
        }
        List<Container> containers;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            var known = found.remove(podUid);
            containers = known == null ? List.of() : known;
            busy.begin();
            threads.removeIf(thread -> !thread.isAlive());
            threads.add(
                    Thread.ofVirtual()
                            .name("orphan-" + podUid)
                            .start(() -> {
                                try {
                                    new Orphan(podUid, owner, containers).remove();
                                } finally {
                                    busy.end();
                                }
                            }));
        } finally {
            lock.unlock();
        }
    }

    private final class Orphan {
        private final String podUid;
        private final Owner owner;
        private final List<Container> containers;

        Orphan(String podUid, Owner owner, List<Container> containers) {
            this.podUid = podUid;
            this.owner = owner;
            this.containers = containers;
        }

        void remove() {
            LOG.info(
                    "pod gone, its remains are removed pod={}/{} uid={}",
                    owner.namespace(),
                    owner.name(),
                    podUid);
            var running =
                    containers.stream()
                            .filter(container -> container.exit() == null)
                            .map(Container::id)
                            .toList();
            try {
                for (var id : running) {
                    machine.runtime().signal(id, TERM);
                }
            } catch (RuntimeFailed e) {
                LOG.info("orphan not signalled uid={} cause={}", podUid, e.getMessage());
            } catch (InterruptedException stop) {
                return;
            }
            if (running.isEmpty()) {
                finish();
            } else {
                var _ = machine.time().after(ORPHAN_GRACE, this::finish);
            }
        }

        private void finish() {
            try {
                var remains = new PodRemains(machine);
                remains.removeRunning(podUid, containers.stream().map(Container::id).toList());
                remains.removeRest(podUid, owner.namespace(), owner.name());
            } catch (FilesFailed e) {
                LOG.warn("orphan not removed, tried again uid={}", podUid, e);
                var _ = machine.time().after(ORPHAN_RETRY, this::finish);
            } catch (InterruptedException stop) {
                LOG.debug("orphan left for the next start uid={}", podUid);
            }
        }
    }
}
