package dev.berth.core.unit;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An amount as Kubernetes writes it: a decimal number with an optional suffix, such as {@code
 * 250m}, {@code 1.5Gi}, {@code 2} or {@code 1e3}. Two quantities are equal when their amounts are,
 * whatever their texts.
 *
 * @param amount the exact amount in the base unit (cores, bytes, or a count)
 */
public record Quantity(BigDecimal amount) implements Comparable<Quantity> {
    private static final Pattern TEXT =
            Pattern.compile(
                    "([+-]?(?:\\d+\\.?\\d*|\\.\\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\\d{1,3})?");
    private static final Map<String, BigDecimal> SUFFIXES =
            Map.ofEntries(
                    Map.entry("n", new BigDecimal("1e-9")),
                    Map.entry("u", new BigDecimal("1e-6")),
                    Map.entry("m", new BigDecimal("1e-3")),
                    Map.entry("k", new BigDecimal("1e3")),
                    Map.entry("M", new BigDecimal("1e6")),
                    Map.entry("G", new BigDecimal("1e9")),
                    Map.entry("T", new BigDecimal("1e12")),
                    Map.entry("P", new BigDecimal("1e15")),
                    Map.entry("E", new BigDecimal("1e18")),
                    Map.entry("Ki", BigDecimal.valueOf(1L << 10)),
                    Map.entry("Mi", BigDecimal.valueOf(1L << 20)),
                    Map.entry("Gi", BigDecimal.valueOf(1L << 30)),
                    Map.entry("Ti", BigDecimal.valueOf(1L << 40)),
                    Map.entry("Pi", BigDecimal.valueOf(1L << 50)),
                    Map.entry("Ei", BigDecimal.valueOf(1L << 60)));

    private static final BigDecimal MAX = BigDecimal.valueOf(Long.MAX_VALUE);
    private static final BigDecimal MIN = BigDecimal.valueOf(Long.MIN_VALUE);
    private static final BigDecimal KIBI = BigDecimal.valueOf(1024);
    private static final String[] DECIMAL_SUFFIXES = {
        "n", "u", "m", "", "k", "M", "G", "T", "P", "E"
    };
    private static final String[] BINARY_SUFFIXES = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

    /** Nothing. */
    public static final Quantity ZERO = new Quantity(BigDecimal.ZERO);

    /**
     * Strips trailing zeros, so that equal amounts are equal records, and rounds away from zero to
     * whole billionths, the smallest part Kubernetes knows.
     */
    public Quantity {
        if (amount.scale() > 9) {
            amount = amount.setScale(9, RoundingMode.UP);
        }
        amount = amount.signum() == 0 ? BigDecimal.ZERO : amount.stripTrailingZeros();
    }

    /** Reads a text; empty when it is not a quantity. */
    public static Optional<Quantity> parse(String text) {
        var match = TEXT.matcher(text);
        if (!match.matches()) {
            return Optional.empty();
        }
        var number = new BigDecimal(match.group(1));
        var suffix = match.group(2);
        if (suffix == null) {
            return Optional.of(new Quantity(number));
        }
        var factor = SUFFIXES.get(suffix);
        return Optional.of(
                new Quantity(
                        factor != null
                                ? number.multiply(factor)
                                : number.scaleByPowerOfTen(Integer.parseInt(suffix.substring(1)))));
    }

    /**
     * Reads a text that the API server has already accepted.
     *
     * @throws IllegalArgumentException when it is not a quantity after all
     */
    public static Quantity of(String text) {
        return parse(text)
                .orElseThrow(() -> new IllegalArgumentException("not a quantity: " + text));
    }

    /** The sum of both. */
    public Quantity plus(Quantity other) {
        return new Quantity(amount.add(other.amount));
    }

    /** The larger of both. */
    public Quantity max(Quantity other) {
        return compareTo(other) >= 0 ? this : other;
    }

    /**
     * Thousandths of the base unit, rounded up; for CPU these are millicores. An amount beyond a
     * {@code long} becomes the nearest {@code long}: an absurd request is too big, not an error.
     */
    public long milliRoundedUp() {
        return saturated(amount.movePointRight(3));
    }

    /**
     * Whole base units, rounded up; for memory these are bytes. An amount beyond a {@code long}
     * becomes the nearest {@code long}.
     */
    public long unitsRoundedUp() {
        return saturated(amount);
    }

    private static long saturated(BigDecimal number) {
        if (number.compareTo(MAX) >= 0) {
            return Long.MAX_VALUE;
        }
        if (number.compareTo(MIN) <= 0) {
            return Long.MIN_VALUE;
        }
        return number.setScale(0, RoundingMode.CEILING).longValueExact();
    }

    /**
     * The text Kubernetes prints for an amount that was written in decimal form: the shortest whole
     * number with a suffix out of n, u, m, none, k, M, G, T, P, E. For example {@code 0.25} is
     * {@code 250m} and {@code 1500000} is {@code 1500k}.
     */
    public String decimalText() {
        if (amount.signum() == 0) {
            return "0";
        }
        var exponent = Math.min(18, Math.floorDiv(-amount.scale(), 3) * 3);
        return amount.movePointLeft(exponent).toBigIntegerExact()
                + DECIMAL_SUFFIXES[exponent / 3 + 3];
    }

    /**
     * The text Kubernetes prints for an amount that was written in binary form: the shortest whole
     * number with a suffix out of none, Ki, Mi, Gi, Ti, Pi, Ei; the decimal form for fractions and
     * below 1024. For example {@code 1.5Gi} is {@code 1536Mi}.
     */
    public String binaryText() {
        if (amount.scale() > 0 || amount.abs().compareTo(KIBI) < 0) {
            return decimalText();
        }
        var number = amount.toBigIntegerExact();
        var times = 0;
        while (times < BINARY_SUFFIXES.length - 1 && number.getLowestSetBit() >= 10) {
            number = number.shiftRight(10);
            times++;
        }
        return number + BINARY_SUFFIXES[times];
    }

    /**
     * The form with fewer digits out of {@link #binaryText} and {@link #decimalText}, the binary
     * one if they are equal. It is the one that people write, since the form that an amount was
     * written in is not kept: {@code 100Mi} and {@code 1G} come back as they were.
     */
    public String shortText() {
        var binary = binaryText();
        var decimal = decimalText();
        return digits(decimal) < digits(binary) ? decimal : binary;
    }

    private static long digits(String text) {
        return text.chars().filter(Character::isDigit).count();
    }

    @Override
    public int compareTo(Quantity other) {
        return amount.compareTo(other.amount);
    }
}
