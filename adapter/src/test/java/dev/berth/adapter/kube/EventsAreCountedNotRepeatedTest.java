package dev.berth.adapter.kube;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.adapter.kube.EventCorrelation.Writing;
import dev.berth.core.pod.PodKey;
import dev.berth.port.KubeApi.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventsAreCountedNotRepeatedTest {
    private final EventCorrelation correlation = new EventCorrelation();
    private final List<Writing> written = new ArrayList<>();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private int names;

    private void tell(String podUid, boolean warning, String reason, String message) {
        correlation
                .of(
                        new Event(
                                new PodKey("default", "web"),
                                podUid,
                                "spec.containers{main}",
                                warning,
                                reason,
                                message,
                                "kubelet",
                                "fargate-172.16.1.4",
                                now),
                        "web." + ++names)
                .ifPresent(written::add);
    }

    private void pass(Duration duration) {
        now = now.plus(duration);
    }

    @Test
    void equal_ones_are_counted_on_one_object() {
        var first = now;
        for (var number = 0; number < 3; number++) {
            tell("u1", true, "Unhealthy", "Readiness probe failed: no");
            pass(Duration.ofSeconds(10));
        }
        assertThat(written)
                .containsExactly(
                        new Writing("web.1", "Readiness probe failed: no", 1, first),
                        new Writing("web.1", "Readiness probe failed: no", 2, first),
                        new Writing("web.1", "Readiness probe failed: no", 3, first));
    }

    @Test
    void a_pod_has_25_of_a_type_at_once_and_one_more_in_five_minutes() {
        for (var number = 0; number < 100; number++) {
            tell("u1", true, "BackOff", "Back-off restarting failed container");
        }
        assertThat(written).hasSize(25);
        assertThat(written.getLast().count()).isEqualTo(25);
        tell("u1", false, "Pulled", "other types have their own");
        tell("u2", true, "BackOff", "and so have other pods");
        assertThat(written).hasSize(27);
        pass(Duration.ofMinutes(5));
        tell("u1", true, "BackOff", "Back-off restarting failed container");
        tell("u1", true, "BackOff", "Back-off restarting failed container");
        assertThat(written).hasSize(28);
        assertThat(written.getLast().name()).isEqualTo(written.getFirst().name());
        assertThat(written.getLast().count()).isEqualTo(101);
    }

    @Test
    void from_the_tenth_message_on_they_are_combined() {
        for (var number = 1; number <= 12; number++) {
            tell("u1", true, "Unhealthy", "probe " + number + " failed");
        }
        assertThat(written).hasSize(12);
        assertThat(written.subList(0, 9))
                .allMatch(writing -> writing.count() == 1)
                .noneMatch(writing -> writing.message().startsWith("(combined"));
        assertThat(written.get(9).message())
                .isEqualTo("(combined from similar events): probe 10 failed");
        assertThat(written.get(11))
                .isEqualTo(
                        new Writing(
                                written.get(9).name(),
                                "(combined from similar events): probe 12 failed",
                                3,
                                now));
    }

    @Test
    void after_ten_quiet_minutes_messages_are_told_apart_again() {
        for (var number = 1; number <= 10; number++) {
            tell("u1", true, "Unhealthy", "probe " + number + " failed");
        }
        pass(Duration.ofMinutes(11));
        tell("u1", true, "Unhealthy", "probe 11 failed");
        assertThat(written.getLast().message()).isEqualTo("probe 11 failed");
    }
}
