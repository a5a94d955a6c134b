package dev.berth.engine.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.placement.HostCapacity;
import dev.berth.core.size.FargateSize;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class APlaceIsHeldUntilItIsFreeTest {
    private final Places places = new Places(new HostCapacity(1000, 2048), _ -> Set.of());

    private static PlacedNode at(String podUid, String address) {
        return new PlacedNode(
                "fargate-" + address,
                podUid,
                "vpc-1",
                "subnet-1",
                address,
                "eu-west-1a",
                new FargateSize(250, 512));
    }

    @Test
    void a_pod_that_was_placed_anew_holds_its_first_place_until_that_is_free() {
        places.hold("lab", "fp", at("web", "172.16.1.4"));
        places.hold("lab", "fp", at("web", "172.16.1.5"));
        assertThat(places.addressesIn("subnet-1")).containsOnly("172.16.1.4", "172.16.1.5");
        places.free(at("web", "172.16.1.4"));
        assertThat(places.addressesIn("subnet-1")).containsOnly("172.16.1.5");
        assertThat(places.capacityLeft()).isEqualTo(new HostCapacity(750, 1536));
    }

    @Test
    void a_place_that_another_pod_has_by_now_is_not_freed() {
        var freed = new AtomicInteger();
        var _ = places.onFreed(freed::incrementAndGet);
        places.hold("lab", "fp", at("new", "172.16.1.4"));
        places.free(at("old", "172.16.1.4"));
        assertThat(places.addressesIn("subnet-1")).containsOnly("172.16.1.4");
        assertThat(freed).hasValue(0);
    }

    @Test
    void a_place_that_is_held_is_not_given_again() {
        assertThat(places.holdIfFree("lab", "fp", at("web", "172.16.1.4"))).isTrue();
        assertThat(places.holdIfFree("lab", "fp", at("other", "172.16.1.4"))).isFalse();
        assertThat(places.holdIfFree("lab", "fp", at("web", "172.16.1.4"))).isFalse();
    }
}
