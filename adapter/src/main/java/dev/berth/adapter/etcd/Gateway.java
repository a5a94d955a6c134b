package dev.berth.adapter.etcd;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * etcd's JSON gateway on a Unix socket: HTTP/1.1, one connection for each request. A connection on
 * a Unix socket costs less than a tenth of a millisecond, so none is kept, and none can be stale.
 */
final class Gateway implements AutoCloseable {
    /** How long one request may take; etcd answers within a few milliseconds. */
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    /** How long a request waits for an etcd that is being started again. */
    private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(5);

    private static final Duration CONNECT_PAUSE = Duration.ofMillis(20);

    /** The longest header line that is read. */
    private static final int LINE_BYTES_MAX = 8 * 1024;

    /** The longest body, or line of a stream, that is read: etcd's own limit on a page of ours. */
    private static final int BODY_BYTES_MAX = 64 * 1024 * 1024;

    private final Path socket;
    private final JsonMapper json;
    private final ScheduledThreadPoolExecutor deadlines;

    Gateway(Path socket, JsonMapper json) {
        this.socket = socket;
        this.json = json;
        this.deadlines =
                new ScheduledThreadPoolExecutor(
                        1, Thread.ofPlatform().daemon().name("berth-etcd-deadlines").factory());
        this.deadlines.setRemoveOnCancelPolicy(true);
    }

    /** Asks and waits for the whole answer. */
    JsonNode call(String path, JsonNode body) throws IOException {
        try (var channel = connect()) {
            // Blocking reads of a channel know no time limit; closing the channel ends them.
            var deadline =
                    deadlines.schedule(
                            () -> closeQuietly(channel),
                            DEADLINE.toMillis(),
                            TimeUnit.MILLISECONDS);
            try {
                var answer = send(channel, path, body, true);
                return json.readTree(answer.all());
            } finally {
                deadline.cancel(false);
            }
        }
    }

    /** Asks and gives the answer as lines that arrive over time. */
    Lines stream(String path, JsonNode body) throws IOException {
        var channel = connect();
        try {
            return new Lines(channel, send(channel, path, body, false), json);
        } catch (IOException | RuntimeException e) {
            closeQuietly(channel);
            throw e;
        }
    }

    @Override
    public void close() {
        deadlines.shutdownNow();
    }

    /** Connects; nothing has been sent while this fails, so trying again is always right. */
    private SocketChannel connect() throws IOException {
        long until = System.nanoTime() + CONNECT_PATIENCE.toNanos();
        while (true) {
            var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return channel;
            } catch (IOException e) {
                channel.close();
                if (System.nanoTime() > until) {
                    throw e;
                }
            }
            try {
                Thread.sleep(CONNECT_PAUSE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }

    private Body send(SocketChannel channel, String path, JsonNode body, boolean whole)
            throws IOException {
        var bytes = json.writeValueAsBytes(body);
        var head =
                ("POST "
                                + path
                                + " HTTP/1.1\r\nHost: etcd\r\nContent-Type: application/json\r\n"
                                + (whole ? "Connection: close\r\n" : "")
                                + "Content-Length: "
                                + bytes.length
                                + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
        var request = ByteBuffer.allocate(head.length + bytes.length).put(head).put(bytes).flip();
        while (request.hasRemaining()) {
            channel.write(request);
        }
        var input = new BufferedInputStream(Channels.newInputStream(channel), 16 * 1024);
        var status = line(input);
        long length = -1;
        boolean chunked = false;
        for (var header = line(input); !header.isEmpty(); header = line(input)) {
            var lower = header.toLowerCase(Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                length = Long.parseLong(lower.substring("content-length:".length()).strip());
            } else if (lower.startsWith("transfer-encoding:")) {
                chunked = lower.contains("chunked");
            }
        }
        var answer = new Body(input, chunked ? -1 : Math.max(length, 0));
        if (!status.startsWith("HTTP/1.1 200")) {
            throw new IOException(
                    "etcd: " + status + " " + new String(answer.all(), StandardCharsets.UTF_8));
        }
        return answer;
    }

    private static String line(InputStream input) throws IOException {
        var text = new StringBuilder();
        for (int c = input.read(); c != '\n'; c = input.read()) {
            if (c < 0) {
                throw new EOFException("etcd closed the connection");
            }
            if (text.length() >= LINE_BYTES_MAX) {
                throw new IOException("too long a header line");
            }
            if (c != '\r') {
                text.append((char) c);
            }
        }
        return text.toString();
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It was being thrown away.
            return;
        }
    }

    /** An answer's body, by its length or in chunks. */
    private static final class Body extends InputStream {
        private final InputStream input;
        private final boolean chunked;
        private long left;
        private boolean begun;
        private boolean ended;

        /** Reads so many bytes, or chunks when the length is negative. */
        Body(InputStream input, long length) {
            this.input = input;
            this.chunked = length < 0;
            this.left = Math.max(length, 0);
        }

        byte[] all() throws IOException {
            var bytes = readNBytes(BODY_BYTES_MAX);
            if (read() >= 0) {
                throw new IOException("too long an answer");
            }
            return bytes;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left == 0 && chunked && !ended) {
                if (begun) {
                    line(input);
                }
                begun = true;
                left = Long.parseLong(line(input).strip(), 16);
                ended = left == 0;
            }
            if (left == 0) {
                return -1;
            }
            int count = input.read(into, offset, (int) Math.min(length, left));
            if (count < 0) {
                throw new EOFException("etcd closed the connection");
            }
            left -= count;
            return count;
        }
    }

    /** An answer that goes on: one JSON value on each line. */
    static final class Lines implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedInputStream body;
        private final JsonMapper json;

        private Lines(SocketChannel channel, InputStream body, JsonMapper json) {
            this.channel = channel;
            this.body = new BufferedInputStream(body, 16 * 1024);
            this.json = json;
        }

        /** The next value, or null at the end. Waits without limit. */
        @Nullable JsonNode next() throws IOException {
            var line = new java.io.ByteArrayOutputStream();
            for (int c = body.read(); c != '\n'; c = body.read()) {
                if (c < 0) {
                    return null;
                }
                if (line.size() >= BODY_BYTES_MAX) {
                    throw new IOException("too long a line");
                }
                line.write(c);
            }
            return json.readTree(line.toByteArray());
        }

        @Override
        public void close() {
            closeQuietly(channel);
        }
    }
}
