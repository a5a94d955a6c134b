package dev.berth.adapter.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.Connection;
import dev.berth.port.PodNetwork.NetworkFailed;
import dev.berth.port.PodNetwork.Subnet;
import dev.berth.port.PodNetwork.Vpc;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PodsReachEachOtherIT {
    private static final int PORT = 8080;

    private NetworkBed bed;
    private VpcNetwork network;
    private String vpc;

    @BeforeEach
    void begin() throws Exception {
        bed = new NetworkBed("reach");
        network = bed.network();
        vpc = bed.unique("vpc");
        network.ensureVpc(vpc("10.213.1.0/24", "10.213.2.0/24"));
    }

    @AfterEach
    void end() throws Exception {
        if (bed != null) {
            bed.close();
            assertThat(bed.traces()).filteredOn(trace -> trace.contains(bed.name())).isEmpty();
        }
    }

    @Test
    void a_pod_reaches_another_in_another_subnet_and_is_seen_by_its_own_address() throws Exception {
        var a = attach("10.213.1.10");
        var b = attach("10.213.2.20");
        try (var server = serve(a)) {
            assertThat(talk(network.dialFromPod(b, "10.213.1.10", PORT))).isEqualTo("10.213.2.20");
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void a_pod_reaches_itself_by_loopback_and_by_its_address() throws Exception {
        var a = attach("10.213.1.10");
        try (var server = serve(a)) {
            assertThat(talk(network.dialFromPod(a, "127.0.0.1", PORT))).isEqualTo("127.0.0.1");
            assertThat(talk(network.dialFromPod(a, "localhost", PORT))).isEqualTo("127.0.0.1");
            assertThat(talk(network.dialFromPod(a, "10.213.1.10", PORT))).isEqualTo("10.213.1.10");
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void the_vpc_and_this_machine_reach_pods() throws Exception {
        var a = attach("10.213.1.10");
        try (var server = serve(a);
                var socket = new Socket()) {
            assertThat(talk(network.dialFromVpc(vpc, "10.213.1.10", PORT))).isEqualTo("10.213.1.1");
            socket.connect(new InetSocketAddress("10.213.1.10", PORT), 5000);
            assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
                    .isEqualTo("169.254.1.2");
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void a_pod_cannot_speak_as_another() throws Exception {
        var a = attach("10.213.1.10");
        var b = attach("10.213.1.11");
        try (var server = serve(a)) {
            Namespaces.inside(
                    network.sandbox(b).orElseThrow().network(),
                    Libc.CLONE_NEWNET,
                    () -> {
                        try (var netlink = new Rtnetlink()) {
                            netlink.addAddress(
                                    netlink.index("eth0").orElseThrow(),
                                    Cidr.address("10.213.1.99"));
                            try (var socket = new Socket()) {
                                socket.bind(new InetSocketAddress("10.213.1.99", 0));
                                assertThatThrownBy(() ->
                                                socket.connect(
                                                        new InetSocketAddress("10.213.1.10", PORT),
                                                        300))
                                        .isInstanceOf(IOException.class);
                            }
                        }
                        return true;
                    });
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void another_life_finds_what_the_first_left_and_goes_on() throws Exception {
        var a = attach("10.213.1.10");
        var before = network.sandbox(a).orElseThrow();
        Files.createDirectories(Path.of("/run/berth", bed.name(), "pods", "half-made"));
        network = bed.restart();
        assertThat(network.vpcs()).containsExactly(vpc);
        assertThat(network.attached()).containsOnlyKeys(a).containsValue(before);
        assertThat(Path.of("/run/berth", bed.name(), "pods", "half-made")).doesNotExist();
        var b = attach("10.213.1.11");
        try (var server = serve(a)) {
            assertThat(talk(network.dialFromPod(b, "10.213.1.10", PORT))).isEqualTo("10.213.1.11");
            assertThat(server.isOpen()).isTrue();
        }
        assertThatThrownBy(() -> attach("10.213.1.10"))
                .isInstanceOf(NetworkFailed.class)
                .hasMessageContaining("belongs to pod " + a);
    }

    @Test
    void a_further_clusters_pods_have_a_quarter_of_their_own_and_are_reached_as_before()
            throws Exception {
        var first = network.ensureServices(vpc, "one", "10.100.0.0/16");
        assertThat(first).isEqualTo(network.namespace(vpc));
        var quarter = network.ensureServices(vpc, "two", "10.100.0.0/16");
        assertThat(quarter).isNotEqualTo(first).isEqualTo(network.services(vpc, "two"));
        var a = attach("10.213.1.10", "one");
        var b = attach("10.213.1.20", "two");
        var c = attach("10.213.2.20", "two");
        translate(first, "10.213.1.10");
        translate(quarter, "10.213.1.20");
        try (var serverA = serve(a);
                var serverB = serve(b);
                var socket = new Socket()) {
            assertThat(talk(network.dialFromPod(c, "10.213.1.20", PORT))).isEqualTo("10.213.2.20");
            assertThat(talk(network.dialFromPod(c, "10.213.1.10", PORT))).isEqualTo("10.213.2.20");
            assertThat(talk(network.dialFromPod(a, "10.213.1.20", PORT))).isEqualTo("10.213.1.10");
            assertThat(talk(network.dialFromVpc(vpc, "10.213.1.20", PORT))).isEqualTo("10.213.1.1");
            socket.connect(new InetSocketAddress("10.213.1.20", PORT), 5000);
            assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
                    .isEqualTo("169.254.1.2");
            // The same address of a Service leads each cluster's pods to their own; a pod that
            // reaches itself by one is seen by the router's address.
            assertThat(talk(network.dialFromPod(a, "10.100.7.7", PORT))).isEqualTo("10.213.1.1");
            assertThat(talk(network.dialFromPod(c, "10.100.7.7", PORT))).isEqualTo("10.213.2.20");
            try (var _ = network.open(vpc, "two", "10.213.1.250", PORT, PORT)) {
                assertThat(network.dialFromCluster(vpc, "two", "10.100.7.7", PORT))
                        .satisfies(each -> assertThat(talk(each)).isEqualTo("10.213.1.250"));
            }
            assertThat(serverA.isOpen() && serverB.isOpen()).isTrue();
        }
    }

    @Test
    void another_life_knows_whose_the_quarters_are_and_takes_them_away_in_the_end()
            throws Exception {
        var first = network.ensureServices(vpc, "one", "10.100.0.0/16");
        var quarter = network.ensureServices(vpc, "two", "10.100.0.0/16");
        var b = attach("10.213.1.20", "two");
        network = bed.restart();
        assertThat(network.attached()).containsOnlyKeys(b);
        assertThat(network.ensureServices(vpc, "two", "10.100.0.0/16")).isEqualTo(quarter);
        assertThat(network.ensureServices(vpc, "one", "10.100.0.0/16")).isEqualTo(first);
        try (var server = serve(b)) {
            assertThat(talk(network.dialFromVpc(vpc, "10.213.1.20", PORT))).isEqualTo("10.213.1.1");
            assertThat(server.isOpen()).isTrue();
        }
        network.detach(b);
        network.removeServices(vpc, "one");
        network.removeServices(vpc, "two");
        assertThat(bed.traces()).filteredOn(trace -> trace.contains("quarters/")).isEmpty();
        assertThat(network.ensureServices(vpc, "three", "10.100.0.0/16")).isEqualTo(first);
    }

    /** As kube-proxy does for a Service with one endpoint. */
    private static void translate(Path namespace, String to) throws IOException {
        Nft.run(
                namespace,
                """
                table ip services {
                  chain into {
                    type nat hook prerouting priority dstnat; policy accept;
                    ip daddr 10.100.7.7 dnat to TO
                  }
                  chain out {
                    type nat hook output priority -100; policy accept;
                    ip daddr 10.100.7.7 dnat to TO
                  }
                }
                """
                        .replace("TO", to));
    }

    @Test
    void a_range_that_this_machine_routes_elsewhere_is_left_alone() throws Exception {
        var other = bed.unique("vpc");
        network.ensureVpc(
                new Vpc(
                        other,
                        List.of("10.213.0.0/16"),
                        List.of(new Subnet("s", "10.213.9.0/24"))));
        var pod = bed.unique("pod");
        network.attach(new Attachment(pod, other, "10.213.9.9", "web"));
        try (var server = serve(pod);
                var netlink = new Rtnetlink()) {
            assertThat(netlink.routes())
                    .filteredOn(route -> route.to().equals(Cidr.parse("10.213.0.0/16")))
                    .hasSize(1);
            assertThat(talk(network.dialFromVpc(other, "10.213.9.9", PORT)))
                    .isEqualTo("10.213.9.1");
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void subnets_that_are_gone_take_their_routers_with_them() throws Exception {
        network.ensureVpc(vpc("10.213.2.0/24", "10.213.3.0/24"));
        var routers =
                Namespaces.inside(
                        network.namespace(vpc),
                        Libc.CLONE_NEWNET,
                        () -> {
                            try (var netlink = new Rtnetlink()) {
                                return netlink.addresses(Rtnetlink.LOOPBACK).stream()
                                        .map(Cidr::text)
                                        .toList();
                            }
                        });
        assertThat(routers)
                .containsExactlyInAnyOrder(
                        "127.0.0.1", "10.213.2.1", "10.213.3.1", "10.213.0.2", "169.254.169.253");
    }

    @Test
    void a_detached_pods_route_is_gone_at_once_and_its_address_free() throws Exception {
        var a = attach("10.213.1.10");
        network.detach(a);
        var routes =
                Namespaces.inside(
                        network.namespace(vpc),
                        Libc.CLONE_NEWNET,
                        () -> {
                            try (var netlink = new Rtnetlink()) {
                                return netlink.routes();
                            }
                        });
        assertThat(routes).noneMatch(route -> route.to().equals(Cidr.parse("10.213.1.10/32")));
        var b = attach("10.213.1.10");
        try (var server = serve(b)) {
            assertThat(talk(network.dialFromVpc(vpc, "10.213.1.10", PORT))).isEqualTo("10.213.1.1");
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void a_link_to_this_machine_that_was_removed_comes_back() throws Exception {
        try (var netlink = new Rtnetlink()) {
            for (var route : netlink.routes()) {
                if (route.to().equals(Cidr.parse("10.213.0.0/16"))) {
                    var link =
                            netlink.links().stream()
                                    .filter(name -> {
                                        try {
                                            return netlink.index(name).orElse(0) == route.link();
                                        } catch (IOException gone) {
                                            return false;
                                        }
                                    })
                                    .findFirst()
                                    .orElseThrow();
                    netlink.removeLink(link);
                }
            }
        }
        network.ensureVpc(vpc("10.213.1.0/24"));
        var a = attach("10.213.1.10");
        try (var server = serve(a);
                var socket = new Socket()) {
            socket.connect(new InetSocketAddress("10.213.1.10", PORT), 5000);
            assertThat(server.isOpen()).isTrue();
        }
    }

    @Test
    void the_host_name_is_the_pods() throws Exception {
        var a = attach("10.213.1.10");
        var name =
                Namespaces.inside(
                        network.sandbox(a).orElseThrow().uts(),
                        Libc.CLONE_NEWUTS,
                        () -> Files.readString(Path.of("/proc/sys/kernel/hostname")).strip());
        assertThat(name).isEqualTo("web");
    }

    @Test
    void fifty_pods_come_and_go_at_once() throws Exception {
        try (var threads = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
            var all = new java.util.ArrayList<java.util.concurrent.Future<String>>();
            for (var i = 0; i < 50; i++) {
                var address = "10.213.1." + (10 + i);
                all.add(threads.submit(() -> attach(address)));
            }
            var uids = new java.util.ArrayList<String>();
            for (var one : all) {
                uids.add(one.get());
            }
            assertThat(network.attached()).hasSize(50);
            var ends = new java.util.ArrayList<java.util.concurrent.Future<?>>();
            for (var uid : uids) {
                ends.add(threads.submit(() -> network.detach(uid)));
            }
            for (var end : ends) {
                end.get();
            }
        }
        assertThat(network.attached()).isEmpty();
        assertThat(bed.traces()).filteredOn(trace -> trace.contains("/pods/")).isEmpty();
    }

    private Vpc vpc(String... subnets) {
        return new Vpc(
                vpc,
                List.of("10.213.0.0/16"),
                java.util.Arrays.stream(subnets)
                        .map(cidr -> new Subnet("s" + cidr, cidr))
                        .toList());
    }

    private String attach(String address) throws NetworkFailed {
        var uid = bed.unique("pod");
        network.attach(new Attachment(uid, vpc, address, "web"));
        return uid;
    }

    private String attach(String address, String cluster) throws NetworkFailed {
        var uid = bed.unique("pod");
        network.attach(new Attachment(uid, vpc, address, "web", null, cluster));
        return uid;
    }

    /** Answers each caller with the address it is seen by. */
    private ServerSocketChannel serve(String pod) throws IOException {
        var server =
                Namespaces.inside(
                        network.sandbox(pod).orElseThrow().network(),
                        Libc.CLONE_NEWNET,
                        () ->
                                ServerSocketChannel.open(StandardProtocolFamily.INET)
                                        .bind(new InetSocketAddress("0.0.0.0", PORT)));
        Thread.ofVirtual()
                .start(() -> {
                    while (server.isOpen()) {
                        try (var client = server.accept()) {
                            var caller = (InetSocketAddress) client.getRemoteAddress();
                            client.write(
                                    ByteBuffer.wrap(
                                            caller.getAddress().getHostAddress().getBytes(UTF_8)));
                        } catch (IOException closed) {
                            return;
                        }
                    }
                });
        return server;
    }

    private static String talk(Connection connection) throws IOException {
        try (connection) {
            return new String(connection.input().readAllBytes(), UTF_8);
        }
    }
}
