package dev.berth.edge.aws.eks;

import dev.berth.edge.aws.AwsServices;
import dev.berth.engine.clusters.Clusters;
import dev.berth.engine.profiles.Profiles;
import dev.berth.engine.profiles.ResourceTags;

/** The operations of EKS that are built. */
public final class EksOperations {
    private EksOperations() {}

    /** Registers them. */
    public static void register(
            AwsServices.Builder services, Clusters clusters, Profiles profiles) {
        var tags = new ResourceTags(clusters, profiles);
        services.operation("eks", "CreateCluster", new CreateCluster(clusters))
                .operation("eks", "DescribeCluster", new DescribeCluster(clusters))
                .operation("eks", "ListClusters", new ListClusters(clusters))
                .operation("eks", "DeleteCluster", new DeleteCluster(clusters))
                .operation("eks", "CreateFargateProfile", new CreateFargateProfile(profiles))
                .operation("eks", "DescribeFargateProfile", new DescribeFargateProfile(profiles))
                .operation("eks", "ListFargateProfiles", new ListFargateProfiles(profiles))
                .operation("eks", "DeleteFargateProfile", new DeleteFargateProfile(profiles))
                .operation("eks", "TagResource", new TagResource(tags))
                .operation("eks", "UntagResource", new UntagResource(tags))
                .operation("eks", "ListTagsForResource", new ListTagsForResource(tags))
                .operation("eks", "DescribeClusterVersions", new DescribeClusterVersions(clusters))
                .operation("eks", "ListAccessEntries", new ListAccessEntries(clusters));
        registerEmptyLists(services, clusters);
    }

    /** What no cluster has here, because nothing can make it. */
    private static void registerEmptyLists(AwsServices.Builder services, Clusters clusters) {
        services.operation(
                        "eks",
                        "ListNodegroups",
                        new ListNothing(clusters, "clusterName", "nodegroups"))
                .operation("eks", "ListAddons", new ListNothing(clusters, "clusterName", "addons"))
                .operation("eks", "ListUpdates", new ListNothing(clusters, "name", "updateIds"))
                .operation(
                        "eks",
                        "ListPodIdentityAssociations",
                        new ListNothing(clusters, "clusterName", "associations"))
                .operation(
                        "eks",
                        "ListIdentityProviderConfigs",
                        new ListNothing(clusters, "clusterName", "identityProviderConfigs"));
    }
}
