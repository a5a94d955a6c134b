package dev.berth.bench.soak;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;

/**
 * Many pods at once. One of ten is a victim, whose process is killed now and then; one of ten is a
 * speaker, whose log is followed; the others belong to Deployments of ten, which are updated one
 * after another. All write to their logs and are probed over HTTP and TCP.
 */
final class Crowd {
    private static final String PODS = "/api/v1/namespaces/default/pods";
    private static final String DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
    private static final int REPLICAS = 10;

    private final int victims;
    private final int speakers;
    private final int deployments;
    private final Map<String, Integer> kills = new HashMap<>();
    private final Map<String, Line> heard = new ConcurrentHashMap<>();
    private int updates;

    /** What was heard of a speaker. */
    private static final class Line {
        final AtomicLong next = new AtomicLong(-1);
        volatile String gap = "";
    }

    /**
     * Plans a crowd.
     *
     * @param pods a multiple of ten
     */
    Crowd(int pods) {
        victims = pods / 10;
        speakers = pods / 10;
        deployments = (pods - victims - speakers) / REPLICAS;
    }

    int size() {
        return victims + speakers + deployments * REPLICAS;
    }

    int updates() {
        return updates;
    }

    int kills() {
        return kills.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** Asks for all of them. */
    void create(Kube kube) throws IOException, InterruptedException {
        for (var number = 0; number < victims; number++) {
            kube.create(PODS, single("victim-" + number, 5));
        }
        for (var number = 0; number < speakers; number++) {
            kube.create(PODS, single("speaker-" + number, 1));
        }
        for (var number = 0; number < deployments; number++) {
            kube.create(
                    DEPLOYMENTS,
                    """
                    {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"crowd-%1$d"},"spec":{"replicas":%2$d,
                     "selector":{"matchLabels":{"crowd":"c%1$d"}},"template":%3$s}}\
                    """
                            .formatted(
                                    number,
                                    REPLICAS,
                                    "{" + pod("\"labels\":{\"crowd\":\"c" + number + "\"}", 5)));
        }
    }

    private static String single(String name, int pause) {
        return "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," + pod("\"name\":\"" + name + "\"", pause);
    }

    private static String pod(String metadata, int pause) {
        return """
        "metadata":{%s},"spec":{"terminationGracePeriodSeconds":2,"containers":[{"name":"main","image":"nginx","imagePullPolicy":"IfNotPresent",
        "command":["sh","-c","nginx; trap 'exit 0' TERM; i=0; while :; do echo line $i; i=$((i+1)); sleep %d; done"],
        "readinessProbe":{"httpGet":{"port":80,"path":"/"},"periodSeconds":5,"timeoutSeconds":20},
        "livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":10,"timeoutSeconds":20}}]}}\
        """
                .formatted(metadata, pause);
    }

    /** How many are ready now. */
    int ready(Kube kube) throws IOException, InterruptedException {
        return (int)
                kube.list(PODS).stream()
                        .filter(pod -> !pod.path("metadata").has("deletionTimestamp"))
                        .filter(pod -> pod.at("/status/containerStatuses/0/ready").asBoolean(false))
                        .count();
    }

    /** Follows the speakers' logs from their beginning. */
    void listen(Kube kube) {
        for (var number = 0; number < speakers; number++) {
            var name = "speaker-" + number;
            var line = new Line();
            heard.put(name, line);
            Thread.ofVirtual().start(() -> listen(kube, name, line));
        }
    }

    private static void listen(Kube kube, String name, Line line) {
        try (var lines = kube.lines(PODS + "/" + name + "/log?follow=true")) {
            // The server that is probed writes into the same log.
            lines.filter(said -> said.startsWith("line "))
                    .forEach(said -> {
                        var expected = line.next.incrementAndGet();
                        if (!said.equals("line " + expected) && line.gap.isEmpty()) {
                            line.gap = "'" + said + "' instead of line " + expected;
                        }
                    });
            line.gap = line.gap.isEmpty() ? "its log ended" : line.gap;
        } catch (IOException | UncheckedIOException e) {
            line.gap = line.gap.isEmpty() ? String.valueOf(e.getMessage()) : line.gap;
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }

    /** What was not heard of the speakers, who have spoken for so many seconds. */
    List<String> unheard(long seconds) {
        return heard.entrySet().stream()
                .filter(entry ->
                        !entry.getValue().gap.isEmpty()
                                || entry.getValue().next.get() < seconds / 2)
                .map(entry ->
                        entry.getKey()
                                + ": "
                                + (entry.getValue().next.get() + 1)
                                + " lines, "
                                + entry.getValue().gap)
                .toList();
    }

    /** Updates the next Deployment: all its pods are replaced. */
    void update(Kube kube) throws IOException, InterruptedException {
        kube.merge(
                DEPLOYMENTS + "/crowd-" + updates % deployments,
                "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"update\":\""
                        + ++updates
                        + "\"}}}}}");
    }

    /** Kills the next victim's process, if that runs. */
    void kill(Kube kube, int turn) throws IOException, InterruptedException {
        var name = "victim-" + turn % victims;
        var pod = kube.get(PODS + "/" + name);
        if (pod.at("/status/containerStatuses/0/state/running").isMissingNode()) {
            return;
        }
        for (var pid : firstProcesses(pod.at("/metadata/uid").asString())) {
            if (ProcessHandle.of(pid).map(ProcessHandle::destroyForcibly).orElse(false)) {
                kills.merge(name, 1, Integer::sum);
            }
        }
    }

    /** The processes of a pod that are the first of their containers. */
    private static List<Long> firstProcesses(String podUid) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> {
                    try {
                        var process = Path.of("/proc", String.valueOf(pid));
                        return Files.readString(process.resolve("cgroup")).contains(podUid)
                                && Files.readString(process.resolve("status"))
                                        .lines()
                                        .anyMatch(line -> line.matches("NSpid:.*\\s1"));
                    } catch (IOException gone) {
                        return false;
                    }
                })
                .toList();
    }

    /** Victims that were not restarted as often as they were killed. */
    List<String> missedRestarts(Kube kube) throws IOException, InterruptedException {
        return kube.list(PODS).stream()
                .filter(pod -> name(pod).startsWith("victim-"))
                .filter(pod -> restarts(pod) != kills.getOrDefault(name(pod), 0))
                .map(pod ->
                        name(pod)
                                + " was killed "
                                + kills.getOrDefault(name(pod), 0)
                                + " times and restarted "
                                + restarts(pod))
                .toList();
    }

    /** Restarts of pods that nobody killed. */
    int needlessRestarts(Kube kube) throws IOException, InterruptedException {
        return kube.list(PODS).stream()
                .filter(pod -> !name(pod).startsWith("victim-"))
                .mapToInt(Crowd::restarts)
                .sum();
    }

    /** Deletes all. */
    void delete(Kube kube) throws IOException, InterruptedException {
        kube.delete(DEPLOYMENTS);
        kube.delete(PODS);
    }

    private static String name(JsonNode pod) {
        return pod.at("/metadata/name").asString();
    }

    private static int restarts(JsonNode pod) {
        return pod.at("/status/containerStatuses/0/restartCount").asInt(0);
    }
}
