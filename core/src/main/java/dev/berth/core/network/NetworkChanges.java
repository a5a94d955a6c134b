package dev.berth.core.network;

import static dev.berth.core.network.AccountNetwork.minus;
import static dev.berth.core.network.AccountNetwork.plus;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What EC2's networking operations do to the account's networks: each takes the present value and
 * gives the next one, or the reason why not. The error codes are EC2's own (terraform-calls §6);
 * the sentences are our choice unless a source is named.
 */
public final class NetworkChanges {
    private static final Duration DELETED_NAT_STAYS = Duration.ofHours(1);
    private static final int PUBLIC_ADDRESSES_MAX = 512;

    private NetworkChanges() {}

    /** Makes ids: the prefix, a dash and 17 hex digits. */
    @FunctionalInterface
    public interface Ids {
        /** A new id, never given before. */
        String next(String prefix);
    }

    /**
     * What came of a change.
     *
     * @param network the account's networks afterwards
     * @param value what was made
     */
    public record Change<T>(AccountNetwork network, T value) {}

    // -------------------------------------------------------------------------------------------
    // VPCs

    /**
     * Makes a VPC with all that it has from the first moment: the main route table with its local
     * route, the default security group with its default rules, the default network ACL. Source:
     * terraform-calls §3.1
     */
    public static Change<VpcEntry> createVpc(
            AccountNetwork network, String cidr, String tenancy, Ids ids) throws Refused {
        var range = Ipv4Range.parse(cidr);
        if (range.isEmpty()) {
            throw refuse(
                    "InvalidParameterValue",
                    "Value ("
                            + cidr
                            + ") for parameter cidrBlock is invalid. This is not a valid CIDR block.");
        }
        if (range.get().prefix() < 16 || range.get().prefix() > 28) {
            throw refuse("InvalidVpc.Range", "The CIDR '" + cidr + "' is invalid.");
        }
        var vpc =
                new VpcEntry(
                        ids.next("vpc"),
                        cidr,
                        ids.next("vpc-cidr-assoc"),
                        tenancy,
                        ids.next("dopt"),
                        true,
                        false,
                        false);
        var table =
                new RouteTable(
                        ids.next("rtb"),
                        vpc.id(),
                        List.of(localRoute(vpc)),
                        List.of(new Association(ids.next("rtbassoc"), null, true)));
        var group = ids.next("sg");
        var defaultGroup =
                new SecurityGroup(
                        group,
                        vpc.id(),
                        "default",
                        "default VPC security group",
                        List.of(
                                new Rule(
                                        ids.next("sgr"),
                                        false,
                                        "-1",
                                        null,
                                        null,
                                        new Peer(Peer.Kind.GROUP, group),
                                        null),
                                allowAllOut(ids)));
        var acl = new NetworkAcl(ids.next("acl"), vpc.id());
        var changed =
                network.withVpcs(plus(network.vpcs(), vpc.id(), vpc))
                        .withRouteTables(plus(network.routeTables(), table.id(), table))
                        .withSecurityGroups(plus(network.securityGroups(), group, defaultGroup))
                        .withNetworkAcls(plus(network.networkAcls(), acl.id(), acl));
        return new Change<>(changed, vpc);
    }

    /** Changes one of a VPC's attributes. */
    public static AccountNetwork modifyVpc(
            AccountNetwork network, String id, UnaryOperator<VpcEntry> change) throws Refused {
        var vpc = vpc(network, id);
        return network.withVpcs(plus(network.vpcs(), id, change.apply(vpc)));
    }

