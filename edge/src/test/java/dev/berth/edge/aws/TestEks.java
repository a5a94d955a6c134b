package dev.berth.edge.aws;

import dev.berth.core.network.Subnet;
import dev.berth.core.network.Vpc;
import dev.berth.edge.aws.eks.EksOperations;
import dev.berth.engine.account.ClusterSecurityGroups;
import dev.berth.engine.account.NetworkView;
import dev.berth.engine.account.RoleView;
import dev.berth.engine.clusters.ApiAddresses;
import dev.berth.engine.clusters.ClusterRecords;
import dev.berth.engine.clusters.Clusters;
import dev.berth.engine.profiles.Profiles;
import dev.berth.engine.profiles.WebhookEndpoint;
import dev.berth.testkit.FakeControlPlanes;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakeStore;
import dev.berth.testkit.FakeTime;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * EKS without control planes of its own: the real engine over fakes, at a fixed time and with fixed
 * ids. Subnets {@code subnet-a} and {@code subnet-b} are private, {@code subnet-p} is public; each
 * role {@code eks-cluster} and {@code pods} serves what its name says.
 */
final class TestEks {
    final FakeTime time = new FakeTime();
    final FakeControlPlanes planes =
            new FakeControlPlanes(List.of("1.35", "1.36"), plan -> new FakeKubeApi(time::now));
    final Clusters clusters;
    final Profiles profiles;

    TestEks() {
        var store = new FakeStore();
        var records = new ClusterRecords(store);
        var random = new Random(7);
        profiles =
                new Profiles(
                        store,
                        records,
                        new Networks(),
                        TestEks::role,
                        cluster -> new WebhookEndpoint("https://127.0.0.1:4567/" + cluster, "CA"),
                        time,
                        random);
        clusters =
                new Clusters(
                        records,
                        planes,
                        new Clusters.Account(
                                new Networks(),
                                group -> Optional.empty(),
                                new Groups(),
                                new ApiAddresses(records, new Networks()),
                                TestEks::role),
                        false,
                        profiles,
                        List.of(profiles),
                        time,
                        random);
    }

    void register(AwsServices.Builder services) {
        EksOperations.register(services, clusters, profiles);
    }

    private static Optional<RoleView.RoleFacts> role(String arn) {
        return switch (arn) {
            case "arn:aws:iam::111122223333:role/eks-cluster" ->
                    facts(arn, "eks.amazonaws.com", "AmazonEKSClusterPolicy");
            case "arn:aws:iam::111122223333:role/pods" ->
                    facts(
                            arn,
                            "eks-fargate-pods.amazonaws.com",
                            "AmazonEKSFargatePodExecutionRolePolicy");
            default -> Optional.empty();
        };
    }

    private static Optional<RoleView.RoleFacts> facts(String arn, String service, String policy) {
        return Optional.of(
                new RoleView.RoleFacts(
                        arn,
                        "AROATEST",
                        arn.substring(arn.lastIndexOf('/') + 1),
                        List.of(service),
                        List.of(),
                        List.of("arn:aws:iam::aws:policy/" + policy)));
    }

    private static final class Groups implements ClusterSecurityGroups {
        @Override
        public String create(String clusterName, String vpcId) {
            return "sg-0123456789abcdef0";
        }

        @Override
        public void delete(String groupId) {}
    }

    private static final class Networks implements NetworkView {
        private static final List<Subnet> SUBNETS =
                List.of(
                        new Subnet("subnet-a", "vpc-lab", "172.16.1.0/24", "eu-west-1a"),
                        new Subnet("subnet-b", "vpc-lab", "172.16.2.0/24", "eu-west-1b"),
                        new Subnet("subnet-p", "vpc-lab", "172.16.4.0/24", "eu-west-1a"));

        @Override
        public Optional<Vpc> vpc(String id) {
            return Optional.of(new Vpc(id, "172.16.0.0/16", true, false));
        }

        @Override
        public Optional<Subnet> subnet(String id) {
            return SUBNETS.stream().filter(subnet -> subnet.id().equals(id)).findFirst();
        }

        @Override
        public List<Subnet> subnetsOf(String vpcId) {
            return SUBNETS;
        }

        @Override
        public boolean isPublic(String subnetId) {
            return subnetId.equals("subnet-p");
        }
    }
}
