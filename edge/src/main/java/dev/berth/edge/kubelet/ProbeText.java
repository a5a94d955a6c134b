package dev.berth.edge.kubelet;

import dev.berth.core.usage.ProbeCounts;
import dev.berth.engine.podworker.PodUsage.PodProbeCounts;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code /metrics/probes}: how often probes were asked, and how long that took. */
final class ProbeText {
    private ProbeText() {}

    static String of(List<PodProbeCounts> pods, double processStartSeconds) {
        var out = new Exposition();
        out.family(
                        "process_start_time_seconds",
                        "gauge",
                        "[ALPHA] Start time of the process since unix epoch in seconds.")
                .sample(Map.of(), processStartSeconds, null);
        out.family(
                "prober_probe_duration_seconds",
                "histogram",
                "[ALPHA] Duration in seconds for a probe response.");
        for (var pod : pods) {
            for (var probe : pod.counts()) {
                times(out, labels(pod, probe), probe.successfulTimes(), probe.unknownTimes());
            }
        }
        out.family(
                "prober_probe_total",
                "counter",
                "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.");
        for (var pod : pods) {
            for (var probe : pod.counts()) {
                count(out, pod, probe, "failed", probe.failed());
                count(out, pod, probe, "successful", probe.successful());
                count(out, pod, probe, "unknown", probe.unknown());
            }
        }
        return out.toString();
    }

    /** A kubelet tells the times of what failed nowhere. */
    private static void times(
            Exposition out,
            Map<String, String> labels,
            ProbeCounts.Times one,
            ProbeCounts.Times other) {
        var count = one.count() + other.count();
        if (count == 0) {
            return;
        }
        for (var place = 0; place < ProbeCounts.BOUNDS.size(); place++) {
            var bound = Exposition.number(ProbeCounts.BOUNDS.get(place));
            out.sample(
                    "_bucket",
                    with(labels, "le", bound),
                    (double) one.upTo().get(place) + other.upTo().get(place),
                    null);
        }
        out.sample("_bucket", with(labels, "le", "+Inf"), (double) count, null);
        out.sample("_sum", labels, one.seconds() + other.seconds(), null);
        out.sample("_count", labels, (double) count, null);
    }

    private static void count(
            Exposition out, PodProbeCounts pod, ProbeCounts probe, String result, long count) {
        if (count > 0) {
            var labels = with(labels(pod, probe), "result", result);
            out.sample(with(labels, "pod_uid", pod.uid()), (double) count, null);
        }
    }

    private static Map<String, String> labels(PodProbeCounts pod, ProbeCounts probe) {
        return Map.of(
                "namespace", pod.namespace(),
                "pod", pod.name(),
                "container", probe.container(),
                "probe_type", probe.type());
    }

    private static Map<String, String> with(Map<String, String> labels, String name, String value) {
        var all = new HashMap<>(labels);
        all.put(name, value);
        return all;
    }
}
