package dev.berth.engine.podworker;

import dev.berth.engine.podworker.PodUsage.NodeRef;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The nodes of one cluster that Berth answers for: those with pods, and those that stay without.
 */
public final class KnownNodes {
    private final PodUsage usage;
    private final Supplier<List<NodeRef>> lasting;

    /**
     * Knows these nodes.
     *
     * @param lasting the nodes that are there whether or not they have pods
     */
    public KnownNodes(PodUsage usage, Supplier<List<NodeRef>> lasting) {
        this.usage = usage;
        this.lasting = lasting;
    }

    /** All nodes, each once. */
    public List<NodeRef> all() {
        var all = new LinkedHashSet<>(lasting.get());
        all.addAll(usage.nodes());
        return List.copyOf(all);
    }

    /** The node of this address. */
    public Optional<NodeRef> at(String address) {
        return all().stream().filter(node -> node.address().equals(address)).findFirst();
    }
}
