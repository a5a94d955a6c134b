package dev.berth.bench;

import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** How long the pods of a series spent in each phase of their start, in milliseconds. */
final class StartPhases {
    private static final long NANOS_PER_MICRO = 1000;

    /** A phase, and the step of a pod's timeline that ends it. */
    enum Phase {
        /** The API server with our webhook, etcd's write, and the watch that tells us. */
        ADMISSION("SEEN"),
        /** A size, a subnet, an address; the Node, the Binding, and the worker that takes it. */
        SCHEDULING("TAKEN"),
        /** Namespaces and their place in the VPC. */
        NETWORK("NETWORK"),
        /** The images, and their files laid out. */
        IMAGE("IMAGE"),
        /** Volumes, and the containers made. */
        CREATE("MADE"),
        /** The containers' processes let go. */
        START("STARTED"),
        /** The API server has the status. */
        STATUS("STATUS"),
        /** The client's watch has told it. */
        WATCH("");

        private final String end;

        Phase(String end) {
            this.end = end;
        }
    }

    private final Map<Phase, List<Double>> millis = new EnumMap<>(Phase.class);

    /** Asks a Berth for the timelines of pods that it started. */
    static StartPhases of(OwnBerth berth, PodStarts.Seen seen)
            throws IOException, InterruptedException {
        var phases = new StartPhases();
        for (var i = 0; i < seen.pods().size(); i++) {
            var pod = seen.pods().get(i);
            var began = ChronoUnit.MICROS.between(Instant.EPOCH, pod.at());
            var running = began + (long) (seen.millis().get(i) * NANOS_PER_MICRO);
            phases.add(began, berth.timeline(pod.uid()), running);
        }
        return phases;
    }

    private void add(long began, Map<String, Long> timeline, long running) {
        var before = began;
        for (var phase : Phase.values()) {
            // The watch may tell the client before the writer hears that its write is done.
            var at = phase.end.isEmpty() ? running : timeline.getOrDefault(phase.end, before);
            at = Math.min(Math.max(at, before), running);
            millis.computeIfAbsent(phase, first -> new ArrayList<>())
                    .add((at - before) / (double) NANOS_PER_MICRO);
            before = at;
        }
    }

    /** A figure for each phase. */
    List<Figure> figures(String of, double load) {
        return millis.entrySet().stream()
                .map(each ->
                        Figure.of(
                                "  "
                                        + each.getKey()
                                                .toString()
                                                .toLowerCase(java.util.Locale.ROOT)
                                        + " of "
                                        + of,
                                "ms",
                                each.getValue(),
                                load))
                .toList();
    }
}
