package dev.berth.edge.kubelet;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Prometheus's text format, version 0.0.4, written as Go's library writes it: families one after
 * another, labels by their names in order, numbers as {@code %g} prints them. A family without a
 * sample is left out.
 */
final class Exposition {
    /** What the format is called. */
    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    /** Larger numbers are written with an exponent. */
    private static final int PLAIN_DIGITS = 6;

    private final StringBuilder text = new StringBuilder();
    private @Nullable String head;
    private String name = "";

    /** Begins a family; its samples follow. */
    Exposition family(String ofName, String type, String help) {
        name = ofName;
        head = "# HELP " + ofName + " " + help + "\n# TYPE " + ofName + " " + type + "\n";
        return this;
    }

    /** A sample of the family at hand. */
    Exposition sample(Map<String, String> labels, double value, @Nullable Instant at) {
        return sample("", labels, value, at);
    }

    /**
     * A sample of the family at hand.
     *
     * @param suffix of the name, for histograms
     */
    Exposition sample(
            String suffix, Map<String, String> labels, double value, @Nullable Instant at) {
        if (head != null) {
            text.append(head);
            head = null;
        }
        text.append(name).append(suffix);
        if (!labels.isEmpty()) {
            var before = '{';
            for (var label : new TreeMap<>(labels).entrySet()) {
                text.append(before).append(label.getKey()).append("=\"");
                escape(label.getValue());
                text.append('"');
                before = ',';
            }
            text.append('}');
        }
        text.append(' ').append(number(value));
        if (at != null) {
            text.append(' ').append(at.toEpochMilli());
        }
        text.append('\n');
        return this;
    }

    private void escape(String value) {
        for (var index = 0; index < value.length(); index++) {
            var one = value.charAt(index);
            switch (one) {
                case '\\' -> text.append("\\\\");
                case '"' -> text.append("\\\"");
                case '\n' -> text.append("\\n");
                default -> text.append(one);
            }
        }
    }

    /**
     * The shortest text that reads as the same number: {@code 0}, {@code 12.5}, {@code 1.5e+06}.
     */
    static String number(double value) {
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (value == 0) {
            return "0";
        }
        var exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        var digits = exact.unscaledValue().abs().toString();
        var exponent = digits.length() - 1 - exact.scale();
        if (exponent >= -4 && exponent < PLAIN_DIGITS) {
            return exact.toPlainString();
        }
        var sign = value < 0 ? "-" : "";
        var fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return sign
                + digits.charAt(0)
                + fraction
                + "e"
                + (exponent < 0 ? "-" : "+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