    /**
     * Deletes a VPC and what it had from the first moment; refused while it holds anything else.
     */
    public static AccountNetwork deleteVpc(AccountNetwork network, String id) throws Refused {
        vpc(network, id);
        var holds =
                network.subnets().values().stream().anyMatch(subnet -> subnet.vpcId().equals(id))
                        || network.internetGateways().values().stream()
                                .anyMatch(gateway -> id.equals(gateway.vpcId()))
                        || network.routeTables().values().stream()
                                .anyMatch(table -> table.vpcId().equals(id) && !table.main())
                        || network.securityGroups().values().stream()
                                .anyMatch(group ->
                                        group.vpcId().equals(id)
                                                && !group.name().equals("default"));
        if (holds) {
            throw refuse(
                    "DependencyViolation",
                    "The vpc '" + id + "' has dependencies and cannot be deleted.");
        }
        var gone = new LinkedHashSet<String>(Set.of(id));
        network.routeTables().values().stream()
                .filter(table -> table.vpcId().equals(id))
                .forEach(table -> gone.add(table.id()));
        network.securityGroups().values().stream()
                .filter(group -> group.vpcId().equals(id))
                .forEach(group -> gone.add(group.id()));
        network.networkAcls().values().stream()
                .filter(acl -> acl.vpcId().equals(id))
                .forEach(acl -> gone.add(acl.id()));
        return network.withVpcs(without(network.vpcs(), gone))
                .withRouteTables(without(network.routeTables(), gone))
                .withSecurityGroups(without(network.securityGroups(), gone))
                .withNetworkAcls(without(network.networkAcls(), gone))
                .withTags(without(network.tags(), gone));
    }

    // ----------------------------------------------------------------------------------------
    // subnets

    /**
     * Makes a subnet.
     *
     * @param zone one of the region's, checked by the caller
     */
    public static Change<SubnetEntry> createSubnet(
            AccountNetwork network, String vpcId, String cidr, String zone, Ids ids)
            throws Refused {
        var vpc = vpc(network, vpcId);
        var range = Ipv4Range.parse(cidr);
        if (range.isEmpty()) {
            throw refuse(
                    "InvalidParameterValue",
                    "Value ("
                            + cidr
                            + ") for parameter cidrBlock is invalid. This is not a valid CIDR block.");
        }
        var whole = Ipv4Range.parse(vpc.cidr()).orElseThrow();
        if (range.get().prefix() < 16
                || range.get().prefix() > 28
                || !whole.contains(range.get())) {
            throw refuse("InvalidSubnet.Range", "The CIDR '" + cidr + "' is invalid.");
        }
        for (var other : network.subnets().values()) {
            if (other.vpcId().equals(vpcId)
                    && Ipv4Range.parse(other.cidr()).orElseThrow().overlaps(range.get())) {
                throw refuse(
                        "InvalidSubnet.Conflict",
                        "The CIDR '" + cidr + "' conflicts with another subnet");
            }
        }
        var subnet =
                new SubnetEntry(ids.next("subnet"), vpcId, cidr, zone, false, ids.next("aclassoc"));
        return new Change<>(
                network.withSubnets(plus(network.subnets(), subnet.id(), subnet)), subnet);
    }

    /** Changes whether a subnet's instances get public addresses. */
    public static AccountNetwork modifySubnet(
            AccountNetwork network, String id, boolean mapPublicIp) throws Refused {
        var subnet = subnet(network, id);
        return network.withSubnets(
                plus(
                        network.subnets(),
                        id,
                        new SubnetEntry(
                                id,
                                subnet.vpcId(),
                                subnet.cidr(),
                                subnet.zone(),
                                mapPublicIp,
                                subnet.aclAssociationId())));
    }

    /**
     * Deletes a subnet.
     *
     * @param inUse whether a cluster, a profile or a pod still uses it
     */
    public static AccountNetwork deleteSubnet(AccountNetwork network, String id, boolean inUse)
            throws Refused {
        subnet(network, id);
        if (inUse
                || network.natGateways().values().stream()
                        .anyMatch(nat -> nat.subnetId().equals(id) && nat.deletedAt() == null)) {
            throw refuse(
                    "DependencyViolation",
                    "The subnet '" + id + "' has dependencies and cannot be deleted.");
        }
        var tables = new LinkedHashMap<>(network.routeTables());
        tables.replaceAll((key, table) ->
                new RouteTable(
                        table.id(),
                        table.vpcId(),
                        table.routes(),
                        table.associations().stream()
                                .filter(link -> !id.equals(link.subnetId()))
                                .toList()));
        return network.withSubnets(minus(network.subnets(), id))
                .withRouteTables(tables)
                .withTags(minus(network.tags(), id));
    }

    // ---------------------------------------------------------------------------------------
    // gateways

