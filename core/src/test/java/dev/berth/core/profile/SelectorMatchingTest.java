package dev.berth.core.profile;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SelectorMatchingTest {
    @Test
    @DisplayName("§2.2 the namespace and every label pair must match (AND)")
    void namespace_and_all_labels_must_match() {
        var profile = aProfile().selecting("default", Map.of("a", "1", "b", "2")).build();

        assertThat(profile.matches("default", Map.of("a", "1", "b", "2", "c", "3"))).isTrue();
        assertThat(profile.matches("default", Map.of("a", "1"))).isFalse();
        assertThat(profile.matches("default", Map.of("a", "1", "b", "3"))).isFalse();
        assertThat(profile.matches("other", Map.of("a", "1", "b", "2"))).isFalse();
    }

    @Test
    @DisplayName("§2.2 several selectors of a profile are OR-ed")
    void one_selector_is_enough() {
        var profile = aProfile().selecting("a").selecting("b", "x", "y").build();

        assertThat(profile.matches("a", Map.of())).isTrue();
        assertThat(profile.matches("b", Map.of("x", "y"))).isTrue();
        assertThat(profile.matches("b", Map.of())).isFalse();
        assertThat(profile.matches("c", Map.of("x", "y"))).isFalse();
    }

    @Test
    @DisplayName("§2.2 a selector without labels takes every pod of its namespace")
    void without_labels_every_pod_matches() {
        var profile = aProfile().selecting("default").build();

        assertThat(profile.matches("default", Map.of())).isTrue();
        assertThat(profile.matches("default", Map.of("any", "thing"))).isTrue();
        assertThat(profile.matches("kube-system", Map.of())).isFalse();
    }

    @Test
    @DisplayName("§2.3 wildcards stand in namespace, label key and label value")
    void wildcards_are_allowed_in_all_three() {
        assertThat(aProfile().selecting("prod*").build().matches("prod-eu", Map.of())).isTrue();
        var profile = aProfile().selecting("*", "team/*", "front?nd*").build();

        assertThat(profile.matches("x", Map.of("team/a", "frontend-2"))).isTrue();
        assertThat(profile.matches("x", Map.of("team/a", "back"))).isFalse();
        assertThat(profile.matches("x", Map.of("group/a", "frontend"))).isFalse();
    }

    @Test
    @DisplayName("§2.3 key and value of a pair must match on one and the same label")
    void a_pair_matches_one_label_and_not_two_halves() {
        var profile = aProfile().selecting("default", "a*", "1").build();

        assertThat(profile.matches("default", Map.of("ab", "2", "bb", "1"))).isFalse();
        assertThat(profile.matches("default", Map.of("ab", "2", "ac", "1"))).isTrue();
    }

    @Test
    @DisplayName("§2.2 two wildcard pairs of one selector may match the same label")
    void two_pairs_may_match_one_label() {
        var profile = aProfile().selecting("default", Map.of("a*", "1", "*b", "1")).build();

        assertThat(profile.matches("default", Map.of("ab", "1"))).isTrue();
    }
}
