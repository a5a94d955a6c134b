package dev.berth.edge.kubelet;

import dev.berth.core.usage.GroupUse;
import dev.berth.core.usage.LinkUse;
import dev.berth.engine.podworker.PodUsage.PodReading;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * {@code /metrics/cadvisor}: the series of containers, pods and the node that dashboards and rules
 * are written for, by cAdvisor's names. A pod's own row has its link's series, and no image; the
 * row of the node has the id {@code /} and adds its pods up, since the machine below is shared.
 */
final class CadvisorText {
    private static final double NANOS = 1e9;

    private final Exposition out = new Exposition();
    private final List<Row> rows = new ArrayList<>();

    private CadvisorText() {}

    /** A cgroup with its labels. */
    private record Row(
            Map<String, String> labels,
            GroupUse use,
            @Nullable LinkUse link,
            @Nullable Instant startedAt) {}

    static String of(NodeFacts node, List<PodReading> pods, Instant now) {
        var text = new CadvisorText();
        text.collect(pods, now);
        text.write(node);
        return text.out.toString();
    }

    private void collect(List<PodReading> pods, Instant now) {
        var groups = new ArrayList<GroupUse>();
        for (var pod : pods) {
            if (pod.group() != null) {
                groups.add(pod.group());
            }
        }
        rows.add(new Row(labels("/", "", "", "", "", ""), Sums.of(groups, now), null, null));
        for (var pod : pods) {
            if (pod.group() == null) {
                continue;
            }
            rows.add(
                    new Row(
                            labels(pod.groupPath(), "", "", pod.namespace(), pod.name(), ""),
                            pod.group(),
                            pod.link(),
                            pod.startedAt()));
            for (var container : pod.containers()) {
                rows.add(
                        new Row(
                                labels(
                                        pod.groupPath() + "/" + container.id(),
                                        container.id(),
                                        container.image(),
                                        pod.namespace(),
                                        pod.name(),
                                        container.name()),
                                container.use(),
                                null,
                                container.startedAt()));
            }
        }
    }

    private static Map<String, String> labels(
            String id, String name, String image, String namespace, String pod, String container) {
        return Map.of(
                "id",
                id,
                "name",
                name,
                "image",
                image,
                "namespace",
                namespace,
                "pod",
                pod,
                "container",
                container);
    }

    private static Map<String, String> with(Map<String, String> labels, String... more) {
        var all = new HashMap<>(labels);
        for (var index = 0; index < more.length; index += 2) {
            all.put(more[index], more[index + 1]);
        }
        return all;
    }

    private void write(NodeFacts node) {
        out.family(
                        "cadvisor_version_info",
                        "gauge",
                        "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.")
                .sample(
                        Map.of(
                                "cadvisorRevision",
                                "",
                                "cadvisorVersion",
                                "",
                                "dockerVersion",
                                "",
                                "kernelVersion",
                                node.kernelVersion(),
                                "osVersion",
                                node.osImage()),
                        1,
                        null);
        blocks();
        cpu();
        devices();
        gauge(
                "container_last_seen",
                "Last time a container was seen by the exporter",
                use -> use.at().getEpochSecond());
        memory();
        network();
        counter(
                "container_oom_events_total",
                "Count of out of memory events observed for the container",
                use -> use.memory().kills());
        gauge(
                "container_processes",
                "Number of processes running inside the container.",
                GroupUse::processes);
        spec();
        gauge(
                "container_threads",
                "Number of threads running inside the container",
                GroupUse::threads);
        machine(node);
    }

    private void cpu() {
        var quota = "container_cpu_cfs_";
        each(
                quota + "periods_total",
                "counter",
                "Number of elapsed enforcement period intervals.",
                row -> limited(row) ? row.use().cpu().periods() : Double.NaN);
        each(
                quota + "throttled_periods_total",
                "counter",
                "Number of throttled period intervals.",
                row -> limited(row) ? row.use().cpu().throttledPeriods() : Double.NaN);
        each(
                quota + "throttled_seconds_total",
                "counter",
                "Total time duration the container has been throttled.",
                row -> limited(row) ? row.use().cpu().throttledNanos() / NANOS : Double.NaN);
        counter(
                "container_cpu_system_seconds_total",
                "Cumulative system cpu time consumed in seconds.",
                use -> use.cpu().systemNanos() / NANOS);
        out.family(
                "container_cpu_usage_seconds_total",
                "counter",
                "Cumulative cpu time consumed in seconds.");
        for (var row : rows) {
            out.sample(
                    with(row.labels(), "cpu", "total"),
                    row.use().cpu().totalNanos() / NANOS,
                    row.use().at());
        }
        counter(
                "container_cpu_user_seconds_total",
                "Cumulative user cpu time consumed in seconds.",
                use -> use.cpu().userNanos() / NANOS);
    }

