package dev.berth.core.cluster;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.network.Subnet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What AWS refuses in a request for a cluster. Each rule answers with the first fault it finds;
 * texts are AWS's where the comment at the text does not say otherwise. Our own texts avoid "does
 * not exist", on which Terraform's provider retries CreateCluster for two minutes. Source:
 * eks-fargate §12.5 (O), terraform-calls §3.8 (D)
 */
public final class ClusterRules {
    /** Clusters in one region. Source: eks-fargate §2.6 (D) */
    public static final int CLUSTERS_MAX = 100;

    private static final int SECURITY_GROUPS_MAX = 4;
    private static final int PUBLIC_CIDRS_MAX = 40;
    private static final int TAGS_MAX = 50;
    private static final Pattern NAME = Pattern.compile("[0-9A-Za-z][A-Za-z0-9\\-_]{0,99}");
    private static final Pattern ROLE =
            Pattern.compile("arn:aws[a-z-]*:iam::(\\d{12}):role/[\\w+=,.@/-]+");
    private static final String CLUSTER_POLICY = ":iam::aws:policy/AmazonEKSClusterPolicy";

    private ClusterRules() {}

    /**
     * Checks what can be seen from the request alone, in AWS's order: syntax, then who passes the
     * role, then the settings among themselves.
     *
     * @param callerAccount the caller's account
     * @param region where the cluster shall be
     */
    public static Optional<AwsFault> ofRequest(
            NewCluster asked, String callerAccount, String region, KubernetesVersions versions) {
        if (!NAME.matcher(asked.name()).matches()) {
            // Our words: a client that lets this pass is answered by the model's own check.
            return refuse(
                    "The cluster name must begin with a letter or digit, and have at most 100"
                            + " letters, digits, hyphens and underscores");
        }
        var role = ROLE.matcher(asked.roleArn());
        if (role.matches() && !role.group(1).equals(callerAccount)) {
            return Optional.of(EksFaults.foreignRole());
        }
        if (!asked.publicEndpoint() && !asked.privateEndpoint()) {
            return refuse("Private and public endpoint access cannot be false");
        }
        var version = asked.version();
        if (version != null && versions.toRun(version).isEmpty()) {
            return refuse("unsupported Kubernetes version " + version);
        }
        return ofServiceRange(asked)
                .or(() -> ofEncryption(asked, region))
                .or(() -> ofAutoMode(asked))
                .or(() -> ofLimits(asked));
    }

    private static Optional<AwsFault> ofServiceRange(NewCluster asked) {
        var cidr = asked.serviceIpv4Cidr();
        if ("ipv6".equals(asked.ipFamily())) {
            // The second text is ours: AWS can do this and Berth cannot.
            return refuse(
                    cidr == null
                            ? "ipFamily ipv6 is not offered here"
                            : "serviceIpv4Cidr cannot be specified when creating an \"ipv6\""
                                    + " cluster");
        }
        if (cidr == null) {
            return Optional.empty();
        }
        var range = ServiceRange.parse(cidr);
        if (range.isEmpty()) {
            // Our words.
            return refuse("Invalid Cluster Service Ipv4 CIDR " + cidr + ", not an IPv4 range");
        }
        var prefix = range.get().prefix();
        if (prefix < 12 || prefix > 24) {
            return refuse(
                    "Invalid Cluster Service Ipv4 CIDR "
                            + cidr
                            + " for the cluster "
                            + asked.name()
                            + ", must have netmask size between /12 and /24 inclusive");
        }
        if (!range.get().isPrivate()) {
            return refuse(
                    "Invalid Cluster Service Ipv4 CIDR "
                            + cidr
                            + " for the cluster "
                            + asked.name()
                            + ", must be within RFC1918 range");
        }
        return Optional.empty();
    }

    private static Optional<AwsFault> ofEncryption(NewCluster asked, String region) {
        for (var encryption : asked.encryption()) {
            if (!encryption.resources().equals(List.of("secrets"))) {
                return refuse("Invalid k8s resource for encryption");
            }
            var parts = encryption.keyArn().split(":", 6);
            if (parts.length > 3 && !parts[3].equals(region)) {
                return refuse("The keyArn for encryptionConfig is scoped to invalid aws region.");
            }
        }
        return Optional.empty();
    }

    private static Optional<AwsFault> ofAutoMode(NewCluster asked) {
        var compute = asked.compute();
        var switches = new HashSet<Boolean>();
        switches.add(compute != null && Boolean.TRUE.equals(compute.enabled()));
        switches.add(Boolean.TRUE.equals(asked.elasticLoadBalancing()));
        switches.add(Boolean.TRUE.equals(asked.blockStorage()));
        if (switches.size() > 1) {
            return refuse(
                    "For EKS Auto Mode, please ensure that all required configs, including"
                            + " computeConfig, kubernetesNetworkConfig, and blockStorage are all"
                            + " either fully enabled or fully disabled.");
        }
        // Our words for both: AWS can do this and Berth cannot.
        if (switches.contains(true)) {
            return refuse("EKS Auto Mode is not offered here");
        }
        return asked.outposts() ? refuse("Outposts are not offered here") : Optional.empty();
    }

