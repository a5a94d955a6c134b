package dev.berth.core.network;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The address of an interface that AWS itself puts into a subnet, such as the one by which a
 * cluster's API server is seen. They are taken from the end of the first subnet that has one left,
 * since pods get theirs from the beginning (our choice).
 */
public final class InterfaceAddress {
    /** The network's address, the router's, the resolver's and one in reserve. */
    private static final long FIRST = 4;

    private InterfaceAddress() {}

    /**
     * A free address: never one of a subnet's first four, nor its last. Example: {@code
     * 172.16.1.0/24} with nothing held gives 172.16.1.254.
     *
     * @param subnets in order of preference
     * @param held the addresses of a subnet, by its id, that somebody has
     */
    public static Optional<String> choose(
            List<Subnet> subnets, Function<String, Set<String>> held) {
        for (var subnet : subnets) {
            var range = Ipv4Range.parse(subnet.cidr()).orElseThrow();
            var taken = held.apply(subnet.id());
            for (var index = range.size() - 2; index >= FIRST; index--) {
                var address = range.address(index);
                if (!taken.contains(address)) {
                    return Optional.of(address);
                }
            }
        }
        return Optional.empty();
    }
}
