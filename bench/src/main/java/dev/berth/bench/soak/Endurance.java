package dev.berth.bench.soak;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Lets Berth have much to do for long, and looks whether it holds more in the end than in the
 * beginning: many pods with probes and logs, one Deployment updated after the other, processes
 * killed. Between the two moments that are compared all pods are there and ready.
 */
final class Endurance {
    private static final Duration SAMPLE = Duration.ofSeconds(10);

    /** Every so many samples a Deployment is updated. */
    private static final int UPDATE_EVERY = 3;

    private static final int RESIDENT_MOST_MEBIBYTES = 300;
    private static final double HEAP_GROWTH_MOST = 0.10;

    /** Pools of threads and connections breathe by some. */
    private static final int BREATH = 24;

    private final Crowd crowd;
    private final Duration lasts;
    private final Consumer<String> out;
    private final List<Row> rows = new ArrayList<>();

    /** A line of the verdict. */
    private record Row(String what, String start, String end, String limit, boolean well) {}

    Endurance(int pods, Duration lasts, Consumer<String> out) {
        crowd = new Crowd(pods);
        this.lasts = lasts;
        this.out = out;
    }

    /** Does it and tells the verdict; whether all was well. */
    boolean run() throws IOException, InterruptedException {
        try (var trial = new Trial(List.of("--memory-overcommit", "16"))) {
            trial.begin();
            soak(trial);
        } finally {
            tell();
        }
        return rows.stream().allMatch(Row::well);
    }

    private void tell() {
        out.accept("");
        out.accept("%-44s %12s %12s %12s".formatted("what", "start", "end", "limit"));
        for (var row : rows) {
            out.accept(
                    "%-44s %12s %12s %12s  %s"
                            .formatted(
                                    row.what,
                                    row.start,
                                    row.end,
                                    row.limit,
                                    row.well ? "ok" : "BREACH"));
        }
    }

    private void soak(Trial trial) throws IOException, InterruptedException {
        var kube = trial.cluster();
        var name = trial.name();
        var pid = trial.pid();
        var began = System.nanoTime();
        crowd.create(kube);
        allReady(kube);
        out.accept(
                "%d pods ready after %.1f s"
                        .formatted(crowd.size(), (System.nanoTime() - began) / 1e9));
        crowd.listen(kube);
        // Every class is loaded and every buffer grown once things have happened once.
        crowd.update(kube);
        crowd.kill(kube, 0);
        Thread.sleep(SAMPLE);
        allReady(kube);
        var heapBefore = Vitals.Heap.least(pid);
        var before = Vitals.least(pid, trial.data(), name);
        var most = before.residentMebibytes();
        var start = Instant.now();
        for (var sample = 1; Instant.now().isBefore(start.plus(lasts)); sample++) {
            if (sample % UPDATE_EVERY == 1) {
                crowd.update(kube);
            }
            crowd.kill(kube, sample);
            var wait = Duration.between(Instant.now(), start.plus(SAMPLE.multipliedBy(sample)));
            Thread.sleep(wait.isNegative() ? Duration.ZERO : wait);
            var now = Vitals.of(pid, trial.data(), name);
            most = Math.max(most, now.residentMebibytes());
            out.accept(
                    String.format(
                            Locale.ROOT,
                            "%4d s: %d ready, %d MiB, %d threads, %d descriptors, %d namespaces, %d mounts, %d updates, %d kills, load %.1f",
                            Duration.between(start, Instant.now()).toSeconds(),
                            crowd.ready(kube),
                            now.residentMebibytes(),
                            now.threads(),
                            now.descriptors(),
                            now.namespaces(),
                            now.mounts(),
                            crowd.updates(),
                            crowd.kills(),
                            ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()));
        }
        allReady(kube);
        try {
            Trial.until(
                    "what was updated away is gone",
                    () -> Vitals.of(pid, trial.data(), name).namespaces() <= before.namespaces());
            Trial.until("the killed are restarted", () -> crowd.missedRestarts(kube).isEmpty());
        } catch (IOException notYet) {
            out.accept(notYet.getMessage());
        }
        var after = Vitals.least(pid, trial.data(), name);
        var heapAfter = Vitals.Heap.least(pid);
        judge(before, after, most);
        judge(heapBefore, heapAfter);
        told("restarts missed, of " + crowd.kills() + " kills", crowd.missedRestarts(kube));
        count("restarts that nobody asked for", 0, crowd.needlessRestarts(kube), 0);
        told("logs with a gap", crowd.unheard(Duration.between(start, Instant.now()).toSeconds()));
        leave(trial, kube, name);
    }

    private void allReady(Kube kube) throws IOException, InterruptedException {
        var end = Instant.now().plus(Duration.ofMinutes(10));
        while (crowd.ready(kube) != crowd.size()) {
            if (Instant.now().isAfter(end)) {
                throw new IOException(
                        crowd.ready(kube) + " of " + crowd.size() + " pods are ready");
            }
            Thread.sleep(500);
        }
    }

    private void judge(Vitals before, Vitals after, long most) {
        row(
                "memory of Berth at most, MiB (VmRSS)",
                before.residentMebibytes(),
                most,
                RESIDENT_MOST_MEBIBYTES,
                most <= RESIDENT_MOST_MEBIBYTES);
        count("threads", before.threads(), after.threads(), BREATH);
        count("descriptors", before.descriptors(), after.descriptors(), BREATH);
        count("network namespaces of pods", before.namespaces(), after.namespaces(), 0);
        count("mounts", before.mounts(), after.mounts(), 0);
    }

    private void judge(Vitals.Heap before, Vitals.Heap after) {
        var limit = Math.round(before.bytes() * (1 + HEAP_GROWTH_MOST)) >> 10;
        row(
                "heap after a full collection, KiB",
                before.bytes() >> 10,
                after.bytes() >> 10,
                limit,
                after.bytes() >> 10 <= limit);
        if (after.bytes() >> 10 > limit) {
            out.accept("what the heap holds more than before:");
            after.growth(before).forEach(out);
        }
        count("virtual threads", before.virtualThreads(), after.virtualThreads(), BREATH);
    }

    private void count(String what, long before, long after, int more) {
        row(what, before, after, before + more, after <= before + more);
    }

    private void row(String what, long before, long after, long limit, boolean well) {
        rows.add(
                new Row(
                        what,
                        String.valueOf(before),
                        String.valueOf(after),
                        String.valueOf(limit),
                        well));
    }

    private void told(String what, List<String> found) {
        found.forEach(one -> out.accept(what + ": " + one));
        row(what, 0, found.size(), 0, found.isEmpty());
    }

    private void leave(Trial trial, Kube kube, String name)
            throws IOException, InterruptedException {
        crowd.delete(kube);
        var strays = new Strays(trial.data(), name);
        try {
            Trial.until(
                    "all pods are gone",
                    () -> kube.list("/api/v1/namespaces/default/pods").isEmpty());
        } catch (IOException left) {
            out.accept(left.getMessage());
        }
        var others =
                kube.list("/api/v1/pods").stream()
                        .map(pod -> pod.at("/metadata/uid").asString())
                        .toList();
        try {
            Trial.until("nothing of them is left", () -> strays.beyond(others).isEmpty());
        } catch (IOException left) {
            out.accept(left.getMessage());
        }
        told("left of pods that are gone", List.copyOf(strays.beyond(others)));
        trial.down();
        told("left by berth down", Leftovers.of(trial.data(), name));
    }
}
