package dev.berth.testkit;

import static java.util.Objects.requireNonNull;

import dev.berth.core.identity.KubernetesUser;
import dev.berth.core.network.NodeService;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.PodMetadata;
import dev.berth.core.pod.PodResize;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.PodStatus;
import dev.berth.port.KubeApi;
import dev.berth.port.Subscription;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An API server in memory, with what Berth asks of one: pods with uids, versions, graceful deletion
 * and bindings, nodes with leases, events, ConfigMaps, Secrets, tokens and watches. Each watch is
 * told on a thread of its own, in order for every single pod. Any thread may call.
 *
 * <p>The methods of {@link KubeApi} are what Berth calls; the others play the user, the other
 * controllers and the test's curiosity.
 */
public final class FakeKubeApi implements KubeApi {
    /** Conditions that only a node writes; others are kept when it does. */
    private static final Set<String> OF_THE_NODE =
            Set.of(
                    "Ready",
                    "ContainersReady",
                    "Initialized",
                    "PodReadyToStartContainers",
                    PodResize.PENDING,
                    PodResize.IN_PROGRESS);

    private final InstantSource clock;
    private final @Nullable Random disorder;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<PodKey, Pod> pods = new LinkedHashMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();
    private final Map<String, String> nodeUids = new TreeMap<>();
    private final Map<String, Lease> leases = new TreeMap<>();
    private final List<RecordedEvent> events = new ArrayList<>();
    private final Map<String, Map<String, byte[]>> configMaps = new TreeMap<>();
    private final Map<String, Secret> secrets = new TreeMap<>();
    private final Map<String, List<String>> serviceAccounts = new TreeMap<>();
    private final Map<String, Claim> claims = new TreeMap<>();
    private final Map<String, List<Service>> services = new TreeMap<>();
    private final List<String> applied = new ArrayList<>();
    private final List<String> created = new ArrayList<>();
    private final Map<String, KubernetesUser> tokens = new TreeMap<>();
    private final Set<String> nodeRights = new TreeSet<>();
    private final List<Watch> watches = new ArrayList<>();
    private final List<Consumer<ConfigChange>> configListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> claimListeners = new CopyOnWriteArrayList<>();
    private final Map<Call, ArrayDeque<Fault>> faults = new EnumMap<>(Call.class);
    private final List<Consumer<List<NodeService>>> nodeServiceListeners =
            new java.util.concurrent.CopyOnWriteArrayList<>();
    private final List<Call> calls = new ArrayList<>();
    private long version;
    private long tellings;
    private boolean closed;

    /** Tells every change as it happened. */
    public FakeKubeApi(InstantSource clock) {
        this.clock = clock;
        this.disorder = null;
    }

    /**
     * Tells changes late and of different pods out of order, and now and then skips a form that was
     * overtaken by a newer one, as a watch does that had to reconnect.
     *
     * @param seed the same seed makes the same choices
     */
    public FakeKubeApi(InstantSource clock, long seed) {
        this.clock = clock;
        this.disorder = new Random(seed);
    }

    /** The methods of the port, to name them in faults and counts. */
    public enum Call {
        /** {@link KubeApi#pod}. */
        POD,
        /** {@link KubeApi#bind}. */
        BIND,
        /** {@link KubeApi#writeStatus}. */
        WRITE_STATUS,
        /** {@link KubeApi#writeCondition}. */
        WRITE_CONDITION,
        /** {@link KubeApi#annotate}. */
        ANNOTATE,
        /** {@link KubeApi#deletePod}. */
        DELETE_POD,
        /** {@link KubeApi#applyNode}. */
        APPLY_NODE,
        /** {@link KubeApi#registerNode}. */
        REGISTER_NODE,
        /** {@link KubeApi#writeNodeStatus}. */
        WRITE_NODE_STATUS,
        /** {@link KubeApi#node}. */
        NODE,
        /** {@link KubeApi#deleteNode}. */
        DELETE_NODE,
        /** {@link KubeApi#nodes}. */
        NODES,
        /** {@link KubeApi#renewLease}. */
        RENEW_LEASE,
        /** {@link KubeApi#configMap}. */
        CONFIG_MAP,
        /** {@link KubeApi#secret}. */
        SECRET,
        /** {@link KubeApi#serviceAccountPullSecrets}. */
        SERVICE_ACCOUNT,
        /** {@link KubeApi#token}. */
        TOKEN,
        /** {@link KubeApi#claim}. */
        CLAIM,
        /** {@link KubeApi#services}. */
        SERVICES,
        /** {@link KubeApi#updateConfigMap}. */
        UPDATE_CONFIG_MAP,
        /** {@link KubeApi#apply}. */
        APPLY,
        /** {@link KubeApi#createAbsent}. */
        CREATE_ABSENT,
        /** {@link KubeApi#reviewToken}. */
        REVIEW_TOKEN,
        /** {@link KubeApi#mayUseNode}. */
        MAY_USE_NODE,
        /** {@link KubeApi#podsOfNode}. */
        PODS_OF_NODE
    }

