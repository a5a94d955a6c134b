package dev.berth.engine.podworker;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.berth.core.pod.ContainerRun;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.PodStatus.ContainerStatus;
import dev.berth.port.ContainerRuntime.ExecPlan;
import dev.berth.port.ContainerRuntime.Execution;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodLogs;
import dev.berth.port.PodNetwork;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What a kubelet's endpoints reach of one cluster's pods: logs, commands, terminals, ports. Any
 * thread may call; a call that waits ends when its thread is interrupted.
 */
public final class PodStreams {
    private static final DateTimeFormatter NANOS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSSSSX")
                    .withZone(ZoneOffset.UTC);

    private final PodWorkers workers;
    private final Machine machine;

    PodStreams(PodWorkers workers, Machine machine) {
        this.workers = workers;
        this.machine = machine;
    }

    /**
     * A pod of this machine.
     *
     * @param namespace its namespace
     * @param name its name
     * @param uid its uid
     * @param nodeName its node's name
     * @param address its node's address, which is its own
     */
    public record PodRef(
            String namespace, String name, String uid, String nodeName, String address) {}

    /**
     * What of a log is wanted.
     *
     * @param previous whether the run before is meant
     * @param follow whether to wait for more until the run ends
     * @param tailLines how many lines before the present end to begin at, or -1 for all
     * @param since only lines from then on, or null for all
     * @param timestamps whether each line begins with its time
     * @param limitBytes how many bytes at most, or -1 for all
     */
    public record LogOptions(
            boolean previous,
            boolean follow,
            long tailLines,
            @Nullable Instant since,
            boolean timestamps,
            long limitBytes) {
        /** All there is now. */
        public static final LogOptions ALL = new LogOptions(false, false, -1, null, false, -1);
    }

    /** A call that a kubelet would answer with this HTTP status and these words. */
    public static final class StreamRefused extends Exception {
        private static final long serialVersionUID = 1L;
        private final int code;

        /** Says why. */
        public StreamRefused(int code, String message) {
            super(message);
            this.code = code;
        }

        /** 400, 404 or 500. */
        public int code() {
            return code;
        }
    }

    /** All pods. */
    public List<PodRef> pods() {
        return workers.all().stream().map(worker -> ref(worker.view())).toList();
    }

    /** The pod of this name. */
    public Optional<PodRef> find(String namespace, String name) {
        return pods().stream()
                .filter(pod -> pod.namespace().equals(namespace) && pod.name().equals(name))
                .findFirst();
    }

    /**
     * The pod of this name, for a command or a port.
     *
     * @param uid its uid, or empty when any will do
     */
    public PodRef pod(String namespace, String name, String uid) throws StreamRefused {
        var pod =
                find(namespace, name)
                        .orElseThrow(() -> new StreamRefused(404, "pod does not exist"));
        if (!uid.isEmpty() && !uid.equals(pod.uid())) {
            throw new StreamRefused(404, "pod not found");
        }
        return pod;
    }

    /** The pod of this name, for a log. */
    public PodRef podForLogs(String namespace, String name) throws StreamRefused {
        return find(namespace, name)
                .orElseThrow(() -> new StreamRefused(404, "pod \"" + name + "\" does not exist"));
    }

    /** The pod on the node with this name. */
    public Optional<PodRef> findByNode(String nodeName) {
        return pods().stream().filter(pod -> pod.nodeName().equals(nodeName)).findFirst();
    }

    /** The pod on the node with this address. */
    public Optional<PodRef> findByAddress(String address) {
        return pods().stream().filter(pod -> pod.address().equals(address)).findFirst();
    }

    private static PodRef ref(PodLedger.View view) {
        return new PodRef(
                view.pod().metadata().namespace(),
                view.pod().metadata().name(),
                view.pod().uid(),
                view.node().nodeName(),
                view.node().address());
    }

    // ---- logs

    /**
     * Writes a container's log, and with {@code follow} goes on until its run ends. Bytes are
     * flushed whenever it waits.
     *
     * @throws StreamRefused when there is no such pod, container or run
     */
    public void logs(PodRef pod, String container, LogOptions options, OutputStream out)
            throws StreamRefused, IOException, InterruptedException {
        var worker = worker(pod);
        var run = runForLogs(worker.view(), container, options.previous());
        var log = ContainerPlans.log(worker.view().pod(), container, run.attempt());
        try (var reader = machine.logs().read(log, options.tailLines());
                var _ = worker.watch(reader::wake)) {
            copy(reader, worker, run, options, out);
        } catch (FilesFailed e) {
            throw new StreamRefused(
                    500,
                    "failed to open log of container \"" + container + "\": " + e.getMessage());
        }
        out.flush();
    }

