package dev.berth.core.node;

import java.time.Duration;
import java.time.Instant;

/** How long a node counts as alive; upstream's numbers. Source: eks-fargate §5.6 (O) */
public final class NodeLease {
    /** How long one renewal holds. */
    public static final Duration DURATION = Duration.ofSeconds(40);

    /** From renewal to renewal: a quarter of what it holds. */
    public static final Duration RENEW_EVERY = DURATION.dividedBy(4);

    private NodeLease() {}

    /** When a lease is to be renewed next. */
    public static Instant renewAt(Instant lastRenewed) {
        return lastRenewed.plus(RENEW_EVERY);
    }

    /** Whether a lease is to be renewed now. */
    public static boolean due(Instant lastRenewed, Instant now) {
        return !now.isBefore(renewAt(lastRenewed));
    }

    /** Whether a lease no longer holds. */
    public static boolean expired(Instant lastRenewed, Instant now) {
        return now.isAfter(lastRenewed.plus(DURATION));
    }
}
