package dev.berth.edge.aws.ec2;

import static dev.berth.edge.aws.ec2.Ec2Input.optionalText;
import static dev.berth.edge.aws.ec2.Ec2Input.refuse;
import static dev.berth.edge.aws.ec2.Ec2Input.structures;
import static dev.berth.edge.aws.ec2.Ec2Input.text;
import static dev.berth.edge.aws.ec2.Ec2Input.texts;
import static dev.berth.edge.aws.ec2.Ec2Shapes.members;

import dev.berth.core.fault.Refused;
import dev.berth.core.network.AccountNetwork;
import dev.berth.core.network.AccountNetwork.ElasticIp;
import dev.berth.core.network.AccountNetwork.InternetGateway;
import dev.berth.core.network.AccountNetwork.NatGateway;
import dev.berth.core.network.AccountNetwork.NetworkAcl;
import dev.berth.core.network.AccountNetwork.Peer;
import dev.berth.core.network.AccountNetwork.RouteTable;
import dev.berth.core.network.AccountNetwork.Rule;
import dev.berth.core.network.AccountNetwork.SecurityGroup;
import dev.berth.core.network.AccountNetwork.SubnetEntry;
import dev.berth.core.network.AccountNetwork.VpcEntry;
import dev.berth.core.network.NetworkChanges;
import dev.berth.core.network.NetworkChanges.Change;
import dev.berth.edge.aws.Operation;
import dev.berth.edge.aws.Operation.Call;
import dev.berth.engine.account.Networks;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** EC2's networking operations by their names. */
public final class Ec2Operations {
    private static final Map<String, @Nullable Object> NOTHING = Map.of();

    private final Networks networks;
    private final String account;
    private final Supplier<Instant> clock;

    /**
     * Operations on the account's networks.
     *
     * @param account 12 digits
     */
    public Ec2Operations(Networks networks, String account, Supplier<Instant> clock) {
        this.networks = networks;
        this.account = account;
        this.clock = clock;
    }

    /** All operations, by name. */
    public Map<String, Operation> all() {
        var all = new LinkedHashMap<String, Operation>();
        vpcs(all);
        subnets(all);
        gateways(all);
        routing(all);
        securityGroups(all);
        tagging(all);
        all.put("DescribeAvailabilityZones", this::describeZones);
        all.put(
                "DescribeRegions",
                call ->
                        members(
                                "Regions",
                                List.of(
                                        members(
                                                "RegionName",
                                                call.region(),
                                                "Endpoint",
                                                "ec2." + call.region() + ".amazonaws.com",
                                                "OptInStatus",
                                                "opt-in-not-required"))));
        all.put("DescribeNetworkInterfaces", call -> members("NetworkInterfaces", List.of()));
        all.put("DescribeVpcEndpoints", call -> members("VpcEndpoints", List.of()));
        return all;
    }

    // -------------------------------------------------------------------------------------------
    // VPCs

