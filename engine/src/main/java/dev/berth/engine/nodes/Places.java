package dev.berth.engine.nodes;

import dev.berth.core.network.Subnet;
import dev.berth.core.node.OrdinaryNode;
import dev.berth.core.node.PlacedNode;
import dev.berth.core.placement.HostCapacity;
import dev.berth.core.placement.Placement;
import dev.berth.core.placement.Placement.Outcome;
import dev.berth.core.placement.Placement.Waiting;
import dev.berth.core.placement.SubnetState;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.size.FargateSize;
import dev.berth.port.Subscription;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * What all clusters' pods hold of this machine: addresses and room. There is one for the whole of
 * Berth, because clusters may share subnets and always share the machine. A round decides and takes
 * under one lock, so no address is given twice, whoever asks at the same time. Any thread may call;
 * nothing waits for I/O here.
 */
public final class Places {
    private final HostCapacity whole;
    private final Function<String, Set<String>> heldByOthers;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Spot, Place> held = new HashMap<>();
    private final Map<String, String> lastGiven = new HashMap<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    /** An address in a subnet. */
    private record Spot(String subnetId, String address) {
        static Spot of(PlacedNode placed) {
            return new Spot(placed.subnetId(), placed.address());
        }
    }

    /**
     * What a pod or an ordinary node holds at a spot.
     *
     * @param cluster its cluster
     * @param profile the profile it counts for, or empty while it is not known or when it is none
     * @param podUid the pod, or the node's id
     * @param cpuMillis its share of the machine
     * @param memoryMebibytes its share of the machine; a pod on an ordinary node has none
     */
    private record Place(
            String cluster, String profile, String podUid, int cpuMillis, int memoryMebibytes) {
        static Place of(String cluster, String profile, String podUid, FargateSize size) {
            return new Place(cluster, profile, podUid, size.cpuMillis(), size.memoryMebibytes());
        }
    }

    /**
     * Nothing is held yet.
     *
     * @param whole what the machine offers to pods
     * @param heldByOthers the addresses of a subnet, by its id, that something else than a pod
     *     holds: gateways, the control plane's interfaces
     */
    public Places(HostCapacity whole, Function<String, Set<String>> heldByOthers) {
        this.whole = whole;
        this.heldByOthers = heldByOthers;
    }

    /**
     * One round: decides where the pods go and takes these places for them.
     *
     * @param cluster their cluster
     * @param pods in the order in which they are served
     * @param profiles those that claimed them
     * @param subnets those of the profiles
     */
    public List<Outcome> take(
            String cluster,
            List<Waiting> pods,
            Collection<FargateProfile> profiles,
            Collection<Subnet> subnets) {
        var subnetsOfProfile = new HashMap<String, List<String>>();
        profiles.forEach(profile -> subnetsOfProfile.put(profile.name(), profile.subnets()));
        lock.lock();
        try {
            var outcomes =
                    Placement.decide(
                            new Placement.Situation(
                                    pods,
                                    states(subnets),
                                    subnetsOfProfile,
                                    podsInSubnet(cluster),
                                    left()));
            for (var outcome : outcomes) {
                if (outcome instanceof Outcome.Placed(var pod, var subnet, var address)) {
                    held.put(
                            new Spot(subnet.id(), address),
                            Place.of(cluster, pod.profileName(), pod.uid(), pod.size()));
                    lastGiven.put(subnet.id(), address);
                }
            }
            return outcomes;
        } finally {
            lock.unlock();
        }
    }

    /** Takes the place of a pod that was placed in an earlier life of Berth. */
    void hold(String cluster, String profile, PlacedNode placed) {
        lock.lock();
        try {
            held.put(Spot.of(placed), Place.of(cluster, profile, placed.podUid(), placed.size()));
        } finally {
            lock.unlock();
        }
    }

