package dev.berth.engine.profiles;

import static dev.berth.core.pod.PodBuilder.aPod;
import static dev.berth.engine.clusters.EksWorld.REGION;
import static dev.berth.engine.clusters.EksWorld.aProfile;
import static dev.berth.engine.clusters.EksWorld.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.cluster.NewClusterBuilder;
import dev.berth.core.pod.PodKey;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.profile.FargateProfile.Status;
import dev.berth.engine.clusters.EksWorld;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakeKubeApi.Call;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class ProfilesComeAndGoTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final EksWorld world = new EksWorld();

    @AfterEach
    void end() throws InterruptedException {
        world.close();
    }

    @Test
    void a_profile_is_creating_then_active() throws Exception {
        world.active("lab");
        var profile = world.createProfile("lab", aProfile("fp"));
        assertThat(profile.status()).isEqualTo(Status.CREATING);
        assertThat(profile.arn())
                .matches(
                        "arn:aws:eks:eu-west-1:111122223333:fargateprofile/lab/fp/"
                                + "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
        var active = world.awaitProfile("lab", "fp", Status.ACTIVE);
        assertThat(active.arn()).isEqualTo(profile.arn());
        assertThat(active.issues()).isEmpty();
        assertThat(world.profiles().active("lab")).containsExactly(active);
        assertThat(world.profiles().active("other")).isEmpty();
    }

    @Test
    void its_role_is_in_aws_auth_before_it_is_active() throws Exception {
        world.active("lab");
        var mine = "- rolearn: arn:aws:iam::111122223333:role/ops\n  username: ops\n";
        world.api("lab").putConfigMap("kube-system", "aws-auth", Map.of("mapRoles", mine));
        world.activeProfile("lab", "fp");
        assertThat(awsAuth())
                .startsWith(mine)
                .contains("rolearn: arn:aws:iam::111122223333:role/pods")
                .contains("username: system:node:{{SessionName}}")
                .contains("system:node-proxier");
        world.activeProfile("lab", "second");
        assertThat(awsAuth()).containsOnlyOnce("role/pods");
    }

    @Test
    void a_cluster_without_config_map_gets_none() throws Exception {
        world.create(NewClusterBuilder.aCluster().named("lab").authentication("API").build());
        world.await("lab", cluster -> cluster.access() != null);
        world.activeProfile("lab", "fp");
        assertThat(world.api("lab").configMap("kube-system", "aws-auth")).isEmpty();
    }

    @Test
    void the_webhook_comes_with_the_first_profile_and_has_the_settings_of_eks() throws Exception {
        world.active("lab");
        assertThat(webhooks("lab")).isEmpty();
        world.activeProfile("lab", "fp");
        assertThat(webhooks("lab")).hasSize(1);
        assertThat(webhooks("lab").getFirst())
                .contains("name: 0500-amazon-eks-fargate-mutation.amazonaws.com")
                .contains("url: \"https://127.0.0.1:4567/mutate/lab\"")
                .contains("caBundle: Q0E=")
                .contains("failurePolicy: Ignore")
                .contains("matchPolicy: Equivalent")
                .contains("reinvocationPolicy: Never")
                .contains("sideEffects: None")
                .contains("timeoutSeconds: 5")
                .contains("operations: [\"CREATE\"]")
                .contains("resources: [\"pods\"]");
    }

    @Test
    void without_subnets_it_takes_the_private_ones_of_the_cluster() throws Exception {
        world.create(NewClusterBuilder.aCluster().named("lab").in("subnet-p", "subnet-b").build());
        world.await("lab", cluster -> cluster.access() != null);
        var asked = aProfile("fp");
        var profile =
                world.createProfile(
                        "lab",
                        new NewProfile(
                                "fp",
                                asked.podExecutionRoleArn(),
                                List.of(),
                                asked.selectors(),
                                Map.of(),
                                null));
        assertThat(profile.subnets()).containsExactly("subnet-b");
        assertThat(world.profiles().usesSubnet("subnet-b")).isTrue();
        assertThat(world.profiles().usesSubnet("subnet-p")).isFalse();
    }

    @Test
    void only_one_profile_is_on_its_way_at_a_time() throws Exception {
        world.active("lab");
        world.activeProfile("lab", "old");
        world.api("lab").failNext(Call.UPDATE_CONFIG_MAP);
        world.createProfile("lab", aProfile("first"));
        assertThatThrownBy(() -> world.createProfile("lab", aProfile("second")))
                .hasMessage(
                        "ResourceInUseException: Cannot create Fargate Profile second because"
                                + " cluster lab currently has Fargate profile first in status"
                                + " CREATING");
        assertThatThrownBy(() -> world.profiles().delete(REGION, "lab", "old"))
                .hasMessage(
                        "ResourceInUseException: Cannot delete Fargate profile old because cluster"
                                + " lab currently has Fargate profile first in status CREATING");
        world.time.awaitTimer(Duration.ofMillis(500));
        world.time.advance(Duration.ofMillis(500));
        world.awaitProfile("lab", "first", Status.ACTIVE);
        world.activeProfile("lab", "second");
        assertThat(world.profiles().names(REGION, "lab")).containsExactly("first", "old", "second");
    }

    @Test
    void of_many_that_ask_at_once_one_is_made() throws Exception {
        world.active("lab");
        world.api("lab").failNext(Call.UPDATE_CONFIG_MAP);
        List<Callable<String>> requests =
                IntStream.range(0, 9)
                        .<Callable<String>>mapToObj(
                                n -> () -> world.createProfile("lab", aProfile("fp" + n)).name())
                        .toList();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThat(threads.invokeAll(requests))
                    .filteredOn(request -> request.state() == Future.State.SUCCESS)
                    .hasSize(1);
        }
        assertThat(world.profiles().names(REGION, "lab")).hasSize(1);
        world.time.awaitTimer(Duration.ofMillis(500));
        world.time.advance(Duration.ofMillis(500));
    }

    @Test
    void a_refusing_api_server_makes_it_fail() throws Exception {
        world.active("lab");
        world.api("lab").refuseNext(Call.APPLY, 422, "bad webhook");
        world.createProfile("lab", aProfile("fp"));
        var failed = world.awaitProfile("lab", "fp", Status.CREATE_FAILED);
        assertThat(failed.issues()).containsExactly("InternalFailure: bad webhook");
        assertThat(world.profiles().active("lab")).isEmpty();

        world.profiles().delete(REGION, "lab", "fp");
        world.awaitProfileGone("lab", "fp");
    }

    @Test
    void its_pods_leave_with_their_grace_before_it_is_gone() throws Exception {
        world.active("lab");
        world.activeProfile("lab", "fp");
        var api = world.api("lab");
        api.create(
                aPod().named("mine")
                        .profile("fp")
                        .scheduler("fargate-scheduler")
                        .on("fargate-172.16.1.10")
                        .terminationGraceSeconds(7)
                        .build());
        api.create(
                aPod().named("labelled")
                        .profile("fp")
                        .scheduler("default-scheduler")
                        .on("node")
                        .build());
        api.create(
                aPod().named("other")
                        .profile("fp2")
                        .scheduler("fargate-scheduler")
                        .on("fargate-172.16.1.11")
                        .build());

        var deleting = world.profiles().delete(REGION, "lab", "fp");
        assertThat(deleting.status()).isEqualTo(Status.DELETING);
        assertThat(world.profiles().active("lab")).isEmpty();
        var mine = new PodKey("default", "mine");
        var leaving = api.awaitPod(mine, pod -> pod.deleting(), PATIENCE);
        assertThat(leaving.metadata().deletionGraceSeconds()).isEqualTo(7);
        assertThat(status("fp")).isEqualTo(Status.DELETING);

        api.deletePod(mine, leaving.uid(), 0);
        world.awaitProfileGone("lab", "fp");
        assertThat(api.pods())
                .extracting(pod -> pod.metadata().name())
                .containsExactlyInAnyOrder("labelled", "other");
        assertThat(api.pods()).noneMatch(pod -> pod.deleting());
    }

    @Test
    void pods_that_do_not_leave_make_deletion_fail_and_it_can_be_tried_again() throws Exception {
        world.active("lab");
        world.activeProfile("lab", "fp");
        var api = world.api("lab");
        stuckPod(api, "fp");
        world.profiles().delete(REGION, "lab", "fp");
        api.awaitPod(new PodKey("default", "mine"), pod -> pod.deleting(), PATIENCE);
        world.time.awaitTimer(Duration.ofMinutes(10));
        world.time.advance(Duration.ofMinutes(10));
        var failed = world.awaitProfile("lab", "fp", Status.DELETE_FAILED);
        assertThat(failed.issues()).containsExactly("InternalFailure: 1 pods are still there");

        assertThat(world.profiles().delete(REGION, "lab", "fp").issues()).isEmpty();
        api.deletePod(
                new PodKey("default", "mine"),
                api.pod(new PodKey("default", "mine")).orElseThrow().uid(),
                0);
        world.awaitProfileGone("lab", "fp");
    }

    @Test
    void deleting_again_changes_nothing() throws Exception {
        world.active("lab");
        world.activeProfile("lab", "fp");
        var api = world.api("lab");
        stuckPod(api, "fp");
        world.profiles().delete(REGION, "lab", "fp");
        assertThat(world.profiles().delete(REGION, "lab", "fp").status())
                .isEqualTo(Status.DELETING);
        var pod = api.awaitPod(new PodKey("default", "mine"), found -> found.deleting(), PATIENCE);
        api.deletePod(pod.key(), pod.uid(), 0);
        world.awaitProfileGone("lab", "fp");
        assertThat(api.calls(Call.DELETE_POD)).isEqualTo(2);
    }

    @Test
    void a_profile_on_its_way_is_taken_up_after_a_restart() throws Exception {
        world.active("lab");
        world.activeProfile("lab", "old");
        var api = world.api("lab");
        stuckPod(api, "old");
        world.profiles().delete(REGION, "lab", "old");
        api.awaitPod(new PodKey("default", "mine"), pod -> pod.deleting(), PATIENCE);
        world.restart();
        assertThat(status("old")).isEqualTo(Status.DELETING);
        eventually(() -> world.clusters().running("lab").isPresent());
        api.deletePod(
                new PodKey("default", "mine"),
                api.pod(new PodKey("default", "mine")).orElseThrow().uid(),
                0);
        world.awaitProfileGone("lab", "old");

        api.failNext(Call.APPLY);
        world.createProfile("lab", aProfile("fp"));
        world.time.awaitTimer(Duration.ofMillis(500));
        world.restart();
        world.awaitProfile("lab", "fp", Status.ACTIVE);
    }

    @Test
    void active_profiles_are_there_at_once_after_a_restart_and_the_webhook_is_renewed()
            throws Exception {
        world.active("lab");
        world.activeProfile("lab", "fp");
        world.restart();
        assertThat(world.profiles().active("lab"))
                .extracting(FargateProfile::name)
                .containsExactly("fp");
        eventually(() -> world.clusters().running("lab").isPresent());
        assertThat(webhooks("lab")).hasSize(2);
    }

    @Test
    void tags_change_and_last() throws Exception {
        world.active("lab");
        var arn = world.activeProfile("lab", "fp").arn();
        var tags = new ResourceTags(world.clusters(), world.profiles());
        tags.add(REGION, arn, Map.of("a", "1", "b", "2"));
        tags.remove(REGION, arn, List.of("a", "none"));
        assertThat(tags.of(REGION, arn)).isEqualTo(Map.of("b", "2"));
        assertThat(world.profiles().active("lab").getFirst().tags()).isEqualTo(Map.of("b", "2"));
        world.restart();
        assertThat(new ResourceTags(world.clusters(), world.profiles()).of(REGION, arn))
                .isEqualTo(Map.of("b", "2"));
    }

    private Status status(String name) throws Exception {
        return world.profiles().describe(REGION, "lab", name).status();
    }

    private String awsAuth() {
        return new String(
                world.api("lab").configMap("kube-system", "aws-auth").orElseThrow().get("mapRoles"),
                StandardCharsets.UTF_8);
    }

    private List<String> webhooks(String cluster) {
        return world.api(cluster).applied().stream()
                .filter(yaml -> yaml.contains("MutatingWebhookConfiguration"))
                .toList();
    }

    private static void stuckPod(FakeKubeApi api, String profile) {
        api.create(
                aPod().named("mine")
                        .profile(profile)
                        .scheduler("fargate-scheduler")
                        .on("fargate-172.16.1.10")
                        .build());
    }
}
