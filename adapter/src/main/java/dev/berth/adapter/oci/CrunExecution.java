package dev.berth.adapter.oci;

import dev.berth.adapter.libc.BlockingCalls;
import dev.berth.adapter.libc.Descriptor;
import dev.berth.adapter.libc.Errno;
import dev.berth.adapter.libc.Libc;
import dev.berth.port.ContainerRuntime.Execution;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** A command that runs in a container: a {@code crun exec} of ours, and the process it started. */
final class CrunExecution implements Execution {
    private static final int SIGKILL = 9;

    private final int crun;
    private final ProcessIdentity inside;
    private final OutputStream stdin;
    private final InputStream stdout;
    private final InputStream stderr;
    private final @Nullable Descriptor terminal;
    private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();

    /**
     * Takes over a running command.
     *
     * @param crun the child to wait for
     * @param inside the process in the container
     * @param terminal our side of the terminal, if there is one
     */
    CrunExecution(
            BlockingCalls blocking,
            int crun,
            ProcessIdentity inside,
            OutputStream stdin,
            InputStream stdout,
            InputStream stderr,
            @Nullable Descriptor terminal) {
        this.crun = crun;
        this.inside = inside;
        this.stdin = stdin;
        this.stdout = stdout;
        this.stderr = stderr;
        this.terminal = terminal;
        blocking.background(() -> {
            try {
                exitCode.complete(Libc.waitpid(crun));
            } catch (Errno impossible) {
                exitCode.completeExceptionally(impossible);
            }
        });
    }

    @Override
    public OutputStream stdin() {
        return stdin;
    }

    @Override
    public InputStream stdout() {
        return stdout;
    }

    @Override
    public InputStream stderr() {
        return stderr;
    }

    /**
     * Sets the size of the terminal inside, which is another one than ours: crun copies bytes
     * between them, but not later sizes.
     */
    @Override
    public void resize(int columns, int rows) throws IOException {
        if (terminal == null) {
            return;
        }
        terminal.use(fd -> {
            Libc.resize(fd, columns, rows);
            return fd;
        });
        if (inside.alive()) {
            var fd = -1;
            try {
                fd =
                        Libc.open(
                                "/proc/" + inside.pid() + "/fd/0",
                                Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_NONBLOCK);
                Libc.resize(fd, columns, rows);
            } catch (Errno gone) {
                // It has ended, or its input is a terminal no longer: then nobody looks at sizes.
            } finally {
                if (fd >= 0) {
                    Libc.close(fd);
                }
            }
        }
    }

    @Override
    public OptionalInt await() throws InterruptedException {
        try {
            return OptionalInt.of(exitCode.get());
        } catch (ExecutionException impossible) {
            return OptionalInt.empty();
        }
    }

    @Override
    public void close() {
        if (!exitCode.isDone()) {
            if (inside.alive()) {
                kill(-inside.pid());
                kill(inside.pid());
            }
            // Not reaped before exitCode is done, so the number is still this child's.
            kill(crun);
        }
        if (terminal != null) {
            terminal.close();
        }
        for (var stream : new AutoCloseable[] {stdin, stdout, stderr}) {
            try {
                stream.close();
            } catch (Exception ignored) {
                // Closing is all that can be done.
            }
        }
    }

    private static void kill(int pid) {
        try {
            Libc.kill(pid, SIGKILL);
        } catch (Errno gone) {
            // That is what was wanted.
        }
    }
}
