package dev.berth.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;

/**
 * {@code ./berth bench [--peer kubelet | --probes] [--json FILE]}: starts a Berth of its own, makes
 * a cluster and a profile, and measures what a user waits for. Sizes: {@value #ONE_BY_ONE} pods one
 * after another after {@value #WARM_UP} that do not count, then {@value #AT_ONCE} at once; the
 * image is there before. With a peer, both are measured in turns, as {@link PeerBench} says; {@code
 * --probes} measures {@link ProbeLoad} only. Everything is removed at the end.
 */
public final class Bench {
    static final int WARM_UP = 5;
    static final int ONE_BY_ONE = 50;
    static final int AT_ONCE = 50;
    static final int ADMISSIONS = 500;
    private static final String USAGE =
            "usage: berth bench [--peer kubelet | --probes] [--json FILE]";

    private final OwnBerth berth;
    private final Figures figures;

    private Bench(OwnBerth berth, Figures figures) {
        this.berth = berth;
        this.figures = figures;
    }

    /** Measures, prints a table, and writes JSON if asked to. */
    public static void main(String[] arguments) throws Exception {
        var options = Options.read(arguments);
        if (options == null) {
            System.err.println(USAGE);
            System.exit(2);
            return;
        }
        var figures = new Figures();
        if (options.probes()) {
            new ProbeLoad().measure().forEach(figures::add);
        } else {
            pods(options, figures);
        }
        if (options.json() != null) {
            figures.write(options.json());
        }
    }

    private static void pods(Options options, Figures figures) throws Exception {
        try (var berth = new OwnBerth()) {
            try {
                if (options.peer()) {
                    new PeerBench(berth, figures).measure();
                } else {
                    new Bench(berth, figures).measure();
                }
            } catch (Exception failure) {
                berth.tellLog();
                throw failure;
            }
        }
    }

    private record Options(boolean peer, boolean probes, @Nullable Path json) {
        static @Nullable Options read(String[] arguments) {
            var peer = false;
            var probes = false;
            Path json = null;
            for (var i = 0; i < arguments.length; i += 2) {
                if (arguments[i].equals("--probes")) {
                    probes = true;
                    i--;
                } else if (i + 1 < arguments.length && arguments[i].equals("--json")) {
                    json = Path.of(arguments[i + 1]);
                } else if (i + 1 < arguments.length
                        && arguments[i].equals("--peer")
                        && arguments[i + 1].equals("kubelet")) {
                    peer = true;
                } else {
                    return null;
                }
            }
            return new Options(peer, probes, json);
        }
    }

    private void measure() throws Exception {
        one("berth up --detach to an answering endpoint", "ms", berth.up());
        berth.run("image", "build-demo");
        var created = berth.cluster("busybox");
        one("create-cluster to ACTIVE", "ms", created.millis());
        try (var api = created.api()) {
            api.follow();
            admission(api);
            oneByOne(api);
            atOnce(api);
            var again = api.watchesAgain();
            if (again > 0) {
                System.out.println("the client's watch ended and began again: " + again);
            }
        }
    }

    private void one(String name, String unit, double value) {
        figures.add(Figure.of(name, unit, value, Figures.load()));
    }

    /** The webhook by itself: pods that are admitted, one after another, and not made. */
    private void admission(Cluster api) throws Exception {
        var load = Figures.load();
        for (var i = 0; i < ADMISSIONS / 10; i++) {
            api.admit("warm-up");
        }
        var before = admissions(api);
        for (var i = 0; i < ADMISSIONS; i++) {
            api.admit("admitted");
        }
        var after = admissions(api);
        figures.add(
                new Figure(
                        "admission webhook, one after another",
                        "ms",
                        Histogram.quantile(0.5, before, after),
                        Histogram.quantile(0.5, before, after),
                        Histogram.quantile(0.99, before, after),
                        ADMISSIONS,
                        load));
    }

    private void oneByOne(Cluster api) throws Exception {
        var memoryBefore = berth.resident();
        var load = Figures.load();
        var admissionBefore = admissions(api);
        var starts = new PodStarts(api, "series");
        var seen = starts.oneByOne(WARM_UP + ONE_BY_ONE).after(WARM_UP);
        figures.add(
                Figure.of("pod create to Running, one after another", "ms", seen.millis(), load));
        StartPhases.of(berth, seen).figures("one", load).forEach(figures::add);
        figures.add(
                Figure.of(
                        "admission webhook p99, beside pods that start",
                        "ms",
                        Histogram.quantile(0.99, admissionBefore, admissions(api)),
                        load));
        var memoryAfter = berth.resident();
        var pods = WARM_UP + ONE_BY_ONE;
        one("memory of Berth with " + pods + " pods", "MiB", memoryAfter);
        one("memory of Berth per further pod", "MiB", (memoryAfter - memoryBefore) / pods);
        starts.clear();
    }

    private void atOnce(Cluster api) throws Exception {
        var load = Figures.load();
        var admissionBefore = admissions(api);
        var seen = new PodStarts(api, "many").atOnce(AT_ONCE);
        figures.add(
                Figure.of(
                        "pods per second, " + AT_ONCE + " at once", "1/s", seen.perSecond(), load));
        figures.add(
                Figure.of(
                        "pod create to Running, " + AT_ONCE + " at once",
                        "ms",
                        new ArrayList<>(seen.millis()),
                        load));
        StartPhases.of(berth, seen).figures(AT_ONCE + " at once", load).forEach(figures::add);
        figures.add(
                Figure.of(
                        "admission webhook p99, " + AT_ONCE + " at once",
                        "ms",
                        Histogram.quantile(0.99, admissionBefore, admissions(api)),
                        load));
    }

    /** How long the API server waited for the webhook, as it counts that itself. */
    private static Histogram admissions(Cluster api) throws IOException, InterruptedException {
        return Histogram.read(
                api.text("/metrics"),
                "apiserver_admission_webhook_admission_duration_seconds_bucket",
                "name=\"0500-amazon-eks-fargate");
    }
}
