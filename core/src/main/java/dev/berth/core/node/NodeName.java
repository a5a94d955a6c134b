package dev.berth.core.node;

import dev.berth.core.network.Vpc;
import java.util.Optional;

/**
 * What a pod's node is called. Source: eks-fargate §5.1 (O)
 *
 * @param value the Node's name, such as {@code fargate-172.16.1.241} or {@code
 *     fargate-ip-10-0-1-15.ec2.internal}
 * @param privateDns the private DNS name of its interface, empty when its VPC gives none
 * @param address its IPv4 address
 */
public record NodeName(String value, Optional<String> privateDns, String address) {
    /** What every Fargate node's name begins with. */
    public static final String PREFIX = "fargate-";

    /**
     * The name of the node at an address. A VPC gives its interfaces DNS names when both its DNS
     * attributes are on; without these the plain address is the name, as in the lab.
     *
     * @param region such as {@code eu-west-1}; {@code us-east-1} has a domain of its own
     */
    public static NodeName of(Vpc vpc, String region, String address) {
        if (!vpc.dnsSupport() || !vpc.dnsHostnames()) {
            return new NodeName(PREFIX + address, Optional.empty(), address);
        }
        var domain = region.equals("us-east-1") ? "ec2.internal" : region + ".compute.internal";
        var dns = "ip-" + address.replace('.', '-') + "." + domain;
        return new NodeName(PREFIX + dns, Optional.of(dns), address);
    }

    /** The label {@code kubernetes.io/hostname}: the name without its prefix. §5.1 (O) */
    public String hostname() {
        return value.substring(PREFIX.length());
    }
}
