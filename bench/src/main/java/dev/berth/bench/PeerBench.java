package dev.berth.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * {@code ./berth bench --peer kubelet}: Berth and a stock kubelet with containerd side by side on
 * this machine, under control planes of the same programs, asked by the same client for the same
 * pods of the same image, which both have. They take turns for {@value #ROUNDS} rounds: {@value
 * #ONE_BY_ONE} pods one after another, then, these gone, {@value #AT_ONCE} at once, then memory.
 * What is told of each is the median of its rounds.
 */
final class PeerBench {
    static final int ROUNDS = 5;
    static final int WARM_UP = 3;
    static final int ONE_BY_ONE = 20;
    static final int AT_ONCE = 30;

    /** Of the images of Kubernetes' node tests, which conformance/build.sh makes. */
    private static final String IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1";

    private final OwnBerth berth;
    private final Figures figures;

    PeerBench(OwnBerth berth, Figures figures) {
        this.berth = berth;
        this.figures = figures;
    }

    /**
     * One host's turn.
     *
     * @param load the machine's load average before
     * @param p50 of pods one after another, milliseconds from create to Running
     * @param p99 the same; of {@value #ONE_BY_ONE} that is the longest
     * @param perSecond of pods at once
     * @param idle memory before, no pod there, MiB
     * @param perPod further memory for each of the pods at once, MiB
     */
    private record Turn(
            double load, double p50, double p99, double perSecond, double idle, double perPod) {}

    void measure() throws Exception {
        berth.up();
        berth.run(
                "image",
                "import",
                Path.of(System.getProperty("berth.cache", ""), "conformance", "images").toString());
        try (var stock = new StockNode();
                var stockApi = stock.cluster(IMAGE);
                var berthApi = berth.cluster(IMAGE).api()) {
            for (var api : List.of(berthApi, stockApi)) {
                api.follow();
                var warm = new PodStarts(api, "warm");
                warm.oneByOne(WARM_UP);
                warm.atOnce(AT_ONCE);
                warm.clear();
            }
            var ours = new ArrayList<Turn>();
            var theirs = new ArrayList<Turn>();
            for (var round = 1; round <= ROUNDS; round++) {
                ours.add(turn(round, berth, berthApi));
                theirs.add(turn(round, stock, stockApi));
            }
            tell(berth, ours);
            tell(stock, theirs);
            compare(ours, theirs);
        }
    }

    private Turn turn(int round, PodHost host, Cluster api) throws Exception {
        var load = Figures.load();
        var starts = new PodStarts(api, "round-" + round);
        var one = Figure.of("", "ms", starts.oneByOne(ONE_BY_ONE).millis(), load);
        starts.clear();
        var idle = host.memory();
        var rate = starts.atOnce(AT_ONCE).perSecond();
        var perPod = (host.memory() - idle) / AT_ONCE;
        starts.clear();
        var turn = new Turn(load, one.p50(), one.p99(), rate, idle, perPod);
        System.out.printf(
                Locale.ROOT,
                "round %d %-14s load %5.2f  p50 %6.0f ms  p99 %6.0f ms  %5.1f pods/s"
                        + "  idle %5.1f MiB  per pod %5.2f MiB%n",
                round,
                host.name(),
                load,
                turn.p50(),
                turn.p99(),
                rate,
                idle,
                perPod);
        return turn;
    }

    private void tell(PodHost host, List<Turn> turns) {
        var load = median(turns, Turn::load);
        var name = ", " + host.name();
        figures.add(
                Figure.of("pod create to Running, p50" + name, "ms", all(turns, Turn::p50), load));
        figures.add(
                Figure.of("pod create to Running, p99" + name, "ms", all(turns, Turn::p99), load));
        figures.add(
                Figure.of(
                        "pods per second, " + AT_ONCE + " at once" + name,
                        "1/s",
                        all(turns, Turn::perSecond),
                        load));
        figures.add(Figure.of("memory, idle" + name, "MiB", all(turns, Turn::idle), load));
        figures.add(
                Figure.of("memory per further pod" + name, "MiB", all(turns, Turn::perPod), load));
    }

    /** The table as docs/performance.md has it. */
    private static void compare(List<Turn> ours, List<Turn> theirs) {
        System.out.println(
                "| what | Berth | stock kubelet | Berth is |\n| --- | --- | --- | --- |");
        row("pod create to Running, p50, ms", ours, theirs, Turn::p50, "%.0f", "%.1f× faster");
        row("pod create to Running, p99, ms", ours, theirs, Turn::p99, "%.0f", "%.1f× faster");
        // The ratio is theirs to ours, for rates the other way round.
        var rates = median(ours, Turn::perSecond) / median(theirs, Turn::perSecond);
        System.out.printf(
                Locale.ROOT,
                "| pods per second, %d at once | %.1f | %.1f | %.1f× faster |%n",
                AT_ONCE,
                median(ours, Turn::perSecond),
                median(theirs, Turn::perSecond),
                rates);
        row("memory per further pod, MiB", ours, theirs, Turn::perPod, "%.2f", "%.1f× smaller");
        row("memory with no pod, MiB", ours, theirs, Turn::idle, "%.0f", "%.1f× smaller");
        row("load average before, of two cores", ours, theirs, Turn::load, "%.1f", "");
    }

    private static void row(
            String what,
            List<Turn> ours,
            List<Turn> theirs,
            ToDoubleFunction<Turn> of,
            String value,
            String ratio) {
        var our = median(ours, of);
        var their = median(theirs, of);
        System.out.println(
                "| "
                        + what
                        + " | "
                        + String.format(Locale.ROOT, value, our)
                        + " | "
                        + String.format(Locale.ROOT, value, their)
                        + " | "
                        + (ratio.isEmpty() ? "" : String.format(Locale.ROOT, ratio, their / our))
                        + " |");
    }

    private static double median(List<Turn> turns, ToDoubleFunction<Turn> of) {
        return Figure.of("", "", all(turns, of), 0).p50();
    }

    private static List<Double> all(List<Turn> turns, ToDoubleFunction<Turn> of) {
        return turns.stream().map(of::applyAsDouble).toList();
    }
}
