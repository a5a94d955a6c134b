package dev.berth.core.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.longs;

import dev.berth.core.network.Ipv4Range;
import dev.berth.core.network.Subnet;
import dev.berth.core.placement.Placement.Outcome;
import dev.berth.core.placement.Placement.Situation;
import dev.berth.core.placement.Placement.Waiting;
import dev.berth.core.pod.PodKey;
import dev.berth.core.size.FargateSize;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlacementNeverExceedsCapacityTest {
    private static final List<String> ZONES = List.of("z0", "z1", "z2");

    @Test
    void no_capacity_is_exceeded_no_address_given_twice_and_every_pod_gets_one_answer() {
        qt().withExamples(500)
                .forAll(longs().all())
                .checkAssert(seed -> {
                    var situation = any(new Random(seed));
                    check(situation, Placement.decide(situation));
                });
    }

    private static void check(Situation situation, List<Outcome> outcomes) {
        assertThat(outcomes).hasSameSizeAs(situation.pods());
        var cpu = 0L;
        var memory = 0L;
        var addresses = new HashSet<String>();
        for (var outcome : outcomes) {
            if (!(outcome instanceof Outcome.Placed(var pod, var subnet, var address))) {
                continue;
            }
            cpu += pod.size().cpuMillis();
            memory += pod.size().memoryMebibytes();
            var state = situation.subnets().get(subnet.id());
            var range = Ipv4Range.parse(subnet.cidr()).orElseThrow();
            assertThat(addresses.add(address)).as("given once").isTrue();
            assertThat(state.held()).doesNotContain(address);
            assertThat(range.indexOf(address).orElseThrow()).isBetween(4L, range.size() - 2);
            assertThat(pod.zones()).contains(subnet.availabilityZone());
            assertThat(situation.subnetsOfProfile().get(pod.profileName())).contains(subnet.id());
        }
        assertThat(cpu).isLessThanOrEqualTo(situation.left().cpuMillis());
        assertThat(memory).isLessThanOrEqualTo(situation.left().memoryMebibytes());
    }

    private static Situation any(Random random) {
        var subnets = new HashMap<String, SubnetState>();
        var subnetsOfProfile = new HashMap<String, List<String>>();
        var podsInSubnet = new HashMap<String, Map<String, Integer>>();
        for (var i = 0; i < 4; i++) {
            var range =
                    Ipv4Range.parse("10.0." + i + ".0/2" + (5 + random.nextInt(4))).orElseThrow();
            var held = new HashSet<String>();
            for (var index = 0L; index < range.size(); index++) {
                if (random.nextInt(3) == 0) {
                    held.add(range.address(index));
                }
            }
            var last =
                    random.nextBoolean() ? range.address(random.nextInt((int) range.size())) : null;
            subnets.put(
                    "s" + i,
                    new SubnetState(
                            new Subnet("s" + i, "v", range.toString(), ZONES.get(i % 3)),
                            held,
                            last));
            subnetsOfProfile
                    .computeIfAbsent("p" + random.nextInt(2), _ -> new ArrayList<>())
                    .add("s" + i);
            podsInSubnet
                    .computeIfAbsent("p" + random.nextInt(2), _ -> new HashMap<>())
                    .put("s" + i, random.nextInt(5));
        }
        var pods = new ArrayList<Waiting>();
        for (var i = random.nextInt(60); i > 0; i--) {
            pods.add(
                    new Waiting(
                            new PodKey("n", "p" + i),
                            "u" + i,
                            "p" + random.nextInt(2),
                            FargateSize.ALL.get(random.nextInt(12)),
                            random.nextBoolean()
                                    ? Set.copyOf(ZONES)
                                    : Set.of(ZONES.get(random.nextInt(3)))));
        }
        return new Situation(
                pods,
                subnets,
                subnetsOfProfile,
                podsInSubnet,
                new HostCapacity(random.nextInt(20_000), random.nextInt(60_000)));
    }
}