    /** Takes such a place too, unless somebody holds it. */
    boolean holdIfFree(String cluster, String profile, PlacedNode placed) {
        lock.lock();
        try {
            if (held.containsKey(Spot.of(placed))) {
                return false;
            }
            hold(cluster, profile, placed);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Frees a place and tells those who wait for one; nothing when the pod does not hold it. Other
     * places of the same pod stay: one may be on its way out while the pod has the next.
     */
    void free(PlacedNode placed) {
        free(placed.subnetId(), placed.address(), placed.podUid());
    }

    /**
     * Takes an address for a pod on an ordinary node, whose share of the machine is its node's;
     * empty when the subnet has none left.
     */
    Optional<String> takeAddress(String cluster, Subnet subnet, String podUid) {
        lock.lock();
        try {
            var address = next(subnet);
            address.ifPresent(free -> hold(cluster, subnet.id(), free, podUid));
            return address;
        } finally {
            lock.unlock();
        }
    }

    private Optional<String> next(Subnet subnet) {
        return Objects.requireNonNull(states(List.of(subnet)).get(subnet.id()))
                .nextAddress(Set.of());
    }

    /** Takes the address that such a pod has from an earlier life of Berth. */
    void hold(String cluster, String subnetId, String address, String podUid) {
        lock.lock();
        try {
            held.put(new Spot(subnetId, address), new Place(cluster, "", podUid, 0, 0));
            lastGiven.put(subnetId, address);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes an address and a share of the machine for a new ordinary node.
     *
     * @return the address, or empty when the subnet has none left
     * @throws NoRoom when the machine has not so much left
     */
    Optional<String> takeNode(
            String cluster, Subnet subnet, String nodeId, int cpuMillis, int memoryMebibytes)
            throws NoRoom {
        lock.lock();
        try {
            var left = left();
            if (memoryMebibytes > left.memoryMebibytes() || cpuMillis > left.cpuMillis()) {
                throw new NoRoom(left);
            }
            var address = next(subnet);
            address.ifPresent(free ->
                    held.put(
                            new Spot(subnet.id(), free),
                            new Place(cluster, "", nodeId, cpuMillis, memoryMebibytes)));
            return address;
        } finally {
            lock.unlock();
        }
    }

    /** Takes what an ordinary node has had before, even if that is more than there is. */
    void hold(OrdinaryNode node) {
        lock.lock();
        try {
            held.put(
                    new Spot(node.subnetId(), node.address()),
                    new Place(
                            node.cluster(),
                            "",
                            node.id(),
                            node.cpuMillis(),
                            node.memoryMebibytes()));
        } finally {
            lock.unlock();
        }
    }

    /** The machine has not so much left. */
    static final class NoRoom extends Exception {
        private static final long serialVersionUID = 1L;

        NoRoom(HostCapacity left) {
            super(
                    "this machine has %d millicores and %d MiB left for nodes and pods (berth up --memory-overcommit gives out more)"
                            .formatted(left.cpuMillis(), left.memoryMebibytes()));
        }
    }

    /** Frees an address that this pod or node holds, with its share of the machine. */
    void free(String subnetId, String address, String podUid) {
        boolean freed;
        lock.lock();
        try {
            var spot = new Spot(subnetId, address);
            var place = held.get(spot);
            freed = place != null && place.podUid().equals(podUid);
            if (freed) {
                held.remove(spot);
            }
        } finally {
            lock.unlock();
        }
        if (freed) {
            listeners.forEach(Runnable::run);
        }
    }

    /** Frees all places of a cluster that is gone. */
    void freeAll(String cluster) {
        lock.lock();
        try {
            held.values().removeIf(place -> place.cluster().equals(cluster));
        } finally {
            lock.unlock();
        }
        listeners.forEach(Runnable::run);
    }

    /** Tells, on the thread that freed it, whenever a place is free again. */
    public Subscription onFreed(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** The addresses that pods hold in a subnet. */
    public Set<String> addressesIn(String subnetId) {
        lock.lock();
        try {
            return addresses(subnetId);
        } finally {
            lock.unlock();
        }
    }

    /** What the machine has left for pods. */
    public HostCapacity capacityLeft() {
        lock.lock();
        try {
            return left();
        } finally {
            lock.unlock();
        }
    }

    private Map<String, SubnetState> states(Collection<Subnet> subnets) {
        var states = new TreeMap<String, SubnetState>();
        for (var subnet : subnets) {
            var taken = addresses(subnet.id());
            taken.addAll(heldByOthers.apply(subnet.id()));
            states.put(subnet.id(), new SubnetState(subnet, taken, lastGiven.get(subnet.id())));
        }
        return states;
    }

    private Set<String> addresses(String subnetId) {
        var addresses = new HashSet<String>();
        for (var spot : held.keySet()) {
            if (spot.subnetId().equals(subnetId)) {
                addresses.add(spot.address());
            }
        }
        return addresses;
    }

    private Map<String, Map<String, Integer>> podsInSubnet(String cluster) {
        var counts = new HashMap<String, Map<String, Integer>>();
        held.forEach((spot, place) -> {
            if (place.cluster().equals(cluster)) {
                counts.computeIfAbsent(place.profile(), _ -> new HashMap<>())
                        .merge(spot.subnetId(), 1, Integer::sum);
            }
        });
        return counts;
    }

    private HostCapacity left() {
        var left = whole;
        for (var place : held.values()) {
            left = left.less(place.cpuMillis(), place.memoryMebibytes());
        }
        return left;
    }
}
