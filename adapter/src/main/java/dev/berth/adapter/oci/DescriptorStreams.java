package dev.berth.adapter.oci;

import dev.berth.adapter.libc.BlockingCalls;
import dev.berth.adapter.libc.Descriptor;
import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;

/** Java streams over descriptors that foreign calls opened. */
final class DescriptorStreams {
    private DescriptorStreams() {}

    /** Reads a pipe until nobody has its writing end open; closing closes the descriptor. */
    static InputStream pipeInput(BlockingCalls blocking, int fd) {
        var pipe = new Descriptor(fd);
        return new Reading(blocking, pipe) {
            @Override
            public void close() {
                pipe.close();
            }
        };
    }

    /** Writes to a pipe; closing closes the descriptor, and so ends the reader's input. */
    static OutputStream pipeOutput(BlockingCalls blocking, int fd) {
        var pipe = new Descriptor(fd);
        return new Writing(blocking, pipe) {
            @Override
            public void close() {
                pipe.close();
            }
        };
    }

    /** Reads a terminal until nobody has its other side open. */
    static InputStream terminalInput(BlockingCalls blocking, Descriptor terminal) {
        return new Reading(blocking, terminal);
    }

    /** Writes to a terminal; closing it types the key for the end of input. */
    static OutputStream terminalOutput(BlockingCalls blocking, Descriptor terminal) {
        return new Writing(blocking, terminal) {
            private static final int END_OF_INPUT = 4;
            private boolean closed;

            @Override
            public void close() {
                if (!closed) {
                    closed = true;
                    try {
                        write(END_OF_INPUT);
                    } catch (IOException gone) {
                        // Nobody reads any more.
                    }
                }
            }
        };
    }

    /**
     * Reads a descriptor off the calling virtual thread's carrier: Java's own file streams would
     * hold the carrier for as long as nothing comes, and there are only as many as processors.
     */
    private static class Reading extends InputStream {
        private final BlockingCalls blocking;
        private final Descriptor from;

        Reading(BlockingCalls blocking, Descriptor from) {
            this.blocking = blocking;
            this.from = from;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, into.length);
            if (length == 0) {
                return 0;
            }
            try {
                var count =
                        blocking.call(() -> from.use(fd -> Libc.read(fd, into, offset, length)));
                return count == 0 ? -1 : count;
            } catch (Errno failed) {
                if (failed.number() == Errno.EIO) { // a terminal whose other side is closed
                    return -1;
                }
                throw failed;
            }
        }
    }

    /** Writes to a descriptor, off the calling virtual thread's carrier as well. */
    private static class Writing extends OutputStream {
        private final BlockingCalls blocking;
        private final Descriptor to;

        Writing(BlockingCalls blocking, Descriptor to) {
            this.blocking = blocking;
            this.to = to;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, from.length);
            blocking.call(() ->
                    to.use(fd -> {
                        Libc.write(fd, from, offset, length);
                        return length;
                    }));
        }
    }
}
