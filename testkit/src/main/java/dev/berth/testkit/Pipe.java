package dev.berth.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Bytes from one thread to another, without the JDK's care for whether the writing thread is still
 * alive. Holds as much as was written.
 */
final class Pipe {
    private static final int END = -1;

    private final LinkedBlockingQueue<Integer> bytes = new LinkedBlockingQueue<>();
    private final CountDownLatch ended;

    /** Counts down once the sink is closed. */
    Pipe(CountDownLatch ended) {
        this.ended = ended;
    }

    OutputStream sink() {
        return new OutputStream() {
            @Override
            public void write(int value) {
                bytes.add(value & 0xff);
            }

            @Override
            public void close() {
                bytes.add(END);
                ended.countDown();
            }
        };
    }

    InputStream source() {
        return new InputStream() {
            private boolean over;

            @Override
            public int read() throws IOException {
                if (over) {
                    return END;
                }
                try {
                    int value = bytes.take();
                    over = value == END;
                    return value;
                } catch (InterruptedException stop) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted", stop);
                }
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                int first = read();
                if (first == END) {
                    return END;
                }
                into[from] = (byte) first;
                int count = 1;
                while (count < length) {
                    var next = bytes.peek();
                    if (next == null || next == END) {
                        break;
                    }
                    into[from + count++] = (byte) read();
                }
                return count;
            }

            @Override
            public int available() {
                return bytes.size();
            }
        };
    }
}
