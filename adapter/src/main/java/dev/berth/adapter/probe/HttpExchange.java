package dev.berth.adapter.probe;

import dev.berth.core.pod.ProbeAnswer;
import dev.berth.port.ProbeNetwork.HttpAsk;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** One request and its answer on one connection, in HTTP/1.1. */
final class HttpExchange {
    /** The longest status line and headers together, in bytes (our choice; Go takes 10 MiB). */
    private static final int HEAD_MOST = 256 << 10;

    /** What the connection itself says, whoever asks. */
    private static final Set<String> OWN =
            Set.of("host", "connection", "content-length", "transfer-encoding", "trailer");

    private final InputStream input;
    private final OutputStream output;
    private int headRead;

    HttpExchange(InputStream input, OutputStream output) {
        this.input = input;
        this.output = output;
    }

    /**
     * An answer.
     *
     * @param headers by name, whose case does not matter; the first of each
     */
    record Answer(int status, Map<String, String> headers, String body) {}

    Answer ask(HttpAsk ask) throws IOException {
        var request = new StringBuilder(256);
        request.append("GET ").append(ask.target()).append(" HTTP/1.1\r\nHost: ");
        request.append(
                ask.hostHeader().isEmpty()
                        ? GoWords.address(ask.host(), ask.port())
                        : ask.hostHeader());
        request.append("\r\n");
        for (var header : ask.headers()) {
            if (!OWN.contains(header.name().toLowerCase(Locale.ROOT))) {
                request.append(header.name()).append(": ");
                request.append(header.value().replaceAll("[\r\n]", " ").strip()).append("\r\n");
            }
        }
        request.append("Connection: close\r\n\r\n");
        output.write(request.toString().getBytes(StandardCharsets.UTF_8));
        output.flush();
        return answer();
    }

    private Answer answer() throws IOException {
        int status;
        Map<String, String> headers;
        do {
            status = status(line());
            headers = headers();
        } while (status >= 100 && status < 200 && status != 101);
        var body = status == 204 || status == 304 ? "" : body(headers);
        return new Answer(status, headers, body);
    }

    private static int status(String line) throws IOException {
        if (line.matches("HTTP/1\\.[01] \\d{3}( .*)?")) {
            return Integer.parseInt(line.substring(9, 12));
        }
        throw new IOException(
                "net/http: HTTP/1.x transport connection broken: malformed HTTP response \""
                        + line
                        + "\"");
    }

    private Map<String, String> headers() throws IOException {
        var headers = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        for (var line = line(); !line.isEmpty(); line = line()) {
            var colon = line.indexOf(':');
            if (colon > 0) {
                headers.putIfAbsent(line.substring(0, colon), line.substring(colon + 1).strip());
            }
        }
        return headers;
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream(64);
        for (var octet = input.read(); octet != '\n'; octet = input.read()) {
            if (octet < 0) {
                throw new EOFException();
            }
            if (++headRead > HEAD_MOST) {
                throw new IOException(
                        "net/http: server response headers exceeded "
                                + HEAD_MOST
                                + " bytes; aborted");
            }
            line.write(octet);
        }
        var text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** The body's beginning; what is longer than needed is not waited for. */
    private String body(Map<String, String> headers) throws IOException {
        var kept = new ByteArrayOutputStream();
        if ("chunked".equalsIgnoreCase(headers.get("Transfer-Encoding"))) {
            chunks(kept);
        } else {
            var length = headers.get("Content-Length");
            var said = length != null && length.matches("\\d{1,18}") ? Long.parseLong(length) : -1;
            keep(kept, said < 0 ? Long.MAX_VALUE : said, said >= 0);
        }
        return kept.toString(StandardCharsets.UTF_8);
    }

    private void chunks(ByteArrayOutputStream kept) throws IOException {
        while (kept.size() < ProbeAnswer.OUTPUT_MOST) {
            var size = line();
            var end = size.indexOf(';');
            long length;
            try {
                length = Long.parseLong((end < 0 ? size : size.substring(0, end)).strip(), 16);
            } catch (NumberFormatException e) {
                throw new IOException("invalid byte in chunk length", e);
            }
            if (length == 0) {
                return;
            }
            keep(kept, length, true);
            if (kept.size() < ProbeAnswer.OUTPUT_MOST) {
                line();
            }
        }
    }

    private void keep(ByteArrayOutputStream kept, long length, boolean whole) throws IOException {
        var left = Math.min(length, ProbeAnswer.OUTPUT_MOST - kept.size());
        var buffer = new byte[(int) Math.min(1024, Math.max(1, left))];
        while (left > 0) {
            var count = input.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (count < 0) {
                if (whole) {
                    throw new EOFException("unexpected EOF");
                }
                return;
            }
            kept.write(buffer, 0, count);
            left -= count;
        }
    }
}
