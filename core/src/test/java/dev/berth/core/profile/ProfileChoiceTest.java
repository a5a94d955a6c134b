package dev.berth.core.profile;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.longs;

import dev.berth.core.profile.FargateProfile.Status;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProfileChoiceTest {
    private static final FargateProfile BETA =
            aProfile("beta-workload").selecting("default", "app", "*").build();
    private static final FargateProfile PROD =
            aProfile("prod-workload").selecting("default").build();

    @Test
    @DisplayName("§2.4 of several that match, the first by name wins")
    void the_first_by_name_wins() {
        assertThat(ProfileChoice.choose(List.of(PROD, BETA), "default", Map.of("app", "x")))
                .contains(BETA);
        assertThat(ProfileChoice.choose(List.of(PROD, BETA), "default", Map.of())).contains(PROD);
    }

    @Test
    @DisplayName("§2.4 the label names the profile, when that one matches")
    void the_label_overrides_the_order() {
        assertThat(
                        ProfileChoice.choose(
                                List.of(PROD, BETA),
                                "default",
                                Map.of("app", "x", ProfileChoice.PROFILE_LABEL, "prod-workload")))
                .contains(PROD);
    }

    @Test
    @DisplayName(
            "§1.3, §2.4 a named profile whose selectors do not match takes nothing, nor does another")
    void a_named_profile_must_still_match() {
        assertThat(
                        ProfileChoice.choose(
                                List.of(PROD, BETA),
                                "default",
                                Map.of(ProfileChoice.PROFILE_LABEL, "beta-workload")))
                .isEmpty();
        assertThat(
                        ProfileChoice.choose(
                                List.of(PROD, BETA),
                                "default",
                                Map.of(ProfileChoice.PROFILE_LABEL, "absent")))
                .isEmpty();
    }

    @Test
    @DisplayName("§2.4 identical selectors in two profiles: still the first by name")
    void identical_selectors_are_no_problem() {
        var other = aProfile("a-twin").selecting("default").build();

        assertThat(ProfileChoice.choose(List.of(PROD, other), "default", Map.of())).contains(other);
    }

    @ParameterizedTest
    @EnumSource(value = Status.class, mode = EnumSource.Mode.EXCLUDE, names = "ACTIVE")
    @DisplayName("§2.5 only ACTIVE profiles take pods")
    void only_active_profiles_take_pods(Status status) {
        assertThat(
                        ProfileChoice.choose(
                                List.of(aProfile().status(status).build()), "default", Map.of()))
                .isEmpty();
    }

    @Test
    void matching_ignores_the_order_of_profiles_in_the_list() {
        qt().forAll(longs().all())
                .checkAssert(seed -> {
                    var random = new Random(seed);
                    var profiles = new ArrayList<FargateProfile>();
                    for (var i = 0; i < 10; i++) {
                        profiles.add(
                                aProfile("p" + random.nextInt(100) + "-" + i)
                                        .selecting(random.nextBoolean() ? "d*" : "other")
                                        .build());
                    }
                    var chosen = ProfileChoice.choose(profiles, "default", Map.of());
                    Collections.shuffle(profiles, random);
                    assertThat(ProfileChoice.choose(profiles, "default", Map.of()))
                            .isEqualTo(chosen);
                });
    }
}
