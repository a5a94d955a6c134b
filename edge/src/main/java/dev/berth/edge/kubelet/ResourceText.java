package dev.berth.edge.kubelet;

import dev.berth.core.usage.GroupUse;
import dev.berth.engine.podworker.PodUsage.PodReading;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** {@code /metrics/resource}: CPU and memory of the node, its pods and their containers. */
final class ResourceText {
    private static final double NANOS = 1e9;

    private ResourceText() {}

    static String of(List<PodReading> pods, Instant now) {
        var out = new Exposition();
        out.family(
                "container_cpu_usage_seconds_total",
                "counter",
                "[STABLE] Cumulative cpu time consumed by the container in core-seconds");
        containers(out, pods, use -> use.cpu().totalNanos() / NANOS);
        out.family(
                "container_memory_working_set_bytes",
                "gauge",
                "[STABLE] Current working set of the container in bytes");
        containers(out, pods, use -> use.memory().workingSet());
        out.family(
                "container_start_time_seconds",
                "gauge",
                "[STABLE] Start time of the container since unix epoch in seconds");
        for (var pod : pods) {
            for (var container : pod.containers()) {
                out.sample(
                        labels(pod, container.name()),
                        ChronoUnit.NANOS.between(Instant.EPOCH, container.startedAt()) / NANOS,
                        null);
            }
        }
        out.family(
                "container_swap_limit_bytes",
                "gauge",
                "[ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems");
        containers(out, pods, _ -> 0);
        out.family(
                "container_swap_usage_bytes",
                "gauge",
                "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems");
        containers(out, pods, use -> use.memory().swap());
        node(out, pods, now);
        pods(out, pods);
        out.family(
                        "resource_scrape_error",
                        "gauge",
                        "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise")
                .sample(Map.of(), 0, null);
        return out.toString();
    }

    private static void node(Exposition out, List<PodReading> pods, Instant now) {
        var groups = pods.stream().map(PodReading::group).filter(group -> group != null).toList();
        var node = Sums.of(groups, now);
        out.family(
                        "node_cpu_usage_seconds_total",
                        "counter",
                        "[STABLE] Cumulative cpu time consumed by the node in core-seconds")
                .sample(Map.of(), node.cpu().totalNanos() / NANOS, now);
        out.family(
                        "node_memory_working_set_bytes",
                        "gauge",
                        "[STABLE] Current working set of the node in bytes")
                .sample(Map.of(), (double) node.memory().workingSet(), now);
        out.family(
                        "node_swap_usage_bytes",
                        "gauge",
                        "[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems")
                .sample(Map.of(), (double) node.memory().swap(), now);
    }

    private static void pods(Exposition out, List<PodReading> pods) {
        out.family(
                "pod_cpu_usage_seconds_total",
                "counter",
                "[STABLE] Cumulative cpu time consumed by the pod in core-seconds");
        groups(out, pods, use -> use.cpu().totalNanos() / NANOS);
        out.family(
                "pod_memory_working_set_bytes",
                "gauge",
                "[STABLE] Current working set of the pod in bytes");
        groups(out, pods, use -> use.memory().workingSet());
        out.family(
                "pod_swap_usage_bytes",
                "gauge",
                "[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems");
        groups(out, pods, use -> use.memory().swap());
    }

    private static void containers(
            Exposition out, List<PodReading> pods, ToDoubleFunction<GroupUse> value) {
        for (var pod : pods) {
            for (var container : pod.containers()) {
                var use = container.use();
                out.sample(labels(pod, container.name()), value.applyAsDouble(use), use.at());
            }
        }
    }

    private static void groups(
            Exposition out, List<PodReading> pods, ToDoubleFunction<GroupUse> value) {
        for (var pod : pods) {
            var use = pod.group();
            if (use != null) {
                out.sample(
                        Map.of("namespace", pod.namespace(), "pod", pod.name()),
                        value.applyAsDouble(use),
                        use.at());
            }
        }
    }

    private static Map<String, String> labels(PodReading pod, String container) {
        return Map.of("namespace", pod.namespace(), "pod", pod.name(), "container", container);
    }
}
