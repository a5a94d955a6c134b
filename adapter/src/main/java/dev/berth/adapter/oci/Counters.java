package dev.berth.adapter.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The kernel's small files of numbers. What is not there or does not read as a number counts as 0,
 * since kernels differ in what they tell.
 */
final class Counters {
    private Counters() {}

    /** The one number of a file; 0 when there is none, {@code max} or {@code -1}. */
    static long one(Path file) {
        try {
            return number(Files.readString(file).strip());
        } catch (IOException none) {
            return 0;
        }
    }

    /** A file of lines {@code name number}. */
    static Map<String, Long> named(Path file) {
        var numbers = new LinkedHashMap<String, Long>();
        for (var line : lines(file)) {
            var blank = line.indexOf(' ');
            if (blank > 0) {
                numbers.put(line.substring(0, blank), number(line.substring(blank + 1)));
            }
        }
        return numbers;
    }

    /** The lines of a file; none when it is not there. */
    static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException none) {
            return List.of();
        }
    }

    static long number(String text) {
        try {
            return Math.max(0, Long.parseLong(text.strip()));
        } catch (NumberFormatException none) {
            return 0;
        }
    }
}
