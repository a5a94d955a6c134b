package dev.berth.engine.podworker;

import dev.berth.core.pod.Pod;
import dev.berth.engine.Busy;
import dev.berth.port.ContainerRuntime.Exit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a pod's thread has not read yet: the latest wish, the ends of containers, and whether to
 * look again. It holds one wish; a newer one replaces it, but never takes a stop back. Any thread
 * may put in; one thread takes out.
 */
final class PodMailbox {
    private final Busy busy;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition filled = lock.newCondition();
    private final Map<String, Exit> exits = new LinkedHashMap<>();
    private @Nullable Pod wish;
    private boolean gone;
    private boolean stopping;
    private boolean closed;
    private boolean poked;
    private boolean counted;
    private @Nullable Thread cuttable;
    private boolean cut;

    PodMailbox(Busy busy) {
        this.busy = busy;
    }

    /**
     * What was in the box.
     *
     * @param wish the latest form of the pod, or null when there is no newer one
     * @param gone whether the pod is gone from the API server
     * @param exits containers that ended
     */
    record Mail(@Nullable Pod wish, boolean gone, List<Exit> exits) {}

    /** The pod is to be so. */
    void wish(Pod pod) {
        lock.lock();
        try {
            if (stopping && !pod.deleting()) {
                return;
            }
            wish = pod;
            if (pod.deleting()) {
                stop();
            }
            fill();
        } finally {
            lock.unlock();
        }
    }

    /** The pod is not to be any more. */
    void gone() {
        lock.lock();
        try {
            gone = true;
            stop();
            fill();
        } finally {
            lock.unlock();
        }
    }

    /** A container ended. */
    void exit(Exit exit) {
        lock.lock();
        try {
            exits.put(exit.id(), exit);
            fill();
        } finally {
            lock.unlock();
        }
    }

    /** Look again. */
    void poke() {
        lock.lock();
        try {
            poked = true;
            fill();
        } finally {
            lock.unlock();
        }
    }

    /** Berth ends; the thread is to stop without touching the pod. */
    void close() {
        lock.lock();
        try {
            closed = true;
            filled.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for mail and takes all of it. */
    Mail take() throws InterruptedException {
        lock.lock();
        try {
            while (!(poked || wish != null || gone || !exits.isEmpty()) && !closed) {
                uncount();
                filled.await();
            }
            if (closed) {
                throw new InterruptedException("closed");
            }
            var mail = new Mail(wish, gone, List.copyOf(exits.values()));
            wish = null;
            exits.clear();
            poked = false;
            gone = false;
            return mail;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Does something that a stop may cut short: it is then interrupted.
     *
     * @throws InterruptedException when a stop came, before or meanwhile
     */
    <T> T unlessStopped(Callable<T> waiting) throws Exception {
        lock.lock();
        try {
            if (stopUnread()) {
                throw new InterruptedException("a stop waits");
            }
            cuttable = Thread.currentThread();
        } finally {
            lock.unlock();
        }
        try {
            return waiting.call();
        } finally {
            lock.lock();
            try {
                cuttable = null;
                if (cut) {
                    cut = false;
                    busy.end();
                }
                // An interruption that came too late to cut anything must not cut what follows.
                if (stopUnread() && !closed) {
                    Thread.interrupted();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    boolean closed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** The thread has ended; nothing that comes now counts as work. */
    void over() {
        lock.lock();
        try {
            closed = true;
            uncount();
        } finally {
            lock.unlock();
        }
    }

    private boolean stopUnread() {
        return gone || (wish != null && wish.deleting());
    }

    private void stop() {
        stopping = true;
        if (cuttable != null) {
            // What waits may count as nothing under way; from here on it is, until it has ended.
            cut = true;
            busy.begin();
            cuttable.interrupt();
            cuttable = null;
        }
    }

    private void fill() {
        if (!counted && !closed) {
            counted = true;
            busy.begin();
        }
        filled.signalAll();
    }

    private void uncount() {
        if (counted) {
            counted = false;
            busy.end();
        }
    }
}
