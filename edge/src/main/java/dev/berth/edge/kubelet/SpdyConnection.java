package dev.berth.edge.kubelet;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of one SPDY/3.1 connection: the other side opens streams, both sides send on
 * them. One thread reads, in {@link #run}; any thread writes. A stream that nobody reads holds at
 * most {@value #FRAMES_HELD_MAX} frames and then stops the connection's reader, so that a slow
 * reader holds no memory. Source: SPDY protocol draft 3.1
 */
final class SpdyConnection implements Closeable {
    private static final int VERSION = 0x8003;
    private static final int SYN_STREAM = 1;
    private static final int SYN_REPLY = 2;
    private static final int RST_STREAM = 3;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int HEADERS = 8;
    private static final int REFUSED_STREAM = 3;
    private static final int FLAG_FIN = 1;
    private static final int FRAME_BYTES_MAX = 1 << 24;
    private static final int CHUNK_BYTES = 32 * 1024;
    private static final int FRAMES_HELD_MAX = 16;
    private static final int STREAMS_MAX = 1000;
    private static final byte[] END = Arrivals.END;

    private final DataInputStream in;
    private final DataOutputStream out;
    private final SpdyHeaders headers = new SpdyHeaders();
    private final Map<Integer, Stream> streams = new ConcurrentHashMap<>();
    private final ReentrantLock writing = new ReentrantLock();
    private volatile boolean closed;

    SpdyConnection(InputStream in, OutputStream out) {
        this.in = new DataInputStream(in);
        this.out = new DataOutputStream(out);
    }

    /** Is told of streams that the other side opens; must not block. */
    interface Listener {
        void opened(Stream stream);
    }

    /** Reads until the connection ends, and then ends all streams. */
    void run(Listener listener) throws IOException {
        try {
            while (!closed) {
                frame(listener);
            }
        } catch (EOFException ended) {
            // The other side is gone: so are all streams.
        } finally {
            close();
        }
    }

    private void frame(Listener listener) throws IOException {
        var first = in.readInt();
        var second = in.readInt();
        var flags = second >>> 24;
        var length = second & 0xFF_FFFF;
        if (length > FRAME_BYTES_MAX) {
            throw new IOException("SPDY frame of " + length + " bytes");
        }
        if (first >= 0) {
            data(first, flags, length);
            return;
        }
        var body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException();
        }
        if (first >>> 16 != VERSION) {
            throw new IOException("not SPDY/3: " + Integer.toHexString(first));
        }
        switch (first & 0xFFFF) {
            case SYN_STREAM -> open(body, flags, listener);
            case RST_STREAM -> {
                var stream = streams.remove(number(body, 0));
                if (stream != null) {
                    stream.ignoreInput();
                }
            }
            case PING -> control(PING, 0, body);
            case GOAWAY -> {
                // No further streams will come; those that exist go on.
            }
            case HEADERS -> headers.read(java.util.Arrays.copyOfRange(body, 4, body.length));
            default -> {
                // SETTINGS and WINDOW_UPDATE: the peers of this protocol do not count windows.
            }
        }
    }

    private void open(byte[] body, int flags, Listener listener) throws IOException {
        var id = number(body, 0);
        var named = headers.read(java.util.Arrays.copyOfRange(body, 10, body.length));
        if (streams.size() >= STREAMS_MAX) {
            control(RST_STREAM, 0, bytes(id, REFUSED_STREAM));
            return;
        }
        var stream = new Stream(id, named);
        streams.put(id, stream);
        if ((flags & FLAG_FIN) != 0) {
            stream.endOfInput();
        }
        writing.lock();
        try {
            var block = headers.write(Map.of());
            var reply = new byte[4 + block.length];
            System.arraycopy(bytes(id), 0, reply, 0, 4);
            System.arraycopy(block, 0, reply, 4, block.length);
            control(SYN_REPLY, 0, reply);
        } finally {
            writing.unlock();
        }
        listener.opened(stream);
    }

    private void data(int id, int flags, int length) throws IOException {
        var stream = streams.get(id);
        var left = length;
        while (left > 0) {
            var chunk = in.readNBytes(Math.min(left, CHUNK_BYTES));
            if (chunk.length == 0) {
                throw new EOFException();
            }
            left -= chunk.length;
            if (stream != null) {
                stream.arrived.add(chunk);
            }
        }
        if ((flags & FLAG_FIN) != 0 && stream != null) {
            stream.endOfInput();
        }
    }

    private void control(int type, int flags, byte[] body) throws IOException {
        writing.lock();
        try {
            out.writeInt(VERSION << 16 | type);
            out.writeInt(flags << 24 | body.length);
            out.write(body);
            out.flush();
        } finally {
            writing.unlock();
        }
    }

    private void send(int id, int flags, byte[] bytes, int from, int length) throws IOException {
        writing.lock();
        try {
            if (closed) {
                throw new IOException("the connection is closed");
            }
            out.writeInt(id);
            out.writeInt(flags << 24 | length);
            out.write(bytes, from, length);
            out.flush();
        } finally {
            writing.unlock();
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        streams.values().forEach(Stream::ignoreInput);
        writing.lock();
        try {
            headers.close();
            out.close();
        } catch (IOException alreadyGone) {
            // There is nobody left to tell.
        } finally {
            writing.unlock();
        }
    }

    private static int number(byte[] body, int at) throws IOException {
        if (body.length < at + 4) {
            throw new IOException("SPDY frame too short");
        }
        return java.nio.ByteBuffer.wrap(body).getInt(at) & 0x7FFF_FFFF;
    }

    private static byte[] bytes(int... numbers) {
        var buffer = java.nio.ByteBuffer.allocate(4 * numbers.length);
        for (var number : numbers) {
            buffer.putInt(number);
        }
        return buffer.array();
    }

    /**
     * One stream: what comes is read from {@link #input}, what goes is written to {@link #output}.
     */
    final class Stream implements Channel {
        private final int id;
        private final Map<String, String> named;
        private final Arrivals arrived = new Arrivals(FRAMES_HELD_MAX, () -> closed);
        private volatile boolean inputEnded;
        private volatile boolean outputEnded;

        private Stream(int id, Map<String, String> named) {
            this.id = id;
            this.named = named;
        }

        /** Its number on the connection. */
        int id() {
            return id;
        }

        /** A header that the stream was opened with, or null. */
        @Nullable String header(String lowerCaseName) {
            return named.get(lowerCaseName);
        }

        @Override
        public InputStream input() {
            return arrived.stream();
        }

        @Override
        public OutputStream output() {
            return new Leaving();
        }

        @Override
        public void ignoreInput() {
            arrived.drop();
        }

        @Override
        public void forget() {
            arrived.drop();
            streams.remove(id);
        }

        /** Will not have it. */
        void refuse() {
            forget();
            try {
                control(RST_STREAM, 0, bytes(id, REFUSED_STREAM));
            } catch (IOException gone) {
                // Whoever is gone need not be told.
            }
        }

        private void endOfInput() throws IOException {
            arrived.add(END);
            inputEnded = true;
            if (outputEnded) {
                streams.remove(id);
            }
        }

        private final class Leaving extends OutputStream {
            @Override
            public void write(int one) throws IOException {
                write(new byte[] {(byte) one}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                for (var at = 0; at < length; at += CHUNK_BYTES) {
                    send(id, 0, bytes, from + at, Math.min(CHUNK_BYTES, length - at));
                }
            }

            @Override
            public void close() throws IOException {
                if (!outputEnded && !closed) {
                    outputEnded = true;
                    send(id, FLAG_FIN, END, 0, 0);
                    if (inputEnded) {
                        streams.remove(id);
                    }
                }
            }
        }
    }
}
