package dev.berth.adapter.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NodesAreToldApartByAddressTest {
    private static final List<Cidr> RANGES =
            List.of(Cidr.parse("172.16.0.0/16"), Cidr.parse("10.9.8.0/24"));

    @Test
    void an_address_of_the_shadow_stands_for_the_same_place_of_its_range() {
        assertThat(NodePort.meant(Cidr.address("240.0.1.241"), RANGES)).contains("172.16.1.241");
        assertThat(NodePort.meant(Cidr.address("240.1.0.7"), RANGES)).contains("10.9.8.7");
    }

    @Test
    void other_addresses_stand_for_none() {
        assertThat(NodePort.meant(Cidr.address("240.2.0.1"), RANGES)).isEmpty();
        assertThat(NodePort.meant(Cidr.address("240.1.1.7"), RANGES)).isEmpty();
        assertThat(NodePort.meant(Cidr.address("172.16.1.241"), RANGES)).isEmpty();
    }
}
