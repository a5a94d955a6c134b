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
    static final Set<String> OWN =
            Set.of("host", "connection", "content-length", "transfer-encoding", "trailer");

    private final InputStream input;
    private final OutputStream output;
    private final byte[] buffer = new byte[1024];
    private int at;
    private int end;
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
                request.append(oneLine(header.value())).append("\r\n");
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

    /** A header's value without what would end it. */
    static String oneLine(String value) {
        return value.replace('\r', ' ').replace('\n', ' ').strip();
    }

    private static int status(String line) throws IOException {
        if ((line.startsWith("HTTP/1.1 ") || line.startsWith("HTTP/1.0 "))
                && (line.length() == 12 || (line.length() > 12 && line.charAt(12) == ' '))
                && digits(line, 9, 12)) {
            return Integer.parseInt(line, 9, 12, 10);
        }
        throw new IOException(
                "net/http: HTTP/1.x transport connection broken: malformed HTTP response \""
                        + line
                        + "\"");
    }

    private static boolean digits(String text, int from, int to) {
        for (var at = from; at < to; at++) {
            if (text.charAt(at) < '0' || text.charAt(at) > '9') {
                return false;
            }
        }
        return true;
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
        var line = new StringBuilder(64);
        while (true) {
            if (at == end && !fill()) {
                throw new EOFException();
            }
            var octet = buffer[at++];
            if (octet == '\n') {
                break;
            }
            if (++headRead > HEAD_MOST) {
                throw new IOException(
                        "net/http: server response headers exceeded "
                                + HEAD_MOST
                                + " bytes; aborted");
            }
            line.append((char) (octet & 0xff));
        }
        var length = line.length();
        if (length > 0 && line.charAt(length - 1) == '\r') {
            line.setLength(length - 1);
        }
        return line.toString();
    }

    /** Reads what there is; false at the end. */
    private boolean fill() throws IOException {
        at = 0;
        end = Math.max(0, input.read(buffer));
        return end > 0;
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
        while (left > 0) {
            if (at == end && !fill()) {
                if (whole) {
                    throw new EOFException("unexpected EOF");
                }
                return;
            }
            var count = (int) Math.min(end - at, left);
            kept.write(buffer, at, count);
            at += count;
            left -= count;
        }
    }
}
