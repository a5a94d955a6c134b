package dev.berth.core.cluster;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The range of a cluster's Services: an IPv4 range in CIDR form.
 *
 * @param first its first address, as a number of 32 bits
 * @param prefix the length of its prefix, 0 to 32
 */
public record ServiceRange(long first, int prefix) {
    private static final Pattern CIDR =
            Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})");
    private static final List<ServiceRange> PRIVATE =
            List.of(known("10.0.0.0/8"), known("172.16.0.0/12"), known("192.168.0.0/16"));
    private static final String DEFAULT = "10.100.0.0/16";
    private static final String OTHER_DEFAULT = "172.20.0.0/16";

    /** Reads {@code a.b.c.d/n}; empty when it is no such text or has bits behind its prefix. */
    public static Optional<ServiceRange> parse(String text) {
        var matcher = CIDR.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        var first = 0L;
        for (var group = 1; group <= 4; group++) {
            var part = Integer.parseInt(matcher.group(group));
            if (part > 255) {
                return Optional.empty();
            }
            first = first * 256 + part;
        }
        var prefix = Integer.parseInt(matcher.group(5));
        if (prefix > 32 || first % (1L << (32 - prefix)) != 0) {
            return Optional.empty();
        }
        return Optional.of(new ServiceRange(first, prefix));
    }

    /**
     * The range that a cluster gets when it asks for none: {@code 10.100.0.0/16}, or {@code
     * 172.20.0.0/16} where the VPC is in the way. Source: eks-fargate §12.6 (D)
     */
    public static String defaultBeside(String vpcCidr) {
        var taken = parse(vpcCidr).filter(known(DEFAULT)::overlaps).isPresent();
        return taken ? OTHER_DEFAULT : DEFAULT;
    }

    /** Where the cluster's DNS answers: the tenth address, such as 10.100.0.10. Our choice. */
    public String dnsAddress() {
        var address = first + 10;
        return (address >> 24 & 255)
                + "."
                + (address >> 16 & 255)
                + "."
                + (address >> 8 & 255)
                + "."
                + (address & 255);
    }

    /** Whether the ranges have an address in common. */
    public boolean overlaps(ServiceRange other) {
        return first < other.end() && other.first < end();
    }

    /** Whether all of it is in one of the three private ranges of RFC 1918. */
    public boolean isPrivate() {
        return PRIVATE.stream().anyMatch(all -> all.first <= first && end() <= all.end());
    }

    private long end() {
        return first + (1L << (32 - prefix));
    }

    private static ServiceRange known(String text) {
        return parse(text).orElseThrow();
    }
}
