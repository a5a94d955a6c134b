package dev.berth.core.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class BackOffGrowsTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    @Test
    void the_first_repetition_is_at_once_then_ten_seconds_doubling_to_five_minutes() {
        var backOffs = RestartBackOffs.NONE;
        var now = START;
        var waits = new ArrayList<Long>();
        for (var failure = 0; failure < 8; failure++) {
            var then = backOffs.until("main", now, now).orElse(now);
            waits.add(Duration.between(now, then).toSeconds());
            now = then;
            backOffs = backOffs.tried("main", now, now);
        }
        assertThat(waits).containsExactly(0L, 10L, 20L, 40L, 80L, 160L, 300L, 300L);
    }

    @Test
    void running_for_more_than_ten_minutes_forgives_everything() {
        var backOffs = RestartBackOffs.NONE.tried("main", START, START).tried("main", START, START);
        var later = START.plus(Duration.ofMinutes(10));
        assertThat(backOffs.until("main", later, later)).contains(later.plusSeconds(20));
        var muchLater = later.plusSeconds(1);
        assertThat(backOffs.until("main", muchLater, muchLater)).isEmpty();
        assertThat(backOffs.tried("main", muchLater, muchLater).delay("main", muchLater))
                .isEqualTo(Duration.ofSeconds(10));
    }

    @Test
    void others_do_not_wait() {
        var backOffs = RestartBackOffs.NONE.tried("main", START, START);
        assertThat(backOffs.until("other", START, START)).isEmpty();
    }

    @Test
    void a_wait_is_never_longer_than_five_minutes() {
        qt().forAll(lists().of(integers().between(0, 2000)).ofSizeBetween(0, 40))
                .checkAssert(gaps -> {
                    var backOffs = RestartBackOffs.NONE;
                    var now = START;
                    for (int gap : gaps) {
                        now = now.plusSeconds(gap);
                        var failed = now;
                        var until = backOffs.until("main", failed, now);
                        until.ifPresent(then ->
                                assertThat(Duration.between(failed, then))
                                        .isBetween(Duration.ofSeconds(1), Duration.ofMinutes(5)));
                        now = until.orElse(now);
                        backOffs = backOffs.tried("main", failed, now);
                    }
                });
    }
}
