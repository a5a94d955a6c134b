package dev.berth.core.pod;

import java.util.OptionalLong;
import java.util.function.LongPredicate;

/**
 * The ranges of ids that pods with users of their own get: 65,536 each, beginning at multiples of
 * that, and never the first, which has the machine's own users. What a kubelet does that nobody has
 * told otherwise, but that it has only as many as it may have pods.
 */
public final class IdRanges {
    /** How many ids a pod has. */
    public static final long LENGTH = 65_536;

    /** Beyond the last range; the very last ids of all mean "no one" to the kernel. */
    private static final long END = (1L << 32) - LENGTH;

    private IdRanges() {}

    /**
     * The first id of the lowest range that is free; empty when all are taken.
     *
     * @param taken whether the range that begins there is somebody's
     */
    public static OptionalLong free(LongPredicate taken) {
        for (var first = LENGTH; first < END; first += LENGTH) {
            if (!taken.test(first)) {
                return OptionalLong.of(first);
            }
        }
        return OptionalLong.empty();
    }
}
