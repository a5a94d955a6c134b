package dev.berth.engine.clusters;

import dev.berth.core.cluster.Cluster;
import dev.berth.core.network.InterfaceAddress;
import dev.berth.engine.account.NetworkView;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The addresses at which pods find their clusters' API servers: one for each cluster, in one of its
 * subnets, chosen once and kept with its record. Any thread may call.
 */
public final class ApiAddresses {
    private final ClusterRecords records;
    private final NetworkView networks;
    private final List<Function<String, Set<String>>> others = new CopyOnWriteArrayList<>();
    private final ReentrantLock choosing = new ReentrantLock();

    /** By the id of the cluster. */
    private final Map<String, String> held = new ConcurrentHashMap<>();

    /** None is known before {@link #start}. */
    public ApiAddresses(ClusterRecords records, NetworkView networks) {
        this.records = records;
        this.networks = networks;
    }

    /** Adds someone who knows further addresses of a subnet, by its id, that are not free. */
    public void keepOff(Function<String, Set<String>> held) {
        others.add(held);
    }

    /** Reads which addresses clusters have. */
    public void start() {
        records.all().forEach(this::keep);
    }

    /** All addresses; asks nobody. */
    public Set<String> all() {
        return Set.copyOf(held.values());
    }

    /** The cluster with an address, if its subnets have one left. */
    Cluster ensure(Cluster cluster) {
        if (cluster.config().apiAddress() != null) {
            keep(cluster);
            return cluster;
        }
        choosing.lock();
        try {
            var chosen = choose(cluster);
            if (chosen.isEmpty()) {
                return cluster;
            }
            var written =
                    records.update(
                            cluster,
                            present -> present.with(present.config().withApiAddress(chosen.get())));
            written.ifPresent(this::keep);
            return written.orElse(cluster);
        } finally {
            choosing.unlock();
        }
    }

    /** The cluster is gone, and so its address is free. */
    void forget(Cluster cluster) {
        held.remove(cluster.id());
    }

    private Optional<String> choose(Cluster cluster) {
        var subnets =
                cluster.config().subnetIds().stream()
                        .map(networks::subnet)
                        .flatMap(Optional::stream)
                        .toList();
        return InterfaceAddress.choose(
                subnets,
                subnet -> {
                    var taken = new HashSet<>(held.values());
                    others.forEach(other -> taken.addAll(other.apply(subnet)));
                    return taken;
                });
    }

    private void keep(Cluster cluster) {
        var address = cluster.config().apiAddress();
        if (address != null) {
            held.put(cluster.id(), address);
        }
    }
}
