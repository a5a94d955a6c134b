package dev.berth.core.refusal;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.golden.Golden;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.PodSpec.NodeRequirement;
import dev.berth.core.pod.PodSpec.Toleration;
import dev.berth.core.pod.Volume.Source;
import dev.berth.core.refusal.Refusal.Recheck;
import dev.berth.core.refusal.Runnability.Refused;
import dev.berth.core.refusal.Runnability.Runnable;
import dev.berth.core.size.FargateSize;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunnabilityTest {
    private static final List<String> ZONES = List.of("eu-west-1b", "eu-west-1a", "eu-west-1c");

    @Test
    @DisplayName("§3.1 a pod that asks for nothing runs in the smallest size, in any zone")
    void a_plain_pod_runs() {
        assertThat(judge(aPod()))
                .isEqualTo(
                        new Runnable(
                                new FargateSize(250, 512),
                                20,
                                List.of("eu-west-1a", "eu-west-1b", "eu-west-1c")));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "kubernetes.io/os, linux",
        "kubernetes.io/arch, amd64",
        "beta.kubernetes.io/os, linux",
        "eks.amazonaws.com/compute-type, fargate",
        "topology.kubernetes.io/region, eu-west-1"
    })
    @DisplayName("§2.2 node selectors that a Fargate node satisfies pass")
    void satisfiable_selectors_pass(String key, String value) {
        assertThat(judge(aPod().nodeSelector(key, value))).isInstanceOf(Runnable.class);
    }

    @ParameterizedTest
    @CsvSource({"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"})
    @DisplayName("§2.2, §2.7 a zone label picks the zone")
    void a_zone_selector_pins_the_zone(String key) {
        assertThat(judge(aPod().nodeSelector(key, "eu-west-1b")))
                .isInstanceOfSatisfying(
                        Runnable.class,
                        runnable -> assertThat(runnable.zones()).containsExactly("eu-west-1b"));
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "eks.amazonaws.com/compute-type, NotIn, fargate",
        "eks.amazonaws.com/nodegroup, In, workers",
        "my-label, Exists, ",
        "kubernetes.io/arch, In, arm64",
        "kubernetes.io/hostname, In, ip-10-0-0-1.eu-west-1.compute.internal",
        "topology.kubernetes.io/zone, In, eu-west-1d"
    })
    @DisplayName("§4.5 node affinity that no Fargate node satisfies: MatchNodeSelector failed")
    void unsatisfiable_affinity_is_refused(String key, String operator, String value) {
        var requirement =
                new NodeRequirement(key, operator, value == null ? List.of() : List.of(value));

        assertThat(judge(aPod().nodeTerm(requirement)))
                .isEqualTo(
                        new Refused(
                                List.of(
                                        new Refusal(
                                                "POD_NODE_SELECTOR_NOT_SATISFIED",
                                                "MatchNodeSelector failed: Fargate profile"
                                                        + " fp-default cannot satisfy pod's node"
                                                        + " selector/affinity requirements",
                                                Recheck.NEVER))));
    }

    @Test
    @DisplayName("§4.5 a custom label in the node selector is refused too")
    void unsatisfiable_selector_is_refused() {
        assertThat(judge(aPod().nodeSelector("disk", "ssd"))).isInstanceOf(Refused.class);
    }

    @Test
    @DisplayName("§1.2 tolerations do not matter, neither their absence nor their presence")
    void tolerations_do_not_matter() {
        assertThat(judge(aPod().tolerating(new Toleration(null, "Exists", null, null, null))))
                .isEqualTo(judge(aPod()));
    }

    @Test
    @DisplayName("§4.1 unsupported: the code seen with this text; not looked at again")
    void unsupported_has_its_code() {
        assertThat(judge(aPod().hostNetwork()))
                .isEqualTo(
                        new Refused(
                                List.of(
                                        new Refusal(
                                                "POD_UNSUPPORTED_ON_FARGATE",
                                                "Pod not supported on Fargate: fields not"
                                                        + " supported: HostNetwork",
                                                Recheck.NEVER))));
    }

    @Test
    @DisplayName("§3.6, §4.1 too big: code and text of the condition")
    void too_big_has_its_code() {
        assertThat(judge(aPod().requesting("17", "1Gi")))
                .isEqualTo(
                        new Refused(
                                List.of(
                                        new Refusal(
                                                "POD_CPU_MEM_EXCEEDS_MAX_FARGATE_SIZE",
                                                "Your pod's cpu/memory requirements exceed the max"
                                                        + " Fargate configuration",
                                                Recheck.NEVER))));
    }

    @Test
    @DisplayName("§4.1 what only claims stand in the way of is looked at again about once a minute")
    void claims_are_looked_at_again() {
        assertThat(judge(aPod().volume("data", new Source.Claim("later", false))))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.recheck()).isEqualTo(Recheck.EVERY_MINUTE));
        assertThat(
                        judge(
                                aPod().volume("data", new Source.Claim("later", false))
                                        .container(aContainer().requesting("17", "1Gi"))))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused -> assertThat(refused.recheck()).isEqualTo(Recheck.NEVER));
    }

    @Test
    void all_reasons_are_told_at_once_the_spec_first() {
        var pod =
                aPod().hostPid()
                        .nodeSelector("disk", "ssd")
                        .container(
                                aContainer()
                                        .requesting(
                                                Map.of("cpu", "17", "ephemeral-storage", "200Gi")));

        assertThat(judge(pod))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused ->
                                assertThat(refused.reasons())
                                        .extracting(Refusal::code)
                                        .containsExactly(
                                                "POD_UNSUPPORTED_ON_FARGATE",
                                                "POD_CPU_MEM_EXCEEDS_MAX_FARGATE_SIZE",
                                                "POD_EPHEMERAL_STORAGE_EXCEEDS_MAX_FARGATE_SIZE",
                                                "POD_NODE_SELECTOR_NOT_SATISFIED"));
    }

    @Test
    @DisplayName("§4.5 the words of launches that fail")
    void the_words_of_launches_are_as_written_down() {
        Golden.check(
                "refusal/launch.txt",
                Stream.of(
                                LaunchRefusals.provisioningTimedOut(new PodKey("default", "web")),
                                LaunchRefusals.capacityUnavailable(),
                                LaunchRefusals.roleNotAuthorised("fp-default"),
                                LaunchRefusals.roleNotAssumable("fp-default"),
                                LaunchRefusals.podLimitReached(),
                                LaunchRefusals.unsupportedZone("ca-central-1d"))
                        .map(refusal -> refusal.code() + " | " + refusal.message())
                        .collect(Collectors.joining("\n", "", "\n")));
    }

    private static Runnability judge(PodBuilder pod) {
        return Runnability.judge(pod.build(), "fp-default", Map.of(), "eu-west-1", ZONES, "amd64");
    }
}
