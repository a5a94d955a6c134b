package dev.berth.adapter.controlplane;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What a program said last, for the message that it does not run. */
final class LastWords {
    private static final int BYTES_MAX = 2000;

    private LastWords() {}

    /** The last line of a log, cut to a bearable length; a few words when there is none. */
    static String of(Path log) {
        try (var file = new java.io.RandomAccessFile(log.toFile(), "r")) {
            file.seek(Math.max(0, file.length() - BYTES_MAX));
            var bytes = new byte[BYTES_MAX];
            int count = Math.max(0, file.read(bytes));
            return new String(bytes, 0, count, StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .reduce((_, last) -> last)
                    .orElse("it said nothing");
        } catch (IOException _) {
            return "it said nothing";
        }
    }
}