    private static boolean limited(Row row) {
        return row.use().limits().cpuQuotaMicros() != 0;
    }

    private void blocks() {
        out.family("container_blkio_device_usage_total", "counter", "Blkio Device bytes usage");
        for (var row : rows) {
            for (var device : row.use().devices()) {
                var labels = with(row.labels(), "device", device.name(), "major", "", "minor", "");
                out.sample(
                        with(labels, "operation", "Read"),
                        (double) device.readBytes(),
                        row.use().at());
                out.sample(
                        with(labels, "operation", "Write"),
                        (double) device.writtenBytes(),
                        row.use().at());
            }
        }
    }

    private void devices() {
        device(
                "container_fs_reads_bytes_total",
                "Cumulative count of bytes read",
                GroupUse.Device::readBytes);
        device(
                "container_fs_reads_total",
                "Cumulative count of reads completed",
                GroupUse.Device::reads);
        device(
                "container_fs_writes_bytes_total",
                "Cumulative count of bytes written",
                GroupUse.Device::writtenBytes);
        device(
                "container_fs_writes_total",
                "Cumulative count of writes completed",
                GroupUse.Device::writes);
    }

    private void device(String name, String help, ToDoubleFunction<GroupUse.Device> value) {
        out.family(name, "counter", help);
        for (var row : rows) {
            for (var device : row.use().devices()) {
                out.sample(
                        with(row.labels(), "device", device.name()),
                        value.applyAsDouble(device),
                        row.use().at());
            }
        }
    }

    private void memory() {
        gauge(
                "container_memory_cache",
                "Number of bytes of page cache memory.",
                use -> use.memory().cache());
        counter(
                "container_memory_failcnt",
                "Number of memory usage hits limits",
                use -> use.memory().limitHits());
        out.family(
                "container_memory_failures_total",
                "counter",
                "Cumulative count of memory allocation failures.");
        for (var row : rows) {
            var memory = row.use().memory();
            for (var scope : List.of("container", "hierarchy")) {
                var labels = with(row.labels(), "scope", scope);
                out.sample(
                        with(labels, "failure_type", "pgfault"),
                        (double) memory.faults(),
                        row.use().at());
                out.sample(
                        with(labels, "failure_type", "pgmajfault"),
                        (double) memory.majorFaults(),
                        row.use().at());
            }
        }
        gauge(
                "container_memory_kernel_usage",
                "Size of kernel memory allocated in bytes.",
                use -> use.memory().kernel());
        gauge(
                "container_memory_mapped_file",
                "Size of memory mapped files in bytes.",
                use -> use.memory().mappedFile());
        gauge(
                "container_memory_max_usage_bytes",
                "Maximum memory usage recorded in bytes",
                use -> use.memory().usageMax());
        gauge("container_memory_rss", "Size of RSS in bytes.", use -> use.memory().rss());
        gauge(
                "container_memory_swap",
                "Container swap usage in bytes.",
                use -> use.memory().swap());
        gauge(
                "container_memory_total_active_file_bytes",
                "Current total active file in bytes.",
                use -> use.memory().activeFile());
        gauge(
                "container_memory_total_inactive_file_bytes",
                "Current total inactive file in bytes.",
                use -> use.memory().inactiveFile());
        gauge(
                "container_memory_usage_bytes",
                "Current memory usage in bytes, including all memory regardless of when it was accessed",
                use -> use.memory().usage());
        gauge(
                "container_memory_working_set_bytes",
                "Current working set in bytes.",
                use -> use.memory().workingSet());
    }

    private void network() {
        direction("receive", LinkUse::received, "received", "receiving");
        direction("transmit", LinkUse::sent, "transmitted", "transmitting");
    }

