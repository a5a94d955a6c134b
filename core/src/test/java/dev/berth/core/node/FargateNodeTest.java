package dev.berth.core.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.berth.core.golden.Golden;
import dev.berth.core.network.Vpc;
import dev.berth.core.size.FargateSize;
import java.time.Instant;
import java.util.HashMap;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FargateNodeTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Vpc LAB = new Vpc("vpc-0aaaaaaaaaaaaaaa0", "172.16.0.0/16", true, false);
    private static final Vpc NAMED = new Vpc("vpc-0aaaaaaaaaaaaaaa0", "172.16.0.0/16", true, true);
    private static final HostFacts HOST =
            new HostFacts(
                    "eu-west-1",
                    "Amazon Linux 2",
                    "6.1.0",
                    "crun://1.8.1",
                    "v1.36.3",
                    "amd64",
                    "0b0b0b0b-0b0b-0b0b-0b0b-0b0b0b0b0b0b");

    @ParameterizedTest
    @CsvSource({
        "eu-west-1, 172.16.1.241, fargate-ip-172-16-1-241.eu-west-1.compute.internal",
        "us-east-1, 10.0.1.15, fargate-ip-10-0-1-15.ec2.internal",
        "cn-north-1, 192.168.119.143, fargate-ip-192-168-119-143.cn-north-1.compute.internal",
        "ap-northeast-1, 192.168.183.140, fargate-ip-192-168-183-140.ap-northeast-1.compute.internal"
    })
    @DisplayName("§5.1 with DNS hostnames: the interface's private name with a prefix")
    void with_dns_hostnames(String region, String address, String name) {
        var node = NodeName.of(NAMED, region, address);

        assertThat(node.value()).isEqualTo(name);
        assertThat(node.hostname()).isEqualTo(name.substring("fargate-".length()));
        assertThat(node.privateDns()).contains(node.hostname());
    }

    @Test
    @DisplayName("§5.1 without DNS hostnames or DNS support: the plain address with a prefix")
    void without_dns_hostnames() {
        var node = NodeName.of(LAB, "eu-west-1", "172.16.1.241");

        assertThat(node.value()).isEqualTo("fargate-172.16.1.241");
        assertThat(node.hostname()).isEqualTo("172.16.1.241");
        assertThat(node.privateDns()).isEmpty();
        assertThat(
                        NodeName.of(
                                        new Vpc("v", "10.0.0.0/8", false, true),
                                        "eu-west-1",
                                        "10.0.2.59")
                                .value())
                .isEqualTo("fargate-10.0.2.59");
    }

    @Test
    @DisplayName("§5.2, §5.3, §5.4, §5.6 the lab's node, field by field")
    void the_node_of_the_lab() {
        Golden.check("node/lab.txt", text(node(LAB, new FargateSize(250, 512), 20)));
    }

    @Test
    @DisplayName("§5.2, §5.3 a large pod's node in a VPC with DNS hostnames")
    void a_large_node_with_names() {
        Golden.check(
                "node/large-named.txt", text(node(NAMED, new FargateSize(16000, 122880), 115)));
    }

    @Test
    @DisplayName("§5.2 neither instance type nor profile is a label")
    void what_is_absent() {
        assertThat(node(LAB, FargateSize.SMALLEST, 20).labels())
                .doesNotContainKeys(
                        "node.kubernetes.io/instance-type", "eks.amazonaws.com/fargate-profile");
    }

    @Test
    @DisplayName("§5.3 provider id: 10 hex, dash, 32 hex, the same for the same pod")
    void provider_id() {
        assertThat(node(NAMED, FargateSize.SMALLEST, 20).providerId())
                .matches(
                        "aws:///eu-west-1a/[0-9a-f]{10}-[0-9a-f]{32}/fargate-ip-172-16-1-241\\.eu-west-1\\.compute\\.internal")
                .isEqualTo(node(NAMED, FargateSize.SMALLEST, 20).providerId());
    }

    @Test
    @DisplayName("§3.5, §5.5 capacity: a small pod's node shows what was seen; one pod each")
    void capacity_of_a_small_node() {
        var node = node(LAB, FargateSize.SMALLEST, 20);

        assertThat(node.capacity())
                .contains(entry("cpu", "2"), entry("memory", "4037540Ki"), entry("pods", "1"));
        assertThat(node.allocatable())
                .contains(
                        entry("cpu", "2"),
                        entry("memory", "3811520Ki"),
                        entry("ephemeral-storage", "17573496Ki"),
                        entry("pods", "1"));
    }

    @Test
    void no_node_shows_less_than_its_pod_has() {
        assertThat(FargateSize.ALL)
                .allSatisfy(size -> {
                    var node = node(LAB, size, 20);
                    var cpu = Integer.parseInt(node.allocatable().get("cpu"));
                    var memory = Long.parseLong(node.allocatable().get("memory").replace("Ki", ""));
                    assertThat(cpu * 1000).isGreaterThanOrEqualTo(size.cpuMillis());
                    assertThat(memory).isGreaterThanOrEqualTo(size.memoryMebibytes() * 1024L);
                });
    }

    @Test
    void a_node_reads_back_to_where_its_pod_was_placed() {
        for (var size : FargateSize.ALL) {
            var placed = placed(LAB, size);
            assertThat(FargateNode.placed(node(LAB, size, 20))).contains(placed);
        }
    }

    @Test
    void another_node_does_not_read_back() {
        var node = node(LAB, FargateSize.SMALLEST, 20);
        for (var key :
                new String[] {
                    FargateNode.POD_UID, FargateNode.VPC_ID, FargateNode.SUBNET_ID, FargateNode.SIZE
                }) {
            var annotations = new HashMap<>(node.annotations());
            annotations.remove(key);
            var foreign =
                    new NodeView(
                            node.name(),
                            node.labels(),
                            annotations,
                            node.taints(),
                            node.providerId(),
                            node.addresses(),
                            node.capacity(),
                            node.allocatable(),
                            node.conditions(),
                            node.info(),
                            node.kubeletPort());
            assertThat(FargateNode.placed(foreign)).isEmpty();
        }
    }

    @Test
    @DisplayName("§5.6 a lease holds 40 s and is renewed every 10 s")
    void lease() {
        assertThat(NodeLease.DURATION).hasSeconds(40);
        assertThat(NodeLease.due(NOW, NOW.plusSeconds(9))).isFalse();
        assertThat(NodeLease.due(NOW, NOW.plusSeconds(10))).isTrue();
        assertThat(NodeLease.expired(NOW, NOW.plusSeconds(40))).isFalse();
        assertThat(NodeLease.expired(NOW, NOW.plusSeconds(41))).isTrue();
    }

    private static PlacedNode placed(Vpc vpc, FargateSize size) {
        return new PlacedNode(
                NodeName.of(vpc, "eu-west-1", "172.16.1.241").value(),
                "6ffd2baf-6b8e-4e6c-9a0e-6f1b2c3d4e5f",
                vpc.id(),
                "subnet-0aaaaaaaaaaaaaaa1",
                "172.16.1.241",
                "eu-west-1a",
                size);
    }

    private static NodeView node(Vpc vpc, FargateSize size, int storage) {
        return FargateNode.of(
                placed(vpc, size),
                NodeName.of(vpc, "eu-west-1", "172.16.1.241"),
                HOST,
                storage,
                NOW);
    }

    private static String text(NodeView node) {
        var lines = new StringBuilder();
        lines.append("name ").append(node.name()).append('\n');
        new TreeMap<>(node.labels()).forEach((k, v) -> lines.append("label " + k + "=" + v + "\n"));
        new TreeMap<>(node.annotations())
                .forEach((k, v) -> lines.append("annotation " + k + "=" + v + "\n"));
        node.taints().forEach(t -> lines.append(t).append('\n'));
        lines.append("providerID ").append(node.providerId()).append('\n');
        node.addresses().forEach(a -> lines.append(a).append('\n'));
        new TreeMap<>(node.capacity())
                .forEach((k, v) -> lines.append("capacity " + k + " " + v + "\n"));
        new TreeMap<>(node.allocatable())
                .forEach((k, v) -> lines.append("allocatable " + k + " " + v + "\n"));
        node.conditions().forEach(c -> lines.append(c).append('\n'));
        lines.append(node.info()).append('\n');
        lines.append("kubeletPort ").append(node.kubeletPort()).append('\n');
        return lines.toString();
    }
}