    /**
     * A lease.
     *
     * @param nodeUid the owner
     * @param seconds how long it lasts
     * @param renewTime since when
     */
    public record Lease(String nodeUid, int seconds, Instant renewTime) {}

    /**
     * An event object.
     *
     * @param event as it was told first
     * @param count how often
     */
    public record RecordedEvent(Event event, int count) {}

    private sealed interface Fault {
        record Unavailable() implements Fault {}

        record AnswerLost() implements Fault {}

        record No(int code, String message) implements Fault {}
    }

    // ---- faults -------------------------------------------------------------------------------

    /** Makes the next such call throw {@link KubeUnavailable} before it does anything. */
    public void failNext(Call call) {
        plan(call, new Fault.Unavailable());
    }

    /** Makes the next such call do its work and then throw {@link KubeUnavailable}. */
    public void loseAnswerOfNext(Call call) {
        plan(call, new Fault.AnswerLost());
    }

    /** Makes the next such call throw {@link KubeRefused}, or unavailable where it cannot. */
    public void refuseNext(Call call, int code, String message) {
        plan(call, new Fault.No(code, message));
    }

    private void plan(Call call, Fault fault) {
        changing(() -> faults.computeIfAbsent(call, _ -> new ArrayDeque<>()).add(fault));
    }

    /** Every call so far, in order. */
    public List<Call> calls() {
        return reading(() -> List.copyOf(calls));
    }

    /** How often a method was called so far. */
    public long calls(Call call) {
        return reading(() -> calls.stream().filter(call::equals).count());
    }

    // ---- the user and other controllers ---------------------------------------------------------

    /**
     * Stores a new pod; an empty uid, a missing version and time are filled in.
     *
     * @throws IllegalStateException when there is one of that name
     */
    public Pod create(Pod pod) {
        return writing(() -> {
            if (pods.containsKey(pod.key())) {
                throw new IllegalStateException("exists: " + pod.key());
            }
            var of = pod.metadata();
            var uid = of.uid().isEmpty() ? UUID.randomUUID().toString() : of.uid();
            var stored =
                    new Pod(
                            metadata(
                                    of,
                                    uid,
                                    of.labels(),
                                    of.annotations(),
                                    of.deletionTimestamp(),
                                    of.deletionGraceSeconds(),
                                    of.finalizers()),
                            pod.spec(),
                            pod.status());
            return store(stored);
        });
    }

    /**
     * Changes a pod as some other client would; losing the last finalizer of a pod whose grace
     * period is 0 removes it.
     */
    public Pod update(PodKey key, UnaryOperator<Pod> change) {
        return writing(() -> {
            var before = pods.get(key);
            if (before == null) {
                throw new IllegalStateException("no such pod: " + key);
            }
            return store(change.apply(before));
        });
    }

    /** Deletes a pod as {@code kubectl delete pod} does, with the pod's own grace period. */
    public void delete(PodKey key) {
        changing(() -> {
            var pod = pods.get(key);
            if (pod != null) {
                delete(pod, pod.spec().terminationGraceSeconds());
            }
        });
    }

    /** Stores a ConfigMap. */
    public void putConfigMap(String namespace, String name, Map<String, String> data) {
        changing(() -> configMaps.put(namespace + "/" + name, bytes(data)));
        configChanged(new ConfigChange(false, namespace, name));
    }

    /** Takes a ConfigMap away. */
    public void removeConfigMap(String namespace, String name) {
        changing(() -> {
            configMaps.remove(namespace + "/" + name);
        });
        configChanged(new ConfigChange(false, namespace, name));
    }

    /** Stores a Secret. */
    public void putSecret(String namespace, String name, Secret secret) {
        changing(() -> secrets.put(namespace + "/" + name, secret));
        configChanged(new ConfigChange(true, namespace, name));
    }

    /** Tells on the thread that made the change. */
    private void configChanged(ConfigChange change) {
        configListeners.forEach(listener -> listener.accept(change));
    }

