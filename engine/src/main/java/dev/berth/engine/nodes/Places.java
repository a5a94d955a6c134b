package dev.berth.engine.nodes;

import dev.berth.core.network.Subnet;
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
     * What a pod holds at a spot.
     *
     * @param cluster the pod's cluster
     * @param profile the profile it counts for, or empty while it is not known
     * @param podUid the pod
     * @param size its share of the machine
     */
    private record Place(String cluster, String profile, String podUid, FargateSize size) {}

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
                            new Place(cluster, pod.profileName(), pod.uid(), pod.size()));
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
            held.put(Spot.of(placed), new Place(cluster, profile, placed.podUid(), placed.size()));
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
        boolean freed;
        lock.lock();
        try {
            var spot = Spot.of(placed);
            var place = held.get(spot);
            freed = place != null && place.podUid().equals(placed.podUid());
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
            left = left.less(place.size());
        }
        return left;
    }
}
