package dev.berth.adapter.libc;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Threads for foreign calls that block: a virtual thread hands its call over and lets its carrier
 * go. As many platform threads exist as calls block at the same time; idle ones end after a minute.
 */
public final class BlockingCalls implements AutoCloseable {
    private final ExecutorService threads;

    /** Starts nothing yet. */
    public BlockingCalls(String name) {
        threads =
                Executors.newCachedThreadPool(
                        Thread.ofPlatform().daemon().name(name + "-", 0).factory());
    }

    /** Makes a call, on the calling thread if that is a platform thread. */
    public <T> T call(Callable<T> call) throws IOException {
        try {
            if (!Thread.currentThread().isVirtual()) {
                return call.call();
            }
            return threads.submit(call).get();
        } catch (ExecutionException failed) {
            throw unwrapped(failed.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            var told = new InterruptedIOException("interrupted");
            told.initCause(interrupted);
            throw told;
        } catch (Exception failed) {
            throw unwrapped(failed);
        }
    }

    /** Runs something in the background. */
    public void background(Runnable task) {
        threads.execute(task);
    }

    /** Lets the threads end as their calls return. */
    @Override
    public void close() {
        threads.shutdown();
    }

    private static IOException unwrapped(@org.jspecify.annotations.Nullable Throwable failed) {
        if (failed instanceof IOException told) {
            return told;
        }
        if (failed instanceof RuntimeException bug) {
            throw bug;
        }
        if (failed instanceof Error bug) {
            throw bug;
        }
        return new IOException(failed);
    }
}
