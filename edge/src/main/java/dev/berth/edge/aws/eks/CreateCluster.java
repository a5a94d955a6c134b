package dev.berth.edge.aws.eks;

import dev.berth.core.cluster.NewCluster;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.clusters.Clusters;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** EKS CreateCluster. */
final class CreateCluster implements Operation {
    private final Clusters clusters;

    CreateCluster(Clusters clusters) {
        this.clusters = clusters;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var asked = asked(new Input(call.input()));
        return ClusterShape.output(clusters.create(asked, call.caller(), call.region()));
    }

    private static NewCluster asked(Input input) {
        var vpc = input.structure("resourcesVpcConfig");
        var network = input.structure("kubernetesNetworkConfig");
        var access = input.structure("accessConfig");
        return new NewCluster(
                input.text("name"),
                input.text("roleArn"),
                input.textOrNull("version"),
                vpc.texts("subnetIds"),
                vpc.texts("securityGroupIds"),
                vpc.flagOrNull("endpointPublicAccess"),
                vpc.flagOrNull("endpointPrivateAccess"),
                vpc.texts("publicAccessCidrs"),
                network.textOrNull("serviceIpv4Cidr"),
                network.textOrNull("ipFamily"),
                network.structure("elasticLoadBalancing").flagOrNull("enabled"),
                enabledLogs(input.structure("logging")),
                input.structures("encryptionConfig").stream()
                        .map(CreateCluster::encryption)
                        .toList(),
                access.textOrNull("authenticationMode"),
                access.flagOrNull("bootstrapClusterCreatorAdminPermissions"),
                input.structure("upgradePolicy").textOrNull("supportType"),
                input.flagOrNull("deletionProtection"),
                input.structure("controlPlaneScalingConfig").textOrNull("tier"),
                input.structure("zonalShiftConfig").flagOrNull("enabled"),
                compute(input),
                input.structure("storageConfig").structure("blockStorage").flagOrNull("enabled"),
                remoteNetwork(input.structure("remoteNetworkConfig")),
                input.has("outpostConfig"),
                input.flagOrNull("bootstrapSelfManagedAddons"),
                input.textMap("tags"),
                input.textOrNull("clientRequestToken"));
    }

    private static List<String> enabledLogs(Input logging) {
        return logging.structures("clusterLogging").stream()
                .filter(setup -> setup.isOn("enabled"))
                .flatMap(setup -> setup.texts("types").stream())
                .distinct()
                .toList();
    }

    private static NewCluster.Encryption encryption(Input encryption) {
        return new NewCluster.Encryption(
                encryption.texts("resources"), encryption.structure("provider").text("keyArn"));
    }

    private static NewCluster.@Nullable Compute compute(Input input) {
        if (!input.has("computeConfig")) {
            return null;
        }
        var compute = input.structure("computeConfig");
        return new NewCluster.Compute(
                compute.flagOrNull("enabled"),
                compute.texts("nodePools"),
                compute.textOrNull("nodeRoleArn"));
    }

    private static NewCluster.@Nullable RemoteNetwork remoteNetwork(Input remote) {
        var nodes = remote.structures("remoteNodeNetworks");
        var pods = remote.structures("remotePodNetworks");
        if (nodes.isEmpty() && pods.isEmpty()) {
            return null;
        }
        return new NewCluster.RemoteNetwork(
                nodes.stream().map(network -> network.texts("cidrs")).toList(),
                pods.stream().map(network -> network.texts("cidrs")).toList());
    }
}
