package dev.berth.bench.soak;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * What Berth's process and its pods hold on the machine at one moment.
 *
 * @param residentMebibytes {@code VmRSS} of the process
 * @param threads of the operating system
 * @param descriptors open ones
 * @param namespaces network namespaces of pods
 * @param mounts that bear the data folder's or the instance's name
 */
record Vitals(long residentMebibytes, int threads, int descriptors, int namespaces, int mounts) {
    private static final Pattern RSS = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");
    private static final int GROWTH_LINES = 15;
    private static final int LOOKS = 10;
    private static final int HEAP_LOOKS = 3;
    private static final Pattern CLASS =
            Pattern.compile("(?m)^\\s*\\d+:\\s+(\\d+)\\s+(\\d+)\\s+(\\S+)");

    /** Looks at a process and at what bears its instance's name. */
    static Vitals of(long pid, Path data, String instance) throws IOException {
        var process = Path.of("/proc", String.valueOf(pid));
        var rss = RSS.matcher(Files.readString(process.resolve("status")));
        if (!rss.find()) {
            throw new IOException("Berth does not run any more");
        }
        var mounts = 0;
        for (var line : Files.readAllLines(Path.of("/proc/mounts"))) {
            if (line.contains(data.toString()) || line.contains("/run/berth/" + instance)) {
                mounts++;
            }
        }
        return new Vitals(
                Long.parseLong(rss.group(1)) >> 10,
                count(process.resolve("task")),
                count(process.resolve("fd")),
                count(Path.of("/run/berth", instance, "net", "pods")),
                mounts);
    }

    /**
     * The least of each in ten looks, a second apart: what is under way at one moment is gone at
     * another, what is never given back is not.
     */
    static Vitals least(long pid, Path data, String instance)
            throws IOException, InterruptedException {
        var least = of(pid, data, instance);
        for (var look = 1; look < LOOKS; look++) {
            Thread.sleep(Duration.ofSeconds(1));
            var now = of(pid, data, instance);
            least =
                    new Vitals(
                            Math.min(least.residentMebibytes, now.residentMebibytes),
                            Math.min(least.threads, now.threads),
                            Math.min(least.descriptors, now.descriptors),
                            Math.min(least.namespaces, now.namespaces),
                            Math.min(least.mounts, now.mounts));
        }
        return least;
    }

    private static int count(Path folder) throws IOException {
        try (var entries = Files.list(folder)) {
            return (int) entries.count();
        }
    }

    /**
     * The heap after a full collection.
     *
     * @param bytes of all objects that live
     * @param virtualThreads how many of them are virtual threads
     * @param byClass the bytes of each class's objects
     */
    record Heap(long bytes, long virtualThreads, Map<String, Long> byClass) {
        /** The classes whose objects hold most more than before, a line each. */
        List<String> growth(Heap before) {
            return byClass.entrySet().stream()
                    .map(entry ->
                            Map.entry(
                                    entry.getKey(),
                                    entry.getValue()
                                            - before.byClass.getOrDefault(entry.getKey(), 0L)))
                    .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                    .limit(GROWTH_LINES)
                    .map(entry -> "%8d KiB %s".formatted(entry.getValue() >> 10, entry.getKey()))
                    .toList();
        }

        /** The least of three looks, a few seconds apart. */
        static Heap least(long pid) throws IOException, InterruptedException {
            var least = of(pid);
            for (var look = 1; look < HEAP_LOOKS; look++) {
                Thread.sleep(Duration.ofSeconds(3));
                var now = of(pid);
                least = now.bytes < least.bytes ? now : least;
            }
            return least;
        }

        /** Lets a JVM collect, and reads what is left. */
        private static Heap of(long pid) throws IOException, InterruptedException {
            var jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
            var process =
                    new ProcessBuilder(jcmd, String.valueOf(pid), "GC.class_histogram")
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String histogram;
            try (var output = process.getInputStream()) {
                histogram = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            }
            if (!process.waitFor(1, TimeUnit.MINUTES)) {
                process.destroyForcibly();
            }
            var total = TOTAL.matcher(histogram);
            if (!total.find()) {
                throw new IOException("jcmd " + pid + " GC.class_histogram says no total");
            }
            var byClass = new HashMap<String, Long>();
            var virtual = 0L;
            for (var line = CLASS.matcher(histogram); line.find(); ) {
                byClass.merge(line.group(3), Long.parseLong(line.group(2)), Long::sum);
                if (line.group(3).equals("java.lang.VirtualThread")) {
                    virtual = Long.parseLong(line.group(1));
                }
            }
            return new Heap(Long.parseLong(total.group(1)), virtual, Map.copyOf(byClass));
        }
    }
}