    /** Makes an internet gateway, attached to nothing. */
    public static Change<InternetGateway> createInternetGateway(AccountNetwork network, Ids ids) {
        var gateway = new InternetGateway(ids.next("igw"), null);
        return new Change<>(
                network.withInternetGateways(
                        plus(network.internetGateways(), gateway.id(), gateway)),
                gateway);
    }

    /** Attaches an internet gateway; a VPC has one at most. */
    public static AccountNetwork attachInternetGateway(
            AccountNetwork network, String id, String vpcId) throws Refused {
        var gateway = internetGateway(network, id);
        vpc(network, vpcId);
        if (gateway.vpcId() != null) {
            throw refuse(
                    "Resource.AlreadyAssociated",
                    "resource " + id + " is already attached to network " + gateway.vpcId());
        }
        if (network.internetGateways().values().stream()
                .anyMatch(other -> vpcId.equals(other.vpcId()))) {
            throw refuse(
                    "InvalidParameterValue",
                    "Network " + vpcId + " already has an internet gateway attached");
        }
        return network.withInternetGateways(
                plus(network.internetGateways(), id, new InternetGateway(id, vpcId)));
    }

    /** Detaches an internet gateway; refused while its VPC holds public addresses. */
    public static AccountNetwork detachInternetGateway(
            AccountNetwork network, String id, String vpcId) throws Refused {
        var gateway = internetGateway(network, id);
        if (!vpcId.equals(gateway.vpcId())) {
            throw refuse(
                    "Gateway.NotAttached",
                    "resource " + id + " is not attached to network " + vpcId);
        }
        if (network.natGateways().values().stream()
                .anyMatch(nat ->
                        nat.vpcId().equals(vpcId)
                                && nat.publicIp() != null
                                && nat.deletedAt() == null)) {
            throw refuse(
                    "DependencyViolation",
                    "Network "
                            + vpcId
                            + " has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.");
        }
        return network.withInternetGateways(
                plus(network.internetGateways(), id, new InternetGateway(id, null)));
    }

    /** Deletes an internet gateway that is attached to nothing. */
    public static AccountNetwork deleteInternetGateway(AccountNetwork network, String id)
            throws Refused {
        if (internetGateway(network, id).vpcId() != null) {
            throw refuse(
                    "DependencyViolation",
                    "The internetGateway '" + id + "' has dependencies and cannot be deleted.");
        }
        return network.withInternetGateways(minus(network.internetGateways(), id))
                .withTags(minus(network.tags(), id));
    }

    /** Takes the next free public address. */
    public static Change<ElasticIp> allocateAddress(AccountNetwork network, Ids ids)
            throws Refused {
        var taken = new LinkedHashSet<String>();
        network.addresses().values().forEach(address -> taken.add(address.publicIp()));
        for (var i = 0; i < PUBLIC_ADDRESSES_MAX; i++) {
            var candidate = (i < 256 ? "192.0.2." : "198.51.100.") + i % 256;
            if (!taken.contains(candidate)) {
                var address = new ElasticIp(ids.next("eipalloc"), candidate, null, null, null);
                return new Change<>(
                        network.withAddresses(plus(network.addresses(), address.id(), address)),
                        address);
            }
        }
        throw refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.");
    }

    /** Gives a public address back; refused while something uses it. */
    public static AccountNetwork releaseAddress(AccountNetwork network, String id) throws Refused {
        if (address(network, id).associationId() != null) {
            throw refuse(
                    "InvalidIPAddress.InUse",
                    "Address with allocation id "
                            + id
                            + " cannot be released because it is in use.");
        }
        return network.withAddresses(minus(network.addresses(), id))
                .withTags(minus(network.tags(), id));
    }

    /** Frees a public address from what uses it; a NAT gateway does not let go of its own. */
    public static AccountNetwork disassociateAddress(AccountNetwork network, String associationId)
            throws Refused {
        var found =
                network.addresses().values().stream()
                        .filter(address -> associationId.equals(address.associationId()))
                        .findFirst();
        if (found.isEmpty()) {
            throw refuse(
                    "InvalidAssociationID.NotFound",
                    "The association ID '" + associationId + "' does not exist");
        }
        throw refuse("AuthFailure", "You do not have permission to access the specified resource.");
    }

