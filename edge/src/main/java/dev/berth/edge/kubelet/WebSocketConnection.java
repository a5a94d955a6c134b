package dev.berth.edge.kubelet;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The server's side of a WebSocket over which several streams go: the first byte of each message is
 * its stream's number. The API server hands such connections on as they came from clients that
 * speak no newer protocol than v4. One thread reads, any may write. Source: RFC 6455
 */
final class WebSocketConnection implements Closeable {
    /** The number of the stream that says how a command ended. */
    static final int ERROR = 3;

    private static final int CONTINUATION = 0;
    private static final int TEXT = 1;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int MESSAGE_BYTES_MAX = 1 << 20;
    private static final int CHUNK_BYTES = 32 * 1024;
    private static final int CHUNKS_HELD_MAX = 64;
    private static final byte[] GOING_NORMALLY = {(byte) (1000 >> 8), (byte) 1000};
    private static final String KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private final DataInputStream in;
    private final OutputStream out;
    private final Protocol protocol;
    private final ReentrantLock writing = new ReentrantLock();
    private final Map<Integer, Numbered> channels = new ConcurrentHashMap<>();
    private volatile boolean closed;

    WebSocketConnection(InputStream in, OutputStream out, Protocol protocol) {
        this.in = new DataInputStream(in);
        this.out = out;
        this.protocol = protocol;
    }

    /**
     * How streams are told apart.
     *
     * @param name as it is offered, empty when the client offers none
     * @param base64 whether messages are text, with the number as a digit
     * @param structured whether the end of a command is told as a Status
     */
    record Protocol(String name, boolean base64, boolean structured) {
        private static final List<Protocol> KNOWN =
                List.of(
                        new Protocol("v4.channel.k8s.io", false, true),
                        new Protocol("v4.base64.channel.k8s.io", true, true),
                        new Protocol("channel.k8s.io", false, false),
                        new Protocol("base64.channel.k8s.io", true, false));

        /** The first of ours that is offered. */
        static Optional<Protocol> among(List<String> offered) {
            return offered.isEmpty()
                    ? Optional.of(new Protocol("", false, false))
                    : KNOWN.stream().filter(one -> offered.contains(one.name())).findFirst();
        }
    }