    private static void copy(
            PodLogs.Reader reader,
            PodWorker worker,
            ContainerRun run,
            LogOptions options,
            OutputStream out)
            throws IOException, InterruptedException {
        var remaining = options.limitBytes() < 0 ? Long.MAX_VALUE : options.limitBytes();
        var lineBegins = true;
        while (remaining > 0) {
            var ended = !options.follow() || !runs(worker, run);
            for (var line = reader.next(); line != null; line = reader.next()) {
                var text = LogText.parse(line);
                if (text == null
                        || (options.since() != null && text.time().isBefore(options.since()))) {
                    continue;
                }
                if (options.timestamps() && lineBegins) {
                    remaining -=
                            write(
                                    out,
                                    (NANOS.format(text.time()) + " ").getBytes(US_ASCII),
                                    remaining);
                }
                remaining -= write(out, text.text(), remaining);
                lineBegins = !text.goesOn();
                if (remaining <= 0) {
                    return;
                }
            }
            if (ended) {
                return;
            }
            out.flush();
            reader.await();
        }
    }

    private static long write(OutputStream out, byte[] bytes, long atMost) throws IOException {
        var length = (int) Math.min(bytes.length, atMost);
        out.write(bytes, 0, length);
        return length;
    }

    private static boolean runs(PodWorker worker, ContainerRun run) {
        return !worker.ended()
                && worker.view().runs().stream()
                        .anyMatch(one ->
                                one.name().equals(run.name())
                                        && one.attempt() == run.attempt()
                                        && one.running());
    }

    private static ContainerRun runForLogs(PodLedger.View view, String container, boolean previous)
            throws StreamRefused {
        var podName = view.pod().metadata().name();
        if (view.pod().spec().everyContainer().noneMatch(one -> one.name().equals(container))) {
            throw new StreamRefused(
                    404, "container \"%s\" not found in pod \"%s\"".formatted(container, podName));
        }
        var runs =
                view.runs().stream()
                        .filter(run -> run.name().equals(container))
                        .sorted(Comparator.comparingInt(ContainerRun::attempt).reversed())
                        .toList();
        var state = state(view, container);
        if (previous) {
            var before = runs.stream().filter(ContainerRun::ended);
            return (state instanceof ContainerState.Terminated ? before.skip(1) : before)
                    .findFirst()
                    .orElseThrow(() ->
                            new StreamRefused(
                                    400,
                                    "previous terminated container \"%s\" in pod \"%s\" not found"
                                            .formatted(container, podName)));
        }
        if (!runs.isEmpty()) {
            return runs.getFirst();
        }
        var reason =
                state instanceof ContainerState.Waiting waiting ? waiting.reason() : "no logs yet";
        throw new StreamRefused(
                400,
                "container \"%s\" in pod \"%s\" is waiting to start: %s"
                        .formatted(
                                container,
                                podName,
                                switch (reason) {
                                    case "ErrImagePull" -> "image can't be pulled";
                                    case "ImagePullBackOff" -> "trying and failing to pull image";
                                    default -> reason;
                                }));
    }

    private static @Nullable ContainerState state(PodLedger.View view, String container) {
        return view.status()
                .everyContainer()
                .filter(status -> status.name().equals(container))
                .map(ContainerStatus::state)
                .findFirst()
                .orElse(null);
    }

    // ---- commands

    /** A running command in a container, or a container's own streams. */
    public interface Session extends AutoCloseable {
        /** Its input; closing it is end of file. */
        OutputStream stdin();

        /** Its output, or the terminal's. */
        InputStream stdout();

        /** Its error output; empty with a terminal. */
        InputStream stderr();

        /** Sets the terminal's size; nothing without one. */
        void resize(int columns, int rows) throws IOException;

        /** Waits for its end; empty when the exit code cannot be known. */
        OptionalInt await() throws InterruptedException;

        /** Ends it and closes the streams. */
        @Override
        void close();
    }

    /**
     * Starts a command in a container.
     *
     * @throws StreamRefused when the container does not run or the command cannot be started
     */
    public Session exec(
            PodRef pod, String container, List<String> command, boolean tty, boolean stdin)
            throws StreamRefused, InterruptedException {
        var run = running(pod, container);
        try {
            return new ExecutionSession(
                    machine.runtime()
                            .exec(PodLedger.rawId(run), new ExecPlan(command, tty, stdin)));
        } catch (RuntimeFailed e) {
            throw new StreamRefused(
                    500,
                    "failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: "
                            + e.getMessage()
                            + ": unknown");
        }
    }

