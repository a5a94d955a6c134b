package dev.berth.engine.nodes;

import dev.berth.core.node.OrdinaryNodeObject.Pressure;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodAdmission.Refusal;
import dev.berth.core.tenancy.DeferredResize;
import dev.berth.core.tenancy.NodeAdmission;
import dev.berth.core.tenancy.NodeAdmission.Refused;
import dev.berth.core.tenancy.NodeAdmission.Situation;
import dev.berth.core.tenancy.NodeAdmission.Taken;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The pods that an ordinary node has taken on and that have not ended, in that order, each with the
 * resources it was given; who of them has to go for a critical one; and who waits for more
 * resources. A decision and what follows from it are one step, whoever asks at the same time. Any
 * thread may call.
 */
final class Tenants {
    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final Map<String, Pod> pods = new LinkedHashMap<>();

    /** The uids of those who make room. */
    private final Set<String> leaving = new HashSet<>();

    /** Whose ends a critical pod waits for, by its uid. */
    private final Map<String, Set<String>> waiting = new HashMap<>();

    private final Map<String, DeferredResize> deferred = new LinkedHashMap<>();

    private volatile Pressure pressure = Pressure.NONE;

    /**
     * What follows from a decision.
     *
     * @param refusal why not, empty when it is as was asked for
     * @param leaving who has to end now
     * @param look the uids of pods that have to be looked at again
     */
    record Outcome(Optional<Refusal> refusal, List<Pod> leaving, List<String> look) {}

    /** Takes a pod on, or says why not. */
    Outcome admit(Pod pod, Situation situation) {
        lock.lock();
        try {
            return switch (decide(pod, situation)) {
                case Refused(var why) -> new Outcome(Optional.of(why), List.of(), List.of());
                case Taken(var going) -> {
                    pods.put(pod.uid(), pod);
                    going.forEach(one -> leaving.add(one.uid()));
                    if (NodeAdmission.critical(pod.spec()) && !leaving.isEmpty()) {
                        waiting.put(pod.uid(), new HashSet<>(leaving));
                    }
                    yield new Outcome(Optional.empty(), going, List.of());
                }
            };
        } finally {
            lock.unlock();
        }
    }

    /** For a critical pod those who are about to go have gone: it waits for them. */
    private NodeAdmission.Decision decide(Pod pod, Situation situation) {
        var critical = NodeAdmission.critical(pod.spec());
        var others =
                pods.values().stream()
                        .filter(other -> !other.uid().equals(pod.uid()))
                        .filter(other -> !critical || !leaving.contains(other.uid()))
                        .toList();
        return NodeAdmission.decide(pod, others, situation);
    }

    /** Whether a pod waits for others to end. */
    boolean waits(String podUid) {
        lock.lock();
        try {
            return waiting.containsKey(podUid);
        } finally {
            lock.unlock();
        }
    }

    /** Why a pod waits with just this wish, empty if it does not. */
    Optional<Refusal> deferred(Pod wanted) {
        lock.lock();
        try {
            return Optional.ofNullable(deferred.get(wanted.uid()))
                    .filter(resize -> resize.wanted().spec().equals(wanted.spec()))
                    .map(DeferredResize::why);
        } finally {
            lock.unlock();
        }
    }

    /** Whether a pod counts with just these resources. */
    boolean counts(Pod wanted) {
        lock.lock();
        try {
            var counted = pods.get(wanted.uid());
            return counted != null
                    && counted.spec().equals(wanted.spec())
                    && !deferred.containsKey(wanted.uid());
        } finally {
            lock.unlock();
        }
    }

    /** Whether a pod counts. */
    boolean counts(String podUid) {
        lock.lock();
        try {
            return pods.containsKey(podUid);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Gives a pod other resources, or lets it wait for them. Whoever has to go for a critical one
     * does not keep it from them: what it uses it has to give back anyway.
     */
    Outcome resize(Pod wanted, Pod allocated, Situation situation, Instant now) {
        lock.lock();
        try {
            pods.put(wanted.uid(), allocated);
            var before = deferred.remove(wanted.uid());
            return switch (decide(wanted, situation)) {
                case Refused(var why) -> {
                    deferred.put(
                            wanted.uid(),
                            new DeferredResize(
                                    wanted,
                                    allocated,
                                    situation,
                                    why,
                                    before == null ? now : before.since()));
                    yield retry(why);
                }
                case Taken(var going) -> {
                    pods.put(wanted.uid(), wanted);
                    going.forEach(one -> leaving.add(one.uid()));
                    var rest = retry(null);
                    var all = new ArrayList<>(going);
                    all.addAll(rest.leaving());
                    yield new Outcome(Optional.empty(), all, rest.look());
                }
            };
        } finally {
            lock.unlock();
        }
    }

    /** Grants what fits now of what waits. */
    private Outcome retry(@Nullable Refusal refusal) {
        var look = new ArrayList<String>();
        var going = new ArrayList<Pod>();
        for (var resize : deferred.values().stream().sorted(DeferredResize.ORDER).toList()) {
            var uid = resize.wanted().uid();
            var then = resize.situation();
            switch (decide(
                    resize.wanted(),
                    new Situation(then.node(), then.labels(), then.taints(), pressure))) {
                case Refused(var why) -> {
                    if (!why.equals(resize.why())) {
                        deferred.put(uid, resize.because(why));
                        look.add(uid);
                    }
                }
                case Taken(var leave) -> {
                    deferred.remove(uid);
                    pods.put(uid, resize.wanted());
                    leave.forEach(one -> leaving.add(one.uid()));
                    going.addAll(leave);
                    look.add(uid);
                }
            }
        }
        return new Outcome(Optional.ofNullable(refusal), going, look);
    }

    /** Counts a pod without asking; it wishes for nothing else. */
    Outcome keep(Pod pod) {
        lock.lock();
        try {
            pods.put(pod.uid(), pod);
            deferred.remove(pod.uid());
            return retry(null);
        } finally {
            lock.unlock();
        }
    }

    /** The pod has ended. */
    Outcome drop(String podUid) {
        lock.lock();
        try {
            pods.remove(podUid);
            leaving.remove(podUid);
            deferred.remove(podUid);
            waiting.remove(podUid);
            var room = new ArrayList<String>();
            for (var one : List.copyOf(waiting.entrySet())) {
                if (one.getValue().remove(podUid) && one.getValue().isEmpty()) {
                    room.add(one.getKey());
                    waiting.remove(one.getKey());
                }
            }
            var rest = retry(null);
            room.addAll(rest.look());
            return new Outcome(Optional.empty(), rest.leaving(), room);
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
