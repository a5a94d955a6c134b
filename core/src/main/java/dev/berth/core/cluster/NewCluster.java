package dev.berth.core.cluster;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request for a cluster, as the caller wrote it: null and empty mean that nothing was said.
 * Source: eks-fargate §12.3 (D)
 *
 * @param name the wished name
 * @param roleArn the role that EKS shall assume
 * @param version a minor version such as {@code 1.36}, or null
 * @param subnetIds in at least two availability zones
 * @param securityGroupIds groups for the control plane's interfaces
 * @param endpointPublicAccess whether the endpoint is reached from outside the VPC, or null
 * @param endpointPrivateAccess whether it is reached from inside, or null
 * @param publicAccessCidrs who may reach the public endpoint
 * @param serviceIpv4Cidr the range of its Services, or null
 * @param ipFamily {@code ipv4}, {@code ipv6} or null
 * @param elasticLoadBalancing Auto Mode's load balancing, or null
 * @param enabledLogTypes the control-plane logs to be kept
 * @param encryption what to encrypt with which key
 * @param authenticationMode {@code CONFIG_MAP}, {@code API_AND_CONFIG_MAP}, {@code API} or null
 * @param bootstrapCreatorAdmin whether the creator becomes admin, or null
 * @param supportType {@code STANDARD}, {@code EXTENDED} or null
 * @param deletionProtection whether DeleteCluster is to be refused, or null
 * @param scalingTier the control plane's tier, or null
 * @param zonalShift whether zonal shift is on, or null
 * @param compute Auto Mode's compute, or null
 * @param blockStorage Auto Mode's block storage, or null
 * @param remoteNetwork the networks of hybrid nodes, or null
 * @param outposts whether the cluster shall live on an Outpost
 * @param bootstrapSelfManagedAddons whether the add-ons that nobody manages are made with the
 *     cluster, or null
 * @param tags at most 50
 * @param clientRequestToken names the request, so that it may be sent again; or null
 */
public record NewCluster(
        String name,
        String roleArn,
        @Nullable String version,
        List<String> subnetIds,
        List<String> securityGroupIds,
        @Nullable Boolean endpointPublicAccess,
        @Nullable Boolean endpointPrivateAccess,
        List<String> publicAccessCidrs,
        @Nullable String serviceIpv4Cidr,
        @Nullable String ipFamily,
        @Nullable Boolean elasticLoadBalancing,
        List<String> enabledLogTypes,
        List<Encryption> encryption,
        @Nullable String authenticationMode,
        @Nullable Boolean bootstrapCreatorAdmin,
        @Nullable String supportType,
        @Nullable Boolean deletionProtection,
        @Nullable String scalingTier,
        @Nullable Boolean zonalShift,
        @Nullable Compute compute,
        @Nullable Boolean blockStorage,
        @Nullable RemoteNetwork remoteNetwork,
        boolean outposts,
        @Nullable Boolean bootstrapSelfManagedAddons,
        Map<String, String> tags,
        @Nullable String clientRequestToken) {
    /** Copies the collections. */
    public NewCluster {
        subnetIds = List.copyOf(subnetIds);
        securityGroupIds = List.copyOf(securityGroupIds);
        publicAccessCidrs = List.copyOf(publicAccessCidrs);
        enabledLogTypes = List.copyOf(enabledLogTypes);
        encryption = List.copyOf(encryption);
        tags = Map.copyOf(tags);
    }

    /** Whether the public endpoint is wished for; it is unless said otherwise. */
    public boolean publicEndpoint() {
        return endpointPublicAccess == null || endpointPublicAccess;
    }

    /** Whether the private endpoint is wished for; only when said so. */
    public boolean privateEndpoint() {
        return endpointPrivateAccess != null && endpointPrivateAccess;
    }

    /**
     * What is encrypted, and with which key.
     *
     * @param resources {@code secrets}, the only kind there is
     * @param keyArn a KMS key
     */
    public record Encryption(List<String> resources, String keyArn) {
        /** Copies the list. */
        public Encryption {
            resources = List.copyOf(resources);
        }
    }

    /**
     * Auto Mode's compute.
     *
     * @param enabled whether it is on, or null
     * @param nodePools the built-in pools
     * @param nodeRoleArn the nodes' role, or null
     */
    public record Compute(
            @Nullable Boolean enabled, List<String> nodePools, @Nullable String nodeRoleArn) {
        /** Copies the list. */
        public Compute {
            nodePools = List.copyOf(nodePools);
        }
    }

    /**
     * The networks of hybrid nodes. Each is a list of ranges, and there is at most one list.
     *
     * @param nodeNetworks ranges of the nodes
     * @param podNetworks ranges of their pods
     */
    public record RemoteNetwork(List<List<String>> nodeNetworks, List<List<String>> podNetworks) {
        /** Copies the lists. */
        public RemoteNetwork {
            nodeNetworks = nodeNetworks.stream().map(List::copyOf).toList();
            podNetworks = podNetworks.stream().map(List::copyOf).toList();
        }
    }
}
