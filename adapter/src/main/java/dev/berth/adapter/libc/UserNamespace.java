package dev.berth.adapter.libc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A user namespace with namespaces for the network, IPC and the host name that belong to it, as
 * long as it is open; {@link #bind} makes one of them last. A process with many threads cannot make
 * one, so a program of the system's does, waits while it is open, and does nothing else.
 */
public final class UserNamespace implements AutoCloseable {
    /** From util-linux, which every distribution has. */
    private static final List<Path> UNSHARE =
            List.of(Path.of("/usr/bin/unshare"), Path.of("/bin/unshare"));

    private static final int ERROR_BYTES_MAX = 1024;

    private final int pid;
    private final int input;

    private UserNamespace(int pid, int input) {
        this.pid = pid;
        this.input = input;
    }

    /**
     * Makes them.
     *
     * @param firstId who its root is outside
     * @param count how many users and groups it has
     */
    public static UserNamespace open(long firstId, long count) throws IOException {
        var program = UNSHARE.stream().filter(Files::isExecutable).findFirst();
        if (program.isEmpty()) {
            throw new IOException("there is no " + UNSHARE.getFirst() + ", of util-linux");
        }
        var command = List.of(program.get().toString(), "--user", "--net", "--ipc", "--uts", "cat");
        var pipes = new LinkedHashSet<Integer>();
        try {
            var in = opened(pipes);
            var out = opened(pipes);
            var err = opened(pipes);
            var pid =
                    Libc.spawn(
                            command,
                            List.of("PATH=/usr/bin:/bin"),
                            "/",
                            new int[] {in[0], out[1], err[1]},
                            null);
            var made = new UserNamespace(pid, in[1]);
            pipes.remove(in[1]);
            try {
                for (var theirs : List.of(in[0], out[1], err[1])) {
                    pipes.remove(theirs);
                    Libc.close(theirs);
                }
                made.awaitUnshared(out[0], err[0]);
                var map = "0 " + firstId + " " + count + "\n";
                Files.writeString(made.file("uid_map"), map, US_ASCII);
                Files.writeString(made.file("gid_map"), map, US_ASCII);
                return made;
            } catch (IOException | RuntimeException failed) {
                made.close();
                throw failed;
            }
        } finally {
            pipes.forEach(Libc::close);
        }
    }

    private static int[] opened(Set<Integer> pipes) throws Errno {
        var pipe = Libc.pipe();
        pipes.add(pipe[0]);
        pipes.add(pipe[1]);
        return pipe;
    }

    /** A letter goes in and comes back: the program that repeats it runs in the namespaces. */
    private void awaitUnshared(int out, int err) throws IOException {
        Libc.write(input, new byte[] {'\n'}, 0, 1);
        if (Libc.read(out, new byte[1], 0, 1) != 1) {
            var words = new byte[ERROR_BYTES_MAX];
            var length = Libc.read(err, words, 0, words.length);
            throw new IOException(
                    "cannot make a user namespace: "
                            + new String(words, 0, Math.max(length, 0), US_ASCII).strip());
        }
    }

    private Path file(String name) {
        return Path.of("/proc/" + pid + "/" + name);
    }

    /**
     * The file of one of its namespaces, while this is open.
     *
     * @param kind {@code user}, {@code net}, {@code ipc} or {@code uts}
     */
    public Path namespace(String kind) {
        return file("ns/" + kind);
    }

    /** Keeps one of its namespaces alive under a new name. */
    public void bind(String kind, Path file) throws IOException {
        Files.createFile(file);
        Libc.mount(namespace(kind).toString(), file.toString(), null, Libc.MS_BIND, null);
    }

    @Override
    public void close() {
        Libc.close(input);
        try {
            Libc.kill(pid, 9);
            Libc.waitpid(pid);
        } catch (Errno gone) {
            // Then there is nothing to wait for.
        }
    }
}
