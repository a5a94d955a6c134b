package dev.berth.edge.kubelet;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * What one thread reads from a connection for another one that reads a stream. A reader that is
 * slow makes the connection wait, so that no more than some chunks are held.
 */
final class Arrivals {
    /** The chunk after which nothing comes. */
    static final byte[] END = new byte[0];

    private final BlockingQueue<byte[]> chunks;
    private final BooleanSupplier over;
    private volatile boolean dropped;

    /**
     * Nothing has come yet.
     *
     * @param chunksMax how many are held at most
     * @param over whether the connection is no more, so that nobody need wait
     */
    Arrivals(int chunksMax, BooleanSupplier over) {
        this.chunks = new LinkedBlockingQueue<>(chunksMax);
        this.over = over;
    }

    /** Adds what came, or {@link #END}; waits while the reader is slow. */
    void add(byte[] chunk) throws IOException {
        try {
            while (!dropped && !chunks.offer(chunk, 1, TimeUnit.SECONDS)) {
                if (over.getAsBoolean()) {
                    return;
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IOException("stopped", stop);
        }
    }

    /** Forgets what came and drops what comes; the stream ends. */
    void drop() {
        dropped = true;
        chunks.clear();
        chunks.add(END);
    }

    /** What came, for one reader. */
    InputStream stream() {
        return new Arriving();
    }

    private final class Arriving extends InputStream {
        private byte[] chunk = END;
        private int at;
        private boolean atEnd;

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (at == chunk.length) {
                if (atEnd) {
                    return -1;
                }
                try {
                    chunk = chunks.take();
                } catch (InterruptedException stop) {
                    Thread.currentThread().interrupt();
                    throw new IOException("stopped", stop);
                }
                at = 0;
                atEnd = chunk.length == 0;
            }
            var count = Math.min(length, chunk.length - at);
            System.arraycopy(chunk, at, bytes, from, count);
            at += count;
            return count;
        }
    }
}
