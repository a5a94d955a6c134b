package dev.berth.adapter.probe;

import io.helidon.common.buffers.BufferData;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.http2.Http2FrameData;
import io.helidon.http.http2.Http2FrameHeader;
import io.helidon.http.http2.Http2Headers;
import io.helidon.http.http2.Http2HuffmanDecoder;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One call of {@code grpc.health.v1.Health/Check} on one connection, in HTTP/2 without TLS. The
 * request is four small frames that fit every window, so nothing of flow control is needed; what is
 * sent is written plainly, only what comes needs HPACK.
 */
final class GrpcHealth {
    private static final byte[] PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int STREAM = 1;
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

    /** HTTP/2's own limit for a peer that was told nothing else. */
    private static final int FRAME_MOST = 16_384;

    /** The most of an answer that is kept, in bytes (our choice). */
    private static final int ANSWER_MOST = 64 << 10;

    private static final HeaderName GRPC_STATUS = HeaderNames.create("grpc-status");
    private static final HeaderName GRPC_MESSAGE = HeaderNames.create("grpc-message");

    private final InputStream input;
    private final OutputStream output;
    private final Http2Headers.DynamicTable table = Http2Headers.DynamicTable.create(TABLE_BYTES);
    private final Http2HuffmanDecoder huffman = Http2HuffmanDecoder.create();
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();
    private boolean greeted;

    GrpcHealth(InputStream input, OutputStream output) {
        this.input = input;
        this.output = output;
    }

    /** The call has ended with a status of gRPC that is not OK. */
    static final class CallFailed extends Exception {
        private static final long serialVersionUID = 1L;
        private final int code;

        CallFailed(int code, String message) {
            super(message);
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    /** Whether a server that speaks HTTP/2 has answered at all. */
    boolean greeted() {
        return greeted;
    }

    /**
     * Asks.
     *
     * @param authority what the server is called
     * @param agent who asks
     * @return the status's name
     */
    String check(String authority, String agent, String service, long timeoutMillis)
            throws IOException, CallFailed {
        var frames = new ByteArrayOutputStream();
        frames.write(PREFACE);
        // No pushes.
        frame(frames, SETTINGS, 0, 0, new byte[] {0, 2, 0, 0, 0, 0});
        frame(
                frames,
                HEADERS,
                END_HEADERS,
                STREAM,
                requestHeaders(authority, agent, timeoutMillis));
        frame(frames, DATA, END_STREAM, STREAM, request(service));
        send(frames);
        while (true) {
            var frame = read();
            greeted = true;
            if (frame.stream != 0 && frame.stream != STREAM) {
                continue;
            }
            switch (frame.type) {
                case DATA -> {
                    var data = unpadded(frame);
                    if (message.size() + data.length <= ANSWER_MOST) {
                        message.write(data);
                    }
                    if ((frame.flags & END_STREAM) != 0) {
                        throw new CallFailed(
                                13, "server closed the stream without sending trailers");
                    }
                }
                case HEADERS -> {
                    var headers = headers(frame);
                    if ((frame.flags & END_STREAM) != 0) {
                        return ended(headers);
                    }
                }
                case RST_STREAM -> throw new CallFailed(13, "stream terminated by RST_STREAM");
                case GOAWAY -> throw new CallFailed(14, "closing transport due to: GOAWAY");
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

    private String ended(Http2Headers headers) throws CallFailed {
        var fields = headers.httpHeaders();
        if (!fields.contains(GRPC_STATUS)) {
            throw new CallFailed(
                    2, "unexpected HTTP status code received from server: " + headers.status());
        }
        var code = Integer.parseInt(fields.get(GRPC_STATUS).get().strip());
        if (code != 0) {
            throw new CallFailed(
                    code,
                    fields.contains(GRPC_MESSAGE) ? percent(fields.get(GRPC_MESSAGE).get()) : "");
        }
        return status(message.toByteArray());
    }

    private static String percent(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }

    /** Field 1 of the answer, a number; without it the number is 0. */
    private static String status(byte[] framed) {
        var number = 0;
        if (framed.length > 6 && framed[5] == 0x08) {
            number = framed[6];
        }
        return switch (number) {
            case 0 -> "UNKNOWN";
            case 1 -> "SERVING";
            case 2 -> "NOT_SERVING";
            case 3 -> "SERVICE_UNKNOWN";
            default -> String.valueOf(number);
        };
    }

    /** Field 1 is the service's name, left out when empty; five octets of frame come before. */
    private static byte[] request(String service) {
        var name = service.getBytes(StandardCharsets.UTF_8);
        var body = new ByteArrayOutputStream();
        if (name.length > 0) {
            body.write(0x0a);
            var length = name.length;
            while (length > 0x7f) {
                body.write((length & 0x7f) | 0x80);
                length >>>= 7;
            }
            body.write(length);
            body.writeBytes(name);
        }
        return ByteBuffer.allocate(5 + body.size())
                .put((byte) 0)
                .putInt(body.size())
                .put(body.toByteArray())
                .array();
    }

    private static byte[] requestHeaders(String authority, String agent, long timeoutMillis) {
        var block = new ByteArrayOutputStream();
        // From the static table: POST and http.
        block.write(0x83);
        block.write(0x86);
        field(block, ":path", "/grpc.health.v1.Health/Check");
        field(block, ":authority", authority);
        field(block, "content-type", "application/grpc");
        field(block, "user-agent", agent);
        field(block, "te", "trailers");
        field(block, "grpc-timeout", Math.min(timeoutMillis, 99_999_999) + "m");
        return block.toByteArray();
    }

    /** A literal that is not indexed, neither part in Huffman's code. */
    private static void field(ByteArrayOutputStream block, String name, String value) {
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

    private Http2Headers headers(Frame first) throws IOException {
        var parts = new java.util.ArrayList<Http2FrameData>();
        parts.add(part(first));
        for (var last = first; (last.flags & END_HEADERS) == 0; ) {
            last = read();
            if (last.type != CONTINUATION || parts.size() > 16) {
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

    private static byte[] unpadded(Frame frame) {
        if ((frame.flags & PADDED) == 0 || frame.data.length == 0) {
            return frame.data;
        }
        var padding = frame.data[0] & 0xff;
        var end = Math.max(1, frame.data.length - padding);
        return java.util.Arrays.copyOfRange(frame.data, 1, end);
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
