package dev.berth.engine.podworker;

import dev.berth.engine.Busy;
import dev.berth.port.KubeApi;
import dev.berth.port.KubeApi.Event;
import dev.berth.port.KubeApi.KubeUnavailable;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes events to one cluster's API server, one after another on a thread of its own, so that no
 * pod waits for them. Holds 10000; when the API server does not answer, events are lost, as they
 * are with a kubelet.
 */
final class EventSender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventSender.class);
    private static final int WAITING_MOST = 10_000;

    private final KubeApi api;
    private final Busy busy;
    private final LinkedBlockingQueue<Event> waiting = new LinkedBlockingQueue<>(WAITING_MOST);
    private final Thread thread;

    EventSender(KubeApi api, Busy busy, String cluster) {
        this.api = api;
        this.busy = busy;
        this.thread = Thread.ofVirtual().name("events-" + cluster).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    void send(Event event) {
        busy.begin();
        if (!waiting.offer(event)) {
            busy.end();
            LOG.warn("event lost, too many wait pod={} reason={}", event.pod(), event.reason());
        }
    }

    private void run() {
        try {
            while (true) {
                var event = waiting.take();
                try {
                    api.event(event);
                } catch (KubeUnavailable e) {
                    LOG.info(
                            "event lost pod={} reason={} cause={}",
                            event.pod(),
                            event.reason(),
                            e.getMessage());
                } finally {
                    busy.end();
                }
            }
        } catch (InterruptedException stop) {
            waiting.forEach(_ -> busy.end());
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
