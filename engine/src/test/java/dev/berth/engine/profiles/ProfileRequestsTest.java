package dev.berth.engine.profiles;

import static dev.berth.engine.clusters.EksWorld.POD_ROLE;
import static dev.berth.engine.clusters.EksWorld.REGION;
import static dev.berth.engine.clusters.EksWorld.aProfile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.cluster.NewClusterBuilder;
import dev.berth.core.profile.FargateProfile.Status;
import dev.berth.core.profile.ProfileRules.WishedSelector;
import dev.berth.engine.clusters.EksWorld;
import dev.berth.testkit.FakeStore;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(120)
final class ProfileRequestsTest {
    private static final String PARAMETER = "InvalidParameterException: ";
    private static final String TRUST =
            PARAMETER
                    + "Misconfigured PodExecutionRole Trust Policy; Please add the"
                    + " eks-fargate-pods.amazonaws.com Service Principal";
    private static final WishedSelector GOOD = new WishedSelector("default", Map.of());

    private final EksWorld world = new EksWorld();

    @AfterEach
    void end() throws InterruptedException {
        world.planes.release("slow");
        world.close();
    }

    static List<Arguments> bad() {
        return List.of(
                Arguments.of(
                        profile("-fp", POD_ROLE, List.of("subnet-a"), GOOD),
                        PARAMETER
                                + "The Fargate profile name parameter contains invalid characters. It"
                                + " should begin with letter or digit and can have any of the following"
                                + " characters: the set of Unicode letters, digits, hyphens and"
                                + " underscores."),
                Arguments.of(
                        profile("fp", POD_ROLE, List.of(), new WishedSelector("a_b", Map.of())),
                        PARAMETER + "The namespace provided is invalid."),
                Arguments.of(
                        profile(
                                "fp",
                                POD_ROLE,
                                List.of(),
                                new WishedSelector("ns", Map.of("bad key!", "x"))),
                        PARAMETER + "Selector label provided is invalid."),
                Arguments.of(
                        profile("fp", "arn:aws:iam::444455556666:role/pods", List.of(), GOOD),
                        "AccessDeniedException: Cross-account pass role is not allowed."),
                Arguments.of(
                        profile("fp", POD_ROLE, List.of()),
                        PARAMETER + "Fargate Profile requires at least one selector."),
                Arguments.of(
                        profile(
                                "fp",
                                POD_ROLE,
                                List.of(),
                                Collections.nCopies(6, GOOD).toArray(WishedSelector[]::new)),
                        PARAMETER + "Request contains more than 5 Selectors"),
                Arguments.of(
                        profile("fp", POD_ROLE, List.of(), new WishedSelector(null, Map.of())),
                        PARAMETER
                                + "Fargate Profile must have at least one selector with at least"
                                + " one namespace value."),
                Arguments.of(
                        profile("fp", POD_ROLE, List.of("subnet-a", "subnet-p"), GOOD),
                        PARAMETER
                                + "Subnet subnet-p provided in Fargate Profile is not a private"
                                + " subnet"),
                Arguments.of(
                        profile("fp", POD_ROLE, List.of("subnet-zz"), GOOD),
                        PARAMETER + "There is no subnet with the ID 'subnet-zz'"),
                Arguments.of(
                        profile("fp", POD_ROLE, List.of("subnet-x"), GOOD),
                        PARAMETER
                                + "Subnet subnet-x provided in Fargate Profile is not in the VPC of"
                                + " cluster lab"),
                Arguments.of(
                        profile("fp", EksWorld.CLUSTER_ROLE, List.of("subnet-a"), GOOD), TRUST),
                Arguments.of(
                        profile(
                                "fp",
                                "arn:aws:iam::111122223333:role/none",
                                List.of("subnet-a"),
                                GOOD),
                        TRUST),
                Arguments.of(
                        aProfile("there"),
                        "ResourceInUseException: A Fargate Profile already exists with this name in"
                                + " this cluster."));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void a_bad_request_is_refused_and_leaves_nothing(NewProfile asked, String message)
            throws Exception {
        world.active("lab");
        world.activeProfile("lab", "there");
        assertThatThrownBy(() -> world.createProfile("lab", asked)).hasMessage(message);
        assertThat(world.profiles().names(REGION, "lab")).containsExactly("there");
    }

    @Test
    void syntax_comes_before_the_cluster_and_the_cluster_before_the_counts() {
        assertThatThrownBy(() ->
                        world.createProfile("none", profile("-fp", POD_ROLE, List.of("subnet-p"))))
                .hasMessageContaining("invalid characters");
        assertThatThrownBy(() ->
                        world.createProfile("none", profile("fp", POD_ROLE, List.of("subnet-p"))))
                .hasMessage("ResourceNotFoundException: No cluster found for name: none.");
    }

    @Test
    void the_cluster_must_be_active() throws Exception {
        world.planes.hold("slow");
        world.create(NewClusterBuilder.aCluster().named("slow").build());
        assertThatThrownBy(() -> world.createProfile("slow", profile("fp", POD_ROLE, List.of())))
                .hasMessage("InvalidRequestException: Cluster 'slow' is not in ACTIVE status");
    }

    @Test
    void the_trust_may_be_for_profiles_of_this_cluster_only() throws Exception {
        world.active("lab");
        var arn = "arn:aws:iam::111122223333:role/careful";
        trust(arn, "arn:aws:eks:eu-west-1:111122223333:cluster/lab");
        assertThatThrownBy(() -> createWith(arn)).hasMessage(TRUST);
        trust(arn, "arn:aws:eks:eu-west-1:111122223333:fargateprofile/other/*");
        assertThatThrownBy(() -> createWith(arn)).hasMessage(TRUST);
        trust(arn, "arn:aws:eks:eu-west-1:111122223333:fargateprofile/lab/*");
        createWith(arn);
        world.awaitProfile("lab", "fp", Status.ACTIVE);
    }

    @Test
    void a_cluster_has_ten_profiles_at_most() throws Exception {
        world.active("lab");
        for (var n = 0; n < 10; n++) {
            world.activeProfile("lab", "fp" + n);
        }
        assertThatThrownBy(() -> world.createProfile("lab", aProfile("one-more")))
                .hasMessageStartingWith("ResourceLimitExceededException: ");
    }

    @Test
    void the_same_request_with_the_same_token_finds_its_profile() throws Exception {
        world.active("lab");
        var first = world.createProfile("lab", named("fp", "t-1"));
        assertThat(world.createProfile("lab", named("fp", "t-1")).arn()).isEqualTo(first.arn());
        assertThatThrownBy(() -> world.createProfile("lab", named("other", "t-1")))
                .hasMessageStartingWith("InvalidParameterException: The clientRequestToken");
        world.awaitProfile("lab", "fp", Status.ACTIVE);
        assertThatThrownBy(() -> world.createProfile("lab", named("fp", "t-2")))
                .hasMessage(
                        "ResourceInUseException: A Fargate Profile already exists with this name in"
                                + " this cluster.");
    }

    @Test
    void what_is_not_there_is_not_found() throws Exception {
        world.active("lab");
        var words = "ResourceNotFoundException: No Fargate Profile found with name: none.";
        assertThatThrownBy(() -> world.profiles().describe(REGION, "lab", "none"))
                .hasMessage(words);
        assertThatThrownBy(() -> world.profiles().delete(REGION, "lab", "none")).hasMessage(words);
        assertThatThrownBy(() -> world.profiles().names(REGION, "none"))
                .hasMessage("ResourceNotFoundException: No cluster found for name: none.");
    }

    @Test
    void a_record_that_could_not_be_written_leaves_nothing() throws Exception {
        world.active("lab");
        world.store.failNext(FakeStore.Call.PUT, FakeStore.Fault.UNAVAILABLE);
        assertThatThrownBy(() -> world.createProfile("lab", aProfile("fp")))
                .isInstanceOf(RuntimeException.class);
        assertThat(world.profiles().names(REGION, "lab")).isEmpty();
        world.activeProfile("lab", "fp");

        world.store.failNext(FakeStore.Call.PUT, FakeStore.Fault.UNAVAILABLE);
        assertThatThrownBy(() -> world.profiles().delete(REGION, "lab", "fp"))
                .isInstanceOf(RuntimeException.class);
        assertThat(world.profiles().active("lab")).hasSize(1);
        world.profiles().delete(REGION, "lab", "fp");
        world.awaitProfileGone("lab", "fp");
    }

    @Test
    void a_record_whose_answer_got_lost_is_found_by_the_next_attempt() throws Exception {
        world.active("lab");
        world.store.failNext(FakeStore.Call.PUT, FakeStore.Fault.ANSWER_LOST);
        assertThatThrownBy(() -> world.createProfile("lab", aProfile("fp")))
                .isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> world.createProfile("lab", aProfile("fp")))
                .hasMessageContaining("already exists");
        world.awaitProfile("lab", "fp", Status.ACTIVE);
    }

    private void createWith(String roleArn) throws Exception {
        world.createProfile("lab", profile("fp", roleArn, List.of("subnet-a"), GOOD));
    }

    private void trust(String arn, String sourceArn) {
        world.role(arn, List.of("eks-fargate-pods.amazonaws.com"), List.of(sourceArn), "Any");
    }

    private static NewProfile named(String name, @Nullable String token) {
        var asked = aProfile(name);
        return new NewProfile(
                name,
                asked.podExecutionRoleArn(),
                asked.subnets(),
                asked.selectors(),
                Map.of(),
                token);
    }

    private static NewProfile profile(
            String name, String role, List<String> subnets, WishedSelector... selectors) {
        return new NewProfile(name, role, subnets, List.of(selectors), Map.of(), null);
    }
}
