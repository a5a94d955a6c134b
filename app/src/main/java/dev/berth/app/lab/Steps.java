package dev.berth.app.lab;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The steps of a walk: shown while they run, kept for the table at the end. Owned by one thread.
 */
final class Steps {
    private final PrintStream out;
    private final List<Row> rows = new ArrayList<>();

    Steps(PrintStream out) {
        this.out = out;
    }

    /** What a step does; the text it returns says what came of it. */
    interface Step {
        String run() throws Exception;
    }

    /**
     * Runs a step and tells of it.
     *
     * @param aws the time it takes on AWS, or a dash
     */
    void step(String title, String aws, Step step) throws Exception {
        out.printf(Locale.ROOT, "%2d. %s …%n", rows.size() + 1, title);
        out.flush();
        var began = System.nanoTime();
        String result;
        try {
            result = step.run();
        } catch (Exception failure) {
            rows.add(new Row(title, "failed: " + failure.getMessage(), since(began), aws, false));
            throw failure;
        }
        var row = new Row(title, result, since(began), aws, true);
        rows.add(row);
        out.printf(Locale.ROOT, "    %s (%s)%n", result, text(row.took));
        out.flush();
    }

    /** Tells of something that goes on meanwhile. */
    void say(String text) {
        out.println("    " + text);
        out.flush();
    }

    /** The table of all steps. */
    void table() {
        var title = width(rows.stream().map(Row::title).toList(), "step");
        var result = Math.min(64, width(rows.stream().map(Row::result).toList(), "result"));
        var line = "%2s  %-" + title + "s  %-" + result + "s  %9s  %s%n";
        out.println();
        out.printf(Locale.ROOT, line, "", "step", "result", "here", "on AWS");
        for (var i = 0; i < rows.size(); i++) {
            var row = rows.get(i);
            var shown =
                    row.result.length() <= result
                            ? row.result
                            : row.result.substring(0, result - 1) + "…";
            out.printf(Locale.ROOT, line, i + 1, row.title, shown, text(row.took), row.aws);
        }
        var all = rows.stream().map(Row::took).reduce(Duration.ZERO, Duration::plus);
        out.printf(Locale.ROOT, line, "", "in all", "", text(all), "about 25 min");
    }

    boolean allWell() {
        return rows.stream().allMatch(Row::well);
    }

    private static int width(List<String> texts, String head) {
        return texts.stream().mapToInt(String::length).max().orElse(0) < head.length()
                ? head.length()
                : texts.stream().mapToInt(String::length).max().orElse(0);
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    private static String text(Duration took) {
        return took.toMillis() < 1000
                ? took.toMillis() + " ms"
                : String.format(Locale.ROOT, "%.1f s", took.toMillis() / 1000.0);
    }

    private record Row(String title, String result, Duration took, String aws, boolean well) {}
}