    private void vpcs(Map<String, Operation> all) {
        all.put(
                "CreateVpc",
                call -> {
                    var cidr = text(call, "CidrBlock");
                    var tenancy = optionalText(call, "InstanceTenancy").orElse("default");
                    var vpc =
                            make(
                                    call,
                                    "vpc",
                                    VpcEntry::id,
                                    network ->
                                            NetworkChanges.createVpc(
                                                    network, cidr, tenancy, networks.ids()));
                    return members("Vpc", shapes(call).vpc(vpc));
                });
        all.put(
                "DeleteVpc",
                call -> changed(network -> NetworkChanges.deleteVpc(network, text(call, "VpcId"))));
        all.put(
                "DescribeVpcs",
                call ->
                        new Describe<VpcEntry>(
                                        "Vpcs",
                                        "VpcIds",
                                        "Filters",
                                        VpcEntry::id,
                                        shapes(call)::vpc,
                                        Map.of(
                                                "vpc-id", vpc -> List.of(vpc.id()),
                                                "cidr", vpc -> List.of(vpc.cidr()),
                                                "cidr-block-association.cidr-block",
                                                        vpc -> List.of(vpc.cidr()),
                                                "state", vpc -> List.of("available"),
                                                "owner-id", vpc -> List.of(account),
                                                "dhcp-options-id",
                                                        vpc -> List.of(vpc.dhcpOptionsId()),
                                                "is-default", vpc -> List.of("false"),
                                                "isDefault", vpc -> List.of("false")),
                                        NetworkChanges::vpc)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().vpcs().values()));
        all.put("DescribeVpcAttribute", this::describeVpcAttribute);
        all.put("ModifyVpcAttribute", this::modifyVpcAttribute);
        all.put("DescribeVpcClassicLink", call -> members("Vpcs", List.of()));
        all.put("DescribeVpcClassicLinkDnsSupport", call -> members("Vpcs", List.of()));
        all.put(
                "DescribeNetworkAcls",
                call ->
                        new Describe<NetworkAcl>(
                                        "NetworkAcls",
                                        "NetworkAclIds",
                                        "Filters",
                                        NetworkAcl::id,
                                        shapes(call)::networkAcl,
                                        Map.of(
                                                "network-acl-id", acl -> List.of(acl.id()),
                                                "vpc-id", acl -> List.of(acl.vpcId()),
                                                "default", acl -> List.of("true"),
                                                "owner-id", acl -> List.of(account),
                                                "association.subnet-id",
                                                        acl ->
                                                                networks
                                                                        .subnetsOf(acl.vpcId())
                                                                        .stream()
                                                                        .map(subnet -> subnet.id())
                                                                        .toList()),
                                        NetworkChanges::networkAcl)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().networkAcls().values()));
    }

    private Map<String, @Nullable Object> describeVpcAttribute(Call call) throws Refused {
        var vpc = NetworkChanges.vpc(networks.network(), text(call, "VpcId"));
        var attribute = text(call, "Attribute");
        return switch (attribute) {
            case "enableDnsSupport" ->
                    members(
                            "VpcId",
                            vpc.id(),
                            "EnableDnsSupport",
                            members("Value", vpc.dnsSupport()));
            case "enableDnsHostnames" ->
                    members(
                            "VpcId",
                            vpc.id(),
                            "EnableDnsHostnames",
                            members("Value", vpc.dnsHostnames()));
            case "enableNetworkAddressUsageMetrics" ->
                    members(
                            "VpcId",
                            vpc.id(),
                            "EnableNetworkAddressUsageMetrics",
                            members("Value", vpc.addressMetrics()));
            default ->
                    throw refuse(
                            "InvalidParameterValue",
                            "Value ("
                                    + attribute
                                    + ") for parameter attribute is invalid. Unknown attribute.");
        };
    }

    private Map<String, @Nullable Object> modifyVpcAttribute(Call call) throws Refused {
        var support = flag(call, "EnableDnsSupport");
        var hostnames = flag(call, "EnableDnsHostnames");
        var metrics = flag(call, "EnableNetworkAddressUsageMetrics");
        return changed(network ->
                NetworkChanges.modifyVpc(
                        network,
                        text(call, "VpcId"),
                        vpc ->
                                new VpcEntry(
                                        vpc.id(),
                                        vpc.cidr(),
                                        vpc.cidrAssociationId(),
                                        vpc.tenancy(),
                                        vpc.dhcpOptionsId(),
                                        support == null ? vpc.dnsSupport() : support,
                                        hostnames == null ? vpc.dnsHostnames() : hostnames,
                                        metrics == null ? vpc.addressMetrics() : metrics)));
    }

    // ----------------------------------------------------------------------------------------
    // subnets

    private void subnets(Map<String, Operation> all) {
        all.put("CreateSubnet", this::createSubnet);
        all.put(
                "DeleteSubnet",
                call ->
                        changed(network ->
                                NetworkChanges.deleteSubnet(
                                        network,
                                        text(call, "SubnetId"),
                                        networks.inUse(text(call, "SubnetId")))));
        all.put(
                "ModifySubnetAttribute",
                call -> {
                    var mapPublicIp = flag(call, "MapPublicIpOnLaunch");
                    if (mapPublicIp == null) {
                        throw refuse(
                                "InvalidParameterValue",
                                "Of a subnet's attributes only MapPublicIpOnLaunch can be changed here.");
                    }
                    return changed(network ->
                            NetworkChanges.modifySubnet(
                                    network, text(call, "SubnetId"), mapPublicIp));
                });
        all.put(
                "DescribeSubnets",
                call ->
                        new Describe<SubnetEntry>(
                                        "Subnets",
                                        "SubnetIds",
                                        "Filters",
                                        SubnetEntry::id,
                                        shapes(call)::subnet,
                                        Map.of(
                                                "subnet-id", subnet -> List.of(subnet.id()),
                                                "vpc-id", subnet -> List.of(subnet.vpcId()),
                                                "cidr-block", subnet -> List.of(subnet.cidr()),
                                                "availability-zone",
                                                        subnet -> List.of(subnet.zone()),
                                                "availability-zone-id",
                                                        subnet ->
                                                                List.of(
                                                                        Ec2Shapes.zoneId(
                                                                                subnet.zone())),
                                                "state", subnet -> List.of("available"),
                                                "default-for-az", subnet -> List.of("false"),
                                                "map-public-ip-on-launch",
                                                        subnet ->
                                                                List.of(
                                                                        String.valueOf(
                                                                                subnet
                                                                                        .mapPublicIp())),
                                                "owner-id", subnet -> List.of(account)),
                                        NetworkChanges::subnet)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().subnets().values()));
    }

    private Map<String, @Nullable Object> createSubnet(Call call) throws Refused {
        var zones = Ec2Shapes.zoneNames(call.region());
        var byId = optionalText(call, "AvailabilityZoneId");
        var zone =
                byId.isPresent()
                        ? zones.stream()
                                .filter(name -> Ec2Shapes.zoneId(name).equals(byId.get()))
                                .findFirst()
                                .orElse(byId.get())
                        : optionalText(call, "AvailabilityZone").orElse(zones.getFirst());
        if (!zones.contains(zone)) {
            throw refuse(
                    "InvalidParameterValue",
                    "Value ("
                            + zone
                            + ") for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: "
                            + String.join(", ", zones)
                            + ".");
        }
        var subnet =
                make(
                        call,
                        "subnet",
                        SubnetEntry::id,
                        network ->
                                NetworkChanges.createSubnet(
                                        network,
                                        text(call, "VpcId"),
                                        text(call, "CidrBlock"),
                                        zone,
                                        networks.ids()));
        return members("Subnet", shapes(call).subnet(subnet));
    }

    // ---------------------------------------------------------------------------------------
    // gateways

    private void gateways(Map<String, Operation> all) {
        all.put(
                "CreateInternetGateway",
                call -> {
                    var gateway =
                            make(
                                    call,
                                    "internet-gateway",
                                    InternetGateway::id,
                                    network ->
                                            NetworkChanges.createInternetGateway(
                                                    network, networks.ids()));
                    return members("InternetGateway", shapes(call).internetGateway(gateway));
                });
        all.put(
                "AttachInternetGateway",
                call ->
                        changed(network ->
                                NetworkChanges.attachInternetGateway(
                                        network,
                                        text(call, "InternetGatewayId"),
                                        text(call, "VpcId"))));
        all.put(
                "DetachInternetGateway",
                call ->
                        changed(network ->
                                NetworkChanges.detachInternetGateway(
                                        network,
                                        text(call, "InternetGatewayId"),
                                        text(call, "VpcId"))));
        all.put(
                "DeleteInternetGateway",
                call ->
                        changed(network ->
                                NetworkChanges.deleteInternetGateway(
                                        network, text(call, "InternetGatewayId"))));
        all.put(
                "DescribeInternetGateways",
                call ->
                        new Describe<InternetGateway>(
                                        "InternetGateways",
                                        "InternetGatewayIds",
                                        "Filters",
                                        InternetGateway::id,
                                        shapes(call)::internetGateway,
                                        Map.of(
                                                "internet-gateway-id",
                                                        gateway -> List.of(gateway.id()),
                                                "owner-id", gateway -> List.of(account),
                                                "attachment.state",
                                                        gateway ->
                                                                gateway.vpcId() == null
                                                                        ? List.of()
                                                                        : List.of("available"),
                                                "attachment.vpc-id",
                                                        gateway ->
                                                                gateway.vpcId() == null
                                                                        ? List.of()
                                                                        : List.of(gateway.vpcId())),
                                        NetworkChanges::internetGateway)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().internetGateways().values()));
        all.put(
                "AllocateAddress",
                call -> {
                    var address =
                            make(
                                    call,
                                    "elastic-ip",
                                    ElasticIp::id,
                                    network ->
                                            NetworkChanges.allocateAddress(
                                                    network, networks.ids()));
                    return members(
                            "AllocationId", address.id(),
                            "PublicIp", address.publicIp(),
                            "Domain", "vpc",
                            "PublicIpv4Pool", "amazon",
                            "NetworkBorderGroup", call.region());
                });
        all.put(
                "ReleaseAddress",
                call ->
                        changed(network ->
                                NetworkChanges.releaseAddress(
                                        network, text(call, "AllocationId"))));
        all.put(
                "DisassociateAddress",
                call ->
                        changed(network ->
                                NetworkChanges.disassociateAddress(
                                        network, text(call, "AssociationId"))));
        all.put(
                "DescribeAddresses",
                call ->
                        new Describe<ElasticIp>(
                                        "Addresses",
                                        "AllocationIds",
                                        "Filters",
                                        ElasticIp::id,
                                        shapes(call)::address,
                                        Map.of(
                                                "allocation-id", address -> List.of(address.id()),
                                                "public-ip", address -> List.of(address.publicIp()),
                                                "domain", address -> List.of("vpc"),
                                                "association-id",
                                                        address ->
                                                                ofNullable(address.associationId()),
                                                "network-interface-id",
                                                        address ->
                                                                ofNullable(address.interfaceId()),
                                                "private-ip-address",
                                                        address -> ofNullable(address.privateIp())),
                                        NetworkChanges::address)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().addresses().values()));
        all.put("DescribeAddressesAttribute", call -> members("Addresses", List.of()));
        all.put(
                "CreateNatGateway",
                call -> {
                    var nat =
                            make(
                                    call,
                                    "natgateway",
                                    NatGateway::id,
                                    network ->
                                            NetworkChanges.createNatGateway(
                                                    network,
                                                    text(call, "SubnetId"),
                                                    optionalText(call, "AllocationId").orElse(null),
                                                    optionalText(call, "ConnectivityType")
                                                            .orElse("public"),
                                                    clock.get(),
                                                    networks.ids()));
                    return members(
                            "NatGateway",
                            shapes(call).natGateway(nat),
                            "ClientToken",
                            optionalText(call, "ClientToken").orElse(null));
                });
        all.put(
                "DeleteNatGateway",
                call -> {
                    networks.change(network ->
                            NetworkChanges.deleteNatGateway(
                                    network, text(call, "NatGatewayId"), clock.get()));
                    return members("NatGatewayId", text(call, "NatGatewayId"));
                });
        all.put(
                "DescribeNatGateways",
                call ->
                        new Describe<NatGateway>(
                                        "NatGateways",
                                        "NatGatewayIds",
                                        "Filter",
                                        NatGateway::id,
                                        shapes(call)::natGateway,
                                        Map.of(
                                                "nat-gateway-id", nat -> List.of(nat.id()),
                                                "vpc-id", nat -> List.of(nat.vpcId()),
                                                "subnet-id", nat -> List.of(nat.subnetId()),
                                                "state", nat -> List.of(nat.state(clock.get()))),
                                        NetworkChanges::natGateway)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().natGateways().values()));
    }

    // ----------------------------------------------------------------------------------------
    // routing

    private void routing(Map<String, Operation> all) {
        all.put(
                "CreateRouteTable",
                call -> {
                    var table =
                            make(
                                    call,
                                    "route-table",
                                    RouteTable::id,
                                    network ->
                                            NetworkChanges.createRouteTable(
                                                    network, text(call, "VpcId"), networks.ids()));
                    return members("RouteTable", shapes(call).routeTable(table));
                });
        all.put(
                "DeleteRouteTable",
                call ->
                        changed(network ->
                                NetworkChanges.deleteRouteTable(
                                        network, text(call, "RouteTableId"))));
        all.put("CreateRoute", call -> putRoute(call, false));
        all.put("ReplaceRoute", call -> putRoute(call, true));
        all.put(
                "DeleteRoute",
                call ->
                        changed(network ->
                                NetworkChanges.deleteRoute(
                                        network, text(call, "RouteTableId"), destination(call))));
        all.put(
                "AssociateRouteTable",
                call -> {
                    var link =
                            networks.make(network ->
                                    NetworkChanges.associate(
                                            network,
                                            text(call, "RouteTableId"),
                                            text(call, "SubnetId"),
                                            networks.ids()));
                    return members(
                            "AssociationId",
                            link.id(),
                            "AssociationState",
                            members("State", "associated"));
                });
        all.put(
                "ReplaceRouteTableAssociation",
                call -> {
                    var link =
                            networks.make(network ->
                                    NetworkChanges.replaceAssociation(
                                            network,
                                            text(call, "AssociationId"),
                                            text(call, "RouteTableId"),
                                            networks.ids()));
                    return members(
                            "NewAssociationId",
                            link.id(),
                            "AssociationState",
                            members("State", "associated"));
                });
        all.put(
                "DisassociateRouteTable",
                call ->
                        changed(network ->
                                NetworkChanges.disassociate(network, text(call, "AssociationId"))));
        all.put(
                "DescribeRouteTables",
                call ->
                        new Describe<RouteTable>(
                                        "RouteTables",
                                        "RouteTableIds",
                                        "Filters",
                                        RouteTable::id,
                                        shapes(call)::routeTable,
                                        Map.of(
                                                "route-table-id", table -> List.of(table.id()),
                                                "vpc-id", table -> List.of(table.vpcId()),
                                                "owner-id", table -> List.of(account),
                                                "association.main",
                                                        table ->
                                                                List.of(
                                                                        String.valueOf(
                                                                                table.main())),
                                                "association.route-table-association-id",
                                                        table ->
                                                                table.associations().stream()
                                                                        .map(
                                                                                AccountNetwork
                                                                                                .Association
                                                                                        ::id)
                                                                        .toList(),
                                                "association.route-table-id",
                                                        table ->
                                                                table.associations().isEmpty()
                                                                        ? List.of()
                                                                        : List.of(table.id()),
                                                "association.subnet-id",
                                                        table ->
                                                                table.associations().stream()
                                                                        .flatMap(link ->
                                                                                ofNullable(
                                                                                        link
                                                                                                .subnetId())
                                                                                        .stream())
                                                                        .toList(),
                                                "route.destination-cidr-block",
                                                        table ->
                                                                table.routes().stream()
                                                                        .map(
                                                                                AccountNetwork.Route
                                                                                        ::destination)
                                                                        .toList(),
                                                "route.gateway-id",
                                                        table ->
                                                                table.routes().stream()
                                                                        .flatMap(route ->
                                                                                ofNullable(
                                                                                        route
                                                                                                .gatewayId())
                                                                                        .stream())
                                                                        .toList(),
                                                "route.nat-gateway-id",
                                                        table ->
                                                                table.routes().stream()
                                                                        .flatMap(route ->
                                                                                ofNullable(
                                                                                        route
                                                                                                .natGatewayId())
                                                                                        .stream())
                                                                        .toList()),
                                        NetworkChanges::routeTable)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().routeTables().values()));
    }

    private Map<String, @Nullable Object> putRoute(Call call, boolean replace) throws Refused {
        networks.change(network ->
                NetworkChanges.putRoute(
                        network,
                        text(call, "RouteTableId"),
                        destination(call),
                        optionalText(call, "GatewayId").orElse(null),
                        optionalText(call, "NatGatewayId").orElse(null),
                        replace));
        return replace ? NOTHING : members("Return", true);
    }

    private static String destination(Call call) throws Refused {
        var six = optionalText(call, "DestinationIpv6CidrBlock");
        return six.isPresent() ? six.get() : text(call, "DestinationCidrBlock");
    }

    // -------------------------------------------------------------------------------- security
    // groups

    private void securityGroups(Map<String, Operation> all) {
        all.put(
                "CreateSecurityGroup",
                call -> {
                    var vpc = optionalText(call, "VpcId");
                    if (vpc.isEmpty()) {
                        throw refuse("VPCIdNotSpecified", "No default VPC for this user");
                    }
                    var group =
                            make(
                                    call,
                                    "security-group",
                                    SecurityGroup::id,
                                    network ->
                                            NetworkChanges.createSecurityGroup(
                                                    network,
                                                    vpc.get(),
                                                    text(call, "GroupName"),
                                                    text(call, "Description"),
                                                    networks.ids()));
                    return members("GroupId", group.id(), "Tags", shapes(call).tags(group.id()));
                });
        all.put(
                "DeleteSecurityGroup",
                call ->
                        changed(network ->
                                NetworkChanges.deleteSecurityGroup(
                                        network, text(call, "GroupId"))));
        all.put("AuthorizeSecurityGroupIngress", call -> authorize(call, false));
        all.put("AuthorizeSecurityGroupEgress", call -> authorize(call, true));
        all.put("RevokeSecurityGroupIngress", call -> revoke(call, false));
        all.put("RevokeSecurityGroupEgress", call -> revoke(call, true));
        all.put(
                "DescribeSecurityGroups",
                call ->
                        new Describe<SecurityGroup>(
                                        "SecurityGroups",
                                        "GroupIds",
                                        "Filters",
                                        SecurityGroup::id,
                                        shapes(call)::securityGroup,
                                        Map.of(
                                                "group-id", group -> List.of(group.id()),
                                                "group-name", group -> List.of(group.name()),
                                                "vpc-id", group -> List.of(group.vpcId()),
                                                "description",
                                                        group -> List.of(group.description()),
                                                "owner-id", group -> List.of(account)),
                                        NetworkChanges::securityGroup)
                                .answer(
                                        call,
                                        networks.network(),
                                        networks.network().securityGroups().values()));
        all.put("DescribeSecurityGroupRules", this::describeRules);
    }

    private Map<String, @Nullable Object> describeRules(Call call) throws Refused {
        record Placed(SecurityGroup group, Rule rule) {}
        var placed =
                networks.network().securityGroups().values().stream()
                        .flatMap(group ->
                                group.rules().stream().map(rule -> new Placed(group, rule)))
                        .toList();
        return new Describe<Placed>(
                        "SecurityGroupRules",
                        "SecurityGroupRuleIds",
                        "Filters",
                        one -> one.rule.id(),
                        one -> shapes(call).rule(one.group, one.rule),
                        Map.of(
                                "group-id", one -> List.of(one.group.id()),
                                "security-group-rule-id", one -> List.of(one.rule.id())),
                        (network, id) -> {
                            for (var one : placed) {
                                if (one.rule.id().equals(id)) {
                                    return one;
                                }
                            }
                            throw refuse(
                                    "InvalidSecurityGroupRuleId.NotFound",
                                    "The security group rule ID '" + id + "' does not exist");
                        })
                .answer(call, networks.network(), placed);
    }

    private Map<String, @Nullable Object> authorize(Call call, boolean egress) throws Refused {
        var id = groupId(call);
        var rules = rules(call, egress);
        networks.change(network -> NetworkChanges.authorize(network, id, rules));
        var group = NetworkChanges.securityGroup(networks.network(), id);
        return members(
                "Return",
                true,
                "SecurityGroupRules",
                rules.stream().map(rule -> shapes(call).rule(group, rule)).toList());
    }

    private Map<String, @Nullable Object> revoke(Call call, boolean egress) throws Refused {
        var id = groupId(call);
        var ruleIds = texts(call.input(), "SecurityGroupRuleIds");
        if (!ruleIds.isEmpty()) {
            networks.change(network -> NetworkChanges.revokeById(network, id, ruleIds));
        } else {
            var rules = rules(call, egress);
            networks.change(network -> NetworkChanges.revoke(network, id, rules));
        }
        return members("Return", true);
    }

    private String groupId(Call call) throws Refused {
        var id = optionalText(call, "GroupId");
        if (id.isPresent()) {
            return id.get();
        }
        throw refuse(
                "MissingParameter", "The request must contain the parameter groupName or groupId");
    }

    /** The rules of a call: each permission once for each of its peers. */
    private List<Rule> rules(Call call, boolean egress) throws Refused {
        var permissions = new ArrayList<>(structures(call.input(), "IpPermissions"));
        if (permissions.isEmpty() && call.input().containsKey("IpProtocol")) {
            var flat = new LinkedHashMap<>(call.input());
            optionalText(call, "CidrIp")
                    .ifPresent(cidr -> flat.put("IpRanges", List.of(Map.of("CidrIp", cidr))));
            permissions.add(flat);
        }
        if (permissions.isEmpty()) {
            throw refuse(
                    "MissingParameter", "The request must contain the parameter ipPermissions");
        }
        var rules = new ArrayList<Rule>();
        for (var permission : permissions) {
            var before = rules.size();
            var protocol = String.valueOf(permission.getOrDefault("IpProtocol", "-1"));
            peers(permission, "IpRanges", "CidrIp", Peer.Kind.CIDR4, protocol, egress, rules);
            peers(permission, "Ipv6Ranges", "CidrIpv6", Peer.Kind.CIDR6, protocol, egress, rules);
            peers(
                    permission,
                    "PrefixListIds",
                    "PrefixListId",
                    Peer.Kind.PREFIX_LIST,
                    protocol,
                    egress,
                    rules);
            peers(
                    permission,
                    "UserIdGroupPairs",
                    "GroupId",
                    Peer.Kind.GROUP,
                    protocol,
                    egress,
                    rules);
            if (rules.size() == before) {
                throw refuse(
                        "InvalidParameterValue",
                        "Invalid value 'null' for IP range or security group. One of them must be given.");
            }
        }
        return rules;
    }

    private void peers(
            Map<String, Object> permission,
            String list,
            String member,
            Peer.Kind kind,
            String protocol,
            boolean egress,
            List<Rule> rules) {
        for (var peer : structures(permission, list)) {
            var description = peer.get("Description");
            rules.add(
                    new Rule(
                            networks.newId("sgr"),
                            egress,
                            protocol,
                            protocol.equals("-1") ? null : port(permission, "FromPort"),
                            protocol.equals("-1") ? null : port(permission, "ToPort"),
                            new Peer(kind, String.valueOf(peer.get(member))),
                            description == null ? null : description.toString()));
        }
    }

    private static @Nullable Integer port(Map<String, Object> permission, String member) {
        return permission.get(member) instanceof Number number ? number.intValue() : null;
    }

    // -------------------------------------------------------------------------------------------
    // tags

    private void tagging(Map<String, Operation> all) {
        all.put(
                "CreateTags",
                call -> {
                    var tags = Ec2Input.tagPairs(call.input(), "Tags");
                    return changed(network ->
                            NetworkChanges.tag(network, texts(call.input(), "Resources"), tags));
                });
        all.put(
                "DeleteTags",
                call -> {
                    var tags = new LinkedHashMap<String, @Nullable String>();
                    for (var tag : structures(call.input(), "Tags")) {
                        var value = tag.get("Value");
                        tags.put(
                                String.valueOf(tag.get("Key")),
                                value == null ? null : value.toString());
                    }
                    return changed(network ->
                            NetworkChanges.untag(network, texts(call.input(), "Resources"), tags));
                });
        all.put("DescribeTags", this::describeTags);
    }

    private Map<String, @Nullable Object> describeTags(Call call) throws Refused {
        record Tag(String resource, String key, String value) {}
        var tags = new ArrayList<Tag>();
        networks.network()
                .tags()
                .forEach((id, pairs) ->
                        pairs.forEach((key, value) -> tags.add(new Tag(id, key, value))));
        return new Describe<Tag>(
                        "Tags",
                        "",
                        "Filters",
                        Tag::resource,
                        tag ->
                                members(
                                        "ResourceId",
                                        tag.resource,
                                        "ResourceType",
                                        resourceType(tag.resource),
                                        "Key",
                                        tag.key,
                                        "Value",
                                        tag.value),
                        Map.of(
                                "resource-id", tag -> List.of(tag.resource),
                                "resource-type", tag -> List.of(resourceType(tag.resource)),
                                "key", tag -> List.of(tag.key),
                                "value", tag -> List.of(tag.value)),
                        (network, id) -> {
                            throw refuse("InvalidParameterValue", "Tags have no ids.");
                        })
                .answer(call, networks.network(), tags);
    }

    private static String resourceType(String id) {
        return switch (id.substring(0, id.indexOf('-'))) {
            case "igw" -> "internet-gateway";
            case "nat" -> "natgateway";
            case "eipalloc" -> "elastic-ip";
            case "rtb" -> "route-table";
            case "sg" -> "security-group";
            case "sgr" -> "security-group-rule";
            case "acl" -> "network-acl";
            default -> id.substring(0, id.indexOf('-'));
        };
    }

    private Map<String, @Nullable Object> describeZones(Call call) throws Refused {
        var zones = new ArrayList<>(shapes(call).zones());
        var names = texts(call.input(), "ZoneNames");
        for (var name : names) {
            if (zones.stream().noneMatch(zone -> name.equals(zone.get("ZoneName")))) {
                throw refuse("InvalidParameterValue", "Invalid availability zone: [" + name + "]");
            }
        }
        zones.removeIf(
                zone -> !names.isEmpty() && !names.contains(String.valueOf(zone.get("ZoneName"))));
        var members =
                Map.of(
                        "zone-name", "ZoneName",
                        "zone-id", "ZoneId",
                        "state", "State",
                        "region-name", "RegionName",
                        "opt-in-status", "OptInStatus",
                        "zone-type", "ZoneType",
                        "group-name", "GroupName");
        for (var filter : structures(call.input(), "Filters")) {
            var member = members.get(String.valueOf(filter.get("Name")));
            if (member == null) {
                throw refuse(
                        "InvalidParameterValue",
                        "The filter '" + filter.get("Name") + "' is invalid");
            }
            var values = texts(filter, "Values").stream().map(Describe::pattern).toList();
            zones.removeIf(zone ->
                    values.stream()
                            .noneMatch(value ->
                                    value.matcher(String.valueOf(zone.get(member))).matches()));
        }
        return members("AvailabilityZones", zones);
    }

    // -----------------------------------------------------------------------------------------
    // common

    /** Makes something and tags it, in one write. */
    private <T> T make(
            Call call, String resourceType, Function<T, String> id, Networks.Making<T> making)
            throws Refused {
        var tags = Ec2Input.tags(call, resourceType);
        return networks.make(network -> {
            var change = making.apply(network);
            return tags.isEmpty()
                    ? change
                    : new Change<>(
                            NetworkChanges.tag(
                                    change.network(), List.of(id.apply(change.value())), tags),
                            change.value());
        });
    }

    private Map<String, @Nullable Object> changed(Networks.Changing changing) throws Refused {
        networks.change(changing);
        return NOTHING;
    }

    private Ec2Shapes shapes(Call call) {
        return new Ec2Shapes(networks.network(), account, call.region(), clock.get());
    }

    /** A flag that is sent as a structure with a Value. */
    private static @Nullable Boolean flag(Call call, String member) {
        var value =
                call.input().get(member) instanceof Map<?, ?> structure
                        ? structure.get("Value")
                        : null;
        return value == null ? null : Boolean.valueOf(value.toString());
    }

    private static List<String> ofNullable(@Nullable String value) {
        return value == null ? List.of() : List.of(value);
    }
}
