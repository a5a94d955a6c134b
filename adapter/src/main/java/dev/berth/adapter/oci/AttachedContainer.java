package dev.berth.adapter.oci;

import dev.berth.adapter.libc.BlockingCalls;
import dev.berth.adapter.libc.Descriptor;
import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.port.ContainerRuntime.Execution;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;

/**
 * A container's own streams, as its conmon serves them: packets whose first byte tells output (2)
 * from errors (3), and plain bytes the other way. One platform thread reads for as long as somebody
 * is attached; a reader that is slow holds it up, and with it the container.
 */
final class AttachedContainer implements Execution {
    /** conmon sends at most 8192 bytes and the first. */
    private static final int PACKET_BYTES_MAX = 8193;

    private static final int STDOUT = 2;
    private static final int STDERR = 3;
    private static final int SEND_BYTES_MAX = 8000;

    private final BlockingCalls blocking;
    private final Descriptor socket;
    private final ContainerFolder folder;
    private final PipedInputStream stdout = new PipedInputStream(65_536);
    private final PipedInputStream stderr = new PipedInputStream(65_536);
    private final PipedOutputStream toStdout;
    private final PipedOutputStream toStderr;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final OutputStream stdin = new Stdin();

    private AttachedContainer(BlockingCalls blocking, Descriptor socket, ContainerFolder folder)
            throws IOException {
        this.blocking = blocking;
        this.socket = socket;
        this.folder = folder;
        toStdout = new PipedOutputStream(stdout);
        toStderr = new PipedOutputStream(stderr);
    }

    static AttachedContainer attach(BlockingCalls blocking, ContainerFolder folder)
            throws IOException {
        var fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_SEQPACKET, 0);
        // A socket's name has at most 107 bytes; by way of an open folder any length will do.
        var at = -1;
        try {
            at = Libc.open(folder.folder().toString(), Libc.O_PATH);
            Libc.connectUnix(fd, "/proc/self/fd/" + at + "/" + folder.attachSocket().getFileName());
        } catch (IOException failed) {
            Libc.close(fd);
            throw failed;
        } finally {
            if (at >= 0) {
                Libc.close(at);
            }
        }
        var attached = new AttachedContainer(blocking, new Descriptor(fd), folder);
        blocking.background(attached::pump);
        return attached;
    }

    private void pump() {
        var packet = new byte[PACKET_BYTES_MAX];
        try (toStdout;
                toStderr) {
            while (true) {
                var count = socket.use(fd -> Libc.read(fd, packet, 0, packet.length));
                if (count <= 0) {
                    return;
                }
                if (packet[0] == STDOUT) {
                    toStdout.write(packet, 1, count - 1);
                    toStdout.flush();
                } else if (packet[0] == STDERR) {
                    toStderr.write(packet, 1, count - 1);
                    toStderr.flush();
                }
            }
        } catch (IOException closed) {
            // The container ended, or whoever attached went away.
        } finally {
            ended.countDown();
        }
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public InputStream stdout() {
        return stdout;
    }

    @Override
    public InputStream stderr() {
        return stderr;
    }

    @Override
    public void resize(int columns, int rows) throws IOException {
        control(folder, "1 " + rows + " " + columns + "\n");
    }

    /** Gives conmon an order; refuses when no conmon listens. */
    static void control(ContainerFolder folder, String order) throws IOException {
        var fd = Libc.open(folder.control().toString(), Libc.O_WRONLY | Libc.O_NONBLOCK);
        try {
            var bytes = order.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            Libc.write(fd, bytes, 0, bytes.length);
        } finally {
            Libc.close(fd);
        }
    }

    @Override
    public OptionalInt await() throws InterruptedException {
        ended.await();
        return OptionalInt.empty();
    }

    @Override
    public void close() {
        try {
            socket.use(fd -> {
                Libc.shutdown(fd, Libc.SHUT_RDWR);
                return fd;
            });
        } catch (IOException gone) {
            // Then it needs no shutting down.
        }
        socket.close();
        try {
            stdout.close();
            stderr.close();
        } catch (IOException ignored) {
            // Pipes in memory.
        }
    }

    private final class Stdin extends OutputStream {
        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, from.length);
            for (var done = 0; done < length; done += SEND_BYTES_MAX) {
                var at = offset + done;
                var count = Math.min(SEND_BYTES_MAX, length - done);
                blocking.call(() ->
                        socket.use(fd -> {
                            Libc.write(fd, from, at, count);
                            return count;
                        }));
            }
        }

        @Override
        public void close() throws IOException {
            try {
                socket.use(fd -> {
                    Libc.shutdown(fd, Libc.SHUT_WR);
                    return fd;
                });
            } catch (Errno gone) {
                // The other side is closed already.
            }
        }
    }
}
