package dev.berth.edge.kubelet;

import dev.berth.core.usage.GroupUse;
import dev.berth.core.usage.LinkUse;
import dev.berth.core.usage.Rates.Rate;
import dev.berth.engine.podworker.PodUsage.ContainerReading;
import dev.berth.engine.podworker.PodUsage.DiskReading;
import dev.berth.engine.podworker.PodUsage.FileSystemReading;
import dev.berth.engine.podworker.PodUsage.PodReading;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** {@code /stats/summary}: the node, its pods and their containers as one JSON text. */
final class SummaryJson {
    private static final JsonMapper JSON = JsonMapper.shared();

    private SummaryJson() {}

    /**
     * The text.
     *
     * @param onlyCpuAndMemory whether the rest is left out, as a client may wish
     */
    static String of(
            NodeFacts node,
            List<PodReading> pods,
            FileSystemReading disk,
            Instant since,
            Instant now,
            boolean onlyCpuAndMemory) {
        var summary = new LinkedHashMap<String, Object>();
        summary.put("node", node(node, pods, disk, since, now, onlyCpuAndMemory));
        summary.put(
                "pods",
                pods.stream()
                        .filter(pod -> pod.group() != null)
                        .map(pod -> pod(pod, disk, now, onlyCpuAndMemory))
                        .toList());
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(summary);
    }

    private static Map<String, Object> node(
            NodeFacts node,
            List<PodReading> pods,
            FileSystemReading disk,
            Instant since,
            Instant now,
            boolean onlyCpuAndMemory) {
        var groups = pods.stream().map(PodReading::group).filter(group -> group != null).toList();
        var use = Sums.of(groups, now);
        var fields = new LinkedHashMap<String, Object>();
        fields.put("nodeName", node.name());
        fields.put("startTime", time(since));
        fields.put("cpu", cpu(use, rate(pods)));
        fields.put("memory", memory(use, node.memoryBytes()));
        if (!onlyCpuAndMemory) {
            pods.stream()
                    .map(PodReading::link)
                    .filter(link -> link != null && pods.size() == 1)
                    .findFirst()
                    .ifPresent(link -> fields.put("network", network(link, now)));
            fields.put("fs", fs(disk, disk.capacityBytes() - disk.availableBytes(), now));
            fields.put("rlimit", ordered("time", time(now), "curproc", use.processes()));
        }
        fields.put("swap", swap(use));
        return fields;
    }

    private static @Nullable Long rate(List<PodReading> pods) {
        var known = pods.stream().map(PodReading::rate).filter(rate -> rate != null).toList();
        return known.isEmpty()
                ? null
                : Long.valueOf(known.stream().mapToLong(Rate::nanoCores).sum());
    }

    private static Map<String, Object> pod(
            PodReading pod, FileSystemReading disk, Instant now, boolean onlyCpuAndMemory) {
        var used = onlyCpuAndMemory ? null : pod.disk();
        var use = pod.group();
        var fields = new LinkedHashMap<String, Object>();
        fields.put(
                "podRef",
                ordered("name", pod.name(), "namespace", pod.namespace(), "uid", pod.uid()));
        fields.put("startTime", time(pod.startedAt() == null ? now : pod.startedAt()));
        fields.put(
                "containers",
                pod.containers().stream().map(one -> container(one, used, disk)).toList());
        if (use != null) {
            fields.put("cpu", cpu(use, nanoCores(pod.rate())));
            fields.put("memory", memory(use, use.limits().memoryBytes()));
            if (!onlyCpuAndMemory) {
                if (pod.link() != null) {
                    fields.put("network", network(pod.link(), now));
                }
                if (used != null) {
                    fields.put("volume", volumes(used, disk));
                    fields.put("ephemeral-storage", fs(disk, used.totalBytes(), used.at()));
                }
                fields.put("process_stats", Map.of("process_count", use.processes()));
            }
            fields.put("swap", swap(use));
        }
        return fields;
    }

    private static Map<String, Object> container(
            ContainerReading container, @Nullable DiskReading used, FileSystemReading disk) {
        var use = container.use();
        var fields = new LinkedHashMap<String, Object>();
        fields.put("name", container.name());
        fields.put("startTime", time(container.startedAt()));
        fields.put("cpu", cpu(use, nanoCores(container.rate())));
        fields.put("memory", memory(use, use.limits().memoryBytes()));
        if (used != null) {
            var name = container.name();
            fields.put("rootfs", fs(disk, used.use().roots().getOrDefault(name, 0L), used.at()));
            fields.put("logs", fs(disk, used.use().logs().getOrDefault(name, 0L), used.at()));
        }
        fields.put("swap", swap(use));
        return fields;
    }

    private static List<Map<String, Object>> volumes(DiskReading used, FileSystemReading disk) {
        return used.use().volumes().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(volume -> {
                    var fields = fs(disk, volume.getValue(), used.at());
                    fields.put("name", volume.getKey());
                    return fields;
                })
                .toList();
    }

    private static Map<String, Object> fs(FileSystemReading disk, long usedBytes, Instant at) {
        return ordered(
                "time",
                time(at),
                "availableBytes",
                disk.availableBytes(),
                "capacityBytes",
                disk.capacityBytes(),
                "usedBytes",
                usedBytes);
    }

    private static @Nullable Long nanoCores(@Nullable Rate rate) {
        return rate == null ? null : Long.valueOf(rate.nanoCores());
    }

    private static Map<String, Object> cpu(GroupUse use, @Nullable Long nanoCores) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("time", time(use.at()));
        if (nanoCores != null) {
            fields.put("usageNanoCores", nanoCores);
        }
        fields.put("usageCoreNanoSeconds", use.cpu().totalNanos());
        return fields;
    }

    private static Map<String, Object> memory(GroupUse use, long limit) {
        var memory = use.memory();
        var fields = new LinkedHashMap<String, Object>();
        fields.put("time", time(use.at()));
        if (limit > 0) {
            fields.put("availableBytes", Math.max(0, limit - memory.workingSet()));
        }
        fields.put("usageBytes", memory.usage());
        fields.put("workingSetBytes", memory.workingSet());
        fields.put("rssBytes", memory.rss());
        fields.put("pageFaults", memory.faults());
        fields.put("majorPageFaults", memory.majorFaults());
        return fields;
    }

    private static Map<String, Object> network(LinkUse link, Instant now) {
        var one = new LinkedHashMap<String, Object>();
        one.put("name", link.name());
        one.put("rxBytes", link.received().bytes());
        one.put("rxErrors", link.received().errors());
        one.put("txBytes", link.sent().bytes());
        one.put("txErrors", link.sent().errors());
        var fields = new LinkedHashMap<String, Object>();
        fields.put("time", time(now));
        fields.putAll(one);
        fields.put("interfaces", List.of(one));
        return fields;
    }

    private static Map<String, Object> swap(GroupUse use) {
        return ordered(
                "time",
                time(use.at()),
                "swapAvailableBytes",
                0,
                "swapUsageBytes",
                use.memory().swap());
    }

    /** Names and values in turn. */
    private static Map<String, Object> ordered(Object... fields) {
        var all = new LinkedHashMap<String, Object>();
        for (var index = 0; index < fields.length; index += 2) {
            all.put(String.valueOf(fields[index]), fields[index + 1]);
        }
        return all;
    }

    private static String time(Instant at) {
        return at.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
