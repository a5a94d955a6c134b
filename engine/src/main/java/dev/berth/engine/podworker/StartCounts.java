package dev.berth.engine.podworker;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How often nodes began pods since Berth began, as a kubelet counts: each time that a pod's
 * namespaces are made, and of those with users of their own also what failed until their containers
 * ran. Any thread may call.
 */
final class StartCounts {
    private final Map<String, PodUsage.Starts> byNode = new ConcurrentHashMap<>();

    /** A pod's namespaces are going to be made. */
    void begins(String node, boolean ownUsers) {
        add(node, new PodUsage.Starts(1, 0, ownUsers ? 1 : 0, 0));
    }

    /** They could not be made. */
    void fails(String node) {
        add(node, new PodUsage.Starts(0, 1, 0, 0));
    }

    /** They have users of their own, and something of the pod's start failed. */
    void failsWithOwnUsers(String node) {
        add(node, new PodUsage.Starts(0, 0, 0, 1));
    }

    /** A node is gone; another of its name begins at nothing. */
    void forget(String node) {
        byNode.remove(node);
    }

    PodUsage.Starts of(String node) {
        return byNode.getOrDefault(node, PodUsage.Starts.NONE);
    }

    private void add(String node, PodUsage.Starts more) {
        byNode.merge(node, more, PodUsage.Starts::plus);
    }
}
