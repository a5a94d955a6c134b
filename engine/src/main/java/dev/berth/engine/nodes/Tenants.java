package dev.berth.engine.nodes;

import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.core.tenancy.NodeAdmission;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The pods that an ordinary node has taken on and that have not ended, in that order. A decision
 * and what follows from it are one step, whoever asks at the same time. Any thread may call.
 */
final class Tenants {
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Pod> pods = new LinkedHashMap<>();
    private volatile Pressure pressure = Pressure.NONE;

    /** Takes a pod on, or says why not. */
    Optional<Refusal> admit(Pod pod, NodeAdmission.Situation situation) {
        lock.lock();
        try {
            var others =
                    pods.values().stream().filter(other -> !other.uid().equals(pod.uid())).toList();
            var refusal = NodeAdmission.refusal(pod, others, situation);
            if (refusal.isEmpty()) {
                pods.put(pod.uid(), pod);
            }
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    /** Counts a pod without asking. */
    void keep(Pod pod) {
        lock.lock();
        try {
            pods.put(pod.uid(), pod);
        } finally {
            lock.unlock();
        }
    }

    /** The pod has ended; whether it was counted. */
    boolean drop(String podUid) {
        lock.lock();
        try {
            return pods.remove(podUid) != null;
        } finally {
            lock.unlock();
        }
    }

    List<Pod> all() {
        lock.lock();
        try {
            return List.copyOf(pods.values());
        } finally {
            lock.unlock();
        }
    }

    Pressure pressure() {
        return pressure;
    }

    void pressure(Pressure now) {
        pressure = now;
    }
}
