package dev.berth.core.usage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.usage.Rates.Rate;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RatesComeFromTwoReadingsTest {
    private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");
    private final Rates rates = new Rates();

    @Test
    void one_reading_tells_no_rate() {
        assertThat(rates.read("pod", T0, 5)).isEmpty();
    }

    @Test
    void half_a_core_for_ten_seconds_is_five_hundred_million() {
        rates.read("pod", T0, 1_000);
        assertThat(rates.read("pod", T0.plusSeconds(10), 5_000_001_000L))
                .contains(new Rate(500_000_000, Duration.ofSeconds(10)));
    }

    @Test
    void things_do_not_mix() {
        rates.read("a", T0, 1_000);
        assertThat(rates.read("b", T0.plusSeconds(10), 5_000_001_000L)).isEmpty();
    }

    @Test
    void who_asks_often_still_gets_a_rate_over_a_second_or_more() {
        for (var step = 0; step < 50; step++) {
            var at = T0.plusMillis(100L * step);
            var rate = rates.read("pod", at, 100_000_000L * step);
            if (step < 10) {
                assertThat(rate).isEmpty();
            } else {
                assertThat(rate.orElseThrow().nanoCores()).isEqualTo(1_000_000_000);
                assertThat(rate.orElseThrow().window())
                        .isBetween(Rates.SHORTEST, Duration.ofSeconds(2));
            }
        }
    }

    @Test
    void what_is_older_than_a_minute_is_forgotten() {
        rates.read("pod", T0, 0);
        assertThat(rates.read("pod", T0.plusSeconds(61), 1_000)).isEmpty();
    }

    @Test
    void a_counter_that_went_back_begins_anew() {
        rates.read("pod", T0, 1_000);
        assertThat(rates.read("pod", T0.plusSeconds(10), 10)).isEmpty();
        assertThat(rates.read("pod", T0.plusSeconds(20), 10)).isPresent();
    }
}
