package dev.berth.edge.aws.ec2;

import dev.berth.core.network.AccountNetwork;
import dev.berth.core.network.AccountNetwork.Association;
import dev.berth.core.network.AccountNetwork.ElasticIp;
import dev.berth.core.network.AccountNetwork.InternetGateway;
import dev.berth.core.network.AccountNetwork.NatGateway;
import dev.berth.core.network.AccountNetwork.NetworkAcl;
import dev.berth.core.network.AccountNetwork.Peer;
import dev.berth.core.network.AccountNetwork.Route;
import dev.berth.core.network.AccountNetwork.RouteTable;
import dev.berth.core.network.AccountNetwork.Rule;
import dev.berth.core.network.AccountNetwork.SecurityGroup;
import dev.berth.core.network.AccountNetwork.SubnetEntry;
import dev.berth.core.network.AccountNetwork.VpcEntry;
import dev.berth.core.network.Ipv4Range;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The account's networks as EC2's output members. What Terraform compares or dereferences is always
 * there. Source: terraform-calls §3.1 to §3.6
 *
 * @param network the snapshot to describe
 * @param account 12 digits
 * @param region such as {@code eu-west-1}
 * @param now for the states that pass with time
 */
record Ec2Shapes(AccountNetwork network, String account, String region, Instant now) {
    /** Addresses that AWS keeps of every subnet: the first four and the last. */
    private static final int KEPT_ADDRESSES = 5;

    Map<String, @Nullable Object> vpc(VpcEntry vpc) {
        return members(
                "VpcId", vpc.id(),
                "State", "available",
                "CidrBlock", vpc.cidr(),
                "CidrBlockAssociationSet",
                        List.of(
                                members(
                                        "AssociationId", vpc.cidrAssociationId(),
                                        "CidrBlock", vpc.cidr(),
                                        "CidrBlockState", members("State", "associated"))),
                "InstanceTenancy", vpc.tenancy(),
                "DhcpOptionsId", vpc.dhcpOptionsId(),
                "OwnerId", account,
                "IsDefault", false,
                "Tags", tags(vpc.id()));
    }

    Map<String, @Nullable Object> subnet(SubnetEntry subnet) {
        var size = Ipv4Range.parse(subnet.cidr()).orElseThrow().size();
        return members(
                "SubnetId",
                subnet.id(),
                "SubnetArn",
                "arn:aws:ec2:" + region + ":" + account + ":subnet/" + subnet.id(),
                "State",
                "available",
                "VpcId",
                subnet.vpcId(),
                "CidrBlock",
                subnet.cidr(),
                "AvailableIpAddressCount",
                size - KEPT_ADDRESSES,
                "AvailabilityZone",
                subnet.zone(),
                "AvailabilityZoneId",
                zoneId(subnet.zone()),
                "DefaultForAz",
                false,
                "MapPublicIpOnLaunch",
                subnet.mapPublicIp(),
                "MapCustomerOwnedIpOnLaunch",
                false,
                "AssignIpv6AddressOnCreation",
                false,
                "EnableDns64",
                false,
                "Ipv6Native",
                false,
                "PrivateDnsNameOptionsOnLaunch",
                members(
                        "HostnameType", "ip-name",
                        "EnableResourceNameDnsARecord", false,
                        "EnableResourceNameDnsAAAARecord", false),
                "OwnerId",
                account,
                "Tags",
                tags(subnet.id()));
    }

    Map<String, @Nullable Object> internetGateway(InternetGateway gateway) {
        return members(
                "InternetGatewayId",
                gateway.id(),
                "Attachments",
                gateway.vpcId() == null
                        ? List.of()
                        : List.of(members("State", "available", "VpcId", gateway.vpcId())),
                "OwnerId",
                account,
                "Tags",
                tags(gateway.id()));
    }

    Map<String, @Nullable Object> natGateway(NatGateway nat) {
        return members(
                "NatGatewayId", nat.id(),
                "VpcId", nat.vpcId(),
                "SubnetId", nat.subnetId(),
                "State", nat.state(now),
                "ConnectivityType", nat.connectivity(),
                "CreateTime", nat.createdAt(),
                "DeleteTime", nat.deletedAt(),
                "NatGatewayAddresses",
                        List.of(
                                members(
                                        "AllocationId", nat.allocationId(),
                                        "AssociationId", nat.associationId(),
                                        "NetworkInterfaceId", nat.interfaceId(),
                                        "PrivateIp", nat.privateIp(),
                                        "PublicIp", nat.publicIp(),
                                        "IsPrimary", true,
                                        "Status",
                                                nat.deletedAt() == null
                                                        ? "succeeded"
                                                        : "disassociating")),
                "Tags", tags(nat.id()));
    }

