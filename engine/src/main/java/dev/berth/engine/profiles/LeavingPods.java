package dev.berth.engine.profiles;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.profile.ProfileChoice;
import dev.berth.port.KubeApi.PodListener;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The pods of a profile that is being deleted, as a watch tells of them: those that its webhook
 * claimed. A pod that merely carries the label is not among them. One thread waits; the watch's
 * thread tells.
 */
final class LeavingPods implements PodListener {
    private static final String SCHEDULER = "fargate-scheduler";

    private final String profile;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<PodKey, Pod> present = new HashMap<>();
    private boolean synced;
    private boolean expired;

    LeavingPods(String profile) {
        this.profile = profile;
    }

    @Override
    public void present(Pod pod) {
        tell(() -> {
            if (belongs(pod)) {
                present.put(pod.key(), pod);
            } else {
                present.remove(pod.key());
            }
        });
    }

    @Override
    public void gone(Pod pod) {
        tell(() -> present.remove(pod.key()));
    }

    @Override
    public void synced() {
        tell(() -> synced = true);
    }

    /** Ends the waiting. */
    void expire() {
        tell(() -> expired = true);
    }

    /**
     * Waits until there is a pod to delete, none at all, or no more time.
     *
     * @param asked the uids of pods whose deletion was asked for already
     */
    News await(Set<String> asked) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                var toDelete = present.values().stream().filter(pod -> isNew(pod, asked)).toList();
                if (expired || (synced && (present.isEmpty() || !toDelete.isEmpty()))) {
                    return new News(toDelete, present.size(), expired);
                }
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * How things stand.
     *
     * @param toDelete the pods whose deletion nobody asked for yet
     * @param left all that are there
     * @param expired whether time is over
     */
    record News(Collection<Pod> toDelete, int left, boolean expired) {
        /** Copies the pods. */
        News {
            toDelete = List.copyOf(toDelete);
        }
    }

    private static boolean isNew(Pod pod, Set<String> asked) {
        return !pod.deleting() && !asked.contains(pod.uid());
    }

    private boolean belongs(Pod pod) {
        return profile.equals(pod.metadata().labels().get(ProfileChoice.PROFILE_LABEL))
                && SCHEDULER.equals(pod.spec().schedulerName());
    }

    private void tell(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
