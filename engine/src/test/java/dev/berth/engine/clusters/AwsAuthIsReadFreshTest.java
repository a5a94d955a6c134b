package dev.berth.engine.clusters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.cluster.ServiceRange;
import dev.berth.testkit.FakeKubeApi;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where the token webhook takes aws-auth and the creator from. */
class AwsAuthIsReadFreshTest {
    private final EksWorld world = new EksWorld();
    private final AwsAuthMaps maps = new AwsAuthMaps(new ClusterRecords(world.store), world.time);

    @BeforeEach
    void aClusterRuns() throws Exception {
        var cluster = world.active("lab");
        maps.started(
                new RunningCluster(
                        "lab",
                        cluster.arn(),
                        cluster.accountId(),
                        cluster.region(),
                        "v1.36.3",
                        "vpc-1",
                        ServiceRange.parse("10.100.0.0/16").orElseThrow(),
                        api()));
        api().removeConfigMap("kube-system", "aws-auth");
    }

    @Test
    void without_the_config_map_there_is_nothing() {
        assertThat(maps.data("lab")).isEmpty();
    }

    @Test
    void a_change_is_seen_within_two_seconds() {
        assertThat(maps.data("lab")).isEmpty();
        api().putConfigMap("kube-system", "aws-auth", Map.of("mapRoles", "[]"));
        world.time.advance(Duration.ofSeconds(2));
        assertThat(maps.data("lab")).containsExactly(Map.entry("mapRoles", "[]"));
        api().removeConfigMap("kube-system", "aws-auth");
        world.time.advance(Duration.ofSeconds(2));
        assertThat(maps.data("lab")).isEmpty();
    }

    @Test
    void many_questions_in_a_moment_are_one_request() {
        long before = api().calls(FakeKubeApi.Call.CONFIG_MAP);
        for (int i = 0; i < 10; i++) {
            maps.data("lab");
        }
        assertThat(api().calls(FakeKubeApi.Call.CONFIG_MAP) - before).isEqualTo(1);
    }

    @Test
    void while_the_api_server_is_away_what_was_read_last_counts() {
        api().putConfigMap("kube-system", "aws-auth", Map.of("mapUsers", "x"));
        assertThat(maps.data("lab")).containsKey("mapUsers");
        world.time.advance(Duration.ofSeconds(3));
        api().failNext(FakeKubeApi.Call.CONFIG_MAP);
        assertThat(maps.data("lab")).containsKey("mapUsers");
    }

    @Test
    void a_cluster_that_does_not_run_has_none() {
        api().putConfigMap("kube-system", "aws-auth", Map.of("mapUsers", "x"));
        maps.stopping("lab");
        assertThat(maps.data("lab")).isEmpty();
        assertThat(maps.data("unknown")).isEmpty();
    }

    @Test
    void the_creator_is_the_one_who_asked_for_it() {
        assertThat(maps.creatorArn("lab")).contains("arn:aws:iam::111122223333:root");
        assertThat(maps.creatorArn("unknown")).isEmpty();
    }

    private FakeKubeApi api() {
        return world.api("lab");
    }
}
