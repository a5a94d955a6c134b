package dev.berth.edge.kubelet;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.webserver.ConnectionContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/**
 * When something last went over a connection, and the connection's two directions as streams that
 * note it. Used by any thread.
 */
final class Activity {
    private volatile long last = System.nanoTime();

    /** For how long nothing has come or gone. */
    Duration idleTime() {
        return Duration.ofNanos(System.nanoTime() - last);
    }

    InputStream input(ConnectionContext context) {
        return new Incoming(context.dataReader());
    }

    OutputStream output(ConnectionContext context) {
        return new Outgoing(context.dataWriter());
    }

    /** Helidon's reader as a stream. */
    private final class Incoming extends InputStream {
        private final DataReader reader;

        Incoming(DataReader reader) {
            this.reader = reader;
        }

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
            try {
                reader.ensureAvailable();
                var count = Math.min(length, reader.available());
                var got = reader.readBytes(count);
                System.arraycopy(got, 0, bytes, from, got.length);
                last = System.nanoTime();
                return got.length;
            } catch (DataReader.InsufficientDataAvailableException end) {
                return -1;
            } catch (RuntimeException broken) {
                throw new IOException("the connection broke", broken);
            }
        }
    }

    /** Helidon's writer as a stream; a write waits while the other side does not read. */
    private final class Outgoing extends OutputStream {
        private final DataWriter writer;
        private final ByteArrayOutputStream held = new ByteArrayOutputStream();

        Outgoing(DataWriter writer) {
            this.writer = writer;
        }

        @Override
        public void write(int one) {
            held.write(one);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            held.write(bytes, from, length);
        }

        @Override
        public void flush() throws IOException {
            if (held.size() > 0) {
                try {
                    writer.writeNow(BufferData.create(held.toByteArray()));
                } catch (RuntimeException broken) {
                    throw new IOException("the connection broke", broken);
                } finally {
                    held.reset();
                }
                last = System.nanoTime();
            }
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
