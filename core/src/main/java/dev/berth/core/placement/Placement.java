package dev.berth.core.placement;

import dev.berth.core.network.Subnet;
import dev.berth.core.pod.PodKey;
import dev.berth.core.refusal.LaunchRefusals;
import dev.berth.core.refusal.Refusal;
import dev.berth.core.size.FargateSize;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One round of placing pods. */
public final class Placement {
    private Placement() {}

    /**
     * A pod that waits for a place.
     *
     * @param key the pod
     * @param uid the pod
     * @param profileName the profile that claimed it
     * @param size what it is to get
     * @param zones where its node may be
     */
    public record Waiting(
            PodKey key, String uid, String profileName, FargateSize size, Set<String> zones) {
        /** Copies the zones. */
        public Waiting {
            zones = Set.copyOf(zones);
        }
    }

    /**
     * What is known when a round begins.
     *
     * @param pods in the order in which they are served
     * @param subnets by id
     * @param subnetsOfProfile the ids of each profile's subnets, in the profile's order
     * @param podsInSubnet how many of a profile's pods each subnet holds, by profile and subnet id;
     *     absent is none
     * @param left what the machine has left
     */
    public record Situation(
            List<Waiting> pods,
            Map<String, SubnetState> subnets,
            Map<String, List<String>> subnetsOfProfile,
            Map<String, Map<String, Integer>> podsInSubnet,
            HostCapacity left) {
        /** Copies the collections. */
        public Situation {
            pods = List.copyOf(pods);
            subnets = Map.copyOf(subnets);
            subnetsOfProfile = Map.copyOf(subnetsOfProfile);
            podsInSubnet = Map.copyOf(podsInSubnet);
        }
    }

    /** What a round decides about one pod. */
    public sealed interface Outcome {
        /**
         * It has a place.
         *
         * @param pod the pod
         * @param subnet its subnet
         * @param address its address, which nobody else holds
         */
        record Placed(Waiting pod, Subnet subnet, String address) implements Outcome {}

        /**
         * It waits on.
         *
         * @param pod the pod
         * @param reason why
         */
        record NotPlaced(Waiting pod, Refusal reason) implements Outcome {}
    }

    /**
     * Decides for every pod, in the order given. A pod for which there is no room does not keep
     * smaller ones behind it from being placed (our choice). Among the profile's subnets in allowed
     * zones that have an address left, the one with the fewest of the profile's pods is taken, and
     * of equal ones the first (our choice; AWS spreads without promising evenness). Source:
     * eks-fargate §2.7 (D, O)
     *
     * <p>A machine without room is told as missing capacity. Subnets without an address are told as
     * a launch that timed out, since AWS's own words for that are not known.
     */
    public static List<Outcome> decide(Situation situation) {
        var round = new Round(situation);
        var outcomes = new ArrayList<Outcome>();
        for (var pod : situation.pods()) {
            outcomes.add(round.place(pod));
        }
        return List.copyOf(outcomes);
    }

    /** What changes while a round goes on; lives for one call. */
    private static final class Round {
        private final Situation situation;
        private final Map<String, SubnetState> subnets;
        private final Map<String, Map<String, Integer>> podsInSubnet = new HashMap<>();
        private final Map<String, Set<String>> given = new HashMap<>();
        private HostCapacity left;

        Round(Situation situation) {
            this.situation = situation;
            subnets = new LinkedHashMap<>(situation.subnets());
            situation
                    .podsInSubnet()
                    .forEach((profile, counts) -> podsInSubnet.put(profile, new HashMap<>(counts)));
            left = situation.left();
        }

        Outcome place(Waiting pod) {
            if (!left.holds(pod.size())) {
                return new Outcome.NotPlaced(pod, LaunchRefusals.capacityUnavailable());
            }
            var counts = podsInSubnet.computeIfAbsent(pod.profileName(), _ -> new HashMap<>());
            var candidates =
                    situation.subnetsOfProfile().getOrDefault(pod.profileName(), List.of()).stream()
                            .flatMap(id -> Optional.ofNullable(subnets.get(id)).stream())
                            .filter(state ->
                                    pod.zones().contains(state.subnet().availabilityZone()))
                            .sorted(
                                    Comparator.comparing(
                                            state -> counts.getOrDefault(state.subnet().id(), 0)))
                            .toList();
            for (var state : candidates) {
                var id = state.subnet().id();
                var taken = given.computeIfAbsent(id, _ -> new HashSet<>());
                var address = state.nextAddress(taken);
                if (address.isPresent()) {
                    taken.add(address.get());
                    subnets.put(id, state.gave(address.get()));
                    counts.merge(id, 1, Integer::sum);
                    left = left.less(pod.size());
                    return new Outcome.Placed(pod, state.subnet(), address.get());
                }
            }
            return new Outcome.NotPlaced(pod, LaunchRefusals.provisioningTimedOut(pod.key()));
        }
    }
}
