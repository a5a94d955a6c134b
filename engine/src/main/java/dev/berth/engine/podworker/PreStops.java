package dev.berth.engine.podworker;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodWords;
import dev.berth.engine.podworker.LifecycleHooks.HookFailed;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The preStop hooks that run while containers of a pod are stopped: a thread for each, which tells
 * the pod's thread when it has ended. Closing cuts short what still runs.
 */
final class PreStops implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PreStops.class);

    private final Surroundings around;
    private final LifecycleHooks hooks;
    private final PodMailbox box;
    private final Pod pod;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Thread> threads = new HashMap<>();
    private final Set<Thread> cut = new HashSet<>();

    PreStops(Surroundings around, LifecycleHooks hooks, PodMailbox box, Pod pod) {
        this.around = around;
        this.hooks = hooks;
        this.box = box;
        this.pod = pod;
    }

    /** Runs a container's hook, if it has one. */
    void begin(Container container, String containerId) {
        var hook = container.preStop();
        if (hook == null) {
            return;
        }
        around.busy().begin();
        var thread =
                Thread.ofVirtual()
                        .name("pre-stop-" + pod.key())
                        .unstarted(() -> run(container, containerId, hook));
        lock.lock();
        try {
            threads.put(container.name(), thread);
        } finally {
            lock.unlock();
        }
        thread.start();
    }

    private void run(Container container, String containerId, Handler hook) {
        try {
            hooks.run(pod, container, containerId, hook);
        } catch (HookFailed e) {
            LOG.info("preStop hook failed pod={} cause={}", pod.key(), e.getMessage());
            around.event(
                    pod,
                    Surroundings.fieldPath(pod, container.name()),
                    true,
                    "FailedPreStopHook",
                    PodWords.PRE_STOP_FAILED);
        } catch (InterruptedException tooLong) {
            LOG.debug("preStop hook cut short pod={}", pod.key());
        } finally {
            ended(container.name());
            box.poke();
            around.busy().end();
        }
    }

    private void ended(String container) {
        lock.lock();
        try {
            threads.remove(container);
            if (cut.remove(Thread.currentThread())) {
                around.busy().end();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether a container's hook still runs. */
    boolean running(String container) {
        lock.lock();
        try {
            return threads.containsKey(container);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            for (var thread : threads.values()) {
                // A hook that sleeps counts as nothing under way; from here on it is.
                cut.add(thread);
                around.busy().begin();
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }
}
