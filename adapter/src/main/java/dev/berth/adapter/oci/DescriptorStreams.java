package dev.berth.adapter.oci;

import dev.berth.adapter.libc.BlockingCalls;
import dev.berth.adapter.libc.Descriptor;
import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;

/** Java streams over descriptors that foreign calls opened. */
final class DescriptorStreams {
    private DescriptorStreams() {}

    /** Turns the reading end of a pipe into a stream of Java's own; the descriptor is used up. */
    static InputStream pipeInput(int fd) throws IOException {
        try {
            return new FileInputStream("/proc/self/fd/" + fd);
        } finally {
            Libc.close(fd);
        }
    }

    /** Turns the writing end of a pipe into a stream of Java's own; the descriptor is used up. */
    static OutputStream pipeOutput(int fd) throws IOException {
        try {
            return new FileOutputStream("/proc/self/fd/" + fd);
        } finally {
            Libc.close(fd);
        }
    }

    /** Reads a terminal until nobody has its other side open. */
    static InputStream terminalInput(BlockingCalls blocking, Descriptor terminal) {
        return new InputStream() {
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
                            blocking.call(
                                    () -> terminal.use(fd -> Libc.read(fd, into, offset, length)));
                    return count == 0 ? -1 : count;
                } catch (Errno failed) {
                    if (failed.number() == Errno.EIO) {
                        return -1;
                    }
                    throw failed;
                }
            }
        };
    }

    /** Writes to a terminal; closing it types the key for the end of input. */
    static OutputStream terminalOutput(BlockingCalls blocking, Descriptor terminal) {
        return new OutputStream() {
            private static final int END_OF_INPUT = 4;
            private boolean closed;

            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one}, 0, 1);
            }

            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                Objects.checkFromIndexSize(offset, length, from.length);
                blocking.call(() ->
                        terminal.use(fd -> {
                            Libc.write(fd, from, offset, length);
                            return length;
                        }));
            }

            @Override
            public void close() throws IOException {
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
}