    /** Makes a NAT gateway in a subnet, with a public address unless it is private. */
    public static Change<NatGateway> createNatGateway(
            AccountNetwork network,
            String subnetId,
            @Nullable String allocationId,
            String connectivity,
            Instant now,
            Ids ids)
            throws Refused {
        var subnet = subnet(network, subnetId);
        var interfaceId = ids.next("eni");
        var privateIp =
                Ipv4Range.parse(subnet.cidr())
                        .orElseThrow()
                        .address(4 + network.natGateways().size() % 8);
        var changed = network;
        String publicIp = null;
        String associationId = null;
        if (connectivity.equals("public")) {
            if (allocationId == null) {
                throw refuse(
                        "MissingParameter", "The request must contain the parameter AllocationId");
            }
            var address = address(network, allocationId);
            if (address.associationId() != null) {
                throw refuse(
                        "Resource.AlreadyAssociated",
                        "resource "
                                + allocationId
                                + " is already associated with associate-id "
                                + address.associationId());
            }
            if (network.internetGateways().values().stream()
                    .noneMatch(gateway -> subnet.vpcId().equals(gateway.vpcId()))) {
                throw refuse(
                        "Gateway.NotAttached",
                        "Network " + subnet.vpcId() + " has no Internet gateway attached");
            }
            publicIp = address.publicIp();
            associationId = ids.next("eipassoc");
            changed =
                    network.withAddresses(
                            plus(
                                    network.addresses(),
                                    allocationId,
                                    new ElasticIp(
                                            allocationId,
                                            publicIp,
                                            associationId,
                                            interfaceId,
                                            privateIp)));
        }
        var nat =
                new NatGateway(
                        ids.next("nat"),
                        subnet.vpcId(),
                        subnetId,
                        connectivity,
                        allocationId,
                        associationId,
                        publicIp,
                        privateIp,
                        interfaceId,
                        now,
                        null);
        return new Change<>(
                forgetOldNats(changed, now)
                        .withNatGateways(plus(changed.natGateways(), nat.id(), nat)),
                nat);
    }

    /** Deletes a NAT gateway: its address is free at once, itself stays listed for an hour. */
    public static AccountNetwork deleteNatGateway(AccountNetwork network, String id, Instant now)
            throws Refused {
        var nat = natGateway(network, id);
        if (nat.deletedAt() != null) {
            return network;
        }
        var changed = network;
        if (nat.allocationId() != null && network.addresses().containsKey(nat.allocationId())) {
            changed =
                    network.withAddresses(
                            plus(
                                    network.addresses(),
                                    nat.allocationId(),
                                    new ElasticIp(
                                            nat.allocationId(),
                                            address(network, nat.allocationId()).publicIp(),
                                            null,
                                            null,
                                            null)));
        }
        var deleted =
                new NatGateway(
                        id,
                        nat.vpcId(),
                        nat.subnetId(),
                        nat.connectivity(),
                        nat.allocationId(),
                        nat.associationId(),
                        nat.publicIp(),
                        nat.privateIp(),
                        nat.interfaceId(),
                        nat.createdAt(),
                        now);
        return forgetOldNats(
                changed.withNatGateways(plus(changed.natGateways(), id, deleted)), now);
    }

    private static AccountNetwork forgetOldNats(AccountNetwork network, Instant now) {
        var gone = new LinkedHashSet<String>();
        network.natGateways().values().stream()
                .filter(nat ->
                        nat.deletedAt() != null
                                && nat.deletedAt().plus(DELETED_NAT_STAYS).isBefore(now))
                .forEach(nat -> gone.add(nat.id()));
        return gone.isEmpty()
                ? network
                : network.withNatGateways(without(network.natGateways(), gone))
                        .withTags(without(network.tags(), gone));
    }

    // ----------------------------------------------------------------------------------------
    // routing

    /** Makes a route table with the VPC's local route. */
    public static Change<RouteTable> createRouteTable(AccountNetwork network, String vpcId, Ids ids)
            throws Refused {
        var table =
                new RouteTable(
                        ids.next("rtb"),
                        vpcId,
                        List.of(localRoute(vpc(network, vpcId))),
                        List.of());
        return new Change<>(
                network.withRouteTables(plus(network.routeTables(), table.id(), table)), table);
    }

