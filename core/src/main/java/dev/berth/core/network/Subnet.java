package dev.berth.core.network;

/**
 * A subnet, in the parts that placing a pod depends on.
 *
 * @param id {@code subnet-} and 17 hex digits
 * @param vpcId its VPC
 * @param cidr its IPv4 range, /16 to /28; AWS keeps the first four addresses and the last
 * @param availabilityZone such as {@code eu-west-1a}
 */
public record Subnet(String id, String vpcId, String cidr, String availabilityZone) {}
