package dev.berth.adapter.kube;

import dev.berth.adapter.kube.ApiConnection.Content;
import dev.berth.adapter.kube.EventCorrelation.Writing;
import dev.berth.port.KubeApi.Event;
import dev.berth.port.KubeApi.KubeRefused;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes events behind the back of those who tell them: best effort, in order for every single pod,
 * as many as {@link EventCorrelation} lets through. A few virtual threads write, each with its own
 * queue; when a queue is full, the event that comes is dropped and that is logged.
 *
 * <p>What pods wait for goes first: while other requests are under way, each thread writes about
 * twelve events a second, together about as many as a kubelet (its {@code eventRecordQPS} is 50).
 */
final class EventWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventWriter.class);
    private static final int LANES = 4;
    private static final int WAITING_MAX = 1024;

    /** A name has at most 253 characters; dot and number take 17. */
    private static final int NAME_PART_MAX = 236;

    private static final Duration PATIENCE = Duration.ofMillis(80);
    private static final int ATTEMPTS_MAX = 3;
    private static final Duration RETRY = Duration.ofMillis(200);
    private static final Duration FLUSH_AT_MOST = Duration.ofSeconds(2);

    private final ApiConnection connection;
    private final List<Lane> lanes;
    private final AtomicLong suffix;
    private volatile boolean closing;

    EventWriter(ApiConnection connection) {
        this.connection = connection;
        var now = Instant.now();
        // Names are unique as client-go's are: the pod's name and a number that grows with time.
        this.suffix = new AtomicLong(now.getEpochSecond() * 1_000_000_000L + now.getNano());
        this.lanes = IntStream.range(0, LANES).mapToObj(_ -> new Lane()).toList();
    }

    void write(Event event) {
        lanes.get(Math.floorMod(event.podUid().hashCode(), LANES)).add(event);
    }

    /** Writes what waits, for at most two seconds. */
    @Override
    public void close() {
        closing = true;
        var until = Instant.now().plus(FLUSH_AT_MOST);
        lanes.forEach(Lane::end);
        lanes.forEach(lane -> lane.join(until));
    }

    private final class Lane {
        private final BlockingQueue<Wish> waiting = new ArrayBlockingQueue<>(WAITING_MAX);
        private final EventCorrelation correlation = new EventCorrelation();
        private final Thread thread = Thread.ofVirtual().name("events").unstarted(this::run);

        private sealed interface Wish {
            record Write(Event event) implements Wish {}

            record End() implements Wish {}
        }

        Lane() {
            thread.start();
        }

        void add(Event event) {
            if (!waiting.offer(new Wish.Write(event))) {
                LOG.warn("event dropped pod={} reason={}", event.pod(), event.reason());
            }
        }

        void end() {
            if (!waiting.offer(new Wish.End())) {
                thread.interrupt();
            }
        }

        void join(Instant until) {
            try {
                if (!thread.join(Duration.between(Instant.now(), until))) {
                    thread.interrupt();
                }
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                thread.interrupt();
            }
        }

        private void run() {
            try {
                while (waiting.take() instanceof Wish.Write(var event)) {
                    if (!closing) {
                        connection.traffic().awaitNone(PATIENCE);
                    }
                    write(event);
                }
            } catch (InterruptedException _) {
                LOG.debug("events not written: {}", waiting.size());
            }
        }

        private void write(Event event) throws InterruptedException {
            var pod = event.pod().name();
            var fresh =
                    pod.substring(0, Math.min(pod.length(), NAME_PART_MAX))
                            + "."
                            + Long.toHexString(suffix.getAndIncrement());
            var writing = correlation.of(event, fresh);
            if (writing.isEmpty()) {
                LOG.debug("event counted only pod={} reason={}", event.pod(), event.reason());
                return;
            }
            for (int attempt = 1; ; attempt++) {
                try {
                    writeOnce(event, writing.get());
                    return;
                } catch (KubeRefused e) {
                    // Its namespace is going away, most often.
                    LOG.debug("event refused pod={} message={}", event.pod(), e.getMessage());
                    return;
                } catch (KubeUnavailable e) {
                    if (attempt == ATTEMPTS_MAX) {
                        LOG.debug("event lost pod={} message={}", event.pod(), e.getMessage());
                        return;
                    }
                    Thread.sleep(RETRY);
                }
            }
        }

        private void writeOnce(Event event, Writing writing) throws KubeRefused {
            var path = "/api/v1/namespaces/" + namespace(event) + "/events";
            if (writing.again()) {
                try {
                    connection.patch(
                            path + "/" + writing.name(),
                            Content.MERGE_PATCH,
                            Map.of(
                                    "count",
                                    writing.count(),
                                    "message",
                                    writing.message(),
                                    "lastTimestamp",
                                    Json.seconds(event.time())));
                    return;
                } catch (KubeRefused e) {
                    if (e.code() != 404) {
                        throw e;
                    }
                    // The server keeps events for an hour only, or it was never written.
                }
            }
            connection.post(path, object(event, writing));
        }

        private static String namespace(Event event) {
            return event.aboutNode() ? "default" : event.pod().namespace();
        }

        private Map<String, Object> object(Event event, Writing writing) {
            var involved = new LinkedHashMap<String, Object>();
            involved.put("kind", event.aboutNode() ? "Node" : "Pod");
            if (!event.aboutNode()) {
                involved.put("apiVersion", "v1");
                involved.put("namespace", event.pod().namespace());
            }
            involved.put("name", event.pod().name());
            involved.put("uid", event.podUid());
            if (event.fieldPath() != null) {
                involved.put("fieldPath", event.fieldPath());
            }
            var source = new LinkedHashMap<String, Object>();
            source.put("component", event.component());
            if (event.host() != null) {
                source.put("host", event.host());
            }
            var body = new LinkedHashMap<String, Object>();
            body.put("apiVersion", "v1");
            body.put("kind", "Event");
            body.put("metadata", Map.of("namespace", namespace(event), "name", writing.name()));
            body.put("involvedObject", involved);
            body.put("type", event.warning() ? "Warning" : "Normal");
            body.put("reason", event.reason());
            body.put("message", writing.message());
            body.put("source", source);
            body.put("reportingComponent", event.component());
            body.put("reportingInstance", event.host() == null ? "" : event.host());
            body.put("firstTimestamp", Json.seconds(writing.first()));
            body.put("lastTimestamp", Json.seconds(event.time()));
            body.put("count", writing.count());
            return body;
        }
    }
}
