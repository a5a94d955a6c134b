package dev.berth.core.cluster;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a cluster, with every default filled in. Source: eks-fargate §12.3 (D),
 * terraform-calls §4.3 (D)
 *
 * @param version the minor version to tell
 * @param roleArn the cluster's role
 * @param subnetIds as asked
 * @param securityGroupIds as asked; the group EKS makes is never among them
 * @param clusterSecurityGroupId the group made for the cluster, or null before that
 * @param vpcId the VPC of the subnets
 * @param endpointPublicAccess whether the endpoint is public
 * @param endpointPrivateAccess whether it is private
 * @param publicAccessCidrs who may reach the public endpoint
 * @param serviceIpv4Cidr the range of its Services
 * @param elasticLoadBalancing Auto Mode's load balancing
 * @param enabledLogTypes the control-plane logs to be kept, in the order of {@link #LOG_TYPES}
 * @param encryption as asked; empty when nothing was
 * @param authenticationMode who is asked about callers
 * @param bootstrapCreatorAdmin whether the creator is admin
 * @param supportType what happens when standard support ends
 * @param deletionProtection whether DeleteCluster is refused
 * @param scalingTier as asked, or null
 * @param zonalShift as asked, or null
 * @param compute as asked, or null
 * @param blockStorage as asked, or null
 * @param remoteNetwork as asked, or null
 * @param apiAddress where the VPC's pods find the API server, in one of the subnets, as EKS's
 *     interfaces are; or null before it was chosen
 * @param bootstrapSelfManagedAddons whether add-ons that nobody manages are made with the cluster;
 *     null in records from before there were any
 */
public record ClusterConfig(
        String version,
        String roleArn,
        List<String> subnetIds,
        List<String> securityGroupIds,
        @Nullable String clusterSecurityGroupId,
        String vpcId,
        boolean endpointPublicAccess,
        boolean endpointPrivateAccess,
        List<String> publicAccessCidrs,
        String serviceIpv4Cidr,
        boolean elasticLoadBalancing,
        List<String> enabledLogTypes,
        List<NewCluster.Encryption> encryption,
        String authenticationMode,
        boolean bootstrapCreatorAdmin,
        String supportType,
        boolean deletionProtection,
        @Nullable String scalingTier,
        @Nullable Boolean zonalShift,
        NewCluster.@Nullable Compute compute,
        @Nullable Boolean blockStorage,
        NewCluster.@Nullable RemoteNetwork remoteNetwork,
        @Nullable String apiAddress,
        @Nullable Boolean bootstrapSelfManagedAddons) {
    /** All kinds of control-plane logs, in the order in which EKS lists them. */
    public static final List<String> LOG_TYPES =
            List.of("api", "audit", "authenticator", "controllerManager", "scheduler");

    /** Copies the collections. */
    public ClusterConfig {
        subnetIds = List.copyOf(subnetIds);
        securityGroupIds = List.copyOf(securityGroupIds);
        publicAccessCidrs = List.copyOf(publicAccessCidrs);
        enabledLogTypes = List.copyOf(enabledLogTypes);
        encryption = List.copyOf(encryption);
    }

    /**
     * The settings that a request asks for.
     *
     * @param version the version to tell
     * @param vpcId the VPC of its subnets
     * @param vpcCidr that VPC's range, which the default range of Services keeps clear of
     */
    public static ClusterConfig of(NewCluster asked, String version, String vpcId, String vpcCidr) {
        var cidrs = asked.publicAccessCidrs();
        return new ClusterConfig(
                version,
                asked.roleArn(),
                asked.subnetIds(),
                asked.securityGroupIds(),
                null,
                vpcId,
                asked.publicEndpoint(),
                asked.privateEndpoint(),
                cidrs.isEmpty() && asked.publicEndpoint() ? List.of("0.0.0.0/0") : cidrs,
                orElse(asked.serviceIpv4Cidr(), ServiceRange.defaultBeside(vpcCidr)),
                orElse(asked.elasticLoadBalancing(), false),
                LOG_TYPES.stream().filter(asked.enabledLogTypes()::contains).toList(),
                asked.encryption(),
                orElse(asked.authenticationMode(), "CONFIG_MAP"),
                orElse(asked.bootstrapCreatorAdmin(), true),
                orElse(asked.supportType(), "EXTENDED"),
                orElse(asked.deletionProtection(), false),
                asked.scalingTier(),
                asked.zonalShift(),
                asked.compute(),
                asked.blockStorage(),
                asked.remoteNetwork(),
                null,
                orElse(asked.bootstrapSelfManagedAddons(), true));
    }

    /** These settings with the group that was made for the cluster. */
    public ClusterConfig withClusterSecurityGroup(String groupId) {
        return with(groupId, apiAddress);
    }

    /** These settings with the address that was chosen for the API server. */
    public ClusterConfig withApiAddress(String address) {
        return with(clusterSecurityGroupId, address);
    }

    private ClusterConfig with(@Nullable String groupId, @Nullable String address) {
        return new ClusterConfig(
                version,
                roleArn,
                subnetIds,
                securityGroupIds,
                groupId,
                vpcId,
                endpointPublicAccess,
                endpointPrivateAccess,
                publicAccessCidrs,
                serviceIpv4Cidr,
                elasticLoadBalancing,
                enabledLogTypes,
                encryption,
                authenticationMode,
                bootstrapCreatorAdmin,
                supportType,
                deletionProtection,
                scalingTier,
                zonalShift,
                compute,
                blockStorage,
                remoteNetwork,
                address,
                bootstrapSelfManagedAddons);
    }

    private static <T> T orElse(@Nullable T said, T otherwise) {
        return said == null ? otherwise : said;
    }
}