    /** What the handshake answers to a client's key. */
    static String accept(String key) {
        try {
            return Base64.getEncoder()
                    .encodeToString(
                            MessageDigest.getInstance("SHA-1")
                                    .digest(
                                            (key.strip() + KEY_SUFFIX)
                                                    .getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }

    /** The stream of a number, from 0 on. */
    Channel channel(int number) {
        return channels.computeIfAbsent(number, Numbered::new);
    }

    private final class Numbered implements Channel {
        private final int number;
        private final Arrivals arrived = new Arrivals(CHUNKS_HELD_MAX, () -> closed);

        Numbered(int number) {
            this.number = number;
        }

        @Override
        public InputStream input() {
            return arrived.stream();
        }

        @Override
        public void ignoreInput() {
            arrived.drop();
        }

        @Override
        public void forget() {
            // Numbers stay what they are for as long as the connection stands.
            arrived.drop();
        }

        @Override
        public OutputStream output() {
            return new OutputStream() {
                @Override
                public void write(int one) throws IOException {
                    write(new byte[] {(byte) one}, 0, 1);
                }

                @Override
                public void write(byte[] bytes, int from, int length) throws IOException {
                    for (var at = 0; at < length; at += CHUNK_BYTES) {
                        say(number, bytes, from + at, Math.min(CHUNK_BYTES, length - at));
                    }
                }
            };
        }
    }

    /** Reads until the connection ends, and then ends all streams. */
    void run() throws IOException {
        try {
            byte[] begun = {};
            while (!closed) {
                var head = in.readUnsignedByte();
                var payload = payload();
                switch (head & 15) {
                    case CONTINUATION, TEXT, BINARY -> {
                        begun = joined(begun, payload);
                        if ((head & FINAL) != 0) {
                            arrived(begun);
                            begun = new byte[0];
                        }
                    }
                    case PING -> send(PONG, payload);
                    case CLOSE -> {
                        return;
                    }
                    default -> {
                        // A pong, which nobody asked for.
                    }
                }
            }
        } finally {
            for (var channel : channels.values()) {
                channel.arrived.add(Arrivals.END);
            }
        }
    }

    private byte[] payload() throws IOException {
        var second = in.readUnsignedByte();
        long length = second & 127;
        if (length == 126) {
            length = in.readUnsignedShort();
        } else if (length == 127) {
            length = in.readLong();
        }
        if (length < 0 || length > MESSAGE_BYTES_MAX || (second & MASKED) == 0) {
            throw new IOException("not a client's message, or one of " + length + " bytes");
        }
        var mask = in.readNBytes(4);
        var payload = in.readNBytes((int) length);
        if (mask.length < 4 || payload.length < length) {
            throw new IOException("the connection ended within a message");
        }
        for (var at = 0; at < payload.length; at++) {
            payload[at] ^= mask[at & 3];
        }
        return payload;
    }

    private static byte[] joined(byte[] begun, byte[] more) throws IOException {
        if (begun.length + more.length > MESSAGE_BYTES_MAX) {
            throw new IOException("a message of more than " + MESSAGE_BYTES_MAX + " bytes");
        }
        var whole = new byte[begun.length + more.length];
        System.arraycopy(begun, 0, whole, 0, begun.length);
        System.arraycopy(more, 0, whole, begun.length, more.length);
        return whole;
    }

    private void arrived(byte[] message) throws IOException {
        if (message.length < 2) {
            return;
        }
        var channel = channels.get(protocol.base64() ? message[0] - '0' : message[0] & 255);
        if (channel == null) {
            return;
        }
        var content = new byte[message.length - 1];
        System.arraycopy(message, 1, content, 0, content.length);
        try {
            content = protocol.base64() ? Base64.getDecoder().decode(content) : content;
        } catch (IllegalArgumentException wrong) {
            throw new IOException("not base64", wrong);
        }
        if (content.length > 0) {
            channel.arrived.add(content);
        }
    }

    /** Tells that the streams stand: an empty message of the first that we write to. */
    void greet(int number) throws IOException {
        say(number, new byte[0], 0, 0);
    }

    private void say(int number, byte[] bytes, int from, int length) throws IOException {
        var content = java.util.Arrays.copyOfRange(bytes, from, from + length);
        if (protocol.base64()) {
            content = Base64.getEncoder().encode(content);
        }
        var message = new byte[content.length + 1];
        message[0] = (byte) (protocol.base64() ? number + '0' : number);
        System.arraycopy(content, 0, message, 1, content.length);
        send(protocol.base64() ? TEXT : BINARY, message);
    }

    private void send(int kind, byte[] payload) throws IOException {
        writing.lock();
        try {
            if (closed) {
                throw new IOException("closed");
            }
            out.write(FINAL | kind);
            if (payload.length < 126) {
                out.write(payload.length);
            } else if (payload.length < 1 << 16) {
                out.write(126);
                out.write(payload.length >> 8);
                out.write(payload.length);
            } else {
                out.write(127);
                for (var shift = 56; shift >= 0; shift -= 8) {
                    out.write((int) ((long) payload.length >> shift));
                }
            }
            out.write(payload);
            out.flush();
        } finally {
            writing.unlock();
        }
    }

    @Override
    public void close() {
        writing.lock();
        try {
            if (!closed) {
                send(CLOSE, GOING_NORMALLY);
            }
        } catch (IOException gone) {
            // Whoever is gone need not be told.
        } finally {
            closed = true;
            writing.unlock();
        }
        try {
            out.close();
        } catch (IOException gone) {
            // It was closed from the other side.
        }
    }
}
