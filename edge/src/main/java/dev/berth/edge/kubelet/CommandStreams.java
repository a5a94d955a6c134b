package dev.berth.edge.kubelet;

import dev.berth.edge.kubelet.NodeStreams.NotPossible;
import dev.berth.edge.kubelet.NodeStreams.Session;
import dev.berth.edge.kubelet.SpdyConnection.Stream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs one exec or attach over a connection: waits until all the streams stand that the client
 * announced, joins them with the command's, and says on the error stream how it ended, as protocol
 * v4.channel.k8s.io wants it or, for older clients, in words.
 */
final class CommandStreams implements SpdyConnection.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(CommandStreams.class);
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int STREAMS_WAIT_SECONDS = 30;

    private final NodeStreams node;
    private final StreamRequest request;
    private final boolean terminal;
    private final boolean structured;
    private final Map<String, Channel> streams = new ConcurrentHashMap<>();
    private final CountDownLatch missing;

    /**
     * Waits for streams.
     *
     * @param structured whether the end is told as a Status; else only a failure is, in words
     */
    CommandStreams(NodeStreams node, StreamRequest request, boolean structured) {
        this.node = node;
        this.structured = structured;
        this.request = request;
        this.terminal = request.flag("tty");
        var expected = 1;
        for (var name : java.util.List.of("input", "output", "error", "tty")) {
            expected += request.flag(name) && !(name.equals("error") && terminal) ? 1 : 0;
        }
        this.missing = new CountDownLatch(expected);
    }

    @Override
    public void opened(Stream stream) {
        var type = stream.header("streamtype");
        if (type != null) {
            opened(type, stream);
        }
    }

    /**
     * A stream stands.
     *
     * @param type stdin, stdout, stderr, error or resize
     */
    void opened(String type, Channel stream) {
        if (streams.putIfAbsent(type, stream) == null) {
            missing.countDown();
        }
    }

    /** Runs the command to its end, then closes the connection. */
    void run(Closeable connection) {
        try (connection) {
            if (!missing.await(STREAMS_WAIT_SECONDS, TimeUnit.SECONDS)) {
                LOG.info(
                        "client did not open its streams pod={}/{}",
                        request.namespace(),
                        request.pod());
                return;
            }
            var error = streams.get("error");
            if (error == null) {
                return;
            }
            try (var status = error.output()) {
                var outcome = outcome();
                if (structured) {
                    status.write(JSON.writeValueAsBytes(outcome));
                } else if (!"Success".equals(outcome.get("status"))) {
                    status.write(utf8(String.valueOf(outcome.get("message"))));
                }
            }
        } catch (IOException gone) {
            LOG.debug("client went away pod={}/{}", request.namespace(), request.pod(), gone);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    private Map<String, Object> outcome() throws InterruptedException, IOException {
        try (var session = open()) {
            var stdin = streams.get("stdin");
            var resize = streams.get("resize");
            if (stdin != null) {
                start("stdin", () -> pump(stdin.input(), session.stdin(), true));
            } else {
                session.stdin().close();
            }
            if (resize != null) {
                start("resize", () -> resize(resize.input(), session));
            }
            var out = output("stdout", session.stdout());
            var err = output("stderr", session.stderr());
            var exitCode = session.await();
            out.join();
            err.join();
            return exitCode.isEmpty() || exitCode.getAsInt() == 0
                    ? Map.of("metadata", Map.of(), "status", "Success")
                    : exited(exitCode.getAsInt());
        } catch (NotPossible not) {
            return Map.of(
                    "metadata",
                    Map.of(),
                    "status",
                    "Failure",
                    "reason",
                    "InternalError",
                    "code",
                    500,
                    "message",
                    not.getMessage());
        }
    }

    private Session open() throws NotPossible, InterruptedException {
        return request.verb().equals("attach")
                ? node.attach(request.target())
                : node.exec(
                        request.target(),
                        request.query().getOrDefault("command", java.util.List.of()),
                        terminal,
                        request.flag("input"));
    }

    private Thread output(String name, InputStream from) {
        var stream = streams.get(name);
        return start(
                name,
                () -> {
                    if (stream == null) {
                        from.transferTo(OutputStream.nullOutputStream());
                    } else {
                        pump(from, stream.output(), true);
                    }
                });
    }

    private interface Task {
        void run() throws IOException;
    }

    private Thread start(String name, Task task) {
        return Thread.ofVirtual()
                .name("exec-" + name)
                .start(() -> {
                    try {
                        task.run();
                    } catch (IOException ended) {
                        LOG.debug(
                                "stream ended pod={}/{} stream={}",
                                request.namespace(),
                                request.pod(),
                                name,
                                ended);
                    }
                });
    }

    private static void pump(InputStream from, OutputStream to, boolean close) throws IOException {
        var buffer = new byte[32 * 1024];
        int count;
        while ((count = from.read(buffer)) >= 0) {
            to.write(buffer, 0, count);
            to.flush();
        }
        if (close) {
            to.close();
        }
    }

    /** Sizes come one JSON object after another, {@code {"Width":80,"Height":24}}. */
    private static void resize(InputStream sizes, Session session) throws IOException {
        try (var parser = JSON.createParser(sizes)) {
            while (parser.nextToken() != null) {
                var size = JSON.readTree(parser);
                session.resize(size.path("Width").asInt(), size.path("Height").asInt());
            }
        }
    }

    private static Map<String, Object> exited(int code) {
        return Map.of(
                "metadata",
                Map.of(),
                "status",
                "Failure",
                "reason",
                "NonZeroExitCode",
                "message",
                "command terminated with non-zero exit code: exit status " + code,
                "details",
                Map.of(
                        "causes",
                        java.util.List.of(
                                Map.of("reason", "ExitCode", "message", Integer.toString(code)))));
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