    /** Stores a service account with its image pull secrets. */
    public void putServiceAccount(String namespace, String name, List<String> pullSecrets) {
        changing(() -> serviceAccounts.put(namespace + "/" + name, List.copyOf(pullSecrets)));
    }

    /** Stores a claim. */
    public void putClaim(String namespace, String name, Claim claim) {
        changing(() -> claims.put(namespace + "/" + name, claim));
        claimListeners.forEach(Runnable::run);
    }

    /** Stores a service. */
    public void putService(String namespace, Service service) {
        changing(() -> services.computeIfAbsent(namespace, _ -> new ArrayList<>()).add(service));
    }

    /** Makes a bearer token be a user's. */
    public void putToken(String token, KubernetesUser user) {
        changing(() -> tokens.put(token, user));
    }

    /** Lets a user do something with every node. */
    public void allowNode(String username, String verb, String subresource) {
        changing(() -> nodeRights.add(username + " " + verb + " " + subresource));
    }

    /** Takes all such rights away. */
    public void allowNothing() {
        changing(nodeRights::clear);
    }

    // ---- what a test wants to see ---------------------------------------------------------------

    /** All pods. */
    public List<Pod> pods() {
        return reading(() -> List.copyOf(pods.values()));
    }

    /** All nodes by name. */
    public Map<String, Node> nodes() {
        return reading(() -> new TreeMap<>(nodes));
    }

    /** All leases by node name. */
    public Map<String, Lease> leases() {
        return reading(() -> new TreeMap<>(leases));
    }

    /** All event objects, oldest first. */
    public List<RecordedEvent> events() {
        return reading(() -> List.copyOf(events));
    }

    /** The event objects of one pod, oldest first. */
    public List<RecordedEvent> events(PodKey key) {
        return reading(
                () -> events.stream().filter(event -> event.event().pod().equals(key)).toList());
    }

    /** The manifests whose objects were to be created if absent, each once, oldest first. */
    public List<String> created() {
        return reading(() -> List.copyOf(created));
    }

    /** The manifests that were applied, oldest first. */
    public List<String> applied() {
        return reading(() -> List.copyOf(applied));
    }