    private void direction(
            String name,
            java.util.function.Function<LinkUse, LinkUse.Traffic> which,
            String done,
            String doing) {
        var begin = "container_network_" + name + "_";
        link(
                begin + "bytes_total",
                "Cumulative count of bytes " + done,
                use -> which.apply(use).bytes());
        link(
                begin + "errors_total",
                "Cumulative count of errors encountered while " + doing,
                use -> which.apply(use).errors());
        link(
                begin + "packets_dropped_total",
                "Cumulative count of packets dropped while " + doing,
                use -> which.apply(use).dropped());
        link(
                begin + "packets_total",
                "Cumulative count of packets " + done,
                use -> which.apply(use).packets());
    }

    private void link(String name, String help, ToDoubleFunction<LinkUse> value) {
        out.family(name, "counter", help);
        for (var row : rows) {
            var link = row.link();
            if (link != null) {
                out.sample(
                        with(row.labels(), "interface", link.name()),
                        value.applyAsDouble(link),
                        row.use().at());
            }
        }
    }

    private void spec() {
        spec(
                "container_spec_cpu_period",
                "CPU period of the container.",
                limits -> limits.cpuPeriodMicros());
        spec(
                "container_spec_cpu_quota",
                "CPU quota of the container.",
                limits -> limits.cpuQuotaMicros() == 0 ? Double.NaN : limits.cpuQuotaMicros());
        spec(
                "container_spec_cpu_shares",
                "CPU share of the container.",
                limits -> limits.cpuShares());
        spec(
                "container_spec_memory_limit_bytes",
                "Memory limit for the container.",
                limits -> limits.memoryBytes());
        spec(
                "container_spec_memory_reservation_limit_bytes",
                "Memory reservation limit for the container.",
                _ -> 0);
        spec(
                "container_spec_memory_swap_limit_bytes",
                "Memory swap limit for the container.",
                limits -> limits.swapBytes());
        out.family(
                "container_start_time_seconds",
                "gauge",
                "Start time of the container since unix epoch in seconds.");
        for (var row : rows) {
            var startedAt = row.startedAt();
            if (startedAt != null) {
                out.sample(row.labels(), (double) startedAt.getEpochSecond(), null);
            }
        }
    }

    private void spec(String name, String help, ToDoubleFunction<GroupUse.Limits> value) {
        out.family(name, "gauge", help);
        for (var row : rows) {
            var number = value.applyAsDouble(row.use().limits());
            if (row.startedAt() != null && !Double.isNaN(number)) {
                out.sample(row.labels(), number, null);
            }
        }
    }

    private void machine(NodeFacts node) {
        var labels =
                Map.of(
                        "boot_id",
                        node.bootId(),
                        "machine_id",
                        node.machineId(),
                        "system_uuid",
                        node.systemUuid());
        var cores = Math.max(1, (node.cpuMillis() + 999) / 1000);
        out.family("machine_cpu_cores", "gauge", "Number of logical CPU cores.")
                .sample(labels, cores, null);
        out.family("machine_cpu_physical_cores", "gauge", "Number of physical CPU cores.")
                .sample(labels, cores, null);
        out.family("machine_cpu_sockets", "gauge", "Number of CPU sockets.")
                .sample(labels, 1, null);
        out.family("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.")
                .sample(labels, (double) node.memoryBytes(), null);
        out.family("machine_swap_bytes", "gauge", "Amount of swap memory available on the machine.")
                .sample(labels, 0, null);
        out.family(
                        "machine_scrape_error",
                        "gauge",
                        "1 if there was an error while getting machine metrics, 0 otherwise.")
                .sample(Map.of(), 0, null);
        out.family(
                        "container_scrape_error",
                        "gauge",
                        "1 if there was an error while getting container metrics, 0 otherwise")
                .sample(Map.of(), 0, null);
    }

    private void gauge(String name, String help, ToDoubleFunction<GroupUse> value) {
        each(name, "gauge", help, row -> value.applyAsDouble(row.use()));
    }

    private void counter(String name, String help, ToDoubleFunction<GroupUse> value) {
        each(name, "counter", help, row -> value.applyAsDouble(row.use()));
    }

    /** A value that is not a number is no sample. */
    private void each(String name, String type, String help, ToDoubleFunction<Row> value) {
        out.family(name, type, help);
        for (var row : rows) {
            var number = value.applyAsDouble(row);
            if (!Double.isNaN(number)) {
                out.sample(row.labels(), number, row.use().at());
            }
        }
    }
}
