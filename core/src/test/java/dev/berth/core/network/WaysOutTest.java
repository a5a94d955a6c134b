package dev.berth.core.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.network.AccountNetwork.Association;
import dev.berth.core.network.AccountNetwork.NatGateway;
import dev.berth.core.network.AccountNetwork.Route;
import dev.berth.core.network.AccountNetwork.RouteTable;
import dev.berth.core.network.AccountNetwork.SubnetEntry;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A VPC with a private and a public subnet; the NAT gateway stands in either. */
class WaysOutTest {
    private static final String ALL = "0.0.0.0/0";
    private static final Route LOCAL =
            new Route("172.16.0.0/16", "local", null, "CreateRouteTable");
    private static final Route TO_NAT = new Route(ALL, null, "nat-1", "CreateRoute");
    private static final Route TO_INTERNET = new Route(ALL, "igw-1", null, "CreateRoute");

    @Test
    void a_private_subnet_goes_out_by_a_nat_gateway_in_a_public_one() {
        assertThat(ways(nat("public", null), LOCAL, TO_NAT)).containsExactly(ALL);
    }

    @Test
    void only_the_ranges_that_are_routed_there_are_reached() {
        var some = new Route("203.0.113.0/24", null, "nat-1", "CreateRoute");
        assertThat(ways(nat("public", null), LOCAL, some)).containsExactly("203.0.113.0/24");
    }

    @Test
    void without_a_route_there_is_no_way() {
        assertThat(ways(nat("public", null), LOCAL)).isEmpty();
    }

    @Test
    void an_internet_gateway_is_no_way_for_pods_which_have_no_public_address() {
        assertThat(ways(nat("public", null), LOCAL, TO_INTERNET)).isEmpty();
    }

    @Test
    void a_private_or_deleted_gateway_leads_nowhere() {
        assertThat(ways(nat("private", null), LOCAL, TO_NAT)).isEmpty();
        assertThat(ways(nat("public", Instant.EPOCH), LOCAL, TO_NAT)).isEmpty();
        assertThat(ways(null, LOCAL, TO_NAT)).isEmpty();
    }

    @Test
    void a_gateway_in_a_private_subnet_leads_nowhere() {
        var network = network(nat("public", null), List.of(LOCAL), List.of(LOCAL, TO_NAT));
        assertThat(WaysOut.of(network, network.subnets().get("subnet-private"))).isEmpty();
    }

    private static List<String> ways(@Nullable NatGateway nat, Route... routes) {
        var network = network(nat, List.of(LOCAL, TO_INTERNET), List.of(routes));
        return WaysOut.of(network, network.subnets().get("subnet-private"));
    }

    private static NatGateway nat(String connectivity, @Nullable Instant deletedAt) {
        return new NatGateway(
                "nat-1",
                "vpc-1",
                "subnet-public",
                connectivity,
                null,
                null,
                null,
                "172.16.4.4",
                "eni-1",
                Instant.EPOCH,
                deletedAt);
    }

    private static AccountNetwork network(
            @Nullable NatGateway nat, List<Route> ofPublic, List<Route> ofPrivate) {
        return new AccountNetwork(
                Map.of(),
                Map.of(
                        "subnet-private", subnet("subnet-private", "172.16.1.0/24"),
                        "subnet-public", subnet("subnet-public", "172.16.4.0/24")),
                Map.of(),
                nat == null ? Map.of() : Map.of("nat-1", nat),
                Map.of(),
                Map.of(
                        "rtb-1",
                        new RouteTable(
                                "rtb-1",
                                "vpc-1",
                                ofPublic,
                                List.of(new Association("rtbassoc-1", "subnet-public", false))),
                        "rtb-2",
                        new RouteTable(
                                "rtb-2",
                                "vpc-1",
                                ofPrivate,
                                List.of(new Association("rtbassoc-2", null, true)))),
                Map.of(),
                Map.of(),
                Map.of());
    }

    private static SubnetEntry subnet(String id, String cidr) {
        return new SubnetEntry(id, "vpc-1", cidr, "eu-west-1a", false, "aclassoc-1");
    }
}
