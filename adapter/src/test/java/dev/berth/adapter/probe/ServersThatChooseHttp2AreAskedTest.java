package dev.berth.adapter.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.adapter.time.SystemTime;
import dev.berth.core.pod.Container.Handler.Header;
import dev.berth.port.ProbeNetwork.HttpAsk;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that chose HTTP/2 over TLS answers in frames, which are written here by hand. */
class ServersThatChooseHttp2AreAskedTest {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int SETTINGS = 4;
    private static final int GOAWAY = 7;

    @TempDir Path folder;
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final ByteArrayOutputStream answer = new ByteArrayOutputStream();

    private ServersThatChooseHttp2AreAskedTest says(
            int type, int flags, int stream, int... octets) {
        for (var octet :
                new int[] {0, octets.length >> 8, octets.length, type, flags, 0, 0, 0, stream}) {
            answer.write(octet);
        }
        for (var octet : octets) {
            answer.write(octet);
        }
        return this;
    }

    private HttpExchange.Answer ask(Header... headers) throws IOException {
        return new Http2Exchange(new ByteArrayInputStream(answer.toByteArray()), sent)
                .ask(new HttpAsk(true, "10.0.0.1", 8443, "/healthz", "", List.of(headers)));
    }

    @Test
    void status_and_body_are_read() throws Exception {
        says(SETTINGS, 0, 0).says(HEADERS, 4, 1, 0x88).says(DATA, 0, 1, 'o').says(DATA, 1, 1, 'k');
        var read = ask(new Header("User-Agent", "kube-probe/1.36"));
        assertThat(read.status()).isEqualTo(200);
        assertThat(read.body()).isEqualTo("ok");
        var request = sent.toString(StandardCharsets.ISO_8859_1);
        assertThat(request)
                .startsWith("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                .contains(":authority", "10.0.0.1:8443", ":path", "/healthz")
                .contains("user-agent", "kube-probe/1.36");
    }

    /** As a server does that speaks nothing else, such as one of gRPC with TLS. */
    @Test
    void http2_is_offered_to_servers_with_tls() throws Exception {
        says(SETTINGS, 0, 0).says(HEADERS, 4, 1, 0x88).says(DATA, 1, 1, 'h', '2');
        try (var time = new SystemTime();
                var server =
                        (SSLServerSocket) tls().getServerSocketFactory().createServerSocket()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Thread.ofVirtual()
                    .start(() -> {
                        try (var socket = (SSLSocket) server.accept()) {
                            var parameters = socket.getSSLParameters();
                            parameters.setApplicationProtocols(new String[] {"h2"});
                            socket.setSSLParameters(parameters);
                            socket.getOutputStream().write(answer.toByteArray());
                            var _ = socket.getInputStream().readAllBytes();
                        } catch (IOException closed) {
                            // Who asked has what it wanted.
                        }
                    });
            var ask = new HttpAsk(true, "127.0.0.1", server.getLocalPort(), "/", "", List.of());
            var reply =
                    new VpcProbes(ServersAreAskedTest.loopback(), time)
                            .http("vpc-1", ask, Duration.ofSeconds(20));
            assertThat(reply.body()).isEqualTo("h2");
        }
    }

    private SSLContext tls() throws Exception {
        var file = folder.resolve("key.p12").toString();
        var made =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "server",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=server",
                                "-keystore",
                                file,
                                "-storepass",
                                "changeit")
                        .redirectErrorStream(true)
                        .start();
        var words = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(made.waitFor()).as(words).isZero();
        var store = KeyStore.getInstance(new File(file), "changeit".toCharArray());
        var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, "changeit".toCharArray());
        var tls = SSLContext.getInstance("TLS");
        tls.init(keys.getKeyManagers(), null, null);
        return tls;
    }

    @Test
    void an_answer_without_a_body_is_one_too() throws Exception {
        // 0x8d is the static table's 404.
        says(HEADERS, 5, 1, 0x8d);
        assertThat(ask().status()).isEqualTo(404);
        assertThat(ask().body()).isEmpty();
    }

    /** As metrics-server's does, before each answer to a probe. */
    @Test
    void a_server_that_leaves_may_answer_before_it_goes() throws Exception {
        says(GOAWAY, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0).says(HEADERS, 4, 1, 0x88).says(DATA, 1, 1, 'k');
        assertThat(ask().status()).isEqualTo(200);
        assertThat(ask().body()).isEqualTo("k");
    }

    @Test
    void a_server_that_gives_up_is_told_in_gos_words() {
        says(RESET, 0, 1, 0, 0, 0, 2);
        assertThatThrownBy(this::ask)
                .hasMessage("stream error: stream ID 1; INTERNAL_ERROR; received from peer");
        answer.reset();
        for (var accepted : List.of(0, 1)) {
            answer.reset();
            says(GOAWAY, 0, 0, 0, 0, 0, accepted, 0, 0, 0, 11);
            assertThatThrownBy(this::ask)
                    .hasMessage(
                            "http2: server sent GOAWAY and closed the connection; LastStreamID="
                                    + accepted
                                    + ", ErrCode=ENHANCE_YOUR_CALM, debug=\"\"");
        }
    }
}
