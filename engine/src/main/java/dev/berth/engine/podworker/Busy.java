package dev.berth.engine.podworker;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Counts what is under way, so that one can wait until nothing is. Any thread may call. */
final class Busy {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition quiet = lock.newCondition();
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
                quiet.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nothing is under way; false when the time passed first. */
    boolean awaitQuiet(Duration atMost) throws InterruptedException {
        lock.lock();
        try {
            var left = atMost.toNanos();
            while (underWay > 0 && left > 0) {
                left = quiet.awaitNanos(left);
            }
            return underWay == 0;
        } finally {
            lock.unlock();
        }
    }
}
