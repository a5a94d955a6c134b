package dev.berth.adapter.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.adapter.probe.GrpcHealth.CallFailed;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a server sends is played back. The header blocks are grpc-go's forms: literals with
 * incremental indexing, values in Huffman's code where RFC 7541 has an example of it.
 */
class HealthServiceIsAskedTest {
    /** {@code :status: 200} is 8 of the static table. */
    private static final String OK = "88";

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

    private static byte[] frame(int type, int flags, int stream, byte[] data) {
        return ByteBuffer.allocate(9 + data.length)
                .put((byte) 0)
                .putShort((short) data.length)
                .put((byte) type)
                .put((byte) flags)
                .putInt(stream)
                .put(data)
                .array();
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    /** A literal with incremental indexing and a new name. */
    private static byte[] field(String name, String value) {
        var block = new ByteArrayOutputStream();
        block.write(0x40);
        block.write(name.length());
        block.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        block.write(value.length());
        block.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
        return block.toByteArray();
    }

    private static byte[] join(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (var part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private String check(byte[]... frames) throws IOException, CallFailed {
        return new GrpcHealth(new ByteArrayInputStream(join(frames)), sent)
                .check("10.0.0.1:80", "kube-probe/1.36", "shop", 1000);
    }

    private static byte[] settings() {
        return frame(4, 0, 0, new byte[0]);
    }

    @ParameterizedTest
    @CsvSource({
        "0000000000, UNKNOWN",
        "00000000020801, SERVING",
        "00000000020802, NOT_SERVING",
        "00000000020803, SERVICE_UNKNOWN"
    })
    void the_status_is_the_only_field(String message, String status) throws Exception {
        assertThat(
                        check(
                                settings(),
                                frame(1, 4, 1, hex(OK)),
                                frame(0, 0, 1, hex(message)),
                                frame(1, 5, 1, field("grpc-status", "0"))))
                .isEqualTo(status);
    }

    @Test
    void settings_and_pings_are_answered() throws Exception {
        var _ =
                check(
                        settings(),
                        frame(6, 0, 0, hex("0102030405060708")),
                        frame(1, 4, 1, hex(OK)),
                        frame(0, 0, 1, hex("00000000020801")),
                        frame(1, 5, 1, field("grpc-status", "0")));
        var said = HexFormat.of().formatHex(sent.toByteArray());
        assertThat(said)
                .contains("000000040100000000")
                .contains("0000080601000000000102030405060708");
        assertThat(sent.toString(StandardCharsets.ISO_8859_1))
                .startsWith("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                .contains("/grpc.health.v1.Health/Check", "10.0.0.1:80", "kube-probe/1.36")
                .contains("\n\u0004shop");
    }

    @Test
    void an_error_comes_with_its_words() {
        assertThatThrownBy(() ->
                        check(
                                settings(),
                                frame(
                                        1,
                                        5,
                                        1,
                                        join(
                                                hex(OK),
                                                field("grpc-status", "12"),
                                                field("grpc-message", "no%20such service")))))
                .isInstanceOfSatisfying(
                        CallFailed.class, failed -> assertThat(failed.code()).isEqualTo(12))
                .hasMessage("no such service");
    }

    /** {@code 307} in Huffman's code is {@code 640eff}: RFC 7541, C.6.2. */
    @Test
    void huffmans_code_is_read() {
        assertThatThrownBy(
                        () -> check(settings(), frame(1, 5, 1, join(hex("4883640eff"), hex("")))))
                .isInstanceOf(CallFailed.class)
                .hasMessageContaining("307");
    }

    @Test
    void whoever_speaks_something_else_is_cut_off() {
        assertThatThrownBy(() ->
                        check("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> check(settings())).isInstanceOf(IOException.class);
    }

    @Test
    void a_stream_that_is_reset_has_failed() {
        assertThatThrownBy(() -> check(settings(), frame(3, 0, 1, new byte[4])))
                .isInstanceOf(CallFailed.class);
    }
}
