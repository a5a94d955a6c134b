package dev.berth.engine.clusters;

import static dev.berth.core.cluster.NewClusterBuilder.aCluster;
import static dev.berth.engine.clusters.EksWorld.REGION;
import static dev.berth.engine.clusters.EksWorld.aProfile;
import static dev.berth.engine.clusters.EksWorld.eventually;
import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.cluster.Cluster.Issue;
import dev.berth.core.cluster.Cluster.Status;
import dev.berth.core.fault.Refused;
import dev.berth.port.ControlPlanes.Health;
import dev.berth.testkit.FakeKubeApi;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class ClustersLiveAsOnAwsTest {
    private final EksWorld world = new EksWorld();

    @AfterEach
    void end() throws InterruptedException {
        world.planes.release("lab");
        world.close();
    }

    @Test
    void a_cluster_is_creating_until_its_api_answers() throws Exception {
        world.planes.hold("lab");
        var cluster = world.create(aCluster().named("lab").build());
        assertThat(cluster.status()).isEqualTo(Status.CREATING);
        assertThat(cluster.arn()).isEqualTo("arn:aws:eks:eu-west-1:111122223333:cluster/lab");
        assertThat(cluster.id()).matches("[0-9A-F]{32}");
        assertThat(cluster.access()).isNull();
        eventually(() -> !world.clusters().progress(cluster).isEmpty());
        assertThat(world.clusters().running("lab")).isEmpty();

        world.planes.release("lab");
        var active = world.await("lab", found -> found.status() == Status.ACTIVE);
        assertThat(active.access()).isNotNull();
        assertThat(active.access().endpoint()).startsWith("https://");
        assertThat(active.access().kubernetesVersion()).isEqualTo("v1.36.3");
        assertThat(active.config().clusterSecurityGroupId()).isEqualTo("sg-lab");
        assertThat(active.config().securityGroupIds()).isEmpty();
        assertThat(active.issues()).isEmpty();
        assertThat(world.clusters().running("lab")).isPresent();
        assertThat(world.clusters().progress(active)).isEmpty();
    }

    @Test
    void all_listeners_have_returned_before_it_is_active() throws Exception {
        world.active("lab");
        assertThat(world.told).containsExactly("first started lab", "last started lab");
    }

    @Test
    void its_api_has_the_objects_of_eks() throws Exception {
        world.active("lab");
        var applied = String.join("\n", world.api("lab").applied());
        for (var name :
                List.of(
                        "eks:fargate-manager",
                        "eks:fargate-scheduler",
                        "eks:kube-proxy-fargate",
                        "eks:node-bootstrapper")) {
            assertThat(applied).contains("name: " + name + "\n");
        }
        assertThat(applied).doesNotContain("MutatingWebhookConfiguration");
        assertThat(world.api("lab").configMap("kube-system", "aws-auth")).isEmpty();
    }

    @Test
    void coredns_is_made_with_the_cluster_and_belongs_to_its_users_from_then_on() throws Exception {
        world.active("lab");
        assertThat(world.api("lab").applied())
                .singleElement(as(InstanceOfAssertFactories.STRING))
                .contains("kind: Deployment", "image: berth.dev/coredns:v1.14.7");
        world.restart();
        world.await("lab", found -> world.clusters().running("lab").isPresent());
        assertThat(world.api("lab").applied().getLast())
                .contains("name: kube-dns")
                .doesNotContain("kind: Deployment", "kind: ConfigMap");
    }

    @Test
    void a_cluster_without_add_ons_gets_no_coredns_deployment() throws Exception {
        world.create(aCluster().named("bare").withoutAddOns().build());
        world.await("bare", found -> found.status() == Status.ACTIVE);
        assertThat(world.api("bare").applied())
                .singleElement(as(InstanceOfAssertFactories.STRING))
                .contains("name: kube-dns")
                .doesNotContain("kind: Deployment");
    }

    @Test
    void an_api_server_that_hesitates_is_asked_again() throws Exception {
        world.planes.hold("lab");
        world.create(aCluster().named("lab").build());
        var api = new FakeKubeApi(world.time::now);
        api.failNext(FakeKubeApi.Call.APPLY);
        world.planes.keep("lab", api);
        world.planes.release("lab");
        world.time.awaitTimer(Duration.ofSeconds(1));
        world.time.advance(Duration.ofSeconds(1));
        world.await("lab", found -> found.status() == Status.ACTIVE);
        assertThat(api.applied()).hasSize(1);
    }

    @Test
    void the_nearest_version_runs_under_the_asked_name() throws Exception {
        world.create(aCluster().named("lab").version("1.15").build());
        var active = world.await("lab", found -> found.status() == Status.ACTIVE);
        assertThat(active.version()).isEqualTo("1.15");
        assertThat(active.runVersion()).isEqualTo("1.35");
        assertThat(world.planes.calls()).containsExactly("start lab 1.35");
    }

    @Test
    void a_cluster_that_cannot_be_made_fails_with_the_reason() throws Exception {
        world.planes.failNextStart("lab", "no port is free");
        world.create(aCluster().named("lab").build());
        var failed = world.await("lab", found -> found.status() == Status.FAILED);
        assertThat(failed.issues().getFirst().code()).isEqualTo("InternalFailure");
        assertThat(failed.issues().getFirst().message()).isEqualTo("no port is free");

        assertThat(world.clusters().delete(REGION, "lab").status()).isEqualTo(Status.DELETING);
        world.awaitGone("lab");
    }

    @Test
    void a_cluster_whose_listener_breaks_fails_with_the_reason_and_can_be_deleted()
            throws Exception {
        world.faultsOfStarts.add(new IllegalStateException("the pods of lab cannot be served"));
        world.create(aCluster().named("lab").build());
        var failed = world.await("lab", found -> found.status() == Status.FAILED);
        assertThat(failed.issues())
                .containsExactly(
                        new Issue(
                                "InternalFailure",
                                "the pods of lab cannot be served",
                                List.of("lab")));
        assertThat(world.planes.calls()).containsExactly("start lab 1.36", "stop lab");
        assertThat(world.told)
                .containsExactly(
                        "first started lab",
                        "last started lab",
                        "last stopping lab",
                        "first stopping lab");
        assertThat(world.clusters().running("lab")).isEmpty();

        world.clusters().delete(REGION, "lab");
        world.awaitGone("lab");
        assertThat(world.groups.vpcs).isEmpty();
        assertThat(world.active("lab").issues()).isEmpty();
    }

    @Test
    void a_fault_without_words_is_named() throws Exception {
        world.faultsOfStarts.add(new UnsupportedOperationException());
        world.create(aCluster().named("lab").build());
        var failed = world.await("lab", found -> found.status() == Status.FAILED);
        assertThat(failed.issues().getFirst().message())
                .isEqualTo("java.lang.UnsupportedOperationException");
    }

    @Test
    void a_deletion_that_meets_a_bug_is_tried_again() throws Exception {
        world.active("lab");
        world.groups.faults.add(new IllegalStateException("no such group"));
        world.clusters().delete(REGION, "lab");
        world.time.awaitTimer(Duration.ofSeconds(1));
        var waiting = world.clusters().describe(REGION, "lab");
        assertThat(waiting.status()).isEqualTo(Status.DELETING);
        assertThat(waiting.issues().getFirst().message()).isEqualTo("no such group");
        world.time.advance(Duration.ofSeconds(1));
        world.awaitGone("lab");
    }

    @Test
    void one_that_fails_does_not_hold_up_another() throws Exception {
        world.planes.hold("stuck");
        world.planes.failNextStart("broken", "no");
        world.create(aCluster().named("stuck").build());
        world.create(aCluster().named("broken").build());
        world.active("lab");
        world.await("broken", found -> found.status() == Status.FAILED);
        world.planes.release("stuck");
        world.await("stuck", found -> found.status() == Status.ACTIVE);
        assertThat(world.clusters().names(REGION)).containsExactly("broken", "lab", "stuck");
    }

    @Test
    void a_deleted_cluster_leaves_nothing() throws Exception {
        world.active("lab");
        assertThat(world.clusters().delete(REGION, "lab").status()).isEqualTo(Status.DELETING);
        world.awaitGone("lab");
        assertThat(world.planes.calls())
                .containsExactly("start lab 1.36", "stop lab", "delete lab");
        assertThat(world.planes.kept()).isEmpty();
        assertThat(world.groups.vpcs).isEmpty();
        assertThat(world.clusters().running("lab")).isEmpty();
        assertThat(world.told.subList(2, 4))
                .containsExactly("last stopping lab", "first stopping lab");
    }

    @Test
    void a_name_is_free_again_after_deletion() throws Exception {
        var first = world.active("lab");
        world.clusters().delete(REGION, "lab");
        world.awaitGone("lab");
        var second = world.active("lab");
        assertThat(second.id()).isNotEqualTo(first.id());
        world.activeProfile("lab", "fp");
    }

    @Test
    void a_cluster_may_be_deleted_while_it_is_made() throws Exception {
        world.planes.hold("lab");
        world.create(aCluster().named("lab").build());
        eventually(() -> world.planes.calls().contains("start lab 1.36"));
        world.clusters().delete(REGION, "lab");
        world.awaitGone("lab");
        assertThat(world.told).isEmpty();
    }

    @Test
    void a_deletion_that_fails_is_tried_again() throws Exception {
        world.active("lab");
        world.planes.failNextDelete("lab", "a file is busy");
        world.clusters().delete(REGION, "lab");
        world.time.awaitTimer(Duration.ofSeconds(1));
        var waiting = world.clusters().describe(REGION, "lab");
        assertThat(waiting.status()).isEqualTo(Status.DELETING);
        assertThat(waiting.issues().getFirst().message()).isEqualTo("a file is busy");
        world.time.advance(Duration.ofSeconds(1));
        world.awaitGone("lab");
    }

    @Test
    void deleting_again_changes_nothing() throws Exception {
        world.active("lab");
        world.planes.failNextDelete("lab", "a file is busy");
        world.clusters().delete(REGION, "lab");
        world.time.awaitTimer(Duration.ofSeconds(1));
        assertThat(world.clusters().delete(REGION, "lab").status()).isEqualTo(Status.DELETING);
        world.time.advance(Duration.ofSeconds(1));
        world.awaitGone("lab");
    }

    @Test
    void profiles_must_go_before_the_cluster() throws Exception {
        world.active("lab");
        world.activeProfile("lab", "fp");
        assertThatThrownBy(() -> world.clusters().delete(REGION, "lab"))
                .isInstanceOf(Refused.class)
                .hasMessage(
                        "ResourceInUseException: Cannot delete because cluster lab currently has"
                                + " Fargate profile fp in status ACTIVE");
        assertThat(world.clusters().describe(REGION, "lab").status()).isEqualTo(Status.ACTIVE);

        world.profiles().delete(REGION, "lab", "fp");
        world.awaitProfileGone("lab", "fp");
        world.clusters().delete(REGION, "lab");
        world.awaitGone("lab");
    }

    @Test
    void no_profile_joins_a_cluster_that_is_being_deleted() throws Exception {
        world.active("lab");
        world.planes.failNextDelete("lab", "a file is busy");
        world.clusters().delete(REGION, "lab");
        assertThatThrownBy(() -> world.createProfile("lab", aProfile("fp")))
                .hasMessage("InvalidRequestException: Cluster 'lab' is not in ACTIVE status");
        world.time.awaitTimer(Duration.ofSeconds(1));
        world.time.advance(Duration.ofSeconds(1));
        world.awaitGone("lab");
    }

    @Test
    void an_ailing_component_shows_as_an_issue() throws Exception {
        world.active("lab");
        world.planes.ail("lab", new Health(List.of("kube-scheduler: restarting")));
        var ailing = world.clusters().describe(REGION, "lab");
        assertThat(ailing.status()).isEqualTo(Status.ACTIVE);
        assertThat(ailing.issues().getFirst().message()).isEqualTo("kube-scheduler: restarting");
        world.planes.ail("lab", Health.good());
        assertThat(world.clusters().describe(REGION, "lab").issues()).isEmpty();
    }

    @Test
    void a_protected_cluster_is_not_deleted() throws Exception {
        world.create(aCluster().named("lab").isProtected().build());
        world.await("lab", found -> found.status() == Status.ACTIVE);
        assertThatThrownBy(() -> world.clusters().delete(REGION, "lab"))
                .hasMessageStartingWith("InvalidRequestException: ");
    }

    @Test
    void subnets_of_clusters_are_in_use() throws Exception {
        world.active("lab");
        assertThat(world.clusters().usesSubnet("subnet-a")).isTrue();
        assertThat(world.clusters().usesSubnet("subnet-p")).isFalse();
    }
}
