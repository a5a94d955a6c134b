package dev.berth.bench;

import java.util.Arrays;
import java.util.List;

/**
 * One measured figure.
 *
 * @param name what was measured
 * @param unit of the values
 * @param value the figure to quote: a median, a rate or an amount
 * @param p50 the median, or the value
 * @param p99 the 99th percentile, nearest rank, or the value
 * @param n how many values
 * @param load the machine's load average before
 */
record Figure(String name, String unit, double value, double p50, double p99, int n, double load) {
    /** A figure of many values. */
    static Figure of(String name, String unit, List<Double> values, double load) {
        var sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Figure(
                name,
                unit,
                rank(sorted, 50),
                rank(sorted, 50),
                rank(sorted, 99),
                sorted.length,
                load);
    }

    /** A figure of one value. */
    static Figure of(String name, String unit, double value, double load) {
        return new Figure(name, unit, value, value, value, 1, load);
    }

    private static double rank(double[] sorted, int percent) {
        if (sorted.length == 0) {
            throw new IllegalArgumentException("no values: " + Arrays.toString(sorted));
        }
        return sorted[Math.max(0, (int) Math.ceil(sorted.length * percent / 100.0) - 1)];
    }
}