    /** Deletes a route table that no subnet uses and that is not the main one. */
    public static AccountNetwork deleteRouteTable(AccountNetwork network, String id)
            throws Refused {
        if (!routeTable(network, id).associations().isEmpty()) {
            throw refuse(
                    "DependencyViolation",
                    "The routeTable '" + id + "' has dependencies and cannot be deleted.");
        }
        return network.withRouteTables(minus(network.routeTables(), id))
                .withTags(minus(network.tags(), id));
    }

    /**
     * Adds or replaces a route.
     *
     * @param gatewayId an internet gateway of the VPC, or null
     * @param natGatewayId a NAT gateway of the VPC, or null; exactly one of both is given
     * @param replace whether there must already be one for that destination, else there must be
     *     none
     */
    public static AccountNetwork putRoute(
            AccountNetwork network,
            String tableId,
            String destination,
            @Nullable String gatewayId,
            @Nullable String natGatewayId,
            boolean replace)
            throws Refused {
        var table = routeTable(network, tableId);
        if (Ipv4Range.parse(destination).isEmpty() && !destination.contains(":")) {
            throw refuse(
                    "InvalidParameterValue",
                    "Value ("
                            + destination
                            + ") for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.");
        }
        if (gatewayId == null && natGatewayId == null) {
            throw refuse(
                    "MissingParameter",
                    "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId or transitGatewayId");
        }
        if (gatewayId != null
                && !table.vpcId().equals(internetGateway(network, gatewayId).vpcId())) {
            throw refuse(
                    "InvalidParameterValue",
                    "route table "
                            + tableId
                            + " and network gateway "
                            + gatewayId
                            + " belong to different networks");
        }
        if (natGatewayId != null
                && !table.vpcId().equals(natGateway(network, natGatewayId).vpcId())) {
            throw refuse(
                    "InvalidParameterValue",
                    "route table "
                            + tableId
                            + " and NAT gateway "
                            + natGatewayId
                            + " belong to different networks");
        }
        var present =
                table.routes().stream()
                        .filter(route -> route.destination().equals(destination))
                        .findFirst();
        if (!replace && present.isPresent()) {
            throw refuse(
                    "RouteAlreadyExists",
                    "The route identified by " + destination + " already exists.");
        }
        if (replace && present.isEmpty()) {
            throw noRoute(tableId, destination);
        }
        var routes =
                new ArrayList<>(
                        table.routes().stream()
                                .filter(route -> !route.destination().equals(destination))
                                .toList());
        routes.add(new Route(destination, gatewayId, natGatewayId, "CreateRoute"));
        return withRoutes(network, table, routes);
    }

    /** Deletes a route; the local one stays. */
    public static AccountNetwork deleteRoute(
            AccountNetwork network, String tableId, String destination) throws Refused {
        var table = routeTable(network, tableId);
        var present =
                table.routes().stream()
                        .filter(route -> route.destination().equals(destination))
                        .findFirst();
        if (present.isEmpty()) {
            throw noRoute(tableId, destination);
        }
        if ("local".equals(present.get().gatewayId())) {
            throw refuse(
                    "InvalidParameterValue",
                    "cannot remove local route " + destination + " in route table " + tableId);
        }
        return withRoutes(
                network,
                table,
                table.routes().stream()
                        .filter(route -> !route.destination().equals(destination))
                        .toList());
    }

    /** Links a subnet to a route table of its VPC. */
    public static Change<Association> associate(
            AccountNetwork network, String tableId, String subnetId, Ids ids) throws Refused {
        var table = routeTable(network, tableId);
        var subnet = subnet(network, subnetId);
        if (!table.vpcId().equals(subnet.vpcId())) {
            throw refuse(
                    "InvalidParameterValue",
                    "Route table "
                            + tableId
                            + " and subnet "
                            + subnetId
                            + " belong to different networks");
        }
        for (var other : network.routeTables().values()) {
            for (var link : other.associations()) {
                if (subnetId.equals(link.subnetId())) {
                    throw refuse(
                            "Resource.AlreadyAssociated",
                            "the specified association for route table "
                                    + tableId
                                    + " conflicts with an existing association");
                }
            }
        }
        var link = new Association(ids.next("rtbassoc"), subnetId, false);
        var links = new ArrayList<>(table.associations());
        links.add(link);
        return new Change<>(withLinks(network, table, links), link);
    }

