package dev.berth.bench;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A Prometheus histogram at one moment.
 *
 * @param counts how many values were at most so many seconds, by that bound
 */
record Histogram(Map<Double, Double> counts) {
    private static final Pattern BUCKET = Pattern.compile("le=\"([^\"]+)\".*} ([0-9.e+]+)$");

    /** Reads one from the text format, its series added up. */
    static Histogram read(String metrics, String name, String label) {
        var counts = new TreeMap<Double, Double>();
        metrics.lines()
                .filter(line -> line.startsWith(name + "{") && line.contains(label))
                .map(BUCKET::matcher)
                .filter(java.util.regex.Matcher::find)
                .forEach(bucket ->
                        counts.merge(
                                bucket.group(1).equals("+Inf")
                                        ? Double.POSITIVE_INFINITY
                                        : Double.parseDouble(bucket.group(1)),
                                Double.parseDouble(bucket.group(2)),
                                Double::sum));
        return new Histogram(counts);
    }

    /**
     * A quantile of what was counted between two moments, in milliseconds: taken as spread evenly
     * within its bucket, as Prometheus does. NaN when nothing was counted.
     */
    static double quantile(double share, Histogram before, Histogram after) {
        var all = after.between(before, Double.POSITIVE_INFINITY);
        var lower = 0.0;
        var below = 0.0;
        for (var bound : after.counts.keySet()) {
            var upTo = after.between(before, bound);
            if (all > 0 && upTo >= all * share) {
                return bound.isInfinite()
                        ? Double.POSITIVE_INFINITY
                        : 1000 * (lower + (bound - lower) * (all * share - below) / (upTo - below));
            }
            lower = bound;
            below = upTo;
        }
        return Double.NaN;
    }

    private double between(Histogram before, double bound) {
        return counts.getOrDefault(bound, 0.0) - before.counts.getOrDefault(bound, 0.0);
    }
}
