package dev.berth.engine.nodes;

import dev.berth.core.node.OrdinaryNode;
import dev.berth.port.Store;
import dev.berth.port.Store.Conflict;
import dev.berth.port.Store.Kind;
import dev.berth.port.Store.Stored;
import java.util.List;
import java.util.Optional;

/** The records of all ordinary nodes in the Store. Any thread may call; every call asks it. */
public final class OrdinaryNodeRecords {
    private static final Kind<OrdinaryNode> KIND = new Kind<>("nodes", OrdinaryNode.class);

    private final Store store;

    /** Keeps the records there. */
    public OrdinaryNodeRecords(Store store) {
        this.store = store;
    }

    /** All nodes of all clusters. */
    public List<OrdinaryNode> all() {
        return store.list(KIND, "").stream().map(Stored::value).toList();
    }

    /** The nodes of a cluster, by name. */
    public List<OrdinaryNode> of(String cluster) {
        return store.list(KIND, cluster + "/").stream().map(Stored::value).toList();
    }

    /** Whether a subnet has a node. */
    public boolean usesSubnet(String subnetId) {
        return all().stream().anyMatch(node -> node.subnetId().equals(subnetId));
    }

    /** Writes a new node; false when the cluster has one of that name. */
    boolean create(OrdinaryNode node) {
        try {
            store.put(KIND, id(node.cluster(), node.name()), node, 0);
            return true;
        } catch (Conflict taken) {
            return false;
        }
    }

    /** Removes a node's record, and says what it was; empty when there is none. */
    Optional<OrdinaryNode> remove(String cluster, String name) {
        var stored = store.get(KIND, id(cluster, name));
        if (stored.isEmpty()) {
            return Optional.empty();
        }
        try {
            store.delete(KIND, stored.get().id(), stored.get().revision());
            return stored.map(Stored::value);
        } catch (Conflict faster) {
            return Optional.empty();
        }
    }

    private static String id(String cluster, String name) {
        return cluster + "/" + name;
    }
}