    /** Moves a link to another route table of the VPC; it gets a new id. */
    public static Change<Association> replaceAssociation(
            AccountNetwork network, String associationId, String tableId, Ids ids) throws Refused {
        var from = tableWithLink(network, associationId);
        var to = routeTable(network, tableId);
        var old =
                from.associations().stream()
                        .filter(link -> link.id().equals(associationId))
                        .findFirst()
                        .orElseThrow();
        var link = new Association(ids.next("rtbassoc"), old.subnetId(), old.main());
        var changed =
                withLinks(
                        network,
                        from,
                        from.associations().stream()
                                .filter(other -> !other.id().equals(associationId))
                                .toList());
        var links = new ArrayList<>(routeTable(changed, to.id()).associations());
        links.add(link);
        return new Change<>(withLinks(changed, routeTable(changed, to.id()), links), link);
    }

    /** Takes a subnet's link away, so that the main table serves it. */
    public static AccountNetwork disassociate(AccountNetwork network, String associationId)
            throws Refused {
        var table = tableWithLink(network, associationId);
        if (table.associations().stream()
                .anyMatch(link -> link.id().equals(associationId) && link.main())) {
            throw refuse(
                    "InvalidParameterValue",
                    "cannot disassociate the main route table association " + associationId);
        }
        return withLinks(
                network,
                table,
                table.associations().stream()
                        .filter(link -> !link.id().equals(associationId))
                        .toList());
    }

    // -------------------------------------------------------------------------------- security
    // groups

    /** Makes a security group that lets everything out. Source: terraform-calls §3.6 */
    public static Change<SecurityGroup> createSecurityGroup(
            AccountNetwork network, String vpcId, String name, String description, Ids ids)
            throws Refused {
        vpc(network, vpcId);
        if (network.securityGroups().values().stream()
                .anyMatch(group -> group.vpcId().equals(vpcId) && group.name().equals(name))) {
            throw refuse(
                    "InvalidGroup.Duplicate",
                    "The security group '" + name + "' already exists for VPC '" + vpcId + "'");
        }
        var group =
                new SecurityGroup(
                        ids.next("sg"), vpcId, name, description, List.of(allowAllOut(ids)));
        return new Change<>(
                network.withSecurityGroups(plus(network.securityGroups(), group.id(), group)),
                group);
    }

    /** Deletes a security group that no other refers to; the default one stays. */
    public static AccountNetwork deleteSecurityGroup(AccountNetwork network, String id)
            throws Refused {
        var group = securityGroup(network, id);
        if (group.name().equals("default")) {
            throw refuse(
                    "CannotDelete",
                    "the specified group: \""
                            + id
                            + "\" name: \"default\" cannot be deleted by a user");
        }
        if (network.securityGroups().values().stream()
                .anyMatch(other ->
                        !other.id().equals(id)
                                && other.rules().stream()
                                        .anyMatch(rule ->
                                                rule.peer()
                                                        .equals(new Peer(Peer.Kind.GROUP, id))))) {
            throw refuse("DependencyViolation", "resource " + id + " has a dependent object");
        }
        return network.withSecurityGroups(minus(network.securityGroups(), id))
                .withTags(minus(network.tags(), id));
    }

    /** Adds rules, all or none. */
    public static AccountNetwork authorize(AccountNetwork network, String groupId, List<Rule> rules)
            throws Refused {
        var group = securityGroup(network, groupId);
        var all = new ArrayList<>(group.rules());
        for (var rule : rules) {
            if (rule.peer().kind() == Peer.Kind.GROUP) {
                securityGroup(network, rule.peer().value());
            }
            if (all.stream().anyMatch(rule::same)) {
                throw refuse(
                        "InvalidPermission.Duplicate",
                        "the specified rule \"" + text(rule) + "\" already exists");
            }
            all.add(rule);
        }
        return withRules(network, group, all);
    }

