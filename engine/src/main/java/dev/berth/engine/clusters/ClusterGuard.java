package dev.berth.engine.clusters;

import dev.berth.core.fault.AwsFault;
import java.util.Optional;

/** Knows what is attached to clusters and must go before them. */
public interface ClusterGuard {
    /**
     * Lets nothing be attached to a cluster any more, unless something is.
     *
     * @return why the cluster may not be deleted, or empty when it is closed now
     */
    Optional<AwsFault> close(String clusterName);

    /** Lets things be attached again; also called when the cluster is gone and its name free. */
    void reopen(String clusterName);
}
