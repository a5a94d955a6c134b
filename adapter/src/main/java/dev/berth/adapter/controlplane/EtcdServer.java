package dev.berth.adapter.controlplane;

import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import dev.berth.port.Processes;
import dev.berth.port.Processes.ProcessFailed;
import dev.berth.port.Processes.Program;
import dev.berth.port.Subscription;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The one etcd of this Berth: its own records and all clusters', each under a prefix. It listens on
 * Unix sockets in a folder that only Berth's user may enter, and on no port at all. Writes reach
 * the disk before they are answered (fsync stays on): a new cluster's first three hundred writes
 * cost about half a second so, and killing the machine loses nothing.
 */
public final class EtcdServer implements AutoCloseable {
    /** Longest path of a Unix socket that Linux takes, less the longest name here. */
    static final int FOLDER_BYTES_MAX = 107 - "/clients.sock".length();

    private static final Duration READY_WITHIN = Duration.ofMinutes(1);
    private static final Duration PAUSE = Duration.ofMillis(10);
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final Processes processes;
    private final KubeBinaries binaries;
    private final Path folder;
    private final List<Consumer<@Nullable String>> listeners = new CopyOnWriteArrayList<>();
    private volatile @Nullable String problem;
    private @Nullable Component component;

    /**
     * An etcd that is not started yet.
     *
     * @param folder {@code DATA/etcd}: its sockets, its log and its data
     */
    public EtcdServer(Processes processes, KubeBinaries binaries, Path folder) {
        this.processes = processes;
        this.binaries = binaries;
        this.folder = folder.toAbsolutePath();
    }

    /** Starts it and returns when it answers. */
    public void start() throws ControlPlaneFailed, InterruptedException {
        if (folder.toString().getBytes(StandardCharsets.UTF_8).length > FOLDER_BYTES_MAX) {
            throw new ControlPlaneFailed(
                    "the data folder's path is too long for Unix sockets (its etcd folder may have "
                            + FOLDER_BYTES_MAX
                            + " bytes): "
                            + folder,
                    null);
        }
        try {
            Pem.privateFolder(folder);
            var started =
                    new Component(
                            processes, program(binaries.any().program(), folder), this::changed);
            started.start();
            component = started;
            awaitReady(started);
        } catch (IOException | ProcessFailed e) {
            throw new ControlPlaneFailed("etcd: " + e.getMessage(), e);
        } catch (ControlPlaneFailed | InterruptedException e) {
            close();
            throw e;
        }
    }

    /** Where gRPC clients connect: the API servers. */
    public Path clientSocket() {
        return folder.resolve("clients.sock");
    }

    /** Where HTTP clients connect: Berth's Store. */
    public Path httpSocket() {
        return folder.resolve("http.sock");
    }

    /** Tells what is wrong with it, or null when all is well again; at once, if something is. */
    Subscription onProblem(Consumer<@Nullable String> listener) {
        listeners.add(listener);
        var now = problem;
        if (now != null) {
            listener.accept(now);
        }
        return () -> listeners.remove(listener);
    }

    /** Its process id, or empty while it does not run. */
    public java.util.OptionalLong pid() {
        var now = component;
        return now == null ? java.util.OptionalLong.empty() : now.pid();
    }

    /** Stops it; returns when it has ended. */
    @Override
    public void close() {
        var now = component;
        if (now != null) {
            try {
                now.stop(GRACE);
            } catch (InterruptedException e) {
                // The kernel ends it with Berth, which is what an interruption here comes from.
                Thread.currentThread().interrupt();
            }
        }
    }

    private void changed(@Nullable String now) {
        problem = now;
        listeners.forEach(listener -> listener.accept(now));
    }

    /** How etcd is called. */
    static Program program(Path kube, Path folder) {
        // The peer's URL names its socket relative to the working folder; nobody connects there,
        // and the advertised addresses, which have to be there, are never dialled.
        return new Program(
                "etcd",
                List.of(
                        "env",
                        "--chdir=" + folder,
                        kube.toString(),
                        "etcd",
                        "--name=berth",
                        "--data-dir=" + folder.resolve("data"),
                        "--listen-client-urls=unix://" + folder.resolve("clients.sock"),
                        "--listen-client-http-urls=unix://" + folder.resolve("http.sock"),
                        "--advertise-client-urls=http://127.0.0.1:2379",
                        "--listen-peer-urls=unix://peer.sock:0",
                        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
                        "--initial-cluster=berth=http://127.0.0.1:2380",
                        "--auto-compaction-retention=1h",
                        "--quota-backend-bytes=4294967296",
                        "--max-txn-ops=512",
                        "--log-level=warn"),
                Map.of(),
                folder.resolve("etcd.log"),
                null);
    }

    private void awaitReady(Component started) throws ControlPlaneFailed, InterruptedException {
        long until = System.nanoTime() + READY_WITHIN.toNanos();
        while (!healthy()) {
            if ((!started.alive() && problem != null) || System.nanoTime() > until) {
                throw new ControlPlaneFailed(
                        "etcd does not answer: "
                                + LastWords.of(folder.resolve("etcd.log"))
                                + " (log: "
                                + folder.resolve("etcd.log")
                                + ")",
                        null);
            }
            Thread.sleep(PAUSE);
        }
    }

    private boolean healthy() {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(httpSocket()));
            channel.write(
                    ByteBuffer.wrap(
                            "GET /health HTTP/1.0\r\nHost: etcd\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII)));
            var answer = ByteBuffer.allocate(4096);
            int count = 0;
            while (answer.hasRemaining() && count >= 0) {
                count = channel.read(answer);
            }
            return new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII)
                    .contains("\"health\":\"true\"");
        } catch (IOException _) {
            return false;
        }
    }
}
