package dev.berth.adapter.libc;

import java.io.IOException;

/**
 * An open descriptor that several threads use. It is closed for the kernel only once nobody is in a
 * call on it, so that its number can never mean another file to a late reader.
 */
public final class Descriptor implements AutoCloseable {
    private final int fd;
    private int users;
    private boolean closed;

    /** Takes over an open descriptor. */
    public Descriptor(int fd) {
        this.fd = fd;
    }

    /** What is done with the descriptor's number. */
    @FunctionalInterface
    public interface Use<T> {
        /** Does it. */
        T with(int fd) throws IOException;
    }

    /** Uses it; refuses when it is closed. */
    public <T> T use(Use<T> use) throws IOException {
        synchronized (this) {
            if (closed) {
                throw new IOException("closed");
            }
            users++;
        }
        try {
            return use.with(fd);
        } finally {
            synchronized (this) {
                users--;
                closeWhenUnused();
            }
        }
    }

    /** Closes it, at the latest when the last use returns. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            closeWhenUnused();
        }
    }

    private void closeWhenUnused() {
        if (closed && users == 0) {
            users = -1; // never again
            Libc.close(fd);
        }
    }
}
