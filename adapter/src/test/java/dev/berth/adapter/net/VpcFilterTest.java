package dev.berth.adapter.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.port.PodNetwork.Subnet;
import dev.berth.port.PodNetwork.Vpc;
import java.util.List;
import org.junit.jupiter.api.Test;

class VpcFilterTest {
    @Test
    void only_what_a_subnets_routes_let_out_leaves() {
        var vpc =
                new Vpc(
                        "vpc-1",
                        List.of("172.16.0.0/16"),
                        List.of(
                                new Subnet("subnet-1", "172.16.1.0/24", List.of("0.0.0.0/0")),
                                new Subnet("subnet-2", "172.16.2.0/24")));
        assertThat(VpcFilter.of(vpc, "host"))
                .contains(
                        """
                          chain leave {
                            ct state established,related accept
                            ip daddr 169.254.0.0/16 drop
                            ip saddr 172.16.1.0/24 ip daddr 0.0.0.0/0 accept
                            drop
                          }
                        """);
    }
}
