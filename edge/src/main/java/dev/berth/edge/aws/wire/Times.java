package dev.berth.edge.aws.wire;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** Times as the protocols write them. */
final class Times {
    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'");

    private Times() {}

    /** {@code 2026-01-02T03:04:05Z}. */
    static String seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    /** {@code 2026-01-02T03:04:05.678Z}. */
    static String millis(Instant time) {
        return MILLIS.format(time.atOffset(ZoneOffset.UTC));
    }

    /** Seconds since 1970 with three decimals: {@code 1587828374.123}. */
    static void epoch(StringBuilder out, Instant time) {
        int millis = time.getNano() / 1_000_000;
        out.append(time.getEpochSecond()).append('.');
        out.append((char) ('0' + millis / 100));
        out.append((char) ('0' + millis / 10 % 10));
        out.append((char) ('0' + millis % 10));
    }

    /** Seconds since 1970, or null when they are out of range. */
    static @Nullable Instant ofEpoch(double seconds) {
        if (Double.isNaN(seconds) || Math.abs(seconds) > 1e11) {
            return null;
        }
        return Instant.ofEpochMilli(Math.round(seconds * 1000));
    }

    /** ISO 8601, RFC 822 or a number of seconds; null for anything else. */
    static @Nullable Instant parse(String text) {
        if (text.isEmpty()) {
            return null;
        }
        try {
            if (Character.isLetter(text.charAt(0))) {
                return ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            }
            if (text.indexOf('T') > 0) {
                return OffsetDateTime.parse(text).toInstant();
            }
            return ofEpoch(Double.parseDouble(text));
        } catch (DateTimeException | NumberFormatException _) {
            return null;
        }
    }
}