    /** Takes rules away, all or none. */
    public static AccountNetwork revoke(AccountNetwork network, String groupId, List<Rule> rules)
            throws Refused {
        var group = securityGroup(network, groupId);
        var all = new ArrayList<>(group.rules());
        for (var rule : rules) {
            if (!all.removeIf(rule::same)) {
                throw refuse(
                        "InvalidPermission.NotFound",
                        "The specified rule does not exist in this security group.");
            }
        }
        return withRules(network, group, all);
    }

    /** Takes rules away by their ids, all or none. */
    public static AccountNetwork revokeById(
            AccountNetwork network, String groupId, List<String> ruleIds) throws Refused {
        var group = securityGroup(network, groupId);
        var all = new ArrayList<>(group.rules());
        for (var id : ruleIds) {
            if (!all.removeIf(rule -> rule.id().equals(id))) {
                throw refuse(
                        "InvalidSecurityGroupRuleId.NotFound",
                        "The security group rule ID '" + id + "' does not exist");
            }
        }
        return withRules(network, group, all);
    }

    // -------------------------------------------------------------------------------------------
    // tags

    /** Adds or replaces tags of resources, all or none. */
    public static AccountNetwork tag(
            AccountNetwork network, List<String> resources, Map<String, String> tags)
            throws Refused {
        var all = new LinkedHashMap<>(network.tags());
        for (var id : resources) {
            if (!exists(network, id)) {
                throw refuse("InvalidID", "The ID '" + id + "' is not valid");
            }
            var merged = new LinkedHashMap<>(all.getOrDefault(id, Map.of()));
            merged.putAll(tags);
            if (merged.size() > 50) {
                throw refuse(
                        "TagLimitExceeded",
                        "The maximum number of tags (50) has been reached for " + id);
            }
            all.put(id, Map.copyOf(merged));
        }
        return network.withTags(all);
    }

    /**
     * Takes tags away.
     *
     * @param tags key to value; a null value takes the key whatever its value; empty takes all
     */
    public static AccountNetwork untag(
            AccountNetwork network, List<String> resources, Map<String, @Nullable String> tags) {
        var all = new LinkedHashMap<>(network.tags());
        for (var id : resources) {
            var left = new LinkedHashMap<>(all.getOrDefault(id, Map.of()));
            if (tags.isEmpty()) {
                left.clear();
            }
            tags.forEach((key, value) -> {
                if (value == null || value.equals(left.get(key))) {
                    left.remove(key);
                }
            });
            if (left.isEmpty()) {
                all.remove(id);
            } else {
                all.put(id, Map.copyOf(left));
            }
        }
        return network.withTags(all);
    }

    // ----------------------------------------------------------------------------------------
    // look-ups

    /** A VPC, or {@code InvalidVpcID.NotFound}. */
    public static VpcEntry vpc(AccountNetwork network, String id) throws Refused {
        return found(
                network.vpcs(),
                id,
                "InvalidVpcID.NotFound",
                "The vpc ID '" + id + "' does not exist");
    }

    /** A subnet, or {@code InvalidSubnetID.NotFound}. */
    public static SubnetEntry subnet(AccountNetwork network, String id) throws Refused {
        return found(
                network.subnets(),
                id,
                "InvalidSubnetID.NotFound",
                "The subnet ID '" + id + "' does not exist");
    }

    /** An internet gateway, or {@code InvalidInternetGatewayID.NotFound}. */
    public static InternetGateway internetGateway(AccountNetwork network, String id)
            throws Refused {
        return found(
                network.internetGateways(),
                id,
                "InvalidInternetGatewayID.NotFound",
                "The internetGateway ID '" + id + "' does not exist");
    }

    /** A NAT gateway, or {@code NatGatewayNotFound}. */
    public static NatGateway natGateway(AccountNetwork network, String id) throws Refused {
        return found(
                network.natGateways(),
                id,
                "NatGatewayNotFound",
                "The Nat Gateway " + id + " was not found");
    }

    /** An elastic IP, or {@code InvalidAllocationID.NotFound}. */
    public static ElasticIp address(AccountNetwork network, String id) throws Refused {
        return found(
                network.addresses(),
                id,
                "InvalidAllocationID.NotFound",
                "The allocation ID '" + id + "' does not exist");
    }

