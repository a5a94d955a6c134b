package dev.berth.adapter.probe;

import dev.berth.port.PodNetwork.Connection;
import dev.berth.port.Subscription;
import dev.berth.port.Time;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Ends what one thread does on the network when its time is over: interrupts it while it connects,
 * and closes its connection afterwards.
 */
final class Deadline implements AutoCloseable {
    private final ReentrantLock lock = new ReentrantLock();
    private final Subscription timer;
    private @Nullable Thread connecting;
    private @Nullable Connection open;
    private boolean passed;
    private boolean over;

    Deadline(Time time, Duration timeout) {
        timer = time.after(timeout, this::pass);
    }

    /** The calling thread connects. */
    void connecting() {
        lock.lock();
        try {
            connecting = Thread.currentThread();
        } finally {
            lock.unlock();
        }
    }

    /** The calling thread has connected, or could not. */
    void connected(@Nullable Connection connection) {
        lock.lock();
        try {
            connecting = null;
            open = connection;
            if (passed) {
                // Its interruption may have come too late to matter, and must not matter now.
                Thread.interrupted();
                if (connection != null) {
                    connection.close();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    boolean passed() {
        lock.lock();
        try {
            return passed;
        } finally {
            lock.unlock();
        }
    }

    private void pass() {
        lock.lock();
        try {
            if (over) {
                return;
            }
            passed = true;
            if (connecting != null) {
                connecting.interrupt();
            }
            if (open != null) {
                open.close();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            over = true;
            open = null;
        } finally {
            lock.unlock();
        }
        timer.close();
    }
}
