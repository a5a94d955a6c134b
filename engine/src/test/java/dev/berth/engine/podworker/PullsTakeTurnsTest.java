package dev.berth.engine.podworker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PullsTakeTurnsTest {
    private static final int AT_ONCE = 10;
    private static final int ALL = 25;

    @Test
    void no_more_than_ten_at_once_and_each_comes_to_its_turn() throws Exception {
        var turns = new PullTurns();
        var full = new CountDownLatch(AT_ONCE);
        var goOn = new CountDownLatch(1);
        var now = new AtomicInteger();
        var most = new AtomicInteger();
        var done = new AtomicInteger();
        var pulls = new ArrayList<Thread>();
        for (var pull = 0; pull < ALL; pull++) {
            pulls.add(
                    Thread.ofVirtual()
                            .start(() -> {
                                try (var _ = turns.take()) {
                                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                                    full.countDown();
                                    goOn.await();
                                    now.decrementAndGet();
                                    done.incrementAndGet();
                                } catch (InterruptedException stop) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
        }
        assertThat(full.await(10, TimeUnit.SECONDS)).isTrue();
        goOn.countDown();
        for (var pull : pulls) {
            pull.join();
        }
        assertThat(most.get()).isEqualTo(AT_ONCE);
        assertThat(done.get()).isEqualTo(ALL);
    }
}
