package dev.berth.adapter.probe;

import dev.berth.adapter.probe.Http2Call.Part;
import dev.berth.adapter.probe.HttpExchange.Answer;
import dev.berth.core.pod.ProbeAnswer;
import dev.berth.port.ProbeNetwork.HttpAsk;
import io.helidon.http.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One GET and its answer on one connection, in HTTP/2, as a server may wish over TLS. */
final class Http2Exchange {
    private final Http2Call call;

    Http2Exchange(InputStream input, OutputStream output) {
        call = new Http2Call(input, output);
    }

    Answer ask(HttpAsk ask) throws IOException {
        call.send(headers(ask), null);
        var status = 0;
        Map<String, String> headers = Map.of();
        var body = new ByteArrayOutputStream();
        Part.@Nullable GoAway leaving = null;
        for (var last = false; !last && body.size() < ProbeAnswer.OUTPUT_MOST; ) {
            switch (next(leaving)) {
                case Part.Fields(Http2Headers fields, boolean end) -> {
                    // What comes after the first answer that is not an interim one are trailers.
                    if (status < 200) {
                        status = fields.status().code();
                        headers = headers(fields);
                    }
                    last = end;
                }
                case Part.Body(byte[] octets, boolean end) -> {
                    body.write(
                            octets,
                            0,
                            Math.min(octets.length, ProbeAnswer.OUTPUT_MOST - body.size()));
                    last = end;
                }
                case Part.Reset(int code) ->
                        throw new IOException(
                                "stream error: stream ID 1; "
                                        + error(code)
                                        + "; received from peer");
                case Part.GoAway away -> {
                    // Go's servers say so, too, while they still answer what they have accepted.
                    if (away.lastStream() < Http2Call.STREAM) {
                        throw gone(away);
                    }
                    leaving = away;
                }
            }
        }
        return new Answer(status, headers, body.toString(StandardCharsets.UTF_8));
    }

    private Part next(Part.@Nullable GoAway leaving) throws IOException {
        try {
            return call.next();
        } catch (EOFException ended) {
            throw leaving == null ? ended : gone(leaving);
        }
    }

    private static IOException gone(Part.GoAway away) {
        return new IOException(
                "http2: server sent GOAWAY and closed the connection; LastStreamID="
                        + away.lastStream()
                        + ", ErrCode="
                        + error(away.code())
                        + ", debug=\"\"");
    }

    private static ByteArrayOutputStream headers(HttpAsk ask) {
        var block = new ByteArrayOutputStream();
        // From the static table: GET and https.
        block.write(0x82);
        block.write(0x87);
        Http2Call.field(
                block,
                ":authority",
                ask.hostHeader().isEmpty()
                        ? GoWords.address(ask.host(), ask.port())
                        : ask.hostHeader());
        Http2Call.field(block, ":path", ask.target());
        for (var header : ask.headers()) {
            var name = header.name().toLowerCase(Locale.ROOT);
            if (!HttpExchange.OWN.contains(name)) {
                Http2Call.field(block, name, HttpExchange.oneLine(header.value()));
            }
        }
        return block;
    }

    private static Map<String, String> headers(Http2Headers fields) {
        var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        fields.httpHeaders().forEach(header -> headers.putIfAbsent(header.name(), header.get()));
        return headers;
    }

    private static String error(int code) {
        return switch (code) {
            case 0 -> "NO_ERROR";
            case 1 -> "PROTOCOL_ERROR";
            case 2 -> "INTERNAL_ERROR";
            case 3 -> "FLOW_CONTROL_ERROR";
            case 7 -> "REFUSED_STREAM";
            case 8 -> "CANCEL";
            case 11 -> "ENHANCE_YOUR_CALM";
            case 13 -> "HTTP_1_1_REQUIRED";
            default -> "unknown error code 0x" + Integer.toHexString(code);
        };
    }
}
