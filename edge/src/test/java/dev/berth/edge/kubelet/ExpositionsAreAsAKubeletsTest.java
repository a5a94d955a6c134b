package dev.berth.edge.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.StorageUse;
import dev.berth.core.usage.GroupUse;
import dev.berth.core.usage.LinkUse;
import dev.berth.core.usage.ProbeCounts;
import dev.berth.core.usage.ProbeCounts.Times;
import dev.berth.core.usage.Rates.Rate;
import dev.berth.engine.podworker.PodUsage.ContainerReading;
import dev.berth.engine.podworker.PodUsage.DiskReading;
import dev.berth.engine.podworker.PodUsage.FileSystemReading;
import dev.berth.engine.podworker.PodUsage.PodProbeCounts;
import dev.berth.engine.podworker.PodUsage.PodReading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The texts for one pod with one container; {@code -Dgolden.update=true} writes them anew. The
 * names, labels, kinds and help of all series were compared with those that a stock kubelet v1.36.3
 * tells of such a pod; docs/metrics.md says what is left out.
 */
class ExpositionsAreAsAKubeletsTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");
    private static final NodeFacts NODE =
            new NodeFacts(
                    "fargate-172.16.1.241",
                    2000,
                    4L << 30,
                    "v1.36.3-eks-berth",
                    "6.1.0",
                    "Amazon Linux 2",
                    "b00t",
                    "0a",
                    "0b");

    private static GroupUse use(long memoryLimit, long quota) {
        return new GroupUse(
                NOW,
                new GroupUse.Cpu(
                        2_500_000_000L, 2_000_000_000L, 500_000_000L, 100, 10, 250_000_000),
                new GroupUse.Memory(
                        60_000_000,
                        61_000_000,
                        52_428_800,
                        5_000_000,
                        1_000_000,
                        2_000_000,
                        3_000_000,
                        0,
                        400_000,
                        0,
                        1234,
                        5,
                        0),
                3,
                4,
                List.of(new GroupUse.Device("/dev/vda", 4096, 8192, 1, 2)),
                new GroupUse.Limits(256, quota, 100_000, memoryLimit, memoryLimit));
    }

    private static List<PodReading> pods() {
        var container =
                new ContainerReading(
                        "web",
                        "c0ffee",
                        "docker.io/library/nginx:latest",
                        NOW.minusSeconds(100),
                        use(0, 0),
                        new Rate(1_500_000, Duration.ofSeconds(15)));
        return List.of(
                new PodReading(
                        "default",
                        "web-1",
                        "uid-1",
                        Map.of("app", "web"),
                        NODE.name(),
                        "/berth/one/poduid-1",
                        NOW.minusSeconds(101),
                        use(536_870_912, 25_000),
                        new LinkUse(
                                "eth0",
                                new LinkUse.Traffic(1000, 10, 0, 1),
                                new LinkUse.Traffic(2000, 20, 0, 0)),
                        List.of(container),
                        new Rate(1_600_000, Duration.ofSeconds(15)),
                        new DiskReading(
                                NOW.minusSeconds(20),
                                new StorageUse(
                                        Map.of("data", 4096L),
                                        Map.of("web", 8192L),
                                        Map.of("web", 12_288L)),
                                24_576)));
    }

    @Test
    void resource_metrics() throws Exception {
        golden("resource.txt", ResourceText.of(pods(), NOW));
    }

    @Test
    void cadvisor_metrics() throws Exception {
        golden("cadvisor.txt", CadvisorText.of(NODE, pods(), NOW));
    }

    @Test
    void probe_metrics() throws Exception {
        var none = Collections.nCopies(11, 0L);
        var counts =
                new ProbeCounts(
                        "web",
                        "Readiness",
                        2,
                        1,
                        0,
                        new Times(List.of(0L, 1L, 1L, 2L, 2L, 2L, 2L, 2L, 2L, 2L, 2L), 2, 0.05),
                        new Times(none, 0, 0));
        golden(
                "probes.txt",
                ProbeText.of(
                        List.of(new PodProbeCounts("default", "web-1", "uid-1", List.of(counts))),
                        1_000_000_000.5));
    }

    @Test
    void the_summary() throws Exception {
        golden(
                "summary.json",
                SummaryJson.of(
                        NODE,
                        pods(),
                        new FileSystemReading(1_000_000_000, 400_000_000),
                        NOW.minusSeconds(1000),
                        NOW,
                        false));
    }

    @Test
    void a_node_without_pods_uses_nothing() {
        assertThat(ResourceText.of(List.of(), NOW))
                .contains("node_cpu_usage_seconds_total 0 ")
                .doesNotContain("pod_cpu_usage");
    }

    private static void golden(String name, String text) throws IOException {
        var file = Path.of("src/test/resources/golden/kubelet", name);
        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        }
        assertThat(text).isEqualTo(Files.readString(file));
    }
}