    /**
     * Attaches to a container's own streams.
     *
     * @throws StreamRefused when it does not run
     */
    public Session attach(PodRef pod, String container) throws StreamRefused, InterruptedException {
        var run = running(pod, container);
        try {
            return new ExecutionSession(machine.runtime().attach(PodLedger.rawId(run)));
        } catch (RuntimeFailed e) {
            throw new StreamRefused(500, String.valueOf(e.getMessage()));
        }
    }

    /**
     * Refuses what could not be done in a container because it does not run.
     *
     * @param attach whether its own streams are meant, which a kubelet words in another way
     */
    public void checkRuns(PodRef pod, String container, boolean attach) throws StreamRefused {
        if (attach && findRunning(pod, container).isEmpty()) {
            throw new StreamRefused(
                    500,
                    "container %s not found in pod %s_%s"
                            .formatted(container, pod.name(), pod.namespace()));
        }
        running(pod, container);
    }

    private ContainerRun running(PodRef pod, String container) throws StreamRefused {
        return findRunning(pod, container)
                .orElseThrow(() ->
                        new StreamRefused(500, "container not found (\"" + container + "\")"));
    }

    private Optional<ContainerRun> findRunning(PodRef pod, String container) throws StreamRefused {
        return worker(pod).view().runs().stream()
                .filter(run -> run.name().equals(container) && run.running())
                .findFirst();
    }

    private record ExecutionSession(Execution execution) implements Session {
        @Override
        public OutputStream stdin() {
            return execution.stdin();
        }

        @Override
        public InputStream stdout() {
            return execution.stdout();
        }

        @Override
        public InputStream stderr() {
            return execution.stderr();
        }

        @Override
        public void resize(int columns, int rows) throws IOException {
            execution.resize(columns, rows);
        }

        @Override
        public OptionalInt await() throws InterruptedException {
            return execution.await();
        }

        @Override
        public void close() {
            execution.close();
        }
    }

    // ---- ports

    /** An open connection to a port in a pod. */
    public interface Duplex extends AutoCloseable {
        /** What comes. */
        InputStream input();

        /** What goes. */
        OutputStream output();

        /** Tells the other side that no more will go, while more may come. */
        void shutdownOutput() throws IOException;

        @Override
        void close();
    }

    /**
     * Connects to a port on a pod's own loopback, of IPv4 or else of IPv6.
     *
     * @throws StreamRefused in containerd's words when nobody answers there
     */
    public Duplex portForward(PodRef pod, int port) throws StreamRefused {
        worker(pod);
        IOException first;
        try {
            return new ConnectionDuplex(
                    machine.network().dialFromPod(pod.uid(), "127.0.0.1", port));
        } catch (IOException refused) {
            first = refused;
        }
        try {
            return new ConnectionDuplex(machine.network().dialFromPod(pod.uid(), "::1", port));
        } catch (IOException refused) {
            var id = pod.uid();
            throw new StreamRefused(
                    500,
                    "error forwarding port %d to pod %s, uid : failed to execute portforward in network namespace \"%s\": failed to connect to localhost:%d inside namespace \"%s\", IPv4: dial tcp4 127.0.0.1:%d: %s IPv6 dial tcp6 [::1]:%d: %s "
                            .formatted(
                                    port, id, id, port, id, port, why(first), port, why(refused)));
        }
    }

    /** What the system calls say, in the case that Go gives it. */
    private static String why(IOException failed) {
        var words = String.valueOf(failed.getMessage());
        return words.equals("Connection refused") ? "connect: connection refused" : words;
    }

    private record ConnectionDuplex(PodNetwork.Connection connection) implements Duplex {
        @Override
        public InputStream input() {
            return connection.input();
        }

        @Override
        public OutputStream output() {
            return connection.output();
        }

        @Override
        public void shutdownOutput() throws IOException {
            connection.shutdownOutput();
        }

        @Override
        public void close() {
            connection.close();
        }
    }

    private PodWorker worker(PodRef pod) throws StreamRefused {
        return workers.worker(Objects.requireNonNull(pod.uid()))
                .orElseThrow(() -> new StreamRefused(404, "pod does not exist"));
    }
}
