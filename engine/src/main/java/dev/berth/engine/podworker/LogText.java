package dev.berth.engine.podworker;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodLogs;
import dev.berth.port.PodLogs.LogName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line of a container's log: {@code <time> <stdout|stderr> <tags> <text>}, where the tag {@code
 * P} says that the text goes on in the next line.
 *
 * @param time when it was written
 * @param stderr whether it was written to the error output
 * @param text what was written, with its end of line unless it goes on
 * @param goesOn whether the text goes on in the next line
 */
@SuppressWarnings("ArrayRecordComponent") // A text of bytes; nobody compares these records.
record LogText(Instant time, boolean stderr, byte[] text, boolean goesOn) {
    private static final Logger LOG = LoggerFactory.getLogger(LogText.class);
    private static final int LAST_LINES = 80;
    private static final int LAST_BYTES = 2048;

    /** Reads a line, or null when it is not one. */
    static @Nullable LogText parse(byte[] line) {
        var first = space(line, 0);
        var second = first < 0 ? -1 : space(line, first + 1);
        var third = second < 0 ? -1 : space(line, second + 1);
        if (third < 0) {
            return null;
        }
        try {
            var time =
                    DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(
                            new String(line, 0, first, UTF_8), Instant::from);
            var stderr = new String(line, first + 1, second - first - 1, UTF_8).equals("stderr");
            var goesOn = line[second + 1] == 'P';
            var length = line.length - third - 1;
            var text = Arrays.copyOfRange(line, third + 1, third + 1 + length + (goesOn ? 0 : 1));
            if (!goesOn) {
                text[length] = '\n';
            }
            return new LogText(time, stderr, text, goesOn);
        } catch (DateTimeException notATime) {
            return null;
        }
    }

    private static int space(byte[] line, int from) {
        for (var at = from; at < line.length; at++) {
            if (line[at] == ' ') {
                return at;
            }
        }
        return -1;
    }

    /** The end of a log, at most 80 lines and 2048 bytes; what cannot be read is empty. */
    static String end(PodLogs logs, LogName log) {
        var whole = new ByteArrayOutputStream();
        try (var reader = logs.read(log, LAST_LINES)) {
            for (var line = reader.next(); line != null; line = reader.next()) {
                var text = parse(line);
                if (text != null) {
                    whole.writeBytes(text.text());
                }
            }
        } catch (IOException | FilesFailed e) {
            LOG.info("end of log not read log={} cause={}", log, e.getMessage());
        }
        var bytes = whole.toByteArray();
        var from = Math.max(0, bytes.length - LAST_BYTES);
        return new String(bytes, from, bytes.length - from, UTF_8);
    }
}
