package dev.berth.adapter.image;

import dev.berth.port.Images.PullFailed;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Work that several callers want at once and that is done once. It runs on a thread of its own, so
 * that a caller who gives up does not spoil it for the others; when the last one gives up, it is
 * interrupted.
 *
 * @param <V> what the work comes to
 */
final class SharedWork<V> {
    private final ConcurrentHashMap<String, Flight<V>> flights = new ConcurrentHashMap<>();

    /** Something to do once. */
    interface Work<V> {
        V run() throws PullFailed, InterruptedException;
    }

    private static final class Flight<V> {
        private final CompletableFuture<V> result = new CompletableFuture<>();
        private final Thread thread;
        private int waiting;

        private Flight(String name, Work<V> work) {
            thread =
                    Thread.ofVirtual()
                            .name("image-" + name)
                            .unstarted(() -> {
                                try {
                                    result.complete(work.run());
                                } catch (Throwable failed) {
                                    result.completeExceptionally(failed);
                                }
                            });
        }
    }

    /** Does the work, or waits for another caller's who asked for the same. */
    V join(String key, Work<V> work) throws PullFailed, InterruptedException {
        while (true) {
            boolean[] mine = new boolean[1];
            Flight<V> flight =
                    flights.compute(
                            key,
                            (ignored, known) -> {
                                Flight<V> chosen = known;
                                if (chosen == null || chosen.result.isDone()) {
                                    chosen = new Flight<>(key, work);
                                    chosen.thread.start();
                                    mine[0] = true;
                                }
                                chosen.waiting++;
                                return chosen;
                            });
            try {
                return flight.result.get();
            } catch (ExecutionException failed) {
                if (!mine[0]
                        && failed.getCause() instanceof PullFailed theirs
                        && theirs.why() == PullFailed.Why.UNAUTHORIZED) {
                    // It was the other caller's credentials: ours may be better.
                    continue;
                }
                throw passOn(failed.getCause());
            } finally {
                flights.compute(
                        key,
                        (ignored, known) -> {
                            flight.waiting--;
                            if (flight.waiting == 0) {
                                flight.thread.interrupt();
                            }
                            return known == flight && flight.waiting == 0 ? null : known;
                        });
            }
        }
    }

    /** The failure of work on another thread, as this thread's own. */
    static PullFailed passOn(@Nullable Throwable failure) throws InterruptedException {
        return switch (failure) {
            case PullFailed failed -> RegistryClient.prefixed("", failed);
            case InterruptedException stopped -> throw stopped;
            case RuntimeException bug -> throw bug;
            case Error error -> throw error;
            case null, default -> throw new AssertionError(failure);
        };
    }
}
