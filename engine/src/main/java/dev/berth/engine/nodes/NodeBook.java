package dev.berth.engine.nodes;

import dev.berth.core.node.PlacedNode;
import java.util.Optional;

/** Where pods were placed, answered from memory. */
public interface NodeBook {
    /**
     * What stands behind a node's name; empty for nodes that are not Fargate's. Known before the
     * pod is bound to it, and until the pod is gone.
     */
    Optional<PlacedNode> placed(String nodeName);
}
