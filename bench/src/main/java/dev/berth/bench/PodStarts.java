package dev.berth.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Pods that are asked for, one after another or all at once, and what their client waits. */
final class PodStarts {
    private final Cluster api;
    private final String prefix;
    private final List<String> standing = new ArrayList<>();

    /**
     * Does nothing yet.
     *
     * @param prefix of the pods' names; another one each time
     */
    PodStarts(Cluster api, String prefix) {
        this.api = api;
        this.prefix = prefix;
    }

    /**
     * What was seen.
     *
     * @param pods all, in the order in which they were asked for
     * @param millis from before the request to the watch's word of Running, of each
     * @param perSecond how many came to run in a second, from the first request to the last Running
     */
    record Seen(List<Cluster.Created> pods, List<Double> millis, double perSecond) {
        /** Without the first pods. */
        Seen after(int warmUp) {
            return new Seen(
                    pods.subList(warmUp, pods.size()),
                    millis.subList(warmUp, millis.size()),
                    perSecond);
        }
    }

    /** Asks for each pod when the one before runs. They stay. */
    Seen oneByOne(int count) throws IOException, InterruptedException {
        var pods = new ArrayList<Cluster.Created>();
        var ends = new ArrayList<Long>();
        for (var i = 0; i < count; i++) {
            var name = prefix + "-one-" + i;
            standing.add(name);
            pods.add(api.create(name));
            ends.add(api.awaitRunning(name));
        }
        return seen(pods, ends);
    }

    /** All are asked for side by side, as a Deployment's controller does. They stay. */
    Seen atOnce(int count) throws IOException, InterruptedException, ExecutionException {
        var asked = new ArrayList<Future<Cluster.Created>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var i = 0; i < count; i++) {
                var name = prefix + "-burst-" + i;
                standing.add(name);
                asked.add(threads.submit(() -> api.create(name)));
            }
        }
        var pods = new ArrayList<Cluster.Created>();
        var ends = new ArrayList<Long>();
        for (var each : asked) {
            pods.add(each.get());
        }
        for (var each : pods) {
            ends.add(api.awaitRunning(each.name()));
        }
        return seen(pods, ends);
    }

    private static Seen seen(List<Cluster.Created> pods, List<Long> ends) {
        var millis = new ArrayList<Double>();
        var first = Long.MAX_VALUE;
        var last = Long.MIN_VALUE;
        for (var i = 0; i < pods.size(); i++) {
            millis.add((ends.get(i) - pods.get(i).began()) / 1e6);
            first = Math.min(first, pods.get(i).began());
            last = Math.max(last, ends.get(i));
        }
        return new Seen(pods, millis, pods.size() / ((last - first) / 1e9));
    }

    /** Deletes all that stand, and waits until they are gone. */
    void clear() throws IOException, InterruptedException {
        for (var name : standing) {
            api.delete(name);
        }
        for (var name : standing) {
            api.awaitGone(name);
        }
        standing.clear();
    }
}
