package dev.berth.core.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.network.Subnet;
import dev.berth.core.placement.Placement.Outcome;
import dev.berth.core.placement.Placement.Outcome.NotPlaced;
import dev.berth.core.placement.Placement.Outcome.Placed;
import dev.berth.core.placement.Placement.Situation;
import dev.berth.core.placement.Placement.Waiting;
import dev.berth.core.pod.PodKey;
import dev.berth.core.refusal.LaunchRefusals;
import dev.berth.core.size.FargateSize;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlacementTest {
    private static final HostCapacity PLENTY = new HostCapacity(1_000_000, 1_000_000);
    private static final SubnetState A = subnet("a", "172.16.1.0/24", "eu-west-1a", null);
    private static final SubnetState B = subnet("b", "172.16.2.0/24", "eu-west-1b", null);
    private static final SubnetState C = subnet("c", "172.16.3.0/24", "eu-west-1c", null);
    private static final Set<String> ANYWHERE = Set.of("eu-west-1a", "eu-west-1b", "eu-west-1c");

    @Test
    @DisplayName("§2.7 pods spread over the profile's subnets")
    void pods_spread_over_the_subnets() {
        var outcomes = decide(pods(6), PLENTY, Map.of(), A, B, C);

        assertThat(outcomes)
                .extracting(outcome -> ((Placed) outcome).address())
                .containsExactly(
                        "172.16.1.4",
                        "172.16.2.4",
                        "172.16.3.4",
                        "172.16.1.5",
                        "172.16.2.5",
                        "172.16.3.5");
    }

    @Test
    @DisplayName("§2.7 the subnet with the fewest of the profile's pods is taken")
    void the_emptiest_subnet_is_taken() {
        assertThat(decide(pods(1), PLENTY, Map.of("a", 2, "b", 1, "c", 1), A, B, C))
                .extracting(outcome -> ((Placed) outcome).subnet().id())
                .containsExactly("b");
    }

    @Test
    @DisplayName("§2.2, §2.7 only allowed zones are used")
    void a_zone_pin_is_kept() {
        var pod = new Waiting(key(0), "u0", "fp", FargateSize.SMALLEST, Set.of("eu-west-1c"));

        assertThat(decide(List.of(pod, pod), PLENTY, Map.of(), A, B, C))
                .extracting(outcome -> ((Placed) outcome).subnet().id())
                .containsExactly("c", "c");
    }

    @Test
    void an_address_rests_as_long_as_possible() {
        assertThat(addressAfter("172.16.1.10")).isEqualTo("172.16.1.11");
        assertThat(addressAfter("172.16.1.254")).isEqualTo("172.16.1.4");
        assertThat(addressAfter("172.16.1.0")).isEqualTo("172.16.1.4");
        assertThat(addressAfter("10.0.0.1")).isEqualTo("172.16.1.4");
        assertThat(addressAfter(null)).isEqualTo("172.16.1.4");
    }

    @Test
    void held_addresses_are_passed_over() {
        var state =
                new SubnetState(A.subnet(), Set.of("172.16.1.4", "172.16.1.5", "172.16.1.7"), null);

        assertThat(decide(pods(2), PLENTY, Map.of(), state))
                .extracting(outcome -> ((Placed) outcome).address())
                .containsExactly("172.16.1.6", "172.16.1.8");
    }

    @Test
    void a_slash_28_has_eleven_places_and_then_the_launch_times_out() {
        var tiny = subnet("tiny", "10.0.0.16/28", "eu-west-1a", "10.0.0.24");
        var outcomes = decide(pods(12), PLENTY, Map.of(), tiny);

        assertThat(outcomes.subList(0, 11))
                .extracting(outcome -> ((Placed) outcome).address())
                .containsExactly(
                        "10.0.0.25",
                        "10.0.0.26",
                        "10.0.0.27",
                        "10.0.0.28",
                        "10.0.0.29",
                        "10.0.0.30",
                        "10.0.0.20",
                        "10.0.0.21",
                        "10.0.0.22",
                        "10.0.0.23",
                        "10.0.0.24");
        assertThat(outcomes.getLast())
                .isInstanceOfSatisfying(
                        NotPlaced.class,
                        waiting ->
                                assertThat(waiting.reason())
                                        .isEqualTo(LaunchRefusals.provisioningTimedOut(key(11))));
    }

    @Test
    void a_full_subnet_is_passed_over_for_one_with_room() {
        var full =
                new SubnetState(
                        new Subnet("full", "vpc", "10.0.0.0/28", "eu-west-1a"),
                        new HashSet<>(IntStream.range(4, 15).mapToObj(i -> "10.0.0." + i).toList()),
                        null);

        assertThat(decide(pods(1), PLENTY, Map.of("b", 5), full, B))
                .extracting(outcome -> ((Placed) outcome).subnet().id())
                .containsExactly("b");
    }

    @Test
    @DisplayName("§4.5 a machine without room is missing capacity; smaller pods behind still go")
    void a_pod_too_large_for_what_is_left_waits() {
        var large = new Waiting(key(0), "u0", "fp", new FargateSize(1000, 8192), ANYWHERE);
        var small = pods(2).getLast();

        var outcomes = decide(List.of(large, small), new HostCapacity(1000, 1024), Map.of(), A);

        assertThat(outcomes.getFirst())
                .isEqualTo(new NotPlaced(large, LaunchRefusals.capacityUnavailable()));
        assertThat(outcomes.getLast()).isInstanceOf(Placed.class);
    }

    @Test
    void a_profile_without_subnets_places_nothing() {
        assertThat(decide(pods(1), PLENTY, Map.of())).hasOnlyElementsOfType(NotPlaced.class);
    }

    @Test
    void cpu_may_be_offered_several_times_and_memory_once() {
        assertThat(HostCapacity.of(2, 8192, 4, 1)).isEqualTo(new HostCapacity(8000, 8192));
        assertThat(HostCapacity.of(2, 8192, 4, 1.5)).isEqualTo(new HostCapacity(8000, 12_288));
        assertThatThrownBy(() -> HostCapacity.of(2, 8192, 0.5, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(new HostCapacity(250, 512).less(FargateSize.SMALLEST))
                .isEqualTo(new HostCapacity(0, 0));
        assertThat(new HostCapacity(10, 10).less(FargateSize.SMALLEST))
                .isEqualTo(new HostCapacity(0, 0));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 4", "8, 128", "9, 240", "10000, 240"})
    @DisplayName("§4.5 launches are tried again, at the latest every four minutes")
    void launches_are_tried_again(int failures, int seconds) {
        assertThat(LaunchBackOff.after(failures)).isEqualTo(Duration.ofSeconds(seconds));
    }

    private static @Nullable String addressAfter(@Nullable String last) {
        var outcome =
                decide(pods(1), PLENTY, Map.of(), subnet("a", "172.16.1.0/24", "eu-west-1a", last))
                        .getFirst();
        return ((Placed) outcome).address();
    }

    private static List<Outcome> decide(
            List<Waiting> pods,
            HostCapacity left,
            Map<String, Integer> podsInSubnet,
            SubnetState... subnets) {
        var byId = new LinkedHashMap<String, SubnetState>();
        for (var state : subnets) {
            byId.put(state.subnet().id(), state);
        }
        return Placement.decide(
                new Situation(
                        pods,
                        byId,
                        Map.of("fp", new ArrayList<>(byId.keySet())),
                        Map.of("fp", new HashMap<>(podsInSubnet)),
                        left));
    }

    private static List<Waiting> pods(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Waiting(key(i), "u" + i, "fp", FargateSize.SMALLEST, ANYWHERE))
                .toList();
    }

    private static PodKey key(int i) {
        return new PodKey("default", "web-" + i);
    }

    private static SubnetState subnet(String id, String cidr, String zone, @Nullable String last) {
        return new SubnetState(new Subnet(id, "vpc", cidr, zone), Set.of(), last);
    }
}
