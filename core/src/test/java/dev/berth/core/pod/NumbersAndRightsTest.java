package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.berth.core.pod.PodSecurity.SeccompProfile;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersAndRightsTest {
    @ParameterizedTest
    @CsvSource({"0, 2", "1m, 2", "10m, 10", "250m, 256", "1, 1024", "4, 4096", "300, 262144"})
    void requests_become_weights(String cpu, long shares) {
        assertThat(ContainerResources.cpuShares(aContainer().requestingOnly("cpu", cpu).build()))
                .isEqualTo(shares);
    }

    @Test
    void a_limit_is_the_weight_when_nothing_is_requested() {
        assertThat(
                        ContainerResources.cpuShares(
                                aContainer().limiting(Map.of("cpu", "500m")).build()))
                .isEqualTo(512);
        assertThat(ContainerResources.cpuShares(aContainer().build())).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1m, 1000",
        "5m, 1000",
        "10m, 1000",
        "11m, 1100",
        "500m, 50000",
        "2, 200000"
    })
    void limits_become_quotas(String cpu, long quota) {
        assertThat(
                        ContainerResources.cpuQuotaMicros(
                                aContainer().limiting(Map.of("cpu", cpu)).build()))
                .isEqualTo(quota);
    }

    @Test
    void weights_never_leave_their_range() {
        qt().forAll(integers().between(0, 1_000_000))
                .check(millis -> {
                    var shares =
                            ContainerResources.cpuShares(
                                    aContainer().requestingOnly("cpu", millis + "m").build());
                    return shares >= 2 && shares <= 262_144;
                });
    }

    @Test
    void the_class_of_service_is_Kubernetes_own() {
        assertThat(ContainerResources.qosClass(aPod().build().spec())).isEqualTo("BestEffort");
        assertThat(ContainerResources.qosClass(aPod().requesting("1", "1Gi").build().spec()))
                .isEqualTo("Burstable");
        assertThat(
                        ContainerResources.qosClass(
                                aPod().container(aContainer().limiting("1", "1Gi")).build().spec()))
                .isEqualTo("Guaranteed");
        assertThat(
                        ContainerResources.qosClass(
                                aPod().container(aContainer().limiting("1", "1Gi"))
                                        .container(aContainer("b"))
                                        .build()
                                        .spec()))
                .isEqualTo("Burstable");
    }

    @Test
    void the_kernels_score_follows_the_class_of_service() {
        var capacity = 1L << 30;
        var best = aPod().build();
        assertThat(score(best, capacity)).isEqualTo(1000);
        assertThat(score(aPod().container(aContainer().limiting("1", "1Gi")).build(), capacity))
                .isEqualTo(-997);
        assertThat(score(aPod().requesting("1", "256Mi").build(), capacity)).isEqualTo(750);
        assertThat(score(aPod().requesting("1", "2Gi").build(), capacity)).isEqualTo(3);
        assertThat(score(aPod().requesting("1", "1Ki").build(), capacity)).isEqualTo(999);
    }

    @Test
    void what_a_pod_says_as_a_whole_decides_its_class_and_is_shared_out_to_its_containers() {
        var guaranteed =
                aPod().limitedAsAWhole("cpu", "1")
                        .limitedAsAWhole("memory", "256Mi")
                        .requestingAsAWhole("cpu", "1")
                        .requestingAsAWhole("memory", "256Mi")
                        .container(aContainer("a").requestingOnly("cpu", "10m"))
                        .build();
        assertThat(ContainerResources.qosClass(guaranteed.spec())).isEqualTo("Guaranteed");
        var burstable =
                aPod().requestingAsAWhole("memory", "512Mi")
                        .container(aContainer("a").requestingOnly("memory", "128Mi"))
                        .container(aContainer("b"))
                        .build();
        assertThat(ContainerResources.qosClass(burstable.spec())).isEqualTo("Burstable");
        assertThat(score(burstable, 1L << 30)).as("320 of 1024 MiB").isEqualTo(1000 - 312);
    }

    @Test
    void a_container_without_a_limit_has_its_pods() {
        var spec =
                aPod().limitedAsAWhole("cpu", "500m")
                        .limitedAsAWhole("memory", "256Mi")
                        .build()
                        .spec();
        var own =
                ContainerResources.limited(
                        spec, aContainer().limiting(Map.of("cpu", "100m")).build());
        assertThat(ContainerResources.cpuQuotaMicros(own)).isEqualTo(10_000);
        assertThat(ContainerResources.memoryBytes(own)).isEqualTo(256L << 20);
        var none = ContainerResources.limited(spec, aContainer().build());
        assertThat(ContainerResources.cpuQuotaMicros(none)).isEqualTo(50_000);
        assertThat(ContainerResources.cpuShares(none)).isEqualTo(512);
    }

    private static int score(Pod pod, long capacity) {
        return ContainerResources.oomScore(
                pod.spec(), pod.spec().containers().getFirst(), capacity);
    }

    @Test
    void capabilities_are_the_default_ones_less_the_dropped_plus_the_added() {
        assertThat(Privileges.capabilities(Container.Security.NONE))
                .hasSize(14)
                .contains("CAP_NET_BIND_SERVICE", "CAP_CHOWN")
                .doesNotContain("CAP_SYS_ADMIN", "CAP_NET_ADMIN");
        assertThat(Privileges.capabilities(rights(List.of(), List.of("NET_RAW", "CAP_MKNOD"))))
                .hasSize(12);
        assertThat(Privileges.capabilities(rights(List.of("NET_BIND_SERVICE"), List.of("all"))))
                .containsExactly("CAP_NET_BIND_SERVICE");
    }

    private static Container.Security rights(List<String> add, List<String> drop) {
        return new Container.Security(false, null, null, null, null, false, add, drop, null, null);
    }

    @Test
    void seccomp_is_the_runtimes_default_unless_something_else_is_said() {
        assertThat(seccomp(null, null)).isEqualTo("RuntimeDefault");
        var unconfined = new SeccompProfile("Unconfined", null);
        var local = new SeccompProfile("Localhost", "profiles/a.json");
        assertThat(seccomp(unconfined, null)).isEqualTo("Unconfined");
        assertThat(seccomp(unconfined, local)).isEqualTo("profiles/a.json");
    }

    private static String seccomp(
            @Nullable SeccompProfile ofPod, @Nullable SeccompProfile ofContainer) {
        var pod = new PodSecurity(null, null, null, List.of(), null, null, Map.of(), ofPod);
        var container =
                new Container.Security(
                        false,
                        null,
                        null,
                        null,
                        null,
                        false,
                        List.of(),
                        List.of(),
                        null,
                        ofContainer);
        return Privileges.seccomp(
                aPod().security(pod).build().spec(), aContainer().security(container).build());
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0s",
        "7, 7ms",
        "843, 843ms",
        "1000, 1s",
        "1500, 1.5s",
        "10000, 10s",
        "80000, 1m20s",
        "300000, 5m0s",
        "3600000, 1h0m0s",
        "61001, 1m1.001s"
    })
    void durations_look_as_Go_prints_them(long millis, String text) {
        assertThat(PodWords.duration(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @Test
    void a_pull_is_told_in_a_kubelets_words() {
        assertThat(
                        PodWords.pulled(
                                "nginx",
                                Duration.ofNanos(843_999_999),
                                Duration.ofMillis(1500),
                                29_150_000))
                .isEqualTo(
                        "Successfully pulled image \"nginx\" in 843ms (1.5s including waiting)."
                                + " Image size: 29150000 bytes.");
    }

    @Test
    void a_cpu_limit_above_the_provisioned_size_fails_as_on_AWS() {
        assertThat(PodWords.cpuLimitTooLarge(aPod().uid("1-2").build(), "Burstable", 100_000))
                .isEqualTo(
                        "failed to write \"100000\": write"
                                + " /sys/fs/cgroup/cpu,cpuacct/kubepods/burstable/pod1-2/cpu.cfs_quota_us:"
                                + " invalid argument: unknown");
    }

    @ParameterizedTest
    @CsvSource({
        "SIGTERM, 15",
        "SIGQUIT, 3",
        "quit, 3",
        "9, 9",
        "SIGRTMIN+3, 37",
        "RTMAX-1, 63",
        "NONSENSE, 15",
        "SIGUSR1, 10",
        "99, 15"
    })
    void signals_have_numbers(String name, int number) {
        assertThat(StopPlan.signal(null, name)).isEqualTo(number);
        assertThat(StopPlan.signal("SIGINT", name)).isEqualTo(2);
        assertThat(StopPlan.signal(null, null)).isEqualTo(15);
    }

    @Test
    void a_grace_period_only_becomes_shorter() {
        var now = java.time.Instant.EPOCH;
        var pod = aPod().terminationGraceSeconds(30);
        assertThat(StopPlan.graceSeconds(pod.build(), null)).isEqualTo(30);
        assertThat(StopPlan.graceSeconds(pod.deleting(now, 5).build(), null)).isEqualTo(5);
        assertThat(StopPlan.graceSeconds(pod.deleting(now, 60).build(), 5L)).isEqualTo(5);
        assertThat(StopPlan.graceSeconds(pod.deleting(now, 0).build(), 5L)).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "nginx, true",
        "nginx:1.27, true",
        "docker.io/library/nginx:latest, true",
        "localhost:5000/a/b_c/d-e:v1, true",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:0123456789012345678901234567890123456789012345678901234567890123, true",
        "Nginx, false",
        "nginx:, false",
        "http://nginx, false",
        "nginx@sha256:12, false",
        "a b, false"
    })
    void an_image_has_a_name_or_not(String image, boolean good) {
        assertThat(ImageName.problem(image).isEmpty()).isEqualTo(good);
    }

    @Test
    void an_upper_case_name_is_told_as_such() {
        assertThat(ImageName.problem("Nginx"))
                .contains(
                        "couldn't parse image name \"Nginx\": invalid reference format: repository"
                                + " name must be lowercase");
    }

    @Test
    void pull_secrets_are_read_for_their_registry() {
        var auth = Base64.getEncoder().encodeToString("me:pass:word".getBytes(UTF_8));
        var config =
                """
                {"auths": {"https://index.docker.io/v1/": {"auth": "%s", "email": "a@b\\u0041"},
                           "registry.example:5000": {"username": "you", "password": "p\\"w"},
                           "broken": {"auth": "!!"}}, "more": [1, true, null, {"x": []}]}
                """
                        .formatted(auth);
        var file = config.getBytes(UTF_8);
        assertThat(PullSecrets.logins(file, "nginx"))
                .containsExactly(new PullSecrets.Login("index.docker.io", "me", "pass:word"));
        assertThat(PullSecrets.logins(file, "registry.example:5000/web:1"))
                .containsExactly(new PullSecrets.Login("registry.example:5000", "you", "p\"w"));
        assertThat(PullSecrets.logins(file, "other.example/web")).isEmpty();
        var secret = Map.of(".dockerconfigjson", file);
        assertThat(PullSecrets.logins("kubernetes.io/dockerconfigjson", secret, "nginx"))
                .hasSize(1);
        assertThat(PullSecrets.logins("Opaque", secret, "nginx")).isEmpty();
    }

    @Test
    void what_is_not_a_pull_secret_has_no_logins() {
        for (var text :
                List.of("", "{", "[]", "{\"auths\": 3}", "{\"auths\": {\"a\": }}", "{\"a")) {
            assertThat(PullSecrets.logins(text.getBytes(UTF_8), "a")).as(text).isEmpty();
        }
        var old = "{\"docker.io\": {\"username\": \"u\", \"password\": \"p\"}}";
        assertThat(
                        PullSecrets.logins(
                                "kubernetes.io/dockercfg",
                                Map.of(".dockercfg", old.getBytes(UTF_8)),
                                "nginx"))
                .hasSize(1);
    }
}
