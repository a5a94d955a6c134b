package dev.berth.adapter.net;

import java.util.Locale;

/**
 * A range of IPv4 addresses.
 *
 * @param base its first address, as an unsigned number
 * @param prefix 0 to 32
 */
record Cidr(int base, int prefix) {
    static Cidr parse(String text) {
        var slash = text.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("not a range: " + text);
        }
        var prefix = Integer.parseInt(text.substring(slash + 1));
        if (prefix < 0 || prefix > 32) {
            throw new IllegalArgumentException("not a range: " + text);
        }
        return new Cidr(address(text.substring(0, slash)) & mask(prefix), prefix);
    }

    /** Dotted numbers only; never asks a name server. */
    static int address(String text) {
        var parts = text.split("\\.", -1);
        if (parts.length != 4) {
            throw new IllegalArgumentException("not an IPv4 address: " + text);
        }
        var address = 0;
        for (var part : parts) {
            var number = part.isEmpty() || part.length() > 3 ? -1 : Integer.parseInt(part);
            if (number < 0 || number > 255) {
                throw new IllegalArgumentException("not an IPv4 address: " + text);
            }
            address = address << 8 | number;
        }
        return address;
    }

    /** The subnet's router: its second address. AWS keeps the first four of each subnet. */
    int router() {
        return base + 1;
    }

    boolean overlaps(Cidr other) {
        var common = mask(Math.min(prefix, other.prefix));
        return (base & common) == (other.base & common);
    }

    static String text(int address) {
        return String.format(
                Locale.ROOT,
                "%d.%d.%d.%d",
                address >>> 24,
                address >>> 16 & 0xff,
                address >>> 8 & 0xff,
                address & 0xff);
    }

    @Override
    public String toString() {
        return text(base) + "/" + prefix;
    }

    private static int mask(int prefix) {
        return prefix == 0 ? 0 : -1 << (32 - prefix);
    }
}
