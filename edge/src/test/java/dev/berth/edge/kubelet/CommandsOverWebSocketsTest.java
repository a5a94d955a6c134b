package dev.berth.edge.kubelet;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.edge.kubelet.WebSocketConnection.Protocol;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommandsOverWebSocketsTest {
    private static final Protocol BINARY = Protocol.among(List.of("channel.k8s.io")).orElseThrow();
    private static final Protocol TEXT =
            Protocol.among(List.of("base64.channel.k8s.io")).orElseThrow();

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

    /** A client's frame; the mask is 1, 2, 3, 4. */
    private static byte[] frame(int head, String text) {
        var payload = text.getBytes(UTF_8);
        var frame = new ByteArrayOutputStream();
        frame.write(head);
        frame.write(0x80 | payload.length);
        frame.writeBytes(new byte[] {1, 2, 3, 4});
        for (var at = 0; at < payload.length; at++) {
            frame.write(payload[at] ^ (at % 4 + 1));
        }
        return frame.toByteArray();
    }

    private WebSocketConnection receiving(Protocol protocol, byte[]... frames) {
        var all = new ByteArrayOutputStream();
        for (var frame : frames) {
            all.writeBytes(frame);
        }
        return new WebSocketConnection(new ByteArrayInputStream(all.toByteArray()), sent, protocol);
    }

    private static String read(Channel channel) throws IOException {
        return new String(channel.input().readAllBytes(), UTF_8);
    }

    /** The example of RFC 6455 §1.3. */
    @Test
    void the_handshake_answers_the_clients_key() {
        assertThat(WebSocketConnection.accept("dGhlIHNhbXBsZSBub25jZQ=="))
                .isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    @Test
    void our_protocols_are_chosen_in_our_order() {
        assertThat(Protocol.among(List.of("channel.k8s.io", "v4.channel.k8s.io")))
                .contains(new Protocol("v4.channel.k8s.io", false, true));
        assertThat(Protocol.among(List.of("v9.channel.k8s.io"))).isEmpty();
        assertThat(Protocol.among(List.of())).contains(new Protocol("", false, false));
    }

    @Test
    void messages_go_to_the_stream_of_their_first_byte() throws Exception {
        try (var connection =
                receiving(
                        BINARY,
                        frame(0x82, "\0he"),
                        frame(0x02, "\0l"),
                        frame(0x80, "lo"),
                        frame(0x82, "\4{}"),
                        frame(0x82, "\7nobody"),
                        frame(0x88, ""))) {
            var stdin = connection.channel(0);
            var resize = connection.channel(4);
            connection.run();
            assertThat(read(stdin)).isEqualTo("hello");
            assertThat(read(resize)).isEqualTo("{}");
        }
    }

    @Test
    void what_is_written_carries_its_number_and_the_end_is_a_normal_close() throws Exception {
        try (var connection = receiving(BINARY)) {
            connection.greet(1);
            connection.channel(1).output().write("hi".getBytes(UTF_8));
        }
        assertThat(sent.toByteArray())
                .containsExactly(0x82, 1, 1, 0x82, 3, 1, 'h', 'i', 0x88, 2, 1000 >> 8, (byte) 1000);
    }

    @Test
    void text_protocols_speak_base64_and_digits() throws Exception {
        try (var connection = receiving(TEXT, frame(0x81, "0aGk="), frame(0x88, ""))) {
            var stdin = connection.channel(0);
            connection.run();
            assertThat(read(stdin)).isEqualTo("hi");
            connection.channel(2).output().write("hi".getBytes(UTF_8));
        }
        assertThat(sent.toString(UTF_8)).contains("2aGk=");
    }

    @Test
    void pings_are_answered() throws Exception {
        try (var connection = receiving(BINARY, frame(0x89, "x"), frame(0x88, ""))) {
            connection.run();
        }
        assertThat(sent.toByteArray()).startsWith(0x8A, 1, 'x');
    }

    @Test
    void a_message_that_is_too_large_or_unmasked_ends_the_connection() {
        try (var connection =
                receiving(BINARY, new byte[] {(byte) 0x82, (byte) 0xFF, 0, 0, 0, 1, 0, 0, 0, 0})) {
            assertThatThrownBy(connection::run).isInstanceOf(IOException.class);
        }
        try (var connection = receiving(BINARY, new byte[] {(byte) 0x82, 1, 0})) {
            assertThatThrownBy(connection::run).isInstanceOf(IOException.class);
        }
    }
}
