package dev.berth.core.cluster;

import static dev.berth.core.cluster.NewClusterBuilder.aCluster;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.cluster.Cluster.Status;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ClusterValuesTest {
    @ParameterizedTest
    @CsvSource({
        "1.15, 1.34",
        "1.34, 1.34",
        "1.35, 1.35",
        "1.36, 1.36",
        "1.40, 1.36",
        "1.1, 1.34",
    })
    void the_nearest_version_runs(String asked, String runs) {
        var versions = new KubernetesVersions(List.of("1.34", "1.35", "1.36"), "1.36", false);
        assertThat(versions.toRun(asked)).contains(runs);
    }

    @Test
    void of_two_equally_near_versions_the_newer_runs() {
        var versions = new KubernetesVersions(List.of("1.33", "1.35"), "1.35", false);
        assertThat(versions.toRun("1.34")).contains("1.35");
    }

    @Test
    void what_is_no_minor_version_is_refused_even_when_not_strict() {
        var versions = new KubernetesVersions(List.of("1.36"), "1.36", false);
        for (var wrong : List.of("1.36.0", "latest", "2.1", "1", "")) {
            assertThat(versions.toRun(wrong)).as(wrong).isEmpty();
        }
    }

    @Test
    void strict_takes_only_what_is_offered() {
        var versions = new KubernetesVersions(List.of("1.36"), "1.36", true);
        assertThat(versions.toRun("1.15")).isEmpty();
        assertThat(versions.toRun("1.36")).contains("1.36");
    }

    @Test
    void the_default_range_of_services_keeps_clear_of_the_vpc() {
        assertThat(ServiceRange.defaultBeside("172.16.0.0/16")).isEqualTo("10.100.0.0/16");
        assertThat(ServiceRange.defaultBeside("10.0.0.0/8")).isEqualTo("172.20.0.0/16");
        assertThat(ServiceRange.defaultBeside("10.100.128.0/20")).isEqualTo("172.20.0.0/16");
    }

    @ParameterizedTest
    @CsvSource({
        "10.100.0.0/16, 10.100.0.10",
        "172.20.0.0/16, 172.20.0.10",
        "10.0.255.240/28, 10.0.255.250"
    })
    void dns_answers_at_the_tenth_address_of_the_services(String range, String address) {
        assertThat(ServiceRange.parse(range).orElseThrow().dnsAddress()).isEqualTo(address);
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1/16", "10.0.0/16", "10.0.0.0/33", "256.0.0.0/8", "10.0.0.0", "x"})
    void what_is_no_range_is_not_read(String text) {
        assertThat(ServiceRange.parse(text)).isEmpty();
    }

    @Test
    void a_cluster_is_made_then_used_then_deleted() {
        assertThat(Status.CREATING.mayBecome(Status.ACTIVE)).isTrue();
        assertThat(Status.CREATING.mayBecome(Status.FAILED)).isTrue();
        assertThat(Status.ACTIVE.mayBecome(Status.UPDATING)).isTrue();
        assertThat(Status.FAILED.mayBecome(Status.DELETING)).isTrue();
        assertThat(Status.ACTIVE.mayBecome(Status.CREATING)).isFalse();
        assertThat(Status.FAILED.mayBecome(Status.ACTIVE)).isFalse();
        for (var any : Status.values()) {
            assertThat(Status.DELETING.mayBecome(any)).as("DELETING to %s", any).isFalse();
            assertThat(any.mayBecome(any)).as("%s to itself", any).isFalse();
        }
    }

    @Test
    void defaults_are_those_of_eks() {
        var config = ClusterConfig.of(aCluster().build(), "1.36", "vpc-1", "172.16.0.0/16");
        assertThat(config.endpointPublicAccess()).isTrue();
        assertThat(config.endpointPrivateAccess()).isFalse();
        assertThat(config.publicAccessCidrs()).containsExactly("0.0.0.0/0");
        assertThat(config.serviceIpv4Cidr()).isEqualTo("10.100.0.0/16");
        assertThat(config.authenticationMode()).isEqualTo("CONFIG_MAP");
        assertThat(config.supportType()).isEqualTo("EXTENDED");
        assertThat(config.bootstrapCreatorAdmin()).isTrue();
        assertThat(config.deletionProtection()).isFalse();
    }

    @Test
    void logs_are_listed_in_the_order_of_eks() {
        var asked = aCluster().logging("scheduler", "api").build();
        assertThat(ClusterConfig.of(asked, "1.36", "vpc-1", "10.0.0.0/16").enabledLogTypes())
                .containsExactly("api", "scheduler");
    }
}