    /**
     * Waits until a condition over this server holds; it is looked at after every change.
     *
     * @throws AssertionError after the time
     */
    public void await(Predicate<FakeKubeApi> condition, Duration timeout) {
        lock.lock();
        try {
            var nanosLeft = timeout.toNanos();
            while (!condition.test(this)) {
                if (nanosLeft <= 0) {
                    throw new AssertionError("not within " + timeout + "; pods: " + pods);
                }
                nanosLeft = changed.awaitNanos(nanosLeft);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        } finally {
            lock.unlock();
        }
    }

    /** Waits until a pod exists and is so, and returns it. */
    public Pod awaitPod(PodKey key, Predicate<Pod> condition, Duration timeout) {
        await(api -> Optional.ofNullable(api.pods.get(key)).filter(condition).isPresent(), timeout);
        return reading(() -> requireNonNull(pods.get(key)));
    }

    /** Waits until a pod is gone. */
    public void awaitGone(PodKey key, Duration timeout) {
        await(api -> !api.pods.containsKey(key), timeout);
    }

    /** Waits until all that happened so far was told to every watch, and the telling returned. */
    public void awaitTold(Duration timeout) {
        await(api -> api.watches.stream().allMatch(Watch::idle), timeout);
    }

    /** Something that works on what it was told. */
    @FunctionalInterface
    public interface Worker {
        /** Waits until nothing is under way; false when the time passed first. */
        boolean awaitQuiet(Duration atMost) throws InterruptedException;
    }

    /**
     * Waits until, at one and the same moment, all was told and nothing is under way. Then nothing
     * changes any more before the test does something or lets time pass.
     *
     * @param timeout how long each single wait may take, in real time; only what never ends at all
     *     should meet it
     * @throws AssertionError after the time
     */
    public void awaitStill(Worker worker, Duration timeout) throws InterruptedException {
        long before;
        do {
            lock.lock();
            try {
                awaitTold(timeout);
                before = tellings;
            } finally {
                lock.unlock();
            }
            if (!worker.awaitQuiet(timeout)) {
                throw new AssertionError("something goes on and on; pods: " + pods());
            }
            // What was still under way may have caused something new to tell.
        } while (reading(() -> tellings) != before);
    }

    /** Makes every watch begin anew: all pods that exist are told again. */
    public void breakWatches() {
        changing(() -> watches.forEach(watch -> watch.relist(pods.values())));
    }

    // ---- the port -------------------------------------------------------------------------------

    @Override
    public Subscription watchPods(PodListener listener) {
        return writing(() -> {
            if (closed) {
                throw new KubeUnavailable("closed", null);
            }
            var watch = new Watch(listener);
            pods.values().forEach(watch::present);
            watch.synced();
            watches.add(watch);
            watch.start();
            return watch;
        });
    }

    @Override
    public Subscription watchConfig(Consumer<ConfigChange> listener) {
        configListeners.add(listener);
        return () -> configListeners.remove(listener);
    }

    @Override
    public Subscription watchClaims(Runnable listener) {
        claimListeners.add(listener);
        return () -> claimListeners.remove(listener);
    }

    @Override
    public Subscription watchNodeServices(Consumer<List<NodeService>> listener) {
        nodeServiceListeners.add(listener);
        listener.accept(List.of());
        return () -> nodeServiceListeners.remove(listener);
    }

    /** Tells who follows that these are the Services for which the node matters. */
    public void nodeServices(List<NodeService> all) {
        nodeServiceListeners.forEach(listener -> listener.accept(all));
    }

    @Override
    public Optional<Pod> pod(PodKey key) {
        return asking(Call.POD, () -> Optional.ofNullable(pods.get(key)));
    }

    @Override
    public void bind(PodKey key, String uid, String nodeName, Map<String, String> annotations)
            throws KubeRefused {
        writing(
                Call.BIND,
                () -> {
                    var pod = existing(key);
                    checkUid(pod, uid, 409);
                    if (pod.deleting()) {
                        throw new KubeRefused(
                                409,
                                "pod "
                                        + key.name()
                                        + " is being deleted, cannot be assigned to a host");
                    }
                    if (pod.spec().nodeName() != null) {
                        throw new KubeRefused(
                                409,
                                "pod "
                                        + key.name()
                                        + " is already assigned to node \""
                                        + pod.spec().nodeName()
                                        + "\"");
                    }
                    var conditions = pod.status().conditionsByType();
                    conditions.put(
                            "PodScheduled",
                            new PodStatus.Condition(
                                    "PodScheduled", "True", null, null, clock.instant(), 0));
                    return store(
                            new Pod(
                                    annotated(pod.metadata(), annotations),
                                    bound(pod.spec(), nodeName),
                                    withConditions(
                                            pod.status(), List.copyOf(conditions.values()))));
                });
    }

    @Override
    public String writeStatus(PodKey key, String uid, PodStatus status) throws KubeRefused {
        return writing(
                Call.WRITE_STATUS,
                () -> {
                    var pod = existing(key);
                    checkUid(pod, uid, 404);
                    var conditions = pod.status().conditionsByType();
                    conditions.keySet().removeAll(OF_THE_NODE);
                    status.conditions().forEach(one -> conditions.put(one.type(), one));
                    var qosClass =
                            status.qosClass() == null ? pod.status().qosClass() : status.qosClass();
                    var written =
                            new PodStatus(
                                    status.phase(),
                                    List.copyOf(conditions.values()),
                                    status.reason(),
                                    status.message(),
                                    status.podIp(),
                                    status.hostIp(),
                                    status.startTime(),
                                    status.initContainers(),
                                    status.containers(),
                                    qosClass,
                                    status.observedGeneration(),
                                    status.ephemeralContainers());
                    return (written.equals(pod.status())
                                    ? pod
                                    : store(new Pod(pod.metadata(), pod.spec(), written)))
                            .metadata()
                            .resourceVersion();
                });
    }

    @Override
    public void writeCondition(PodKey key, String uid, PodStatus.Condition condition)
            throws KubeRefused {
        writing(
                Call.WRITE_CONDITION,
                () -> {
                    var pod = existing(key);
                    checkUid(pod, uid, 404);
                    var conditions = pod.status().conditionsByType();
                    if (condition.equals(conditions.put(condition.type(), condition))) {
                        return pod;
                    }
                    return store(
                            new Pod(
                                    pod.metadata(),
                                    pod.spec(),
                                    withConditions(
                                            pod.status(), List.copyOf(conditions.values()))));
                });
    }

    @Override
    public void annotate(PodKey key, String uid, Map<String, String> annotations)
            throws KubeRefused {
        writing(
                Call.ANNOTATE,
                () -> {
                    var pod = existing(key);
                    checkUid(pod, uid, 404);
                    var annotated = annotated(pod.metadata(), annotations);
                    return annotated.equals(pod.metadata())
                            ? pod
                            : store(new Pod(annotated, pod.spec(), pod.status()));
                });
    }

    @Override
    public void deletePod(PodKey key, String uid, long graceSeconds) throws KubeRefused {
        writing(
                Call.DELETE_POD,
                () -> {
                    var pod = existing(key);
                    checkUid(pod, uid, 409);
                    delete(pod, graceSeconds);
                    return pod;
                });
    }

    @Override
    public String applyNode(Node node) throws KubeRefused {
        return writing(
                Call.APPLY_NODE,
                () -> {
                    nodes.put(node.name(), node);
                    return nodeUids.computeIfAbsent(node.name(), _ -> UUID.randomUUID().toString());
                });
    }

    @Override
    public String registerNode(Node node) throws KubeRefused {
        return writing(
                Call.REGISTER_NODE,
                () -> {
                    var there = nodes.get(node.name());
                    nodes.put(
                            node.name(),
                            there == null ? node : withConditions(withTaints(node, there), there));
                    return nodeUids.computeIfAbsent(node.name(), _ -> UUID.randomUUID().toString());
                });
    }

    @Override
    public void writeNodeStatus(Node node) throws KubeRefused {
        writing(
                Call.WRITE_NODE_STATUS,
                () -> {
                    var there = nodes.get(node.name());
                    if (there == null) {
                        throw new KubeRefused(404, "nodes \"" + node.name() + "\" not found");
                    }
                    nodes.put(
                            node.name(),
                            new Node(
                                    node.name(),
                                    there.labels(),
                                    there.annotations(),
                                    there.taints(),
                                    there.providerId(),
                                    node.addresses(),
                                    node.capacity(),
                                    node.allocatable(),
                                    withConditions(node, there).conditions(),
                                    node.info(),
                                    node.kubeletPort(),
                                    node.images()));
                    return node;
                });
    }

    private static Node withTaints(Node of, Node taken) {
        var labels = new TreeMap<>(taken.labels());
        labels.putAll(of.labels());
        var annotations = new TreeMap<>(taken.annotations());
        annotations.putAll(of.annotations());
        return new Node(
                of.name(),
                labels,
                annotations,
                taken.taints(),
                taken.providerId(),
                of.addresses(),
                of.capacity(),
                of.allocatable(),
                of.conditions(),
                of.info(),
                of.kubeletPort(),
                of.images());
    }

    /** With the conditions that only the other one has. */
    private static Node withConditions(Node of, Node other) {
        var all = new ArrayList<>(of.conditions());
        other.conditions().stream()
                .filter(one -> all.stream().noneMatch(known -> known.type().equals(one.type())))
                .forEach(all::add);
        return new Node(
                of.name(),
                of.labels(),
                of.annotations(),
                of.taints(),
                of.providerId(),
                of.addresses(),
                of.capacity(),
                of.allocatable(),
                all,
                of.info(),
                of.kubeletPort(),
                of.images());
    }

    @Override
    public Optional<Node> node(String name) {
        return asking(Call.NODE, () -> Optional.ofNullable(nodes.get(name)));
    }

    @Override
    public void deleteNode(String name) throws KubeRefused {
        writing(
                Call.DELETE_NODE,
                () -> {
                    nodes.remove(name);
                    nodeUids.remove(name);
                    leases.remove(name);
                    return name;
                });
    }

    @Override
    public List<Node> nodes(String labelKey, String labelValue) {
        return asking(
                Call.NODES,
                () ->
                        nodes.values().stream()
                                .filter(node -> labelValue.equals(node.labels().get(labelKey)))
                                .toList());
    }

    @Override
    public void renewLease(String nodeName, String nodeUid, int leaseSeconds, Instant renewTime)
            throws KubeRefused {
        writing(
                Call.RENEW_LEASE,
                () -> {
                    var lease = new Lease(nodeUid, leaseSeconds, renewTime);
                    leases.put(nodeName, lease);
                    return lease;
                });
    }

    @Override
    public void event(Event event) {
        changing(() -> {
            for (int i = 0; i < events.size(); i++) {
                var known = events.get(i);
                if (at(known.event(), event.time()).equals(event)) {
                    events.set(i, new RecordedEvent(known.event(), known.count() + 1));
                    return;
                }
            }
            events.add(new RecordedEvent(event, 1));
        });
    }

    @Override
    public Optional<Map<String, byte[]>> configMap(String namespace, String name) {
        return asking(
                Call.CONFIG_MAP,
                () -> Optional.ofNullable(configMaps.get(namespace + "/" + name)).map(Map::copyOf));
    }

    @Override
    public Optional<Secret> secret(String namespace, String name) {
        return asking(Call.SECRET, () -> Optional.ofNullable(secrets.get(namespace + "/" + name)));
    }

    @Override
    public Optional<List<String>> serviceAccountPullSecrets(String namespace, String name) {
        return asking(
                Call.SERVICE_ACCOUNT,
                () -> Optional.ofNullable(serviceAccounts.get(namespace + "/" + name)));
    }

    /** Makes {@code fake-token-<n>} for whoever exists. */
    @Override
    public Token token(
            String namespace,
            String serviceAccount,
            PodKey pod,
            String podUid,
            List<String> audiences,
            long expirationSeconds)
            throws KubeRefused {
        return writing(
                Call.TOKEN,
                () -> {
                    if (!serviceAccounts.containsKey(namespace + "/" + serviceAccount)) {
                        throw new KubeRefused(
                                404, "serviceaccounts \"" + serviceAccount + "\" not found");
                    }
                    var holder = existing(pod);
                    if (!holder.spec().serviceAccountName().equals(serviceAccount)) {
                        throw new KubeRefused(
                                400,
                                "cannot bind token for serviceaccount \""
                                        + serviceAccount
                                        + "\" to pod running with different serviceaccount name.");
                    }
                    checkUid(holder, podUid, 409);
                    return new Token(
                            "fake-token-" + ++version,
                            clock.instant().plusSeconds(expirationSeconds));
                });
    }

    @Override
    public Optional<Claim> claim(String namespace, String name) {
        return asking(Call.CLAIM, () -> Optional.ofNullable(claims.get(namespace + "/" + name)));
    }

    @Override
    public List<Service> services(String namespace) {
        return asking(
                Call.SERVICES,
                () -> List.copyOf(services.getOrDefault(namespace, new ArrayList<>())));
    }

    @Override
    public void updateConfigMap(
            String namespace, String name, UnaryOperator<Map<String, String>> change)
            throws KubeRefused {
        writing(
                Call.UPDATE_CONFIG_MAP,
                () -> {
                    var present = new TreeMap<String, String>();
                    configMaps
                            .getOrDefault(namespace + "/" + name, Map.of())
                            .forEach((key, value) ->
                                    present.put(key, new String(value, StandardCharsets.UTF_8)));
                    return configMaps.put(namespace + "/" + name, bytes(change.apply(present)));
                });
        configChanged(new ConfigChange(false, namespace, name));
    }

    @Override
    public void apply(String yaml) throws KubeRefused {
        writing(Call.APPLY, () -> applied.add(yaml));
    }

    @Override
    public void createAbsent(String yaml) throws KubeRefused {
        writing(Call.CREATE_ABSENT, () -> created.contains(yaml) || created.add(yaml));
    }

    @Override
    public Optional<KubernetesUser> reviewToken(String token) {
        return asking(Call.REVIEW_TOKEN, () -> Optional.ofNullable(tokens.get(token)));
    }

    @Override
    public boolean mayUseNode(
            KubernetesUser user, String verb, String subresource, String nodeName) {
        return asking(
                Call.MAY_USE_NODE,
                () -> nodeRights.contains(user.username() + " " + verb + " " + subresource));
    }

    @Override
    public byte[] podsOfNode(String nodeName) {
        return asking(
                Call.PODS_OF_NODE,
                () ->
                        pods.values().stream()
                                .filter(pod -> nodeName.equals(pod.spec().nodeName()))
                                .map(pod ->
                                        "{\"metadata\":{\"namespace\":\""
                                                + pod.key().namespace()
                                                + "\",\"name\":\""
                                                + pod.key().name()
                                                + "\"}}")
                                .collect(
                                        Collectors.joining(
                                                ",",
                                                "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"items\":[",
                                                "]}"))
                                .getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        var ending =
                reading(() -> {
                    closed = true;
                    return List.copyOf(watches);
                });
        ending.forEach(Watch::close);
    }

    // ---- within ---------------------------------------------------------------------------------

    private interface Write<T> {
        T run() throws KubeRefused;
    }

    private interface Ask<T> {
        T get();
    }

    private <T> T reading(Ask<T> ask) {
        lock.lock();
        try {
            return ask.get();
        } finally {
            lock.unlock();
        }
    }

    private void changing(Runnable task) {
        lock.lock();
        try {
            task.run();
        } finally {
            changed.signalAll();
            lock.unlock();
        }
    }

    private <T> T writing(Ask<T> ask) {
        lock.lock();
        try {
            return ask.get();
        } finally {
            changed.signalAll();
            lock.unlock();
        }
    }

    private <T> T asking(Call call, Ask<T> ask) {
        try {
            return writing(call, ask::get);
        } catch (KubeRefused e) {
            throw new KubeUnavailable(call + ": " + e.getMessage(), e);
        }
    }

    private <T> T writing(Call call, Write<T> write) throws KubeRefused {
        lock.lock();
        try {
            if (closed) {
                throw new KubeUnavailable("closed", null);
            }
            calls.add(call);
            var planned = faults.get(call);
            var fault = planned == null ? null : planned.poll();
            return switch (fault) {
                case null -> write.run();
                case Fault.Unavailable() -> throw new KubeUnavailable("planned: " + call, null);
                case Fault.No(int code, String message) -> throw new KubeRefused(code, message);
                case Fault.AnswerLost() -> {
                    write.run();
                    throw new KubeUnavailable("planned, answer lost: " + call, null);
                }
            };
        } finally {
            changed.signalAll();
            lock.unlock();
        }
    }

    private Pod existing(PodKey key) throws KubeRefused {
        var pod = pods.get(key);
        if (pod == null) {
            throw new KubeRefused(404, "pods \"" + key.name() + "\" not found");
        }
        return pod;
    }

    private static void checkUid(Pod pod, String uid, int code) throws KubeRefused {
        if (!pod.uid().equals(uid)) {
            throw new KubeRefused(
                    code,
                    "Precondition failed: UID in precondition: "
                            + uid
                            + ", UID in object meta: "
                            + pod.uid());
        }
    }

    /**
     * What the API server does: a pod without a node, an ended one, or one with period 0 goes at
     * once; a second deletion may shorten the period and never lengthens it.
     */
    private void delete(Pod pod, long graceSeconds) {
        var period =
                pod.spec().nodeName() == null || pod.status().phase().ended() ? 0 : graceSeconds;
        var of = pod.metadata();
        if (of.deletionTimestamp() != null
                && of.deletionGraceSeconds() != null
                && of.deletionGraceSeconds() <= period) {
            return;
        }
        store(
                new Pod(
                        metadata(
                                of,
                                of.uid(),
                                of.labels(),
                                of.annotations(),
                                clock.instant().plusSeconds(period),
                                period,
                                of.finalizers()),
                        pod.spec(),
                        pod.status()));
    }

    private Pod store(Pod pod) {
        var of = pod.metadata();
        var stored =
                new Pod(
                        metadata(
                                of,
                                of.uid(),
                                of.labels(),
                                of.annotations(),
                                of.deletionTimestamp(),
                                of.deletionGraceSeconds(),
                                of.finalizers()),
                        pod.spec(),
                        pod.status());
        var grace = stored.metadata().deletionGraceSeconds();
        if (stored.deleting() && grace != null && grace == 0 && of.finalizers().isEmpty()) {
            pods.remove(stored.key());
            watches.forEach(watch -> watch.gone(stored));
        } else {
            pods.put(stored.key(), stored);
            watches.forEach(watch -> watch.present(stored));
        }
        return stored;
    }

    /** The same metadata with these parts and the next version. */
    private PodMetadata metadata(
            PodMetadata of,
            String uid,
            Map<String, String> labels,
            Map<String, String> annotations,
            @Nullable Instant deletionTimestamp,
            @Nullable Long deletionGraceSeconds,
            List<String> finalizers) {
        return new PodMetadata(
                of.namespace(),
                of.name(),
                uid,
                Long.toString(++version),
                Math.max(1, of.generation()),
                labels,
                annotations,
                of.createdAt(),
                deletionTimestamp,
                deletionGraceSeconds,
                of.owners(),
                finalizers);
    }

    private PodMetadata annotated(PodMetadata of, Map<String, String> more) {
        var annotations = new TreeMap<>(of.annotations());
        annotations.putAll(more);
        return annotations.equals(of.annotations())
                ? of
                : metadata(
                        of,
                        of.uid(),
                        of.labels(),
                        annotations,
                        of.deletionTimestamp(),
                        of.deletionGraceSeconds(),
                        of.finalizers());
    }

    private static PodStatus withConditions(PodStatus of, List<PodStatus.Condition> conditions) {
        return new PodStatus(
                of.phase(),
                conditions,
                of.reason(),
                of.message(),
                of.podIp(),
                of.hostIp(),
                of.startTime(),
                of.initContainers(),
                of.containers(),
                of.qosClass(),
                of.observedGeneration(),
                of.ephemeralContainers());
    }

    private static PodSpec bound(PodSpec of, String nodeName) {
        return new PodSpec(
                nodeName,
                of.schedulerName(),
                of.serviceAccountName(),
                of.restartPolicy(),
                of.terminationGraceSeconds(),
                of.activeDeadlineSeconds(),
                of.hostNetwork(),
                of.hostPid(),
                of.hostIpc(),
                of.shareProcessNamespace(),
                of.hostname(),
                of.subdomain(),
                of.setHostnameAsFqdn(),
                of.enableServiceLinks(),
                of.dnsPolicy(),
                of.dnsConfig(),
                of.hostAliases(),
                of.nodeSelector(),
                of.requiredNodeTerms(),
                of.tolerations(),
                of.imagePullSecrets(),
                of.readinessGates(),
                of.security(),
                of.initContainers(),
                of.containers(),
                of.volumes(),
                of.priorityClassName(),
                of.ephemeralContainers(),
                of.os(),
                of.priority(),
                of.runtimeClassName(),
                of.requests(),
                of.limits());
    }

    private static Event at(Event event, Instant time) {
        return new Event(
                event.pod(),
                event.podUid(),
                event.fieldPath(),
                event.warning(),
                event.reason(),
                event.message(),
                event.component(),
                event.host(),
                time);
    }

    private static Map<String, byte[]> bytes(Map<String, String> data) {
        var bytes = new TreeMap<String, byte[]>();
        data.forEach((key, value) -> bytes.put(key, value.getBytes(StandardCharsets.UTF_8)));
        return bytes;
    }

    /** One watch: what is still to be told, by pod, and the thread that tells it. */
    private final class Watch implements Subscription {
        private final PodListener listener;
        private final ReentrantLock telling = new ReentrantLock();
        // All below is guarded by the server's lock.
        private final Map<String, ArrayDeque<Tale>> waiting = new LinkedHashMap<>();
        private boolean initialToTell = true;
        private boolean inCall;
        private boolean over;

        Watch(PodListener listener) {
            this.listener = listener;
        }

        private record Tale(Kind kind, @Nullable Pod pod) {}

        private enum Kind {
            PRESENT,
            GONE,
            SYNCED
        }

        void present(Pod pod) {
            add(pod.key().toString(), new Tale(Kind.PRESENT, pod));
        }

        void gone(Pod pod) {
            add(pod.key().toString(), new Tale(Kind.GONE, pod));
        }

        void synced() {
            add("", new Tale(Kind.SYNCED, null));
        }

        void relist(Iterable<Pod> present) {
            present.forEach(this::present);
        }

        private void add(String key, Tale tale) {
            tellings++;
            waiting.computeIfAbsent(key, _ -> new ArrayDeque<>()).add(tale);
        }

        boolean idle() {
            return over || (waiting.isEmpty() && !inCall);
        }

        void start() {
            Thread.ofVirtual().name("fake-watch").start(this::run);
        }

        private void run() {
            while (true) {
                var tale = next();
                if (tale == null) {
                    return;
                }
                tell(tale);
                changing(() -> inCall = false);
            }
        }

        private @Nullable Tale next() {
            lock.lock();
            try {
                while (waiting.isEmpty() && !over) {
                    changed.awaitUninterruptibly();
                }
                if (over) {
                    return null;
                }
                inCall = true;
                var key = chosen();
                var tales = requireNonNull(waiting.get(key));
                var tale = tales.remove();
                while (disorder != null
                        && tales.size() > 1
                        && tale.kind() == Kind.PRESENT
                        && disorder.nextInt(3) == 0) {
                    tale = tales.remove();
                }
                if (tales.isEmpty()) {
                    waiting.remove(key);
                }
                initialToTell &= tale.kind() != Kind.SYNCED;
                return tale;
            } finally {
                lock.unlock();
            }
        }

        /** Whose tale comes next; what existed at the beginning is always told first. */
        private String chosen() {
            var keys = List.copyOf(waiting.keySet());
            return disorder == null || initialToTell
                    ? keys.getFirst()
                    : keys.get(disorder.nextInt(keys.size()));
        }

        private void tell(Tale tale) {
            telling.lock();
            try {
                if (reading(() -> over)) {
                    return;
                }
                switch (tale.kind()) {
                    case PRESENT -> listener.present(requireNonNull(tale.pod()));
                    case GONE -> listener.gone(requireNonNull(tale.pod()));
                    case SYNCED -> listener.synced();
                }
            } finally {
                telling.unlock();
            }
        }

        @Override
        public void close() {
            // Waits for a call that is under way, unless it is this very call that closes.
            telling.lock();
            try {
                changing(() -> {
                    over = true;
                    watches.remove(this);
                });
            } finally {
                telling.unlock();
            }
        }
    }
}
