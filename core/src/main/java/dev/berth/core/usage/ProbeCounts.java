package dev.berth.core.usage;

import java.util.List;

/**
 * How often one probe of one container was asked, and how long that took.
 *
 * @param container the container
 * @param type {@code Liveness}, {@code Readiness} or {@code Startup}
 * @param successful how often all was well
 * @param failed how often it was not
 * @param unknown how often nobody could tell
 * @param successfulTimes how long those took that went well
 * @param unknownTimes how long those took that nobody could tell
 */
public record ProbeCounts(
        String container,
        String type,
        long successful,
        long failed,
        long unknown,
        Times successfulTimes,
        Times unknownTimes) {
    /** The upper ends of the classes of times, in seconds; Prometheus's usual ones. */
    public static final List<Double> BOUNDS =
            List.of(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0);

    /**
     * How long something took.
     *
     * @param upTo how many took at most as long as the bound of the same place
     * @param count how many there were
     * @param seconds how long all took together
     */
    public record Times(List<Long> upTo, long count, double seconds) {
        /** Copies the list. */
        public Times {
            upTo = List.copyOf(upTo);
        }
    }
}
