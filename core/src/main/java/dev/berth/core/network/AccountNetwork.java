package dev.berth.core.network;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All networks of the account as one value, keyed by id in order of creation. A change makes a new
 * one, so that whatever belongs together (a VPC, its main route table, its default group) appears
 * and goes at once.
 *
 * @param vpcs by {@code vpc-…}
 * @param subnets by {@code subnet-…}
 * @param internetGateways by {@code igw-…}
 * @param natGateways by {@code nat-…}; deleted ones stay for an hour
 * @param addresses elastic IPs by {@code eipalloc-…}
 * @param routeTables by {@code rtb-…}
 * @param securityGroups by {@code sg-…}
 * @param networkAcls by {@code acl-…}
 * @param tags of every resource that has any, by its id
 */
public record AccountNetwork(
        Map<String, VpcEntry> vpcs,
        Map<String, SubnetEntry> subnets,
        Map<String, InternetGateway> internetGateways,
        Map<String, NatGateway> natGateways,
        Map<String, ElasticIp> addresses,
        Map<String, RouteTable> routeTables,
        Map<String, SecurityGroup> securityGroups,
        Map<String, NetworkAcl> networkAcls,
        Map<String, Map<String, String>> tags) {
    /** An account without any network. */
    public static final AccountNetwork EMPTY =
            new AccountNetwork(
                    Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Map.of(),
                    Map.of());

    /** Copies the maps, keeping their order. */
    public AccountNetwork {
        vpcs = copy(vpcs);
        subnets = copy(subnets);
        internetGateways = copy(internetGateways);
        natGateways = copy(natGateways);
        addresses = copy(addresses);
        routeTables = copy(routeTables);
        securityGroups = copy(securityGroups);
        networkAcls = copy(networkAcls);
        tags = copy(tags);
    }

    /**
     * A VPC.
     *
     * @param id {@code vpc-…}
     * @param cidr /16 to /28
     * @param cidrAssociationId {@code vpc-cidr-assoc-…}
     * @param tenancy {@code default} or {@code dedicated}
     * @param dhcpOptionsId {@code dopt-…}
     * @param dnsSupport on at first
     * @param dnsHostnames off at first
     * @param addressMetrics off at first
     */
    public record VpcEntry(
            String id,
            String cidr,
            String cidrAssociationId,
            String tenancy,
            String dhcpOptionsId,
            boolean dnsSupport,
            boolean dnsHostnames,
            boolean addressMetrics) {}

    /**
     * A subnet.
     *
     * @param id {@code subnet-…}
     * @param vpcId its VPC
     * @param cidr within the VPC's
     * @param zone such as {@code eu-west-1a}
     * @param mapPublicIp whether instances get public addresses; says nothing about being public
     * @param aclAssociationId its link to the VPC's network ACL
     */
    public record SubnetEntry(
            String id,
            String vpcId,
            String cidr,
            String zone,
            boolean mapPublicIp,
            String aclAssociationId) {}

    /**
     * An internet gateway.
     *
     * @param id {@code igw-…}
     * @param vpcId what it is attached to, or null
     */
    public record InternetGateway(String id, @Nullable String vpcId) {}

    /**
     * A NAT gateway.
     *
     * @param id {@code nat-…}
     * @param vpcId its VPC
     * @param subnetId its subnet
     * @param connectivity {@code public} or {@code private}
     * @param allocationId its elastic IP, or null when private
     * @param associationId {@code eipassoc-…}, or null
     * @param publicIp or null
     * @param privateIp in its subnet
     * @param interfaceId {@code eni-…}
     * @param createdAt when it was asked for
     * @param deletedAt when its deletion was asked for, or null
     */
    public record NatGateway(
            String id,
            String vpcId,
            String subnetId,
            String connectivity,
            @Nullable String allocationId,
            @Nullable String associationId,
            @Nullable String publicIp,
            String privateIp,
            String interfaceId,
            Instant createdAt,
            @Nullable Instant deletedAt) {
        /**
         * Its state: {@code available}, {@code deleting} for the first second after its deletion,
         * {@code deleted} for an hour. Source: terraform-calls §3.4, trap 5
         */
        public String state(Instant now) {
            if (deletedAt == null) {
                return "available";
            }
            return now.isBefore(deletedAt.plusSeconds(1)) ? "deleting" : "deleted";
        }
    }

    /**
     * An elastic IP.
     *
     * @param id {@code eipalloc-…}
     * @param publicIp from 192.0.2.0/24 and 198.51.100.0/24, which are reserved for documentation
     * @param associationId {@code eipassoc-…}, or null while free
     * @param interfaceId who uses it, or null
     * @param privateIp what it stands for, or null
     */
    public record ElasticIp(
            String id,
            String publicIp,
            @Nullable String associationId,
            @Nullable String interfaceId,
            @Nullable String privateIp) {}

    /**
     * A route table.
     *
     * @param id {@code rtb-…}
     * @param vpcId its VPC
     * @param routes the local one first
     * @param associations the main one, and one for each subnet
     */
    public record RouteTable(
            String id, String vpcId, List<Route> routes, List<Association> associations) {
        /** Copies the lists. */
        public RouteTable {
            routes = List.copyOf(routes);
            associations = List.copyOf(associations);
        }

        /** Whether it serves the VPC's subnets that name no other. */
        public boolean main() {
            return associations.stream().anyMatch(Association::main);
        }
    }

    /**
     * A route.
     *
     * @param destination an IPv4 or IPv6 range
     * @param gatewayId {@code local} or {@code igw-…}, else null
     * @param natGatewayId {@code nat-…}, else null
     * @param origin {@code CreateRouteTable} or {@code CreateRoute}
     */
    public record Route(
            String destination,
            @Nullable String gatewayId,
            @Nullable String natGatewayId,
            String origin) {}

    /**
     * A route table's link to a subnet, or its being the main one.
     *
     * @param id {@code rtbassoc-…}
     * @param subnetId or null for the main one
     * @param main whether it is the main one
     */
    public record Association(String id, @Nullable String subnetId, boolean main) {}

    /**
     * A security group.
     *
     * @param id {@code sg-…}
     * @param vpcId its VPC
     * @param name unique in the VPC
     * @param description for people
     * @param rules both directions
     */
    public record SecurityGroup(
            String id, String vpcId, String name, String description, List<Rule> rules) {
        /** Copies the list. */
        public SecurityGroup {
            rules = List.copyOf(rules);
        }
    }

    /**
     * One rule of a security group.
     *
     * @param id {@code sgr-…}
     * @param egress whether it is about what goes out
     * @param protocol as it was sent: {@code tcp}, {@code -1}, …
     * @param fromPort or null for all
     * @param toPort or null for all
     * @param peer whom it is about
     * @param description for people, or null
     */
    public record Rule(
            String id,
            boolean egress,
            String protocol,
            @Nullable Integer fromPort,
            @Nullable Integer toPort,
            Peer peer,
            @Nullable String description) {
        /** Whether another rule allows the same. */
        public boolean same(Rule other) {
            return egress == other.egress
                    && protocol.equals(other.protocol)
                    && (protocol.equals("-1")
                            || (java.util.Objects.equals(fromPort, other.fromPort)
                                    && java.util.Objects.equals(toPort, other.toPort)))
                    && peer.equals(other.peer);
        }
    }

    /**
     * Whom a rule is about.
     *
     * @param kind what the value is
     * @param value a range, a prefix list or a group
     */
    public record Peer(Kind kind, String value) {
        /** What a peer can be. */
        public enum Kind {
            /** An IPv4 range. */
            CIDR4,
            /** An IPv6 range. */
            CIDR6,
            /** A prefix list. */
            PREFIX_LIST,
            /** A security group. */
            GROUP
        }
    }

    /**
     * A network ACL; only the default one of each VPC exists, which lets everything pass.
     *
     * @param id {@code acl-…}
     * @param vpcId its VPC
     */
    public record NetworkAcl(String id, String vpcId) {}

    /** The route table that serves a subnet: its own, else the main one of its VPC. */
    public Optional<RouteTable> routeTableOf(SubnetEntry subnet) {
        var own =
                routeTables.values().stream()
                        .filter(table ->
                                table.associations().stream()
                                        .anyMatch(link -> subnet.id().equals(link.subnetId())))
                        .findFirst();
        return own.isPresent()
                ? own
                : routeTables.values().stream()
                        .filter(table -> table.vpcId().equals(subnet.vpcId()) && table.main())
                        .findFirst();
    }

    /**
     * Whether a subnet is public: its route table sends everything to an internet gateway. Whether
     * instances get public addresses does not matter. Source: eks-fargate §8 (D, O)
     */
    public boolean isPublic(SubnetEntry subnet) {
        return routeTableOf(subnet).stream()
                .flatMap(table -> table.routes().stream())
                .anyMatch(route ->
                        (route.destination().equals("0.0.0.0/0")
                                        || route.destination().equals("::/0"))
                                && route.gatewayId() != null
                                && route.gatewayId().startsWith("igw-"));
    }

    /** The tags of a resource. */
    public Map<String, String> tagsOf(String id) {
        return tags.getOrDefault(id, Map.of());
    }

    AccountNetwork withVpcs(Map<String, VpcEntry> changed) {
        return new AccountNetwork(
                changed,
                subnets,
                internetGateways,
                natGateways,
                addresses,
                routeTables,
                securityGroups,
                networkAcls,
                tags);
    }

    AccountNetwork withSubnets(Map<String, SubnetEntry> changed) {
        return new AccountNetwork(
                vpcs,
                changed,
                internetGateways,
                natGateways,
                addresses,
                routeTables,
                securityGroups,
                networkAcls,
                tags);
    }

    AccountNetwork withInternetGateways(Map<String, InternetGateway> changed) {
        return new AccountNetwork(
                vpcs,
                subnets,
                changed,
                natGateways,
                addresses,
                routeTables,
                securityGroups,
                networkAcls,
                tags);
    }

    AccountNetwork withNatGateways(Map<String, NatGateway> changed) {
        return new AccountNetwork(
                vpcs,
                subnets,
                internetGateways,
                changed,
                addresses,
                routeTables,
                securityGroups,
                networkAcls,
                tags);
    }

    AccountNetwork withAddresses(Map<String, ElasticIp> changed) {
        return new AccountNetwork(
                vpcs,
                subnets,
                internetGateways,
                natGateways,
                changed,
                routeTables,
                securityGroups,
                networkAcls,
                tags);
    }

    AccountNetwork withRouteTables(Map<String, RouteTable> changed) {
        return new AccountNetwork(
                vpcs,
                subnets,
                internetGateways,
                natGateways,
                addresses,
                changed,
                securityGroups,
                networkAcls,
                tags);
    }

    AccountNetwork withSecurityGroups(Map<String, SecurityGroup> changed) {
        return new AccountNetwork(
                vpcs,
                subnets,
                internetGateways,
                natGateways,
                addresses,
                routeTables,
                changed,
                networkAcls,
                tags);
    }

    AccountNetwork withNetworkAcls(Map<String, NetworkAcl> changed) {
        return new AccountNetwork(
                vpcs,
                subnets,
                internetGateways,
                natGateways,
                addresses,
                routeTables,
                securityGroups,
                changed,
                tags);
    }

    AccountNetwork withTags(Map<String, Map<String, String>> changed) {
        return new AccountNetwork(
                vpcs,
                subnets,
                internetGateways,
                natGateways,
                addresses,
                routeTables,
                securityGroups,
                networkAcls,
                changed);
    }

    static <V> Map<String, V> plus(Map<String, V> map, String id, V value) {
        var more = new LinkedHashMap<>(map);
        more.put(id, value);
        return more;
    }

    static <V> Map<String, V> minus(Map<String, V> map, String id) {
        var fewer = new LinkedHashMap<>(map);
        fewer.remove(id);
        return fewer;
    }

    private static <V> Map<String, V> copy(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
