package dev.berth.core.cluster;

import static dev.berth.core.cluster.NewClusterBuilder.aCluster;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.network.Subnet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class ARequestForAClusterIsRefusedInAwsWordsTest {
    private static final KubernetesVersions VERSIONS =
            new KubernetesVersions(List.of("1.35", "1.36"), "1.36", true);
    private static final Subnet A = new Subnet("subnet-a", "vpc-1", "172.16.1.0/24", "eu-west-1a");
    private static final Subnet B = new Subnet("subnet-b", "vpc-1", "172.16.2.0/24", "eu-west-1b");

    static List<Arguments> requests() {
        return List.of(
                row(
                        aCluster().role("arn:aws:iam::444455556666:role/eks-cluster"),
                        "AccessDeniedException",
                        "Cross-account pass role is not allowed."),
                row(
                        aCluster().endpoints(false, false),
                        "InvalidParameterException",
                        "Private and public endpoint access cannot be false"),
                row(
                        aCluster().version("1.29"),
                        "InvalidParameterException",
                        "unsupported Kubernetes version 1.29"),
                row(
                        aCluster().version("1.36.0"),
                        "InvalidParameterException",
                        "unsupported Kubernetes version 1.36.0"),
                row(
                        aCluster().services("10.0.0.0/8"),
                        "InvalidParameterException",
                        "Invalid Cluster Service Ipv4 CIDR 10.0.0.0/8 for the cluster"
                                + " shirwalab-eks-dev, must have netmask size between /12 and /24"
                                + " inclusive"),
                row(
                        aCluster().services("10.0.0.0/25"),
                        "InvalidParameterException",
                        "Invalid Cluster Service Ipv4 CIDR 10.0.0.0/25 for the cluster"
                                + " shirwalab-eks-dev, must have netmask size between /12 and /24"
                                + " inclusive"),
                row(
                        aCluster().family("ipv6").services("10.0.0.0/16"),
                        "InvalidParameterException",
                        "serviceIpv4Cidr cannot be specified when creating an \"ipv6\" cluster"),
                row(
                        aCluster().encrypting("configmaps", "arn:aws:kms:eu-west-1:1:key/k"),
                        "InvalidParameterException",
                        "Invalid k8s resource for encryption"),
                row(
                        aCluster().encrypting("secrets", "arn:aws:kms:us-east-1:1:key/k"),
                        "InvalidParameterException",
                        "The keyArn for encryptionConfig is scoped to invalid aws region."),
                row(
                        aCluster().autoMode(true, true, null),
                        "InvalidParameterException",
                        "For EKS Auto Mode, please ensure that all required configs, including"
                                + " computeConfig, kubernetesNetworkConfig, and blockStorage are"
                                + " all either fully enabled or fully disabled."));
    }

    private static Arguments row(NewClusterBuilder asked, String code, String message) {
        return Arguments.of(asked.build(), code, message);
    }

    @ParameterizedTest
    @MethodSource("requests")
    void each_mistake_has_its_own_words(NewCluster asked, String code, String message) {
        var fault = ClusterRules.ofRequest(asked, "111122223333", "eu-west-1", VERSIONS);
        assertThat(fault).isPresent();
        assertThat(fault.get().code()).isEqualTo(code);
        assertThat(fault.get().message()).isEqualTo(message);
    }

    @Test
    void a_good_request_passes() {
        assertThat(ofRequest(aCluster())).isEmpty();
        assertThat(ofRequest(aCluster().autoMode(false, false, false))).isEmpty();
        assertThat(ofRequest(aCluster().services("10.96.0.0/12"))).isEmpty();
        assertThat(ofRequest(aCluster().services("192.168.7.0/24"))).isEmpty();
        assertThat(ofRequest(aCluster().endpoints(false, true))).isEmpty();
    }

    @Test
    void a_public_service_range_is_refused() {
        assertThat(ofRequest(aCluster().services("11.0.0.0/16")).orElseThrow().message())
                .contains("must be within RFC1918 range");
    }

    @Test
    void syntax_comes_before_the_role_and_the_role_before_the_settings() {
        var foreign = "arn:aws:iam::444455556666:role/eks-cluster";
        var all = aCluster().named("-lab").role(foreign).endpoints(false, false);
        assertThat(ofRequest(all).orElseThrow().message()).startsWith("The cluster name");
        assertThat(ofRequest(all.named("lab"))).contains(EksFaults.foreignRole());
    }

    @Test
    void subnets_must_exist_in_one_vpc_and_two_zones() {
        var lab = aCluster().build();
        assertThat(ClusterRules.ofSubnets(lab, List.of(A, B))).isEmpty();
        assertThat(ClusterRules.ofSubnets(lab, List.of(A)).orElseThrow().message())
                .isEqualTo("There is no subnet with the ID 'subnet-b'")
                .doesNotContain("does not exist");
        var sameZone = new Subnet("subnet-b", "vpc-1", "172.16.2.0/24", "eu-west-1a");
        assertThat(ClusterRules.ofSubnets(lab, List.of(A, sameZone)).orElseThrow().message())
                .isEqualTo("Subnets specified must be in at least two different AZs");
        var elsewhere = new Subnet("subnet-b", "vpc-2", "172.16.2.0/24", "eu-west-1b");
        assertThat(ClusterRules.ofSubnets(lab, List.of(A, elsewhere))).isPresent();
    }

    @Test
    void a_security_group_must_be_in_the_vpc() {
        assertThat(ClusterRules.ofSecurityGroup("sg-1", Optional.of("vpc-1"), "vpc-1")).isEmpty();
        assertThat(message(ClusterRules.ofSecurityGroup("sg-1", Optional.of("vpc-2"), "vpc-1")))
                .isEqualTo("Security group(s) are not in the same VPC as the subnets");
        assertThat(ClusterRules.ofSecurityGroup("sg-1", Optional.empty(), "vpc-1")).isPresent();
    }

    @Test
    void services_keep_clear_of_the_vpc() {
        var asked = aCluster().services("172.16.0.0/16").build();
        assertThat(ClusterRules.ofServiceRangeIn(asked, "172.16.0.0/16")).isPresent();
        assertThat(ClusterRules.ofServiceRangeIn(asked, "172.31.0.0/16")).isEmpty();
    }

    @Test
    void the_role_must_trust_eks_and_have_its_policy() {
        var arn = "arn:aws:iam::111122223333:role/eks-cluster";
        var policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
        assertThat(ClusterRules.ofRole(arn, Set.of("eks.amazonaws.com"), Set.of(policy))).isEmpty();
        assertThat(message(ClusterRules.ofRole(arn, Set.of("ec2.amazonaws.com"), Set.of(policy))))
                .isEqualTo(
                        "Role with arn: arn:aws:iam::111122223333:role/eks-cluster, could not be"
                                + " assumed because it does not exist or the trusted entity is not"
                                + " correct");
        assertThat(message(ClusterRules.ofRole(arn, Set.of("eks.amazonaws.com"), Set.of())))
                .isEqualTo(
                        "The provided role doesn't have the Amazon EKS Managed Policies associated"
                                + " with it. Please ensure the following policy is attached:"
                                + " arn:aws:iam::aws:policy/AmazonEKSClusterPolicy");
    }

    private static Optional<AwsFault> ofRequest(NewClusterBuilder asked) {
        return ClusterRules.ofRequest(asked.build(), "111122223333", "eu-west-1", VERSIONS);
    }

    private static String message(Optional<AwsFault> fault) {
        return fault.orElseThrow().message();
    }
}