    private static Optional<AwsFault> ofLimits(NewCluster asked) {
        // All words here are ours.
        if (asked.securityGroupIds().size() > SECURITY_GROUPS_MAX) {
            return refuse("At most " + SECURITY_GROUPS_MAX + " security groups may be given");
        }
        if (asked.publicAccessCidrs().size() > PUBLIC_CIDRS_MAX) {
            return refuse("At most " + PUBLIC_CIDRS_MAX + " publicAccessCidrs may be given");
        }
        for (var cidr : asked.publicAccessCidrs()) {
            if (ServiceRange.parse(cidr).isEmpty()) {
                return refuse("Invalid publicAccessCidrs entry " + cidr + ", not an IPv4 range");
            }
        }
        if (asked.tags().size() > TAGS_MAX) {
            return refuse("At most " + TAGS_MAX + " tags may be given");
        }
        return Optional.empty();
    }

    /**
     * Checks the subnets.
     *
     * @param known those of the asked subnets that exist
     */
    public static Optional<AwsFault> ofSubnets(NewCluster asked, List<Subnet> known) {
        var missing = new ArrayList<>(asked.subnetIds());
        known.forEach(subnet -> missing.removeIf(subnet.id()::equals));
        if (!missing.isEmpty()) {
            // Our words.
            return refuse("There is no subnet with the ID '" + missing.getFirst() + "'");
        }
        if (distinct(known, Subnet::vpcId).size() > 1) {
            // Our words.
            return refuse("Subnets specified must belong to one VPC");
        }
        if (distinct(known, Subnet::availabilityZone).size() < 2) {
            return refuse("Subnets specified must be in at least two different AZs");
        }
        return Optional.empty();
    }

    /**
     * Checks the range of Services against the VPC's; in our words.
     *
     * @param vpcCidr the VPC's range
     */
    public static Optional<AwsFault> ofServiceRangeIn(NewCluster asked, String vpcCidr) {
        var cidr = asked.serviceIpv4Cidr();
        if (cidr == null) {
            return Optional.empty();
        }
        var vpc = ServiceRange.parse(vpcCidr);
        return ServiceRange.parse(cidr)
                        .filter(range -> vpc.filter(range::overlaps).isPresent())
                        .isPresent()
                ? refuse(
                        "Invalid Cluster Service Ipv4 CIDR "
                                + cidr
                                + " for the cluster "
                                + asked.name()
                                + ", overlaps with the VPC's range "
                                + vpcCidr)
                : Optional.empty();
    }

    /**
     * Checks one security group.
     *
     * @param groupVpc the group's VPC, or empty when there is no such group
     */
    public static Optional<AwsFault> ofSecurityGroup(
            String groupId, Optional<String> groupVpc, String vpcId) {
        if (groupVpc.isEmpty()) {
            // Our words.
            return refuse("There is no security group with the ID '" + groupId + "'");
        }
        return groupVpc.get().equals(vpcId)
                ? Optional.empty()
                : refuse("Security group(s) are not in the same VPC as the subnets");
    }

    /**
     * Checks the role that EKS shall assume.
     *
     * @param trustedServices the services its trust policy names; empty when there is no such role
     * @param policyArns the managed policies attached to it
     */
    public static Optional<AwsFault> ofRole(
            String roleArn, Set<String> trustedServices, Set<String> policyArns) {
        if (!trustedServices.contains("eks.amazonaws.com")) {
            return refuse(
                    "Role with arn: "
                            + roleArn
                            + ", could not be assumed because it does not exist or the trusted"
                            + " entity is not correct");
        }
        if (policyArns.stream().noneMatch(arn -> arn.endsWith(CLUSTER_POLICY))) {
            return refuse(
                    "The provided role doesn't have the Amazon EKS Managed Policies associated"
                            + " with it. Please ensure the following policy is attached:"
                            + " arn:aws:iam::aws:policy/AmazonEKSClusterPolicy");
        }
        return Optional.empty();
    }

    /** Whether a role's ARN names another account than this. */
    public static boolean isForeignRole(String roleArn, String account) {
        var role = ROLE.matcher(roleArn);
        return role.matches() && !role.group(1).equals(account);
    }

    private static Set<String> distinct(
            List<Subnet> subnets, java.util.function.Function<Subnet, String> part) {
        var found = new HashSet<String>();
        subnets.forEach(subnet -> found.add(part.apply(subnet)));
        return found;
    }

    private static Optional<AwsFault> refuse(String message) {
        return Optional.of(EksFaults.invalidParameter(message));
    }
}
