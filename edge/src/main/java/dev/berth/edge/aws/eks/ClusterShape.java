package dev.berth.edge.aws.eks;

import dev.berth.core.cluster.Cluster;
import dev.berth.core.cluster.ClusterConfig;
import dev.berth.core.cluster.NewCluster;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A cluster as EKS tells it. What was not asked for is absent and never an empty structure, which
 * Terraform would take for a setting. Source: eks-fargate §12.3 (D), terraform-calls §4.3, §6 (S)
 */
final class ClusterShape {
    private ClusterShape() {}

    /** The output of an operation that answers with a cluster. */
    static Map<String, @Nullable Object> output(Cluster cluster) {
        var output = new LinkedHashMap<String, @Nullable Object>();
        output.put("cluster", of(cluster));
        return output;
    }

    private static Map<String, @Nullable Object> of(Cluster cluster) {
        var config = cluster.config();
        var access = cluster.access();
        var shape = new LinkedHashMap<String, @Nullable Object>();
        shape.put("name", cluster.name());
        shape.put("arn", cluster.arn());
        shape.put("createdAt", cluster.createdAt());
        shape.put("version", cluster.version());
        shape.put("endpoint", access == null ? null : access.endpoint());
        shape.put("roleArn", config.roleArn());
        shape.put("resourcesVpcConfig", vpcConfig(config));
        shape.put("kubernetesNetworkConfig", networkConfig(config));
        shape.put("logging", logging(config));
        shape.put(
                "identity",
                access == null ? null : Map.of("oidc", Map.of("issuer", access.issuer())));
        shape.put("status", cluster.status().name());
        shape.put("certificateAuthority", access == null ? Map.of() : authority(access));
        shape.put("platformVersion", cluster.platformVersion());
        shape.put("tags", cluster.tags());
        shape.put("encryptionConfig", encryption(config.encryption()));
        shape.put("health", Map.of("issues", issues(cluster)));
        shape.put("accessConfig", accessConfig(config));
        shape.put("upgradePolicy", Map.of("supportType", config.supportType()));
        shape.put("zonalShiftConfig", enabled(config.zonalShift()));
        shape.put("remoteNetworkConfig", remoteNetwork(config.remoteNetwork()));
        shape.put("computeConfig", compute(config.compute()));
        shape.put("storageConfig", storage(config.blockStorage()));
        shape.put("deletionProtection", config.deletionProtection());
        shape.put(
                "controlPlaneScalingConfig",
                config.scalingTier() == null ? null : Map.of("tier", config.scalingTier()));
        return shape;
    }

    private static Map<String, @Nullable Object> vpcConfig(ClusterConfig config) {
        var group = config.clusterSecurityGroupId();
        var shape = new LinkedHashMap<String, @Nullable Object>();
        shape.put("subnetIds", config.subnetIds());
        shape.put("securityGroupIds", config.securityGroupIds());
        shape.put("clusterSecurityGroupId", group == null || group.isEmpty() ? null : group);
        shape.put("vpcId", config.vpcId());
        shape.put("endpointPublicAccess", config.endpointPublicAccess());
        shape.put("endpointPrivateAccess", config.endpointPrivateAccess());
        shape.put("publicAccessCidrs", config.publicAccessCidrs());
        return shape;
    }

    private static Map<String, @Nullable Object> networkConfig(ClusterConfig config) {
        var shape = new LinkedHashMap<String, @Nullable Object>();
        shape.put("serviceIpv4Cidr", config.serviceIpv4Cidr());
        shape.put("ipFamily", "ipv4");
        shape.put("elasticLoadBalancing", Map.of("enabled", config.elasticLoadBalancing()));
        return shape;
    }

    /** Two setups at most: what is kept, then the rest. */
    private static Map<String, @Nullable Object> logging(ClusterConfig config) {
        var kept = config.enabledLogTypes();
        var rest = ClusterConfig.LOG_TYPES.stream().filter(type -> !kept.contains(type)).toList();
        var setups = new ArrayList<Object>();
        if (!kept.isEmpty()) {
            setups.add(logSetup(kept, true));
        }
        if (!rest.isEmpty()) {
            setups.add(logSetup(rest, false));
        }
        return Map.of("clusterLogging", setups);
    }

    private static Map<String, Object> logSetup(List<String> types, boolean enabled) {
        var setup = new LinkedHashMap<String, Object>();
        setup.put("types", types);
        setup.put("enabled", enabled);
        return setup;
    }

    private static Map<String, Object> authority(Cluster.Access access) {
        var pem = access.certificateAuthorityPem().getBytes(StandardCharsets.UTF_8);
        return Map.of("data", Base64.getEncoder().encodeToString(pem));
    }

    private static @Nullable Object encryption(List<NewCluster.Encryption> encryption) {
        if (encryption.isEmpty()) {
            return null;
        }
        return encryption.stream()
                .map(one -> {
                    var shape = new LinkedHashMap<String, Object>();
                    shape.put("resources", one.resources());
                    shape.put("provider", Map.of("keyArn", one.keyArn()));
                    return shape;
                })
                .toList();
    }

    private static List<Object> issues(Cluster cluster) {
        var issues = new ArrayList<Object>();
        for (var issue : cluster.issues()) {
            var shape = new LinkedHashMap<String, Object>();
            shape.put("code", issue.code());
            shape.put("message", issue.message());
            shape.put("resourceIds", issue.resourceIds());
            issues.add(shape);
        }
        return issues;
    }

    private static Map<String, Object> accessConfig(ClusterConfig config) {
        var shape = new LinkedHashMap<String, Object>();
        shape.put("bootstrapClusterCreatorAdminPermissions", config.bootstrapCreatorAdmin());
        shape.put("authenticationMode", config.authenticationMode());
        return shape;
    }

    private static @Nullable Object enabled(@Nullable Boolean flag) {
        return flag == null ? null : Map.of("enabled", flag);
    }

    private static @Nullable Object remoteNetwork(NewCluster.@Nullable RemoteNetwork network) {
        if (network == null) {
            return null;
        }
        var shape = new LinkedHashMap<String, Object>();
        shape.put("remoteNodeNetworks", ranges(network.nodeNetworks()));
        shape.put("remotePodNetworks", ranges(network.podNetworks()));
        return shape;
    }

    private static List<Map<String, List<String>>> ranges(List<List<String>> networks) {
        return networks.stream().map(cidrs -> Map.of("cidrs", cidrs)).toList();
    }

    private static @Nullable Object compute(NewCluster.@Nullable Compute compute) {
        if (compute == null) {
            return null;
        }
        var shape = new LinkedHashMap<String, @Nullable Object>();
        shape.put("enabled", compute.enabled());
        shape.put("nodePools", compute.nodePools());
        shape.put("nodeRoleArn", compute.nodeRoleArn());
        return shape;
    }

    private static @Nullable Object storage(@Nullable Boolean blockStorage) {
        return blockStorage == null
                ? null
                : Map.of("blockStorage", Map.of("enabled", blockStorage));
    }
}
