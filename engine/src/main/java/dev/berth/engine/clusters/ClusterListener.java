package dev.berth.engine.clusters;

/** Is told when a cluster's control plane begins to answer and before it ends. */
public interface ClusterListener {
    /**
     * The cluster answers; called once for each life of its control plane, also after Berth started
     * again.
     */
    void started(RunningCluster cluster);

    /**
     * The cluster is about to be deleted, or Berth to end; returns when nothing uses it any more.
     */
    void stopping(String clusterName);
}
