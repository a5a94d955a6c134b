package dev.berth.core.placement;

import dev.berth.core.network.Ipv4Range;
import dev.berth.core.network.Subnet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A subnet at the beginning of a round.
 *
 * @param subnet the subnet
 * @param held the addresses that something holds: pods, gateways, the API server's interfaces
 * @param lastGiven the address that was given last, or null; the next one is looked for behind it,
 *     so that an address rests as long as possible before somebody else has it
 */
public record SubnetState(Subnet subnet, Set<String> held, @Nullable String lastGiven) {
    /** The network's address, the router's, the resolver's and one in reserve. AWS keeps four. */
    private static final long FIRST = 4;

    /** Copies the addresses. */
    public SubnetState {
        held = Set.copyOf(held);
    }

    /**
     * The next address to give: never one of the subnet's first four, nor its last, nor one that is
     * held here or by this round. Empty when there is none.
     *
     * @param alsoHeld what this round has given already
     */
    public Optional<String> nextAddress(Set<String> alsoHeld) {
        var range = Ipv4Range.parse(subnet.cidr()).orElseThrow();
        var usable = range.size() - FIRST - 1;
        if (usable <= 0) {
            return Optional.empty();
        }
        var last = lastGiven == null ? FIRST - 1 : range.indexOf(lastGiven).orElse(FIRST - 1);
        var start = Math.max(FIRST, last + 1);
        for (var step = 0L; step < usable; step++) {
            var address = range.address(FIRST + (start - FIRST + step) % usable);
            if (!held.contains(address) && !alsoHeld.contains(address)) {
                return Optional.of(address);
            }
        }
        return Optional.empty();
    }

    /** This subnet after an address was given. */
    SubnetState gave(String address) {
        return new SubnetState(subnet, held, address);
    }
}
