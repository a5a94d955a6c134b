package dev.berth.engine.podworker;

import dev.berth.core.pod.ProbeAnswer;
import dev.berth.core.usage.ProbeCounts;
import dev.berth.core.usage.ProbeCounts.Times;
import java.util.Arrays;

/** Counts the answers of one probe; its owner's lock guards it. */
final class ProbeTally {
    private static final double NANOS_PER_SECOND = 1e9;

    private final Spread successfulTimes = new Spread();
    private final Spread unknownTimes = new Spread();
    private long successful;
    private long failed;
    private long unknown;

    void count(ProbeAnswer.Verdict verdict, long nanos) {
        var seconds = nanos / NANOS_PER_SECOND;
        switch (verdict) {
            case SUCCESS, WARNING -> {
                successful++;
                successfulTimes.add(seconds);
            }
            case FAILURE -> failed++;
            case ERROR -> {
                unknown++;
                unknownTimes.add(seconds);
            }
        }
    }

    ProbeCounts counts(String container, String type) {
        return new ProbeCounts(
                container,
                type,
                successful,
                failed,
                unknown,
                successfulTimes.times(),
                unknownTimes.times());
    }

    private static final class Spread {
        private final long[] upTo = new long[ProbeCounts.BOUNDS.size()];
        private long count;
        private double seconds;

        private void add(double took) {
            for (var place = 0; place < upTo.length; place++) {
                if (took <= ProbeCounts.BOUNDS.get(place)) {
                    upTo[place]++;
                }
            }
            count++;
            seconds += took;
        }

        private Times times() {
            return new Times(Arrays.stream(upTo).boxed().toList(), count, seconds);
        }
    }
}
