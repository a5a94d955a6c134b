package dev.berth.core.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.network.NodeService.Endpoint;
import dev.berth.core.network.NodeService.Port;
import dev.berth.core.network.ServiceLead.Target;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServicesLeadByNodeTest {
    private static final Map<String, String> NODES = Map.of("n1", "10.0.0.1");
    private static final Map<String, List<String>> PODS = Map.of("n1", List.of("10.0.0.10"));
    private static final Endpoint ON_NODE = new Endpoint("10.0.0.11", 8080, "n1");
    private static final Endpoint ON_FARGATE = new Endpoint("10.0.0.20", 8080, "fargate-10.0.0.20");

    @Test
    void who_asks_on_a_node_reaches_the_endpoints_of_that_node_and_a_fargate_pod_itself() {
        assertThat(leads(service(true, false, new Port("TCP", 80, 0, both()))))
                .containsExactlyInAnyOrder(
                        lead(
                                List.of("10.0.0.1", "10.0.0.10", "10.0.0.11"),
                                "10.100.0.9",
                                80,
                                ON_NODE),
                        lead(List.of("10.0.0.20"), "10.100.0.9", 80, ON_FARGATE));
    }

    @Test
    void a_node_port_leads_everybody_to_all_endpoints_who_see_the_node() {
        assertThat(leads(service(false, false, new Port("UDP", 80, 30080, both()))))
                .containsExactly(
                        new ServiceLead(
                                List.of(),
                                "10.0.0.1",
                                "UDP",
                                30080,
                                List.of(target(ON_NODE), target(ON_FARGATE)),
                                true,
                                false));
    }

    @Test
    void a_local_node_port_leads_to_the_nodes_own_endpoints_who_see_the_asker() {
        assertThat(leads(service(false, true, new Port("TCP", 80, 30080, both()))))
                .containsExactly(
                        new ServiceLead(
                                List.of(),
                                "10.0.0.1",
                                "TCP",
                                30080,
                                List.of(target(ON_NODE)),
                                false,
                                false));
    }

    @Test
    void without_any_endpoint_an_asker_is_refused_and_without_a_local_one_hears_nothing() {
        assertThat(leads(service(false, false, new Port("TCP", 80, 30080, List.of()))))
                .allMatch(lead -> lead.refuse() && lead.targets().isEmpty());
        assertThat(leads(service(false, true, new Port("TCP", 80, 30080, List.of(ON_FARGATE)))))
                .allMatch(lead -> !lead.refuse() && lead.targets().isEmpty());
    }

    private static List<Endpoint> both() {
        return List.of(ON_FARGATE, ON_NODE);
    }

    private static List<ServiceLead> leads(NodeService service) {
        return ServiceLead.of(List.of(service), NODES, PODS);
    }

    private static NodeService service(boolean internalLocal, boolean externalLocal, Port port) {
        return new NodeService(
                "default",
                "web",
                List.of("10.100.0.9"),
                internalLocal,
                externalLocal,
                List.of(port));
    }

    private static ServiceLead lead(List<String> from, String to, int port, Endpoint endpoint) {
        return new ServiceLead(from, to, "TCP", port, List.of(target(endpoint)), false, false);
    }

    private static Target target(Endpoint endpoint) {
        return new Target(endpoint.address(), endpoint.port());
    }
}
