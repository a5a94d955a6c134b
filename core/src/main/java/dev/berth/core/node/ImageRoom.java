package dev.berth.core.node;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * When images that nobody uses are removed, and which: those unused for too long, and, once the
 * disk is too full, the ones unused the longest, until it is full enough less. Source: a kubelet's
 * imageGCHighThresholdPercent, imageGCLowThresholdPercent, imageMinimumGCAge and imageMaximumGCAge
 *
 * @param highPercent the use of the disk from which on images go; 100 is never
 * @param maxAge for how long an image may be unused, zero for ever
 */
public record ImageRoom(int highPercent, Duration maxAge) {
    /** How much less of the disk is to be used afterwards: 85 % leads to 80 %. */
    private static final int FREE_PERCENT = 5;

    /** An image that is younger stays: whoever pulled it is about to use it. */
    private static final Duration MIN_AGE = Duration.ofMinutes(2);

    /** Checks the share. */
    public ImageRoom {
        if (highPercent < FREE_PERCENT || highPercent > 100) {
            throw new IllegalArgumentException("not a share of a disk: " + highPercent + " %");
        }
    }

    /**
     * An image that may go.
     *
     * @param id its id
     * @param sizeBytes what it takes
     * @param detected when it was first seen
     * @param lastUsed when it was last seen in use, or when it was first seen
     */
    public record Candidate(String id, long sizeBytes, Instant detected, Instant lastUsed) {}

    /** Those that have been unused for too long. */
    public List<Candidate> tooOld(List<Candidate> unused, Instant now) {
        return maxAge.isZero()
                ? List.of()
                : unused.stream()
                        .filter(each -> each.lastUsed().plus(maxAge).isBefore(now))
                        .toList();
    }

    /** How many bytes are to become free; 0 when the disk is not too full. */
    public long bytesToFree(long capacityBytes, long availableBytes) {
        var available = Math.min(availableBytes, capacityBytes);
        return highPercent == 100 || usedPercent(capacityBytes, available) < highPercent
                ? 0
                : Math.max(0, capacityBytes / 100 * (100 - highPercent + FREE_PERCENT) - available);
    }

    /** How much of the disk is used, in percent; the rest is rounded down. */
    public static long usedPercent(long capacityBytes, long availableBytes) {
        return capacityBytes <= 0
                ? 0
                : 100 - (long) (100.0 * Math.min(availableBytes, capacityBytes) / capacityBytes);
    }

    /** Those to remove for so many bytes, the longest unused first. */
    public List<Candidate> toFree(List<Candidate> unused, long bytes, Instant now) {
        var chosen = new ArrayList<Candidate>();
        var missing = bytes;
        for (var each :
                unused.stream()
                        .filter(one -> !one.detected().plus(MIN_AGE).isAfter(now))
                        .sorted(
                                Comparator.comparing(Candidate::lastUsed)
                                        .thenComparing(Candidate::detected))
                        .toList()) {
            if (missing <= 0) {
                break;
            }
            chosen.add(each);
            missing -= each.sizeBytes();
        }
        return chosen;
    }

    /** What a node says when that was not enough. */
    public static String notEnough(long capacityBytes, long availableBytes, long freedBytes) {
        return "Insufficient free disk space on the node's image filesystem (%d%% of %s used). Failed to free sufficient space by deleting unused images (freed %d bytes). Investigate disk usage, as it could be used by active images, logs, volumes, or other data."
                .formatted(
                        usedPercent(capacityBytes, availableBytes),
                        size(capacityBytes),
                        freedBytes);
    }

    /** {@code 1.5 GiB}. */
    private static String size(long bytes) {
        var units = List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB");
        double left = bytes;
        var unit = 0;
        while (left >= 1024 && unit < units.size() - 1) {
            left /= 1024;
            unit++;
        }
        return String.format(java.util.Locale.ROOT, "%.1f %s", left, units.get(unit));
    }
}
