package dev.berth.adapter.probe;

import dev.berth.adapter.probe.Http2Call.Part;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** One call of {@code grpc.health.v1.Health/Check} on one connection, without TLS. */
final class GrpcHealth {
    /** The most of an answer that is kept, in bytes (our choice). */
    private static final int ANSWER_MOST = 64 << 10;

    private static final HeaderName GRPC_STATUS = HeaderNames.create("grpc-status");
    private static final HeaderName GRPC_MESSAGE = HeaderNames.create("grpc-message");

    private final Http2Call call;
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();

    GrpcHealth(InputStream input, OutputStream output) {
        call = new Http2Call(input, output);
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
        return call.greeted();
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
        call.send(requestHeaders(authority, agent, timeoutMillis), request(service));
        while (true) {
            switch (call.next()) {
                case Part.Body(byte[] data, boolean last) -> {
                    if (message.size() + data.length <= ANSWER_MOST) {
                        message.write(data);
                    }
                    if (last) {
                        throw new CallFailed(
                                13, "server closed the stream without sending trailers");
                    }
                }
                case Part.Fields(Http2Headers headers, boolean last) -> {
                    if (last) {
                        return ended(headers);
                    }
                }
                case Part.Reset _ -> throw new CallFailed(13, "stream terminated by RST_STREAM");
                case Part.GoAway away -> {
                    // What a server has accepted it may still answer.
                    if (away.lastStream() < Http2Call.STREAM) {
                        throw new CallFailed(14, "closing transport due to: GOAWAY");
                    }
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

    private static ByteArrayOutputStream requestHeaders(
            String authority, String agent, long timeoutMillis) {
        var block = new ByteArrayOutputStream();
        // From the static table: POST and http.
        block.write(0x83);
        block.write(0x86);
        Http2Call.field(block, ":path", "/grpc.health.v1.Health/Check");
        Http2Call.field(block, ":authority", authority);
        Http2Call.field(block, "content-type", "application/grpc");
        Http2Call.field(block, "user-agent", agent);
        Http2Call.field(block, "te", "trailers");
        Http2Call.field(block, "grpc-timeout", Math.min(timeoutMillis, 99_999_999) + "m");
        return block;
    }
}
