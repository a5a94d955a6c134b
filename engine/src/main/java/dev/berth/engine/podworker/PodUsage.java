package dev.berth.engine.podworker;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.StorageUse;
import dev.berth.core.usage.GroupUse;
import dev.berth.core.usage.LinkUse;
import dev.berth.core.usage.ProbeCounts;
import dev.berth.core.usage.Rates;
import dev.berth.core.usage.Rates.Rate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What one cluster's pods use of this machine, read from the kernel at each question. Nothing is
 * read while nobody asks; only the last readings of CPU time are kept, to tell rates by. Any thread
 * may call.
 */
public final class PodUsage {
    private final PodWorkers workers;
    private final Machine machine;
    private final StorageWatch storage;
    private final StartCounts starts;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final Rates rates = new Rates();

    PodUsage(PodWorkers workers, Machine machine, StorageWatch storage, StartCounts starts) {
        this.workers = workers;
        this.machine = machine;
        this.storage = storage;
        this.starts = starts;
    }

    /**
     * A node.
     *
     * @param name its name
     * @param address its IPv4 address
     * @param cpuMillis what it has, in thousandths of a core
     * @param memoryBytes what it has
     * @param id what names it on this machine
     */
    public record NodeRef(
            String name, String address, int cpuMillis, long memoryBytes, String id) {}

    /**
     * What a pod uses.
     *
     * @param namespace its namespace
     * @param name its name
     * @param uid its uid
     * @param labels its labels
     * @param nodeName where it is
     * @param groupPath its cgroup, from the root of the tree
     * @param startedAt since when it is here, or null before it began
     * @param group all its processes together; null before it began and after it ended
     * @param link its network link; null when it has none of its own
     * @param containers its running containers
     * @param rate its CPU time per second, or null when nobody asked before
     * @param disk what of the disk it used when that was last looked at, or null before that
     */
    public record PodReading(
            String namespace,
            String name,
            String uid,
            Map<String, String> labels,
            String nodeName,
            String groupPath,
            @Nullable Instant startedAt,
            @Nullable GroupUse group,
            @Nullable LinkUse link,
            List<ContainerReading> containers,
            @Nullable Rate rate,
            @Nullable DiskReading disk) {}

    /**
     * What of the disk a pod used at one time.
     *
     * @param at the time
     * @param use its volumes but those in memory, what its containers wrote, and their logs
     * @param totalBytes what counts for the pod: not what is in memory
     */
    public record DiskReading(Instant at, StorageUse use, long totalBytes) {}

    /**
     * The file system that pods and images lie on.
     *
     * @param capacityBytes all of it
     * @param availableBytes what is free
     */
    public record FileSystemReading(long capacityBytes, long availableBytes) {}

    /**
     * What a running container uses.
     *
     * @param name its name in the pod
     * @param id 64 hex digits
     * @param image its image's full name
     * @param startedAt since when it runs
     * @param use its processes
     * @param rate its CPU time per second, or null when nobody asked before
     */
    public record ContainerReading(
            String name,
            String id,
            String image,
            Instant startedAt,
            GroupUse use,
            @Nullable Rate rate) {}

    /**
     * The probes of a pod.
     *
     * @param namespace its namespace
     * @param name its name
     * @param uid its uid
     * @param counts of each probe
     */
    public record PodProbeCounts(
            String namespace, String name, String uid, List<ProbeCounts> counts) {}

    /**
     * How often a node began pods, since Berth began.
     *
     * @param pods how often namespaces were to be made
     * @param podErrors how often that failed
     * @param ownUsers how often with users of the pod's own
     * @param ownUsersErrors how many of these starts failed, there or later
     */
    public record Starts(long pods, long podErrors, long ownUsers, long ownUsersErrors) {
        static final Starts NONE = new Starts(0, 0, 0, 0);

        Starts plus(Starts more) {
            return new Starts(
                    pods + more.pods,
                    podErrors + more.podErrors,
                    ownUsers + more.ownUsers,
                    ownUsersErrors + more.ownUsersErrors);
        }
    }

