package dev.berth.adapter.libc;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Work inside other namespaces. Each piece gets a platform thread of its own that ends afterwards,
 * so that no thread with foreign namespaces is ever used for anything else (some 0.1 ms).
 */
public final class Namespaces {
    private Namespaces() {}

    /** Does work in the namespace that a file stands for; sockets made there stay in it. */
    public static <T> T inside(Path file, int kind, Callable<T> work) throws IOException {
        return apart(() -> {
            var fd = Libc.open(file.toString(), Libc.O_RDONLY);
            try {
                Libc.setns(fd, kind);
            } finally {
                Libc.close(fd);
            }
            return work.call();
        });
    }

    /** Does work on a platform thread that may change its namespaces. */
    public static <T> T apart(Callable<T> work) throws IOException {
        var task = new FutureTask<T>(work);
        var thread = Thread.ofPlatform().daemon().name("berth-apart").start(task);
        var interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException later) {
                    // The work is short and half of it would have to be undone: let it end.
                    interrupted = true;
                } catch (ExecutionException failed) {
                    throw asIo(failed);
                }
            }
        } finally {
            if (interrupted) {
                thread.interrupt();
                Thread.currentThread().interrupt();
            }
        }
    }

    private static IOException asIo(ExecutionException failed) {
        return switch (failed.getCause()) {
            case IOException told -> told;
            case RuntimeException bug -> throw bug;
            case Error bug -> throw bug;
            case null -> new IOException(failed);
            case Throwable other -> new IOException(other);
        };
    }
}
