package dev.berth.core.network;

import dev.berth.core.network.AccountNetwork.NatGateway;
import dev.berth.core.network.AccountNetwork.SubnetEntry;
import java.util.List;

/**
 * Where a subnet's routes lead out of the VPC. Pods have no public addresses, so an internet
 * gateway lets none of them out: only a NAT gateway does, which is public, is there, and stands in
 * a subnet that is public itself. Source: eks-fargate §8 (D); the conditions are the AWS VPC's.
 */
public final class WaysOut {
    private WaysOut() {}

    /** The IPv4 ranges that a subnet's pods reach outside, in the order of its routes. */
    public static List<String> of(AccountNetwork network, SubnetEntry subnet) {
        return network.routeTableOf(subnet).stream()
                .flatMap(table -> table.routes().stream())
                .filter(route -> route.natGatewayId() != null)
                .filter(route -> works(network, network.natGateways().get(route.natGatewayId())))
                .map(AccountNetwork.Route::destination)
                .filter(destination -> Ipv4Range.parse(destination).isPresent())
                .toList();
    }

    private static boolean works(
            AccountNetwork network, @org.jspecify.annotations.Nullable NatGateway gateway) {
        if (gateway == null
                || gateway.deletedAt() != null
                || !gateway.connectivity().equals("public")) {
            return false;
        }
        var home = network.subnets().get(gateway.subnetId());
        return home != null && network.isPublic(home);
    }
}
