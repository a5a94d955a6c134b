package dev.berth.edge.kubelet;

import dev.berth.edge.kubelet.SpdyConnection.Stream;
import dev.berth.engine.podworker.PodStreams.Session;
import dev.berth.engine.podworker.PodStreams.StreamRefused;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
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
    private static final int BUFFER_BYTES = 32 * 1024;

    private final StreamRequest request;
    private final boolean structured;
    private final Start start;
    private final Map<String, Channel> streams = new ConcurrentHashMap<>();
    private final CountDownLatch missing;
    private final CountDownLatch gone = new CountDownLatch(1);

    /** Starts the command, or attaches. */
    @FunctionalInterface
    interface Start {
        Session session() throws StreamRefused, InterruptedException;
    }

    /**
     * Waits for streams.
     *
     * @param structured whether the end is told as a Status; else only a failure is, in words
     */
    CommandStreams(StreamRequest request, boolean structured, Start start) {
        this.structured = structured;
        this.request = request;
        this.start = start;
        var expected = request.errorOutput() ? 2 : 1;
        for (var name : List.of("input", "output", "tty")) {
            expected += request.flag(name) ? 1 : 0;
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

    /** The client is gone. A command goes on unheard; what was attached to is let go. */
    void clientGone() {
        gone.countDown();
    }

    private void detachWhenGone(Session session) {
        if (request.verb().equals("attach")) {
            Thread.ofVirtual()
                    .name("attach-end")
                    .start(() -> {
                        try {
                            gone.await();
                            session.close();
                        } catch (InterruptedException stop) {
                            Thread.currentThread().interrupt();
                        }
                    });
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
        } finally {
            gone.countDown();
        }
    }

    private Map<String, Object> outcome() throws InterruptedException, IOException {
        try (var session = start.session()) {
            detachWhenGone(session);
            var stdin = streams.get("stdin");
            var resize = streams.get("resize");
            if (stdin != null) {
                start("stdin", () -> type(stdin, session.stdin()));
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
        } catch (StreamRefused not) {
            return failed(
                    (request.verb().equals("attach")
                                    ? "error attaching to container: "
                                    : "error executing command in container: ")
                            + not.getMessage());
        }
    }

    private static Map<String, Object> failed(String why) {
        return Map.of(
                "metadata",
                Map.of(),
                "status",
                "Failure",
                "reason",
                "InternalError",
                "code",
                500,
                "details",
                Map.of("causes", List.of(Map.of("message", why))),
                "message",
                "Internal error occurred: " + why);
    }

    private Thread output(String name, InputStream from) {
        var stream = streams.get(name);
        return start(
                name,
                () -> {
                    if (stream == null) {
                        from.transferTo(OutputStream.nullOutputStream());
                    } else {
                        show(from, stream.output());
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

    /** What the client types, until it or the command ends it. */
    private static void type(Channel from, OutputStream to) throws IOException {
        try (to) {
            from.input().transferTo(to);
        } finally {
            // A command that reads no more must not hold up the connection's other streams.
            from.ignoreInput();
        }
    }

    /**
     * What the command says. One whose client is gone goes on unheard, as on any node: it is read
     * to its end, so that it does not wait for ever.
     */
    private static void show(InputStream from, OutputStream to) throws IOException {
        var buffer = new byte[BUFFER_BYTES];
        try (to) {
            int count;
            while ((count = from.read(buffer)) >= 0) {
                to.write(buffer, 0, count);
                to.flush();
            }
        } finally {
            from.transferTo(OutputStream.nullOutputStream());
        }
    }

    /** Sizes come one JSON object after another, {@code {"Width":80,"Height":24}}. */
    private static void resize(InputStream sizes, Session session) throws IOException {
        // Not one value read whole: that would wait for the next one, to see that there is none.
        try (var each = JSON.readerFor(JsonNode.class).<JsonNode>readValues(sizes)) {
            while (each.hasNextValue()) {
                var size = each.nextValue();
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
                        List.of(Map.of("reason", "ExitCode", "message", Integer.toString(code)))));
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
