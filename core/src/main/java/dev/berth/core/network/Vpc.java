package dev.berth.core.network;

/**
 * A VPC, in the parts that placing a pod depends on.
 *
 * @param id {@code vpc-} and 17 hex digits
 * @param cidr its IPv4 range
 * @param dnsSupport whether names are resolved for it
 * @param dnsHostnames whether its interfaces get private DNS names; off in the lab, which gives
 *     nodes plain-address names. Source: eks-fargate §5.1 (O)
 */
public record Vpc(String id, String cidr, boolean dnsSupport, boolean dnsHostnames) {}
