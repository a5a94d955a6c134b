package dev.berth.core.placement;

import java.time.Duration;

/**
 * How long to wait until a failed launch is tried again. AWS was seen to try every one to four
 * minutes, each try being a virtual machine; ours is cheap, so the first tries follow sooner, and
 * four minutes are the most. Source: eks-fargate §4.5 (O); the beginning is our choice
 */
public final class LaunchBackOff {
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration MAX = Duration.ofMinutes(4);

    private LaunchBackOff() {}

    /**
     * The wait: 1 s, doubled with each failure, at most 4 min.
     *
     * @param failures how many launches of the pod failed so far, at least 1
     */
    public static Duration after(int failures) {
        if (failures < 1) {
            throw new IllegalArgumentException("no failure, no wait: " + failures);
        }
        if (failures > 8) {
            return MAX;
        }
        var wait = FIRST.multipliedBy(1L << (failures - 1));
        return wait.compareTo(MAX) < 0 ? wait : MAX;
    }
}
