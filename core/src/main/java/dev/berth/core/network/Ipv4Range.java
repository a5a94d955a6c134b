package dev.berth.core.network;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * A range of IPv4 addresses in CIDR form, such as {@code 172.16.1.0/24}.
 *
 * @param base the first address as an unsigned 32-bit number; its host bits are zero
 * @param prefix 0 to 32
 */
public record Ipv4Range(long base, int prefix) {
    private static final Pattern TEXT =
            Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})");

    /** Checks that the base is the range's first address. */
    public Ipv4Range {
        if (prefix < 0
                || prefix > 32
                || base < 0
                || base > 0xFFFF_FFFFL
                || base % size(prefix) != 0) {
            throw new IllegalArgumentException("not a range: " + base + "/" + prefix);
        }
    }

    /** Reads a text; empty when it is not a range, also when host bits are set. */
    public static Optional<Ipv4Range> parse(String text) {
        var match = TEXT.matcher(text);
        if (!match.matches()) {
            return Optional.empty();
        }
        var base = 0L;
        for (var i = 1; i <= 4; i++) {
            var part = Integer.parseInt(match.group(i));
            if (part > 255) {
                return Optional.empty();
            }
            base = base << 8 | part;
        }
        var prefix = Integer.parseInt(match.group(5));
        return prefix > 32 || base % size(prefix) != 0
                ? Optional.empty()
                : Optional.of(new Ipv4Range(base, prefix));
    }

    /** How many addresses it has. */
    public long size() {
        return size(prefix);
    }

    /** Whether all of another range lies in this one. */
    public boolean contains(Ipv4Range other) {
        return other.prefix >= prefix && other.base >= base && other.base < base + size();
    }

    /** Whether both share an address. */
    public boolean overlaps(Ipv4Range other) {
        return base < other.base + other.size() && other.base < base + size();
    }

    /**
     * One of its addresses as text.
     *
     * @param index 0 to size - 1
     */
    public String address(long index) {
        if (index < 0 || index >= size()) {
            throw new IndexOutOfBoundsException("address " + index + " of " + this);
        }
        return text(base + index);
    }

    /** Where in the range an address stands, from 0; empty when it is no address of the range. */
    public OptionalLong indexOf(String address) {
        return parse(address + "/32")
                .filter(this::contains)
                .map(one -> OptionalLong.of(one.base - base))
                .orElse(OptionalLong.empty());
    }

    @Override
    public String toString() {
        return text(base) + "/" + prefix;
    }

    private static long size(int prefix) {
        return 1L << (32 - prefix);
    }

    private static String text(long address) {
        return (address >> 24 & 255)
                + "."
                + (address >> 16 & 255)
                + "."
                + (address >> 8 & 255)
                + "."
                + (address & 255);
    }
}
