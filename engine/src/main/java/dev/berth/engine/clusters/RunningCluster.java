package dev.berth.engine.clusters;

import dev.berth.core.cluster.ServiceRange;
import dev.berth.port.KubeApi;

/**
 * A cluster whose control plane answers.
 *
 * @param name its name
 * @param arn its ARN
 * @param accountId 12 digits
 * @param region such as {@code eu-west-1}
 * @param kubernetesVersion what really runs, {@code v1.36.3}
 * @param vpcId the VPC of its subnets
 * @param serviceRange the range of its Services
 * @param api its API server, as a member of system:masters
 */
public record RunningCluster(
        String name,
        String arn,
        String accountId,
        String region,
        String kubernetesVersion,
        String vpcId,
        ServiceRange serviceRange,
        KubeApi api) {}
