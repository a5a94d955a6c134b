package dev.berth.engine.clusters;

import dev.berth.core.cluster.Cluster;
import dev.berth.core.cluster.EksFaults;
import dev.berth.core.fault.Refused;
import dev.berth.port.Store;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.Stored;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The records of all clusters in the Store. A name is used once in a Berth, whatever the region,
 * because control planes are kept by name; a cluster of another region is not found (our choice).
 * Any thread may call; every call asks the Store.
 */
public final class ClusterRecords {
    private static final Kind<Cluster> KIND = new Kind<>("clusters", Cluster.class);
    private static final int TRIES_MAX = 100;

    private final Store store;

    /** Keeps the records there. */
    public ClusterRecords(Store store) {
        this.store = store;
    }

    /** A cluster of any region. */
    public Optional<Cluster> find(String name) {
        return store.get(KIND, name).map(Stored::value);
    }

    /** All clusters of all regions, by name. */
    public List<Cluster> all() {
        return store.list(KIND, "").stream().map(Stored::value).toList();
    }

    /**
     * A cluster of a region.
     *
     * @throws Refused when there is none
     */
    public Cluster require(String region, String name) throws Refused {
        return find(name)
                .filter(cluster -> cluster.region().equals(region))
                .orElseThrow(() -> new Refused(EksFaults.noCluster(name)));
    }

    /**
     * Writes a new cluster.
     *
     * @throws Refused when the name is taken
     */
    void create(Cluster cluster) throws Refused {
        try {
            store.put(KIND, cluster.name(), cluster, 0);
        } catch (Conflict taken) {
            throw new Refused(
                    EksFaults.inUse("Cluster already exists with name: " + cluster.name())
                            .with("clusterName", cluster.name()));
        }
    }

    /** This very cluster as it is now; empty when it is gone, even if another has its name. */
    Optional<Cluster> again(Cluster known) {
        return stored(known).map(Stored::value);
    }

    /**
     * Changes a cluster, whoever else writes; returns what was written, or empty when it is gone.
     */
    Optional<Cluster> update(Cluster known, UnaryOperator<Cluster> change) {
        for (var attempt = 0; attempt < TRIES_MAX; attempt++) {
            var stored = stored(known);
            if (stored.isEmpty()) {
                return Optional.empty();
            }
            var wished = change.apply(stored.get().value());
            if (wished.equals(stored.get().value()) || replaced(stored.get(), wished)) {
                return Optional.of(wished);
            }
        }
        throw new IllegalStateException("cluster " + known.name() + " changes all the time");
    }

    /** Removes a cluster's record, whoever else writes; nothing when it is gone. */
    void remove(Cluster known) {
        for (var attempt = 0; attempt < TRIES_MAX; attempt++) {
            var stored = stored(known);
            if (stored.isEmpty() || deleted(stored.get())) {
                return;
            }
        }
        throw new IllegalStateException("cluster " + known.name() + " changes all the time");
    }

    private Optional<Stored<Cluster>> stored(Cluster known) {
        return store.get(KIND, known.name())
                .filter(stored -> stored.value().id().equals(known.id()));
    }

    private boolean replaced(Stored<Cluster> read, Cluster wished) {
        try {
            store.put(KIND, read.id(), wished, read.revision());
            return true;
        } catch (Conflict faster) {
            return false;
        }
    }

    private boolean deleted(Stored<Cluster> read) {
        try {
            store.delete(KIND, read.id(), read.revision());
            return true;
        } catch (Conflict faster) {
            return false;
        }
    }
}
