package dev.berth.adapter.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import dev.berth.port.PodNetwork.Attachment;
import dev.berth.port.PodNetwork.Connection;
import dev.berth.port.PodNetwork.Subnet;
import dev.berth.port.PodNetwork.Vpc;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What gets out of a VPC, and what does not; the world is one more namespace. */
class LeavingAVpcIT {
    private static final int PORT = 8081;
    private static final String WORLD = "198.51.100.77";
    private static final String HERE = "198.51.100.78";
    private static final int TIMEOUT_MILLIS = 5000;

    @TempDir Path folder;
    private final String link = "bw" + ProcessHandle.current().pid();
    private NetworkBed bed;
    private VpcNetwork network;
    private String vpc;
    private String inside;
    private String outgoing;
    private ServerSocketChannel world;

    @BeforeEach
    void begin() throws Exception {
        bed = new NetworkBed("leave");
        network = bed.network();
        vpc = bed.unique("vpc");
        network.ensureVpc(
                new Vpc(
                        vpc,
                        List.of("10.214.0.0/16"),
                        List.of(
                                new Subnet("in", "10.214.1.0/24"),
                                new Subnet("out", "10.214.2.0/24", List.of("198.51.100.0/24")))));
        inside = attach("10.214.1.10");
        outgoing = attach("10.214.2.10");
        makeTheWorld();
    }

    @AfterEach
    void end() throws Exception {
        if (bed != null) {
            if (world != null) {
                world.close();
            }
            try (var netlink = new Rtnetlink()) {
                netlink.removeLink(link);
            }
            bed.close();
            assertThat(bed.traces()).filteredOn(trace -> trace.contains(bed.name())).isEmpty();
            assertThat(tables()).doesNotContain(bed.name());
        }
    }

    @Test
    void a_subnet_with_a_way_out_is_seen_outside_by_this_machines_address() throws Exception {
        assertThat(talk(network.dialFromPod(outgoing, WORLD, PORT))).isEqualTo(HERE);
    }

    @Test
    void a_subnet_without_a_way_out_reaches_nothing_outside() {
        assertThatThrownBy(() -> network.dialFromPod(inside, WORLD, PORT))
                .isInstanceOf(IOException.class);
    }

    @Test
    void a_way_out_that_is_taken_away_is_closed() throws Exception {
        network.ensureVpc(
                new Vpc(
                        vpc,
                        List.of("10.214.0.0/16"),
                        List.of(new Subnet("out", "10.214.2.0/24"))));
        assertThatThrownBy(() -> network.dialFromPod(outgoing, WORLD, PORT))
                .isInstanceOf(IOException.class);
    }

    @Test
    void this_machines_own_ports_are_closed_to_pods_by_each_of_its_addresses() throws Exception {
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
            server.bind(new InetSocketAddress("0.0.0.0", 0));
            var port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            assertThatThrownBy(() -> network.dialFromPod(outgoing, HERE, port))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> network.dialFromPod(inside, "169.254.1.2", port))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void an_opened_port_leads_to_this_machines_loopback_until_it_is_closed() throws Exception {
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            answer(server);
            var port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            try (var _ = network.open(vpc, "one", "10.214.1.254", 8443, port)) {
                assertThat(talk(network.dialFromPod(inside, "10.214.1.254", 8443)))
                        .isEqualTo("127.0.0.1");
            }
            assertThatThrownBy(() -> network.dialFromPod(inside, "10.214.1.254", 8443))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void names_are_asked_of_this_machines_servers_and_silence_is_told_as_a_failure()
            throws Exception {
        var resolvConf = folder.resolve("resolv.conf");
        Files.writeString(resolvConf, "nameserver 127.0.0.99\n");
        var question = "??\1\0the question".getBytes(UTF_8);
        var at = VpcNetwork.resolver("10.214.1.0/24");
        try (var asked = new DatagramSocket(new InetSocketAddress("127.0.0.99", 53));
                var _ = network.open(vpc, "one", at, 1, 1);
                var _ = VpcResolver.start(network.namespace(vpc), at, resolvConf)) {
            asked.setSoTimeout(TIMEOUT_MILLIS);
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            var packet = new DatagramPacket(new byte[512], 512);
                            asked.receive(packet);
                            packet.setData("the answer".getBytes(UTF_8));
                            asked.send(packet);
                        } catch (IOException told) {
                            throw new java.io.UncheckedIOException(told);
                        }
                    });
            assertThat(ask(at, question)).startsWith("the answer");
            Files.writeString(resolvConf, "");
            assertThat(ask(at, question)).startsWith("??").contains("the question");
        }
    }

    private String ask(String server, byte[] question) throws IOException {
        try (var socket =
                Namespaces.inside(
                        network.sandbox(inside).orElseThrow().network(),
                        Libc.CLONE_NEWNET,
                        () -> DatagramChannel.open(StandardProtocolFamily.INET))) {
            socket.connect(new InetSocketAddress(server, 53));
            socket.write(ByteBuffer.wrap(question));
            socket.socket().setSoTimeout(TIMEOUT_MILLIS);
            var packet = new DatagramPacket(new byte[512], 512);
            socket.socket().receive(packet);
            return new String(packet.getData(), 0, packet.getLength(), UTF_8);
        }
    }

    private void makeTheWorld() throws IOException {
        try (var host = new Rtnetlink()) {
            world =
                    Namespaces.apart(() -> {
                        Libc.unshare(Libc.CLONE_NEWNET);
                        var fd = Libc.open("/proc/thread-self/ns/net", Libc.O_RDONLY);
                        try (var there = new Rtnetlink()) {
                            host.addVeth(link, mac(1), "eth0", mac(2), fd, 1500);
                            there.up(Rtnetlink.LOOPBACK);
                            connect(there, "eth0", WORLD, HERE);
                        } finally {
                            Libc.close(fd);
                        }
                        return ServerSocketChannel.open(StandardProtocolFamily.INET)
                                .bind(new InetSocketAddress("0.0.0.0", PORT));
                    });
            connect(host, link, HERE, WORLD);
        }
        answer(world);
    }

    private static void connect(Rtnetlink netlink, String link, String own, String other)
            throws IOException {
        var index = netlink.index(link).orElseThrow();
        netlink.addAddress(index, Cidr.address(own));
        netlink.up(index);
        netlink.routeToLink(new Cidr(Cidr.address(other), 32), index);
    }

    private static byte[] mac(int last) {
        return new byte[] {2, 0, 0, 0, 77, (byte) last};
    }

    /** Answers each caller with the address it is seen by. */
    private static void answer(ServerSocketChannel server) {
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
    }

    private String attach(String address) throws Exception {
        var uid = bed.unique("pod");
        network.attach(new Attachment(uid, vpc, address, "web"));
        return uid;
    }

    private static String talk(Connection connection) throws IOException {
        try (connection) {
            return new String(connection.input().readAllBytes(), UTF_8);
        }
    }

    private static String tables() throws Exception {
        var process = new ProcessBuilder("nft", "list", "tables").start();
        return new String(process.getInputStream().readAllBytes(), UTF_8);
    }
}
