package dev.berth.adapter.controlplane;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * The few forms of DER that a certificate is made of (X.690). The JDK reads certificates but makes
 * none; a library for it costs half a second at the first certificate and eight megabytes.
 */
final class Der {
    private static final DateTimeFormatter SHORT_TIME = time("yyMMddHHmmss'Z'");
    private static final DateTimeFormatter LONG_TIME = time("yyyyMMddHHmmss'Z'");

    /** From this year on X.509 spells the year with four digits. */
    private static final int LONG_YEARS_FROM = 2050;

    private Der() {}

    static byte[] sequence(byte[]... parts) {
        return tagged(0x30, parts);
    }

    static byte[] set(byte[]... parts) {
        return tagged(0x31, parts);
    }

    /** An element of a structure that is told by its number, around a whole value. */
    static byte[] explicit(int number, byte[]... parts) {
        return tagged(0xa0 | number, parts);
    }

    /** An element of a structure that is told by its number, instead of its type. */
    static byte[] implicit(int number, byte[] content) {
        return tagged(0x80 | number, content);
    }

    static byte[] integer(BigInteger value) {
        return tagged(0x02, value.toByteArray());
    }

    static byte[] yes() {
        return tagged(0x01, new byte[] {(byte) 0xff});
    }

    static byte[] text(String value) {
        return tagged(0x0c, value.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] octets(byte[] content) {
        return tagged(0x04, content);
    }

    /** Bits, of which the last ones of the last byte are not used. */
    static byte[] bits(int unused, byte[] content) {
        return tagged(0x03, new byte[] {(byte) unused}, content);
    }

    /** An object identifier such as {@code 2.5.4.3}. */
    static byte[] oid(String dotted) {
        var numbers = dotted.split("\\.", -1);
        var content = new ByteArrayOutputStream();
        content.write(Integer.parseInt(numbers[0]) * 40 + Integer.parseInt(numbers[1]));
        for (int i = 2; i < numbers.length; i++) {
            int value = Integer.parseInt(numbers[i]);
            for (int shift = 28; shift >= 0; shift -= 7) {
                if (shift == 0) {
                    content.write(value & 0x7f);
                } else if (value >>> shift != 0) {
                    content.write(((value >>> shift) & 0x7f) | 0x80);
                }
            }
        }
        return tagged(0x06, content.toByteArray());
    }

    /** A moment, in the short form before 2050. */
    static byte[] time(Instant moment) {
        boolean longForm = moment.atOffset(ZoneOffset.UTC).getYear() >= LONG_YEARS_FROM;
        var text = (longForm ? LONG_TIME : SHORT_TIME).format(moment);
        return tagged(longForm ? 0x18 : 0x17, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static DateTimeFormatter time(String pattern) {
        return DateTimeFormatter.ofPattern(pattern, Locale.ROOT).withZone(ZoneOffset.UTC);
    }

    private static byte[] tagged(int tag, byte[]... parts) {
        int length = 0;
        for (var part : parts) {
            length += part.length;
        }
        var out = new ByteArrayOutputStream();
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else {
            int bytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
            out.write(0x80 | bytes);
            for (int i = bytes - 1; i >= 0; i--) {
                out.write(length >>> (8 * i));
            }
        }
        for (var part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
