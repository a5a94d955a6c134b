package dev.berth.adapter.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.adapter.time.SystemTime;
import dev.berth.core.pod.Container.Handler.Header;
import dev.berth.port.PodNetwork;
import dev.berth.port.PodNetwork.Connection;
import dev.berth.port.ProbeNetwork.HttpAsk;
import dev.berth.port.ProbeNetwork.Unanswered;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server of a few lines answers on loopback, as it is told. */
@Timeout(30)
class ServersAreAskedTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofSeconds(20);

    private final SystemTime time = new SystemTime();
    private final VpcProbes probes = new VpcProbes(loopback(), time);
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private ServerSocket server;

    @BeforeEach
    void open() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        time.close();
    }

    /** Dials where it is told, whatever the VPC. */
    static PodNetwork loopback() {
        return (PodNetwork)
                Proxy.newProxyInstance(
                        PodNetwork.class.getClassLoader(),
                        new Class<?>[] {PodNetwork.class},
                        (_, _, arguments) -> dial((String) arguments[1], (Integer) arguments[2]));
    }

    private static Connection dial(String host, int port) throws IOException {
        var socket = java.nio.channels.SocketChannel.open();
        try {
            socket.socket().connect(new java.net.InetSocketAddress(host, port), 10_000);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
        var input = socket.socket().getInputStream();
        var output = socket.socket().getOutputStream();
        return new Connection() {
            @Override
            public InputStream input() {
                return input;
            }

            @Override
            public OutputStream output() {
                return output;
            }

            @Override
            public void shutdownOutput() throws IOException {
                socket.shutdownOutput();
            }

            @Override
            public void close() {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
        };
    }

    /** Answers each request by its path; empty closes, null says nothing and waits. */
    private void answering(Function<String, String> answers) {
        Thread.ofVirtual()
                .start(() -> {
                    while (!server.isClosed()) {
                        try {
                            var socket = server.accept();
                            Thread.ofVirtual().start(() -> serve(socket, answers));
                        } catch (IOException closed) {
                            return;
                        }
                    }
                });
    }

    private void serve(Socket socket, Function<String, String> answers) {
        try (socket) {
            var request = new ByteArrayOutputStream();
            while (!request.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n")) {
                var octet = socket.getInputStream().read();
                if (octet < 0) {
                    return;
                }
                request.write(octet);
            }
            var text = request.toString(StandardCharsets.UTF_8);
            requests.add(text);
            var answer = answers.apply(text.substring(4, text.indexOf(' ', 4)));
            if (answer.equals("wait")) {
                socket.getInputStream().read();
                return;
            }
            socket.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
        } catch (IOException closed) {
            // The other side has what it wanted.
        }
    }

    private HttpAsk ask(boolean https, String path, Header... headers) {
        return new HttpAsk(https, "127.0.0.1", server.getLocalPort(), path, "", List.of(headers));
    }

    private String base() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    private static String ok(String body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private static String to(String location) {
        return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 5\r\n\r\nmoved";
    }

    private String failure(HttpAsk ask, Duration timeout) {
        return catchThrowableOfType(Unanswered.class, () -> probes.http("vpc-1", ask, timeout))
                .getMessage();
    }

    @Test
    void a_request_says_who_asks_and_closes_afterwards() throws Exception {
        answering(_ -> ok("fine"));
        var reply =
                probes.http(
                        "vpc-1",
                        ask(
                                false,
                                "/healthz?full",
                                new Header("Accept", "*/*"),
                                new Header("User-Agent", "kube-probe/1.36"),
                                new Header("X-A", "1"),
                                new Header("X-A", "2")),
                        LONG);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).isEqualTo("fine");
        assertThat(requests)
                .containsExactly(
                        "GET /healthz?full HTTP/1.1\r\nHost: "
                                + base()
                                + "\r\nAccept: */*\r\nUser-Agent: kube-probe/1.36\r\nX-A: 1\r\nX-A:"
                                + " 2\r\nConnection: close\r\n\r\n");
    }

    @Test
    void a_wished_host_name_is_sent() throws Exception {
        answering(_ -> ok(""));
        var ask =
                new HttpAsk(
                        false, "127.0.0.1", server.getLocalPort(), "/", "example.org", List.of());
        var _ = probes.http("vpc-1", ask, LONG);
        assertThat(requests.getFirst()).contains("Host: example.org\r\n");
    }

    @Test
    void redirects_to_the_same_host_are_followed() throws Exception {
        answering(path ->
                switch (path) {
                    case "/" -> to("/next");
                    case "/next" -> to("http://" + base() + "/last?x");
                    default -> ok("here");
                });
        assertThat(probes.http("vpc-1", ask(false, "/"), LONG).body()).isEqualTo("here");
        assertThat(requests).hasSize(3);
    }

    @Test
    void a_redirect_to_another_host_ends_there() throws Exception {
        answering(_ -> to("http://example.org/"));
        var reply = probes.http("vpc-1", ask(false, "/"), LONG);
        assertThat(reply.status()).isEqualTo(302);
        assertThat(reply.body()).isEqualTo("moved");
    }

    @Test
    void ten_redirects_are_too_many() {
        answering(path -> to(path + "x"));
        assertThat(failure(ask(false, "/"), LONG)).endsWith("\": stopped after 10 redirects");
        assertThat(requests).hasSize(10);
    }

    @Test
    void a_long_body_is_cut_and_not_waited_for() throws Exception {
        answering(_ -> "HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(20_000));
        assertThat(probes.http("vpc-1", ask(false, "/"), LONG).body()).hasSize(10 << 10);
    }

    @Test
    void chunks_are_put_together() throws Exception {
        answering(_ ->
                """
                HTTP/1.1 200 OK
                Transfer-Encoding: chunked

                3
                abc
                2;x=1
                de
                0

                """
                        .replace("\n", "\r\n"));
        assertThat(probes.http("vpc-1", ask(false, "/"), LONG).body()).isEqualTo("abcde");
    }

    @Test
    void an_interim_answer_is_not_the_last_one() throws Exception {
        answering(_ -> "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
        assertThat(probes.http("vpc-1", ask(false, "/"), LONG).status()).isEqualTo(500);
    }

    @Test
    void what_goes_wrong_is_said_as_a_kubelet_does() {
        answering(
                path -> path.equals("/wait") ? "wait" : path.equals("/none") ? "" : "SSH-2.0\r\n");
        var get = "Get \"http://" + base();
        assertThat(failure(ask(false, "/wait"), SECOND))
                .isEqualTo(
                        get
                                + "/wait\": context deadline exceeded (Client.Timeout exceeded while"
                                + " awaiting headers)");
        assertThat(failure(ask(false, "/none"), LONG)).isEqualTo(get + "/none\": EOF");
        assertThat(failure(ask(false, "/odd"), LONG))
                .isEqualTo(
                        get
                                + "/odd\": net/http: HTTP/1.x transport connection broken: malformed"
                                + " HTTP response \"SSH-2.0\"");
    }

    @Test
    void nobody_listens() throws Exception {
        // Nobody has waited at this port, so nobody is left in its queue.
        server.close();
        assertThat(failure(ask(false, "/gone"), LONG))
                .isEqualTo(
                        "Get \"http://"
                                + base()
                                + "/gone\": dial tcp "
                                + base()
                                + ": connect: connection refused");
    }

    @Test
    void a_server_without_tls_is_known_as_such() {
        Thread.ofVirtual()
                .start(() -> {
                    try (var socket = server.accept()) {
                        var _ = socket.getInputStream().read(new byte[100]);
                        socket.getOutputStream()
                                .write(
                                        "HTTP/1.0 400 Bad Request\r\n\r\n"
                                                .getBytes(StandardCharsets.UTF_8));
                    } catch (IOException closed) {
                        // Enough was said.
                    }
                });
        assertThatThrownBy(() -> probes.http("vpc-1", ask(true, "/"), LONG))
                .isInstanceOfSatisfying(Unanswered.class, e -> assertThat(e.plain()).isTrue())
                .hasMessageEndingWith("http: server gave HTTP response to HTTPS client");
    }

    @Test
    void an_interruption_ends_the_waiting() throws Exception {
        answering(_ -> "wait");
        var ended = new java.util.concurrent.CompletableFuture<String>();
        var asking =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                ended.complete(probes.http("vpc-1", ask(false, "/"), LONG).body());
                            } catch (InterruptedException cut) {
                                ended.complete("cut");
                            } catch (Unanswered e) {
                                ended.complete(e.getMessage());
                            }
                        });
        while (requests.isEmpty()) {
            Thread.onSpinWait();
        }
        asking.interrupt();
        assertThat(ended.get()).isEqualTo("cut");
    }

    @Test
    void a_port_is_open_or_not() throws Exception {
        probes.tcp("vpc-1", "127.0.0.1", server.getLocalPort(), LONG);
        var address = base();
        var port = server.getLocalPort();
        server.close();
        assertThatThrownBy(() -> probes.tcp("vpc-1", "127.0.0.1", port, LONG))
                .hasMessage("dial tcp " + address + ": connect: connection refused");
    }
}
