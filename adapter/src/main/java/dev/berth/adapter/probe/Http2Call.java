package dev.berth.adapter.probe;

import io.helidon.common.buffers.BufferData;
import io.helidon.http.http2.Http2FrameData;
import io.helidon.http.http2.Http2FrameHeader;
import io.helidon.http.http2.Http2Headers;
import io.helidon.http.http2.Http2HuffmanDecoder;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One request on one connection in HTTP/2, and the parts of its answer. The request fits every
 * window, so nothing of flow control is needed; what is sent is written plainly, only what comes
 * needs HPACK.
 */
final class Http2Call {
    private static final byte[] PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    static final int STREAM = 1;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int CONTINUATION = 9;
    private static final int ACK = 1;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;
    private static final int PADDED = 8;
    private static final int TABLE_BYTES = 4096;
    private static final int CONTINUATIONS_MOST = 16;

    /** HTTP/2's own limit for a peer that was told nothing else. */
    private static final int FRAME_MOST = 16_384;

    private final InputStream input;
    private final OutputStream output;
    private final Http2Headers.DynamicTable table = Http2Headers.DynamicTable.create(TABLE_BYTES);
    private final Http2HuffmanDecoder huffman = Http2HuffmanDecoder.create();
    private boolean greeted;

    Http2Call(InputStream input, OutputStream output) {
        this.input = input;
        this.output = output;
    }

    /** A part of the answer. */
    sealed interface Part {
        /** Headers, or trailers. */
        record Fields(Http2Headers headers, boolean last) implements Part {}

        /** Some of the body. */
        @SuppressWarnings("ArrayRecordComponent") // Nobody compares bodies.
        record Body(byte[] octets, boolean last) implements Part {}

        /** The server gave this request up. */
        record Reset(int code) implements Part {}

        /** The server gave the connection up. */
        record GoAway(int lastStream, int code) implements Part {}
    }

    /** Whether a server that speaks HTTP/2 has answered at all. */
    boolean greeted() {
        return greeted;
    }

    /**
     * Sends the request.
     *
     * @param block its headers, as {@link #field} writes them
     * @param body what follows, or null when nothing does
     */
    void send(ByteArrayOutputStream block, byte @Nullable [] body) throws IOException {
        var frames = new ByteArrayOutputStream();
        frames.write(PREFACE);
        // No pushes.
        frame(frames, SETTINGS, 0, 0, new byte[] {0, 2, 0, 0, 0, 0});
        var fields = block.toByteArray();
        var type = HEADERS;
        var flags = body == null ? END_STREAM : 0;
        for (var at = 0; at == 0 || at < fields.length; at += FRAME_MOST) {
            var end = Math.min(fields.length, at + FRAME_MOST);
            frame(
                    frames,
                    type,
                    flags | (end == fields.length ? END_HEADERS : 0),
                    STREAM,
                    Arrays.copyOfRange(fields, at, end));
            type = CONTINUATION;
            flags = 0;
        }
        if (body != null) {
            frame(frames, DATA, END_STREAM, STREAM, body);
        }
        send(frames);
    }

    /** Waits for the next part of the answer. */
    Part next() throws IOException {
        while (true) {
            var frame = read();
            greeted = true;
            if (frame.stream != 0 && frame.stream != STREAM) {
                continue;
            }
            var last = (frame.flags & END_STREAM) != 0;
            switch (frame.type) {
                case DATA -> {
                    return new Part.Body(unpadded(frame), last);
                }
                case HEADERS -> {
                    return new Part.Fields(headers(frame), last);
                }
                case RST_STREAM -> {
                    return new Part.Reset(number(frame, 0));
                }
                case GOAWAY -> {
                    return new Part.GoAway(number(frame, 0), number(frame, 4));
                }
                case SETTINGS -> {
                    if ((frame.flags & ACK) == 0) {
                        answer(SETTINGS, new byte[0]);
                    }
                }
                case PING -> {
                    if ((frame.flags & ACK) == 0) {
                        answer(PING, frame.data);
                    }
                }
                default -> {
                    // Of no account for one small call.
                }
            }
        }
    }

    // ---- headers

    /** A literal that is not indexed, neither part in Huffman's code. */
    static void field(ByteArrayOutputStream block, String name, String value) {
        block.write(0);
        text(block, name);
        text(block, value);
    }

    private static void text(ByteArrayOutputStream block, String text) {
        var octets = text.getBytes(StandardCharsets.UTF_8);
        if (octets.length < 0x7f) {
            block.write(octets.length);
        } else {
            block.write(0x7f);
            var rest = octets.length - 0x7f;
            while (rest > 0x7f) {
                block.write((rest & 0x7f) | 0x80);
                rest >>>= 7;
            }
            block.write(rest);
        }
        block.writeBytes(octets);
    }

    private Http2Headers headers(Frame first) throws IOException {
        var parts = new ArrayList<Http2FrameData>();
        parts.add(part(first));
        for (var last = first; (last.flags & END_HEADERS) == 0; ) {
            last = read();
            if (last.type != CONTINUATION || parts.size() > CONTINUATIONS_MOST) {
                throw new IOException("http2: headers are not continued");
            }
            parts.add(part(last));
        }
        try {
            return Http2Headers.create(
                    new OneStream(), table, huffman, parts.toArray(Http2FrameData[]::new));
        } catch (RuntimeException malformed) {
            throw new IOException("http2: " + malformed.getMessage(), malformed);
        }
    }

    private static Http2FrameData part(Frame frame) {
        return new Http2FrameData(
                Http2FrameHeader.create(BufferData.create(frame.head)),
                BufferData.create(frame.data));
    }

    // ---- frames

    @SuppressWarnings("ArrayRecordComponent") // Nobody compares frames.
    private record Frame(int type, int flags, int stream, byte[] head, byte[] data) {}

    private Frame read() throws IOException {
        var head = input.readNBytes(9);
        if (head.length < 9) {
            throw new EOFException();
        }
        var length = ((head[0] & 0xff) << 16) | ((head[1] & 0xff) << 8) | (head[2] & 0xff);
        if (length > FRAME_MOST) {
            throw new IOException("http2: frame too large");
        }
        var data = input.readNBytes(length);
        if (data.length < length) {
            throw new EOFException();
        }
        var stream = ByteBuffer.wrap(head).getInt(5) & 0x7fff_ffff;
        return new Frame(head[3] & 0xff, head[4] & 0xff, stream, head, data);
    }

    private static int number(Frame frame, int at) {
        return frame.data.length < at + 4 ? 0 : ByteBuffer.wrap(frame.data).getInt(at);
    }

    private static byte[] unpadded(Frame frame) {
        if ((frame.flags & PADDED) == 0 || frame.data.length == 0) {
            return frame.data;
        }
        var padding = frame.data[0] & 0xff;
        var end = Math.max(1, frame.data.length - padding);
        return Arrays.copyOfRange(frame.data, 1, end);
    }

    private void answer(int type, byte[] data) throws IOException {
        var frames = new ByteArrayOutputStream();
        frame(frames, type, ACK, 0, data);
        send(frames);
    }

    private void send(ByteArrayOutputStream frames) throws IOException {
        output.write(frames.toByteArray());
        output.flush();
    }

    private static void frame(
            ByteArrayOutputStream frames, int type, int flags, int stream, byte[] data) {
        frames.writeBytes(
                ByteBuffer.allocate(9 + data.length)
                        .put((byte) (data.length >> 16))
                        .put((byte) (data.length >> 8))
                        .put((byte) data.length)
                        .put((byte) type)
                        .put((byte) flags)
                        .putInt(stream)
                        .put(data)
                        .array());
    }
}