    Map<String, @Nullable Object> address(ElasticIp address) {
        return members(
                "AllocationId", address.id(),
                "PublicIp", address.publicIp(),
                "Domain", "vpc",
                "PublicIpv4Pool", "amazon",
                "NetworkBorderGroup", region,
                "AssociationId", address.associationId(),
                "NetworkInterfaceId", address.interfaceId(),
                "NetworkInterfaceOwnerId", address.interfaceId() == null ? null : account,
                "PrivateIpAddress", address.privateIp(),
                "Tags", tags(address.id()));
    }

    Map<String, @Nullable Object> routeTable(RouteTable table) {
        return members(
                "RouteTableId", table.id(),
                "VpcId", table.vpcId(),
                "OwnerId", account,
                "Routes", table.routes().stream().map(this::route).toList(),
                "Associations",
                        table.associations().stream()
                                .map(link -> association(table, link))
                                .toList(),
                "PropagatingVgws", List.of(),
                "Tags", tags(table.id()));
    }

    private Map<String, @Nullable Object> route(Route route) {
        var six = route.destination().contains(":");
        return members(
                six ? "DestinationIpv6CidrBlock" : "DestinationCidrBlock",
                route.destination(),
                "GatewayId",
                route.gatewayId(),
                "NatGatewayId",
                route.natGatewayId(),
                "Origin",
                route.origin(),
                "State",
                leadsNowhere(route) ? "blackhole" : "active");
    }

    private boolean leadsNowhere(Route route) {
        if (route.natGatewayId() != null) {
            var nat = network.natGateways().get(route.natGatewayId());
            return nat == null || nat.deletedAt() != null;
        }
        if (route.gatewayId() != null && route.gatewayId().startsWith("igw-")) {
            var gateway = network.internetGateways().get(route.gatewayId());
            return gateway == null || gateway.vpcId() == null;
        }
        return false;
    }

    private static Map<String, @Nullable Object> association(RouteTable table, Association link) {
        return members(
                "Main", link.main(),
                "RouteTableAssociationId", link.id(),
                "RouteTableId", table.id(),
                "SubnetId", link.subnetId(),
                "AssociationState", members("State", "associated"));
    }

    Map<String, @Nullable Object> securityGroup(SecurityGroup group) {
        return members(
                "GroupId", group.id(),
                "GroupName", group.name(),
                "Description", group.description(),
                "VpcId", group.vpcId(),
                "OwnerId", account,
                "SecurityGroupArn",
                        "arn:aws:ec2:" + region + ":" + account + ":security-group/" + group.id(),
                "IpPermissions",
                        permissions(group.rules().stream().filter(rule -> !rule.egress()).toList()),
                "IpPermissionsEgress",
                        permissions(group.rules().stream().filter(Rule::egress).toList()),
                "Tags", tags(group.id()));
    }

    /** Rules of one direction, those of equal protocol and ports folded into one permission. */
    private List<Map<String, @Nullable Object>> permissions(List<Rule> rules) {
        record Ports(String protocol, @Nullable Integer from, @Nullable Integer to) {}
        var folded =
                rules.stream()
                        .collect(
                                Collectors.groupingBy(
                                        rule ->
                                                new Ports(
                                                        rule.protocol(),
                                                        rule.fromPort(),
                                                        rule.toPort()),
                                        LinkedHashMap::new,
                                        Collectors.toList()));
        var permissions = new ArrayList<Map<String, @Nullable Object>>();
        folded.forEach((ports, same) ->
                permissions.add(
                        members(
                                "IpProtocol", ports.protocol(),
                                "FromPort", ports.from(),
                                "ToPort", ports.to(),
                                "IpRanges", peers(same, Peer.Kind.CIDR4, "CidrIp"),
                                "Ipv6Ranges", peers(same, Peer.Kind.CIDR6, "CidrIpv6"),
                                "PrefixListIds", peers(same, Peer.Kind.PREFIX_LIST, "PrefixListId"),
                                "UserIdGroupPairs", peers(same, Peer.Kind.GROUP, "GroupId"))));
        return permissions;
    }

    private List<Map<String, @Nullable Object>> peers(
            List<Rule> rules, Peer.Kind kind, String member) {
        return rules.stream()
                .filter(rule -> rule.peer().kind() == kind)
                .map(rule -> {
                    var peer =
                            members(member, rule.peer().value(), "Description", rule.description());
                    if (kind == Peer.Kind.GROUP) {
                        peer.put("UserId", account);
                    }
                    return peer;
                })
                .toList();
    }

