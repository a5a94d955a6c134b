package dev.berth.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/** What was measured, printed as it comes. */
final class Figures {
    private final List<Figure> all = new ArrayList<>();

    void add(Figure figure) {
        all.add(figure);
        System.out.printf(
                Locale.ROOT,
                "%-56s %9.1f %-4s p50 %8.1f  p99 %8.1f  n %3d  load %.1f%n",
                figure.name(),
                figure.value(),
                figure.unit(),
                figure.p50(),
                figure.p99(),
                figure.n(),
                figure.load());
    }

    void write(Path file) throws IOException {
        Files.write(file, JsonMapper.shared().writeValueAsBytes(all));
    }

    /** The machine's load average of the last minute. */
    static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }
}