    /** How often a node began pods. */
    public Starts starts(String nodeName) {
        return starts.of(nodeName);
    }

    /** The nodes that have pods here, each once. */
    public List<NodeRef> nodes() {
        return workers.all().stream().map(worker -> node(worker.view())).distinct().toList();
    }

    private static NodeRef node(PodLedger.View view) {
        var node = view.node();
        return new NodeRef(
                node.nodeName(),
                node.hostAddress(),
                node.cpuMillis(),
                (long) node.memoryMebibytes() << 20,
                switch (node) {
                    case PlacedNode placed -> placed.podUid();
                    case SharedPlace shared -> shared.node().id();
                });
    }

    /** The file system that all nodes of this machine share, read now. */
    public FileSystemReading fileSystem() {
        var images = machine.images().storage();
        return new FileSystemReading(images.capacityBytes(), images.availableBytes());
    }

    /** What the pods of a node use now. */
    public List<PodReading> ofNode(String nodeName) {
        return read(view -> view.node().nodeName().equals(nodeName));
    }

    /** What all pods use now. */
    public List<PodReading> all() {
        return read(_ -> true);
    }

    /** What the pods of a namespace use now. */
    public List<PodReading> ofNamespace(String namespace) {
        return read(view -> view.pod().metadata().namespace().equals(namespace));
    }

    private List<PodReading> read(Predicate<PodLedger.View> which) {
        var readings = new ArrayList<PodReading>();
        for (var worker : workers.all()) {
            var view = worker.view();
            if (which.test(view)) {
                readings.add(read(view));
            }
        }
        return readings;
    }

    private PodReading read(PodLedger.View view) {
        var metadata = view.pod().metadata();
        var uid = metadata.uid();
        var runtime = machine.runtime();
        var containers = new ArrayList<ContainerReading>();
        for (var run : view.runs()) {
            if (run.running() && run.containerId() != null) {
                container(uid, run).ifPresent(containers::add);
            }
        }
        var group = runtime.podUse(uid).orElse(null);
        return new PodReading(
                metadata.namespace(),
                metadata.name(),
                uid,
                metadata.labels(),
                view.node().nodeName(),
                runtime.podGroupPath(uid),
                view.status().startTime(),
                group,
                machine.network().use(uid).orElse(null),
                List.copyOf(containers),
                group == null ? null : rate(uid, group),
                storage.lastLook(uid)
                        .map(look ->
                                new DiskReading(
                                        look.at(),
                                        look.use().onDisk(view.pod().spec()),
                                        look.use().ofPod(view.pod().spec())))
                        .orElse(null));
    }

    private Optional<ContainerReading> container(String podUid, ContainerRun run) {
        var id = PodLedger.rawId(run);
        var startedAt = run.startedAt();
        return startedAt == null
                ? Optional.empty()
                : machine.runtime()
                        .containerUse(podUid, id)
                        .map(use ->
                                new ContainerReading(
                                        run.name(),
                                        id,
                                        run.image(),
                                        startedAt,
                                        use,
                                        rate(id, use)));
    }

    private @Nullable Rate rate(String thing, GroupUse use) {
        lock.lock();
        try {
            return rates.read(thing, use.at(), use.cpu().totalNanos()).orElse(null);
        } finally {
            lock.unlock();
        }
    }

    /** How often the probes of a node's pods were asked. */
    public List<PodProbeCounts> probes(String nodeName) {
        var all = new ArrayList<PodProbeCounts>();
        for (var worker : workers.all()) {
            var view = worker.view();
            if (view.node().nodeName().equals(nodeName)) {
                var metadata = view.pod().metadata();
                all.add(
                        new PodProbeCounts(
                                metadata.namespace(),
                                metadata.name(),
                                metadata.uid(),
                                worker.probeCounts()));
            }
        }
        return all;
    }
}