    /** A route table, or {@code InvalidRouteTableID.NotFound}. */
    public static RouteTable routeTable(AccountNetwork network, String id) throws Refused {
        return found(
                network.routeTables(),
                id,
                "InvalidRouteTableID.NotFound",
                "The routeTable ID '" + id + "' does not exist");
    }

    /** A security group, or {@code InvalidGroup.NotFound}. */
    public static SecurityGroup securityGroup(AccountNetwork network, String id) throws Refused {
        return found(
                network.securityGroups(),
                id,
                "InvalidGroup.NotFound",
                "The security group '" + id + "' does not exist");
    }

    /** A network ACL, or {@code InvalidNetworkAclID.NotFound}. */
    public static NetworkAcl networkAcl(AccountNetwork network, String id) throws Refused {
        return found(
                network.networkAcls(),
                id,
                "InvalidNetworkAclID.NotFound",
                "The networkAcl ID '" + id + "' does not exist");
    }

    private static <V> V found(Map<String, V> map, String id, String code, String message)
            throws Refused {
        var value = map.get(id);
        if (value == null) {
            throw refuse(code, message);
        }
        return value;
    }

    private static boolean exists(AccountNetwork network, String id) {
        return network.vpcs().containsKey(id)
                || network.subnets().containsKey(id)
                || network.internetGateways().containsKey(id)
                || network.natGateways().containsKey(id)
                || network.addresses().containsKey(id)
                || network.routeTables().containsKey(id)
                || network.securityGroups().containsKey(id)
                || network.networkAcls().containsKey(id)
                || network.securityGroups().values().stream()
                        .anyMatch(group ->
                                group.rules().stream().anyMatch(rule -> rule.id().equals(id)));
    }

    private static RouteTable tableWithLink(AccountNetwork network, String associationId)
            throws Refused {
        for (var table : network.routeTables().values()) {
            if (table.associations().stream().anyMatch(link -> link.id().equals(associationId))) {
                return table;
            }
        }
        throw refuse(
                "InvalidAssociationID.NotFound",
                "The association ID '" + associationId + "' does not exist");
    }

    private static AccountNetwork withRoutes(
            AccountNetwork network, RouteTable table, List<Route> routes) {
        return network.withRouteTables(
                plus(
                        network.routeTables(),
                        table.id(),
                        new RouteTable(table.id(), table.vpcId(), routes, table.associations())));
    }

    private static AccountNetwork withLinks(
            AccountNetwork network, RouteTable table, List<Association> links) {
        return network.withRouteTables(
                plus(
                        network.routeTables(),
                        table.id(),
                        new RouteTable(table.id(), table.vpcId(), table.routes(), links)));
    }

    private static AccountNetwork withRules(
            AccountNetwork network, SecurityGroup group, List<Rule> rules) {
        return network.withSecurityGroups(
                plus(
                        network.securityGroups(),
                        group.id(),
                        new SecurityGroup(
                                group.id(),
                                group.vpcId(),
                                group.name(),
                                group.description(),
                                rules)));
    }

    private static <V> Map<String, V> without(Map<String, V> map, Set<String> ids) {
        var left = new LinkedHashMap<>(map);
        left.keySet().removeAll(ids);
        return left;
    }

    private static Route localRoute(VpcEntry vpc) {
        return new Route(vpc.cidr(), "local", null, "CreateRouteTable");
    }

    private static Rule allowAllOut(Ids ids) {
        return new Rule(
                ids.next("sgr"),
                true,
                "-1",
                null,
                null,
                new Peer(Peer.Kind.CIDR4, "0.0.0.0/0"),
                null);
    }

    private static String text(Rule rule) {
        return "peer: "
                + rule.peer().value()
                + (rule.protocol().equals("-1")
                        ? ", ALL"
                        : ", " + rule.protocol().toUpperCase(java.util.Locale.ROOT))
                + (rule.fromPort() == null
                        ? ""
                        : ", from port: " + rule.fromPort() + ", to port: " + rule.toPort())
                + ", ALLOW";
    }

    private static Refused noRoute(String table, String destination) {
        return refuse(
                "InvalidRoute.NotFound",
                "no route with destination-cidr-block " + destination + " in route table " + table);
    }

    private static Refused refuse(String code, String message) {
        return new Refused(new AwsFault(code, 400, message));
    }
}
