package dev.berth.core.refusal;

import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PodSpec.NodeRequirement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeSelectionTest {
    private static final Map<String, String> LABELS =
            Map.of("os", "linux", "size", "10", "odd", "1x", "none", "");

    @ParameterizedTest(name = "{0} {1} {2}: {3}")
    @CsvSource({
        "os, In, linux windows, true",
        "os, In, windows, false",
        "absent, In, x, false",
        "none, In, '', true",
        "os, NotIn, windows, true",
        "os, NotIn, linux, false",
        "absent, NotIn, x, true",
        "os, Exists, , true",
        "absent, Exists, , false",
        "os, DoesNotExist, , false",
        "absent, DoesNotExist, , true",
        "size, Gt, 9, true",
        "size, Gt, 10, false",
        "size, Lt, 11, true",
        "size, Lt, 10, false",
        "size, Lt, -11, false",
        "odd, Gt, 0, false",
        "absent, Gt, 0, false",
        "absent, Lt, 0, false",
        "size, Gt, x, false",
        "size, Gt, 99999999999999999999, false",
        "size, Gt, 1 2, false",
        "os, Unknown, linux, false"
    })
    void each_operator_means_what_upstream_means(
            String key, String operator, String values, boolean matches) {
        var pod = aPod().nodeTerm(requirement(key, operator, values)).build();

        assertThat(NodeSelection.matches(pod.spec(), "n", LABELS)).isEqualTo(matches);
    }

    @Test
    void all_labels_of_the_selector_must_be_there() {
        assertThat(
                        matches(
                                aPod().nodeSelector("os", "linux")
                                        .nodeSelector("size", "10")
                                        .build()
                                        .spec()))
                .isTrue();
        assertThat(
                        matches(
                                aPod().nodeSelector("os", "linux")
                                        .nodeSelector("size", "11")
                                        .build()
                                        .spec()))
                .isFalse();
        assertThat(matches(aPod().nodeSelector("absent", "").build().spec())).isFalse();
    }

    @Test
    void one_term_with_all_its_requirements_is_enough() {
        var linux = requirement("os", "In", "linux");
        var windows = requirement("os", "In", "windows");
        var large = requirement("size", "Gt", "5");

        assertThat(matches(aPod().nodeTerm(windows).nodeTerm(linux, large).build().spec()))
                .isTrue();
        assertThat(matches(aPod().nodeTerm(windows, linux).build().spec())).isFalse();
        assertThat(matches(aPod().build().spec())).isTrue();
    }

    @Test
    void selector_and_affinity_must_both_hold() {
        assertThat(
                        matches(
                                aPod().nodeSelector("os", "windows")
                                        .nodeTerm(requirement("os", "In", "linux"))
                                        .build()
                                        .spec()))
                .isFalse();
    }

    @Test
    void a_term_without_requirements_matches_nothing() {
        assertThat(matches(aPod().nodeTerm().build().spec())).isFalse();
        assertThat(
                        matches(
                                aPod().nodeTerm()
                                        .nodeTerm(requirement("os", "Exists", null))
                                        .build()
                                        .spec()))
                .isTrue();
    }

    @ParameterizedTest(name = "{0} {1} {2}: {3}")
    @CsvSource({
        "metadata.name, In, n, true",
        "metadata.name, In, other, false",
        "metadata.name, NotIn, n, false",
        "metadata.name, NotIn, other, true",
        "metadata.name, In, n other, false",
        "metadata.name, Exists, , false",
        "metadata.uid, In, n, false"
    })
    void fields_know_the_name_only(String key, String operator, String values, boolean matches) {
        var pod = aPod().nodeTerm(List.of(), List.of(requirement(key, operator, values))).build();

        assertThat(NodeSelection.matches(pod.spec(), "n", LABELS)).isEqualTo(matches);
    }

    @Test
    void a_node_without_a_name_has_no_wished_name() {
        var in = aPod().nodeTerm(List.of(), List.of(requirement("metadata.name", "In", "n")));
        var notIn = aPod().nodeTerm(List.of(), List.of(requirement("metadata.name", "NotIn", "n")));

        assertThat(NodeSelection.matches(in.build().spec(), null, LABELS)).isFalse();
        assertThat(NodeSelection.matches(notIn.build().spec(), null, LABELS)).isTrue();
    }

    private static boolean matches(dev.berth.core.pod.PodSpec spec) {
        return NodeSelection.matches(spec, "n", LABELS);
    }

    private static NodeRequirement requirement(String key, String operator, String values) {
        return new NodeRequirement(
                key, operator, values == null ? List.of() : List.of(values.split(" ", -1)));
    }
}
