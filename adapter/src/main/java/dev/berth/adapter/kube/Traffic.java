package dev.berth.adapter.kube;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How many requests are under way, for those that would rather wait until there are none. */
final class Traffic {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition none = lock.newCondition();
    private int underWay;

    void begin() {
        lock.lock();
        try {
            underWay++;
        } finally {
            lock.unlock();
        }
    }

    void end() {
        lock.lock();
        try {
            underWay--;
            if (underWay == 0) {
                none.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until no request is under way, but not longer than so long. */
    void awaitNone(Duration atMost) throws InterruptedException {
        lock.lock();
        try {
            for (var left = atMost.toNanos(); underWay > 0 && left > 0; ) {
                left = none.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }
}