    Map<String, @Nullable Object> rule(SecurityGroup group, Rule rule) {
        var peer = rule.peer();
        return members(
                "SecurityGroupRuleId",
                rule.id(),
                "GroupId",
                group.id(),
                "GroupOwnerId",
                account,
                "IsEgress",
                rule.egress(),
                "IpProtocol",
                rule.protocol(),
                "FromPort",
                rule.fromPort() == null ? -1 : rule.fromPort(),
                "ToPort",
                rule.toPort() == null ? -1 : rule.toPort(),
                "CidrIpv4",
                peer.kind() == Peer.Kind.CIDR4 ? peer.value() : null,
                "CidrIpv6",
                peer.kind() == Peer.Kind.CIDR6 ? peer.value() : null,
                "PrefixListId",
                peer.kind() == Peer.Kind.PREFIX_LIST ? peer.value() : null,
                "ReferencedGroupInfo",
                peer.kind() == Peer.Kind.GROUP
                        ? members(
                                "GroupId", peer.value(), "UserId", account, "VpcId", group.vpcId())
                        : null,
                "Description",
                rule.description(),
                "Tags",
                tags(rule.id()));
    }

    Map<String, @Nullable Object> networkAcl(NetworkAcl acl) {
        var entries = new ArrayList<Map<String, @Nullable Object>>();
        for (var egress : List.of(true, false)) {
            entries.add(aclEntry(egress, 100, "allow"));
            entries.add(aclEntry(egress, 32767, "deny"));
        }
        return members(
                "NetworkAclId", acl.id(),
                "VpcId", acl.vpcId(),
                "IsDefault", true,
                "OwnerId", account,
                "Entries", entries,
                "Associations",
                        network.subnets().values().stream()
                                .filter(subnet -> subnet.vpcId().equals(acl.vpcId()))
                                .map(subnet ->
                                        members(
                                                "NetworkAclAssociationId",
                                                        subnet.aclAssociationId(),
                                                "NetworkAclId", acl.id(),
                                                "SubnetId", subnet.id()))
                                .toList(),
                "Tags", tags(acl.id()));
    }

    private static Map<String, @Nullable Object> aclEntry(
            boolean egress, int number, String action) {
        return members(
                "CidrBlock",
                "0.0.0.0/0",
                "Egress",
                egress,
                "Protocol",
                "-1",
                "RuleAction",
                action,
                "RuleNumber",
                number);
    }

    /** The zones of the region: a, b and c. */
    List<Map<String, @Nullable Object>> zones() {
        return zoneNames(region).stream()
                .map(zone ->
                        members(
                                "ZoneName",
                                zone,
                                "ZoneId",
                                zoneId(zone),
                                "State",
                                "available",
                                "RegionName",
                                region,
                                "OptInStatus",
                                "opt-in-not-required",
                                "GroupName",
                                region,
                                "NetworkBorderGroup",
                                region,
                                "ZoneType",
                                "availability-zone",
                                "Messages",
                                List.of()))
                .toList();
    }

    static List<String> zoneNames(String region) {
        return List.of(region + "a", region + "b", region + "c");
    }

    /**
     * A zone's id, such as {@code euw1-az1} for {@code eu-west-1a}: our choice, AWS shuffles them
     * by account.
     */
    static String zoneId(String zone) {
        var region = zone.substring(0, zone.length() - 1);
        var parts = region.split("-", -1);
        var direction = parts.length > 1 ? parts[1] : "";
        var shortDirection =
                switch (direction) {
                    case "northeast" -> "ne";
                    case "southeast" -> "se";
                    case "northwest" -> "nw";
                    case "southwest" -> "sw";
                    default -> direction.isEmpty() ? "" : direction.substring(0, 1);
                };
        return parts[0]
                + shortDirection
                + parts[parts.length - 1]
                + "-az"
                + (zone.charAt(zone.length() - 1) - 'a' + 1);
    }

    List<Map<String, @Nullable Object>> tags(String id) {
        return network.tagsOf(id).entrySet().stream()
                .map(tag -> members("Key", tag.getKey(), "Value", tag.getValue()))
                .toList();
    }

    /** Members in order: name, value, name, value. */
    static Map<String, @Nullable Object> members(@Nullable Object... namesAndValues) {
        var members = new LinkedHashMap<String, @Nullable Object>();
        for (var i = 0; i < namesAndValues.length; i += 2) {
            members.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
        }
        return members;
    }
}
