package dev.berth.engine.nodes;

import dev.berth.core.network.Subnet;
import dev.berth.core.node.HostFacts;
import dev.berth.core.node.NodeView.NodeImage;
import dev.berth.core.node.NodeView.Taint;
import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.node.PodPlace;
import dev.berth.core.node.SharedPlace;
import dev.berth.core.pod.EtcTexts;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.pod.PodWords;
import dev.berth.core.tenancy.NodeAdmission;
import dev.berth.core.tenancy.NodePreemption;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.clusters.RunningCluster;
import dev.berth.engine.podworker.Machine;
import dev.berth.engine.podworker.PodNodes;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import dev.berth.port.PodFiles.FilesFailed;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ordinary nodes of one cluster, where many pods live beside each other: makes and removes
 * them, finds them again after Berth started anew, and tells the pods' workers where a pod is and
 * whether its node takes it on. A pod's address is taken when the pod is met and free again when it
 * is detached from the network. Any thread may call.
 */
public final class OrdinaryNodes implements PodNodes, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OrdinaryNodes.class);
    private static final long LEAVING_GRACE_SECONDS = 30;

    private final RunningCluster cluster;
    private final OrdinaryNodeRecords records;
    private final NetworkView networks;
    private final Machine machine;
    private final HostFacts host;
    private final Places places;
    private final Supplier<List<NodeImage>> images;

    /** By the node's name. */
    private final Map<String, Kept> nodes = new ConcurrentHashMap<>();

    /** The addresses that pods hold, by the pods' uids. */
    private final Map<String, SharedPlace> addresses = new ConcurrentHashMap<>();

    /** The uids of pods that have been told, since an address was free last, that none is left. */
    private final Set<String> waiting = ConcurrentHashMap.newKeySet();

    private volatile Runnable changed = () -> {};
    private volatile Workers workers = Workers.NONE;

    /** Who runs the pods. Any thread may call, and must not be made to wait. */
    public interface Workers {
        /** Nobody. */
        Workers NONE =
                new Workers() {
                    @Override
                    public void evict(String podUid, Verdict why) {
                        // There is none.
                    }

                    @Override
                    public void look(String podUid) {
                        // There is none.
                    }
                };

        /** Ends a pod. */
        void evict(String podUid, Verdict why);

        /** Looks at a pod again, for which there is room now. */
        void look(String podUid);
    }

    /** A node with the pods on it. */
    private record Kept(OrdinaryNode node, NodeKeeper keeper, Tenants tenants) {}

    /**
     * Does nothing before {@link #start}.
     *
     * @param host the machine, as these nodes tell it
     * @param images what the machine has
     */
    public OrdinaryNodes(
            RunningCluster cluster,
            OrdinaryNodeRecords records,
            NetworkView networks,
            Machine machine,
            HostFacts host,
            Places places,
            Supplier<List<NodeImage>> images) {
        this.cluster = cluster;
        this.records = records;
        this.networks = networks;
        this.machine = machine;
        this.host = host;
        this.places = places;
        this.images = images;
    }

    /** Brings back the nodes of an earlier life of Berth. */
    public void start() {
        for (var node : records.of(cluster.name())) {
            places.hold(node);
            begin(node);
        }
    }

    /** Is told when there are nodes or addresses that pods may have waited for. */
    public void onChange(Runnable listener) {
        changed = listener;
    }

    /** Is told of pods that have to go for others, or that have been given what they waited for. */
    public void onRoom(Workers listener) {
        workers = listener;
    }

    private void begin(OrdinaryNode node) {
        var tenants = new Tenants();
        var keeper = new NodeKeeper(node, cluster.api(), machine, host, images, tenants::pressure);
        nodes.put(node.name(), new Kept(node, keeper, tenants));
        keeper.start();
        changed.run();
    }

    // ---- nodes come and go

    /** Somebody asked for something that cannot be done. */
    public static final class NotPossible extends Exception {
        private static final long serialVersionUID = 1L;

        NotPossible(String message) {
            super(message);
        }
    }

    /**
     * Makes a node.
     *
     * @throws NotPossible with the reason, for people
     */
    public OrdinaryNode add(NewNode wanted) throws NotPossible {
        var wrongs = wanted.wrongs();
        if (!wrongs.isEmpty()) {
            throw new NotPossible(String.join("; ", wrongs));
        }
        if (nodes.containsKey(wanted.name()) || cluster.api().node(wanted.name()).isPresent()) {
            throw new NotPossible(
                    "cluster " + cluster.name() + " has a node " + wanted.name() + " already");
        }
        var id = OrdinaryNode.id(cluster.name(), wanted.name());
        var subnet = subnet(wanted, id);
        var address = place(wanted, subnet, id);
        String root;
        try {
            root = root(wanted, id, address);
        } catch (FilesFailed e) {
            places.free(subnet.id(), address, id);
            throw new NotPossible(String.valueOf(e.getMessage()));
        }
        var node =
                new OrdinaryNode(
                        cluster.name(),
                        wanted.name(),
                        subnet.vpcId(),
                        subnet.id(),
                        subnet.availabilityZone(),
                        address,
                        wanted.cpuMillis(),
                        wanted.memoryMebibytes(),
                        wanted.diskGibibytes(),
                        wanted.podsMax(),
                        root,
                        wanted.labels(),
                        wanted.taints(),
                        machine.time().now());
        if (!records.create(node)) {
            places.free(subnet.id(), address, id);
            throw new NotPossible(
                    "cluster " + cluster.name() + " has a node " + wanted.name() + " already");
        }
        begin(node);
        return node;
    }

    private Subnet subnet(NewNode wanted, String id) throws NotPossible {
        var wish = wanted.subnetId();
        var choice =
                networks.subnetsOf(cluster.vpcId()).stream()
                        .filter(subnet -> wish == null || subnet.id().equals(wish))
                        .findFirst();
        return choice.orElseThrow(() ->
                new NotPossible(
                        wish == null
                                ? "the VPC of cluster "
                                        + cluster.name()
                                        + " has no subnet for "
                                        + id
                                : wish + " is no subnet of the VPC of cluster " + cluster.name()));
    }

    private String root(NewNode wanted, String id, String address) throws FilesFailed {
        var given = wanted.hostRoot();
        return given != null
                ? given
                : machine.files()
                        .nodeRoot(
                                id,
                                Map.of(
                                        "etc/hostname",
                                        wanted.name() + "\n",
                                        "etc/hosts",
                                        EtcTexts.hostsOfNode(wanted.name(), address),
                                        "etc/os-release",
                                        "PRETTY_NAME=\"" + host.osImage() + "\"\n"))
                        .toString();
    }

    private String place(NewNode wanted, Subnet subnet, String id) throws NotPossible {
        try {
            return places.takeNode(
                            cluster.name(),
                            subnet,
                            id,
                            wanted.cpuMillis(),
                            wanted.memoryMebibytes())
                    .orElseThrow(() -> new NotPossible(subnet.id() + " has no free address"));
        } catch (Places.NoRoom full) {
            throw new NotPossible(String.valueOf(full.getMessage()));
        }
    }

    /** Says what a node suffers from; it reports that at once when it is new. */
    void pressure(String name, Pressure now) {
        var kept = nodes.get(name);
        if (kept != null && !kept.tenants().pressure().equals(now)) {
            kept.tenants().pressure(now);
            kept.keeper().look();
        }
    }

    /** The nodes with how many pods each has, in no order. */
    public Map<OrdinaryNode, Integer> all() {
        var all = new java.util.HashMap<OrdinaryNode, Integer>();
        nodes.values().forEach(kept -> all.put(kept.node(), kept.tenants().all().size()));
        return all;
    }

    /**
     * Removes a node: its Node object first, so that nobody puts anything there, then its pods,
     * which get their grace, at most 30 s. What it has on this machine goes when the last one has
     * ended.
     *
     * @throws NotPossible when there is none
     */
    public void remove(String name) throws NotPossible {
        var kept = nodes.get(name);
        if (kept == null || records.remove(cluster.name(), name).isEmpty()) {
            throw new NotPossible("cluster " + cluster.name() + " has no node " + name);
        }
        kept.keeper().close();
        try {
            cluster.api().deleteNode(name);
        } catch (KubeRefused no) {
            LOG.warn("node is not removed node={} why={}", name, no.getMessage());
        }
        for (var pod : kept.tenants().all()) {
            try {
                cluster.api()
                        .deletePod(
                                pod.key(),
                                pod.uid(),
                                Math.min(
                                        LEAVING_GRACE_SECONDS,
                                        pod.spec().terminationGraceSeconds()));
            } catch (KubeRefused gone) {
                LOG.debug("pod of a removed node pod={}", pod.key(), gone);
            }
        }
        removeWhenEmpty(kept);
    }

    private void removeWhenEmpty(Kept kept) {
        if (!kept.tenants().all().isEmpty() || !nodes.remove(kept.node().name(), kept)) {
            return;
        }
        removeRest(kept.node());
    }

    private void removeRest(OrdinaryNode node) {
        machine.network().detach(node.id());
        try {
            machine.files().remove(node.id());
            machine.files().removeNodeRoot(node.id());
        } catch (FilesFailed e) {
            LOG.warn("a removed node has left files node={}", node.name(), e);
        }
        places.free(node.subnetId(), node.address(), node.id());
    }

    private boolean removed(Kept kept) {
        return records.of(cluster.name()).stream()
                .noneMatch(node -> node.name().equals(kept.node().name()));
    }

    // ---- pods

    @Override
    public Optional<? extends PodPlace> place(Pod pod) {
        var name = pod.spec().nodeName();
        var kept = name == null ? null : nodes.get(name);
        if (kept == null) {
            return Optional.empty();
        }
        var node = kept.node();
        if (pod.spec().hostNetwork()) {
            return Optional.of(new SharedPlace(node, node.address()));
        }
        var known = addresses.get(pod.uid());
        if (known != null) {
            return Optional.of(known);
        }
        var sandbox = machine.network().sandbox(pod.uid());
        if (sandbox.isPresent()) {
            var place = new SharedPlace(node, sandbox.get().address());
            places.hold(cluster.name(), node.subnetId(), place.address(), pod.uid());
            addresses.put(pod.uid(), place);
            return Optional.of(place);
        }
        if (pod.status().phase().ended()) {
            var last = pod.status().podIp();
            return Optional.of(new SharedPlace(node, last == null ? "" : last));
        }
        var address =
                networks.subnet(node.subnetId())
                        .flatMap(subnet -> places.takeAddress(cluster.name(), subnet, pod.uid()));
        if (address.isEmpty()) {
            tellThatItWaits(pod, node);
        } else {
            waiting.remove(pod.uid());
        }
        var place = address.map(free -> new SharedPlace(node, free));
        place.ifPresent(taken -> addresses.put(pod.uid(), taken));
        return place;
    }

    /** Once for each pod until an address is free: then it is looked at again. */
    private void tellThatItWaits(Pod pod, OrdinaryNode node) {
        if (waiting.add(pod.uid())) {
            LOG.warn("no address is left for a pod pod={} subnet={}", pod.key(), node.subnetId());
            var event =
                    new KubeApi.Event(
                            pod.key(),
                            pod.uid(),
                            null,
                            true,
                            "FailedCreatePodSandBox",
                            PodWords.sandboxFailed("no address is left in " + node.subnetId()),
                            "kubelet",
                            node.name(),
                            machine.time().now());
            // Whoever asks for a place must not wait for the API server.
            var _ = Thread.ofVirtual().name("no-address").start(() -> cluster.api().event(event));
        }
    }

    @Override
    public Optional<Refusal> refusal(Pod pod, PodPlace place) {
        var kept = nodes.get(place.nodeName());
        if (kept == null) {
            return Optional.empty();
        }
        var outcome = kept.tenants().admit(pod, situation(kept));
        act(outcome);
        if (outcome.refusal().isPresent()) {
            freeIfDetached(pod.uid());
        }
        return outcome.refusal();
    }

    private NodeAdmission.Situation situation(Kept kept) {
        var object = cluster.api().node(kept.node().name());
        return new NodeAdmission.Situation(
                kept.node(),
                object.map(node -> node.labels()).orElse(Map.of()),
                object.map(node ->
                                node.taints().stream()
                                        .map(taint ->
                                                new Taint(
                                                        taint.key(), taint.value(), taint.effect()))
                                        .toList())
                        .orElse(List.of()),
                kept.tenants().pressure());
    }

    private void act(Tenants.Outcome outcome) {
        for (var pod : outcome.leaving()) {
            LOG.info("pod makes room for a critical one pod={}", pod.key());
            workers.evict(pod.uid(), NodePreemption.VERDICT);
        }
        outcome.look().forEach(workers::look);
    }

    @Override
    public boolean waits(Pod pod, PodPlace place) {
        var kept = nodes.get(place.nodeName());
        return kept != null && kept.tenants().waits(pod.uid());
    }

    @Override
    public Optional<Refusal> resize(Pod wanted, Pod allocated, PodPlace place) {
        var kept = nodes.get(place.nodeName());
        if (kept == null) {
            return Optional.empty();
        }
        var known = kept.tenants().deferred(wanted);
        if (known.isPresent() || kept.tenants().counts(wanted)) {
            return known;
        }
        var outcome =
                kept.tenants().resize(wanted, allocated, situation(kept), machine.time().now());
        act(outcome);
        return outcome.refusal();
    }

    @Override
    public void adopted(Pod pod, PodPlace place) {
        var kept = nodes.get(place.nodeName());
        if (kept != null) {
            act(kept.tenants().keep(pod));
        }
    }

    @Override
    public void ended(Pod pod, PodPlace place) {
        waiting.remove(pod.uid());
        freeIfDetached(pod.uid());
        var kept = nodes.get(place.nodeName());
        if (kept == null || !kept.tenants().counts(pod.uid())) {
            return;
        }
        act(kept.tenants().drop(pod.uid()));
        if (kept.tenants().all().isEmpty()) {
            try {
                if (removed(kept)) {
                    removeWhenEmpty(kept);
                }
            } catch (RuntimeException storeAway) {
                LOG.debug("not known whether the node is removed node={}", place.nodeName());
            }
        }
    }

    /** Is told when a pod was detached from its VPC; its address is free now. */
    public void detached(String podUid) {
        freeIfDetached(podUid);
    }

    private void freeIfDetached(String podUid) {
        var place = addresses.get(podUid);
        if (place != null
                && machine.network().sandbox(podUid).isEmpty()
                && addresses.remove(podUid, place)) {
            places.free(place.node().subnetId(), place.address(), podUid);
            waiting.clear();
            changed.run();
        }
    }

    /** Lets go of the cluster: the Node objects stay. */
    @Override
    public void close() {
        nodes.values().forEach(kept -> kept.keeper().close());
        places.freeAll(cluster.name());
    }

    /** The cluster is gone, and its nodes with it. */
    public void removeAll() {
        for (var kept : List.copyOf(nodes.values())) {
            try {
                records.remove(cluster.name(), kept.node().name());
                removeRest(kept.node());
            } catch (KubeUnavailable late) {
                LOG.warn("a node of a deleted cluster is left node={}", kept.node().name(), late);
            }
        }
    }
}
