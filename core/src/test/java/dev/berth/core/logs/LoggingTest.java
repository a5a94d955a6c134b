package dev.berth.core.logs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class LoggingTest {
    @Test
    @DisplayName("§6 without the ConfigMap: annotation, event type, reason and text")
    void without_the_config_map_logging_is_disabled() {
        assertThat(Logging.decide(false))
                .isEqualTo(
                        new Logging(
                                "LoggingDisabled: LOGGING_CONFIGMAP_NOT_FOUND",
                                true,
                                "LoggingDisabled",
                                "Disabled logging because aws-logging configmap was not found."
                                        + " configmap \"aws-logging\" not found"));
    }

    @Test
    void with_the_config_map_it_does_not_claim_what_it_cannot_do() {
        assertThat(Logging.decide(true).annotation())
                .isEqualTo("LoggingDisabled: LOGGING_ROUTER_NOT_AVAILABLE");
        assertThat(Logging.decide(true).warning()).isTrue();
    }
}
