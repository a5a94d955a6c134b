package dev.berth.adapter.net;

import dev.berth.adapter.libc.Libc;
import dev.berth.adapter.libc.Namespaces;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The name service that each VPC has at the third address of its range: it asks this machine's own
 * name servers, whether or not the VPC's routes lead outside, as Amazon's does. Questions go on as
 * they came. One virtual thread for each question under way.
 */
final class VpcResolver implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(VpcResolver.class);

    /** What comes while so many questions are under way is lost, as UDP may be (our choice). */
    private static final int QUESTIONS_MAX = 512;

    private static final int PORT = 53;
    private static final int ANSWER_MILLIS = 2000;
    private static final int MESSAGE_BYTES = 4096;
    private static final int HEADER_BYTES = 12;

    private final Path resolvConf;
    private final DatagramChannel channel;
    private final Relay tcp;
    private final Semaphore places = new Semaphore(QUESTIONS_MAX);

    private VpcResolver(Path resolvConf, DatagramChannel channel, Relay tcp) {
        this.resolvConf = resolvConf;
        this.channel = channel;
        this.tcp = tcp;
    }

    /**
     * Answers from now on.
     *
     * @param namespace the VPC's
     * @param address one that the namespace has
     * @param resolvConf where this machine's name servers are written; read for each question
     */
    static VpcResolver start(Path namespace, String address, Path resolvConf) throws IOException {
        var at = new InetSocketAddress(InetAddress.ofLiteral(address), PORT);
        var channel =
                Namespaces.inside(
                        namespace,
                        Libc.CLONE_NEWNET,
                        () -> DatagramChannel.open(StandardProtocolFamily.INET));
        try {
            channel.bind(at);
            var tcp =
                    Relay.start(
                            namespace,
                            at,
                            // Without any, this machine's own, as the libc does.
                            () ->
                                    servers(resolvConf).stream()
                                            .findFirst()
                                            .orElse(
                                                    new InetSocketAddress(
                                                            InetAddress.getLoopbackAddress(),
                                                            PORT)));
            var resolver = new VpcResolver(resolvConf, channel, tcp);
            Thread.ofVirtual().name("resolver-" + at).start(resolver::receive);
            return resolver;
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    private void receive() {
        var buffer = ByteBuffer.allocate(MESSAGE_BYTES);
        try {
            while (true) {
                buffer.clear();
                var asker = channel.receive(buffer);
                if (buffer.position() >= HEADER_BYTES && places.tryAcquire()) {
                    var question = Arrays.copyOf(buffer.array(), buffer.position());
                    Thread.ofVirtual().name("question").start(() -> answer(asker, question));
                }
            }
        } catch (IOException ended) {
            if (channel.isOpen()) {
                log.warn("the name service of a VPC has ended", ended);
            }
        }
    }

    private void answer(SocketAddress asker, byte[] question) {
        try {
            channel.send(ByteBuffer.wrap(ask(question)), asker);
        } catch (IOException lost) {
            log.debug("a question could not be answered why={}", lost.getMessage());
        } finally {
            places.release();
        }
    }

    private byte[] ask(byte[] question) {
        for (var server : servers(resolvConf)) {
            try (var socket = new DatagramSocket()) {
                socket.setSoTimeout(ANSWER_MILLIS);
                socket.connect(server);
                socket.send(new DatagramPacket(question, question.length));
                var packet = new DatagramPacket(new byte[MESSAGE_BYTES], MESSAGE_BYTES);
                socket.receive(packet);
                return Arrays.copyOf(packet.getData(), packet.getLength());
            } catch (IOException silent) {
                log.debug("a name server does not answer server={}", server);
            }
        }
        return failure(question);
    }

    /** The question as its own answer: the server has failed. Source: RFC 1035 §4.1.1 */
    static byte[] failure(byte[] question) {
        var answer = question.clone();
        answer[2] = (byte) (answer[2] | 0x80);
        answer[3] = (byte) ((answer[3] & 0x70) | 0x80 | 2);
        return answer;
    }

    /** The IPv4 name servers of a {@code resolv.conf}, in order; at most three, as the libc. */
    static List<InetSocketAddress> servers(Path resolvConf) {
        var servers = new ArrayList<InetSocketAddress>();
        try {
            for (var line : Files.readAllLines(resolvConf)) {
                var words = List.of(line.strip().split("\\s+", -1));
                if (servers.size() < 3
                        && words.size() > 1
                        && words.getFirst().equals("nameserver")
                        && words.get(1).indexOf(':') < 0) {
                    servers.add(new InetSocketAddress(InetAddress.ofLiteral(words.get(1)), PORT));
                }
            }
        } catch (IOException | IllegalArgumentException unreadable) {
            log.debug("name servers cannot be read file={}", resolvConf, unreadable);
        }
        return servers;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException ignored) {
            // It is closed for us all the same.
        }
        tcp.close();
    }
}
