package dev.berth.core.profile;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.profile.FargateProfile.Status;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProfileLifeTest {
    private static final Map<Status, Set<Status>> LEGAL =
            Map.of(
                    Status.CREATING, Set.of(Status.ACTIVE, Status.CREATE_FAILED),
                    Status.ACTIVE, Set.of(Status.DELETING),
                    Status.DELETING, Set.of(Status.DELETE_FAILED),
                    Status.CREATE_FAILED, Set.of(Status.DELETING),
                    Status.DELETE_FAILED, Set.of(Status.DELETING));

    @ParameterizedTest
    @EnumSource(Status.class)
    @DisplayName("§12.4 legal steps are taken, all others throw")
    void only_legal_steps_are_taken(Status from) {
        var profile = aProfile().status(from).build();
        for (var to : Status.values()) {
            if (LEGAL.getOrDefault(from, Set.of()).contains(to)) {
                assertThat(profile.become(to).status()).isEqualTo(to);
            } else {
                assertThatThrownBy(() -> profile.become(to))
                        .isInstanceOf(IllegalStateException.class);
            }
        }
    }
}
