package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.bench.soak.KillRun;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

/**
 * Pods of every kind are made, run and go while Berth is killed again and again: the short form of
 * {@code ./berth soak --kill 50}.
 */
class BerthIsKilledAtRandomMomentsIT {
    private static final int KILLS = 5;
    private static final long SEED = 4;

    @Test
    void every_pod_comes_to_its_end_nothing_runs_twice_and_nothing_is_left() throws Exception {
        OneBerth.needs();
        var story = new ArrayList<String>();
        var faults = new KillRun(KILLS, SEED, story::add).run();
        assertThat(faults).as(String.join("\n", story)).isEmpty();
        assertThat(story).filteredOn(line -> line.startsWith("kill ")).hasSize(KILLS);
    }
}
