package dev.berth.edge.aws.wire;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** An answer ready to be sent. */
public final class WireAnswer {
    private final int status;
    private final Map<String, String> headers;
    private final byte[] body;

    WireAnswer(int status, Map<String, String> headers, String body) {
        this.status = status;
        this.headers = Map.copyOf(headers);
        this.body = body.getBytes(StandardCharsets.UTF_8);
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The headers; Content-Length is left to the server. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The body's bytes; not to be changed. */
    public byte[] body() {
        return body;
    }
}
