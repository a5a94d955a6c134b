package dev.berth.engine.podworker;

import java.util.concurrent.Semaphore;

/**
 * Whose turn it is to pull an image: a cluster's pods pull {@value #PULLS_MAX} at once, in the
 * order in which they came. On Fargate each pod is a node of its own and waits for none; here they
 * share a machine and its line, so they have together what a node with {@code
 * maxParallelImagePulls: 10} has (our choice). Any thread may call.
 */
final class PullTurns {
    private static final int PULLS_MAX = 10;

    private final Semaphore turns = new Semaphore(PULLS_MAX, true);

    /** A turn, until it is closed. */
    interface Turn extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits for a turn. */
    Turn take() throws InterruptedException {
        turns.acquire();
        return turns::release;
    }
}
