package dev.berth.adapter.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.port.PodNetwork.PortLead;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The scripts that lead a node's ports to pods. */
class PortsOfNodesLeadToPodsTest {
    private static final PortLeads.Led LED =
            new PortLeads.Led(
                    "node-1-one",
                    "10.0.1.4",
                    "10.0.1.5",
                    List.of(
                            new PortLead("0.0.0.0", "TCP", 8081, 8080),
                            new PortLead("127.0.0.1", "UDP", 53, 5353)));

    @Test
    void others_reach_the_nodes_address_and_the_node_itself_its_loopback_too() {
        assertThat(PortLeads.ofVpc(List.of(LED)))
                .contains("ip daddr 10.0.1.4 tcp dport 8081 dnat to 10.0.1.5:8080")
                .doesNotContain("udp");
        assertThat(PortLeads.ofNode(List.of(LED)))
                .contains("ip daddr { 10.0.1.4, 127.0.0.0/8 } tcp dport 8081 dnat to 10.0.1.5:8080")
                .contains("ip daddr 127.0.0.1 udp dport 53 dnat to 10.0.1.5:5353");
    }

    @Test
    void what_is_written_down_is_read_again() {
        assertThat(PortLeads.read(PortLeads.written(LED), "10.0.1.5")).isEqualTo(LED);
    }
}
