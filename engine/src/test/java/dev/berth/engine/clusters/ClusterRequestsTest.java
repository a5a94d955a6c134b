package dev.berth.engine.clusters;

import static dev.berth.core.cluster.NewClusterBuilder.aCluster;
import static dev.berth.engine.clusters.EksWorld.REGION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.cluster.Cluster.Status;
import dev.berth.core.cluster.NewCluster;
import dev.berth.core.cluster.NewClusterBuilder;
import dev.berth.testkit.FakeStore;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(120)
final class ClusterRequestsTest {
    private final EksWorld world = new EksWorld();

    @AfterEach
    void end() throws InterruptedException {
        world.close();
    }

    static List<Arguments> bad() {
        return List.of(
                row(
                        aCluster().named("taken"),
                        "ResourceInUseException: Cluster already exists with name: taken"),
                row(
                        aCluster().in("subnet-a", "subnet-p"),
                        "InvalidParameterException: Subnets specified must be in at least two"
                                + " different AZs"),
                row(
                        aCluster().in("subnet-a", "subnet-zz"),
                        "InvalidParameterException: There is no subnet with the ID 'subnet-zz'"),
                row(
                        aCluster().in(),
                        "InvalidParameterException: Subnets specified must be in at least two"
                                + " different AZs"),
                row(
                        aCluster().groups("sg-other"),
                        "InvalidParameterException: Security group(s) are not in the same VPC as"
                                + " the subnets"),
                row(
                        aCluster().role("arn:aws:iam::111122223333:role/none"),
                        "InvalidParameterException: Role with arn:"
                                + " arn:aws:iam::111122223333:role/none, could not be assumed because"
                                + " it does not exist or the trusted entity is not correct"),
                row(
                        aCluster().role(EksWorld.POD_ROLE),
                        "InvalidParameterException: Role with arn:"
                                + " arn:aws:iam::111122223333:role/pods, could not be assumed because"
                                + " it does not exist or the trusted entity is not correct"),
                row(
                        aCluster().services("172.16.0.0/16"),
                        "InvalidParameterException: Invalid Cluster Service Ipv4 CIDR"
                                + " 172.16.0.0/16 for the cluster shirwalab-eks-dev, overlaps with"
                                + " the VPC's range 172.16.0.0/16"));
    }

    private static Arguments row(NewClusterBuilder asked, String message) {
        return Arguments.of(asked.build(), message);
    }

    @ParameterizedTest
    @MethodSource("bad")
    void a_bad_request_is_refused_and_leaves_nothing(NewCluster asked, String message)
            throws Exception {
        world.active("taken");
        world.groups.vpcs.put("sg-other", "vpc-other");
        assertThatThrownBy(() -> world.create(asked)).hasMessage(message);
        assertThat(world.clusters().names(REGION)).containsExactly("taken");
        assertThat(world.planes.running()).containsExactly("taken");
    }

    @Test
    void strict_refuses_versions_that_cannot_be_run() throws Exception {
        world.restartStrict();
        assertThatThrownBy(() -> world.create(aCluster().version("1.15").build()))
                .hasMessage("InvalidParameterException: unsupported Kubernetes version 1.15");
    }

    @Test
    void the_same_request_with_the_same_token_finds_its_cluster() throws Exception {
        var asked = aCluster().named("lab").token("t-1").build();
        var first = world.create(asked);
        world.await("lab", found -> found.status() == Status.ACTIVE);
        var second = world.create(asked);
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.status()).isEqualTo(Status.ACTIVE);
        assertThat(world.planes.calls()).containsExactly("start lab 1.36");
    }

    @Test
    void a_token_is_not_for_two_requests() throws Exception {
        world.create(aCluster().named("lab").token("t-1").build());
        assertThatThrownBy(() -> world.create(aCluster().named("other").token("t-1").build()))
                .hasMessageStartingWith("InvalidParameterException: The clientRequestToken");
        assertThatThrownBy(() -> world.create(aCluster().named("lab").token("t-2").build()))
                .hasMessage("ResourceInUseException: Cluster already exists with name: lab");
    }

    @Test
    void a_request_whose_answer_got_lost_in_the_records_can_be_sent_again() throws Exception {
        var asked = aCluster().named("lab").token("t-1").build();
        world.store.failNext(FakeStore.Call.PUT, FakeStore.Fault.ANSWER_LOST);
        assertThatThrownBy(() -> world.create(asked)).isInstanceOf(RuntimeException.class);
        world.create(asked);
        world.await("lab", found -> found.status() == Status.ACTIVE);
    }

    @Test
    void what_is_not_there_is_not_found() {
        var words = "ResourceNotFoundException: No cluster found for name: none.";
        assertThatThrownBy(() -> world.clusters().describe(REGION, "none")).hasMessage(words);
        assertThatThrownBy(() -> world.clusters().delete(REGION, "none")).hasMessage(words);
    }

    @Test
    void a_cluster_of_another_region_is_not_found() throws Exception {
        world.active("lab");
        assertThatThrownBy(() -> world.clusters().describe("us-east-1", "lab"))
                .hasMessage("ResourceNotFoundException: No cluster found for name: lab.");
        assertThat(world.clusters().names("us-east-1")).isEmpty();
    }
}
