package dev.berth.adapter.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VpcResolverTest {
    @TempDir Path folder;

    @Test
    void the_first_three_servers_of_the_fourth_version_are_asked() throws Exception {
        var file = folder.resolve("resolv.conf");
        Files.writeString(
                file,
                """
                # nameserver 192.0.2.9
                search example.com
                nameserver 192.0.2.1
                nameserver 2001:db8::1
                nameserver\t192.0.2.2
                nameserver 192.0.2.3
                nameserver 192.0.2.4
                """);
        assertThat(VpcResolver.servers(file))
                .extracting(InetSocketAddress::getHostString)
                .containsExactly("192.0.2.1", "192.0.2.2", "192.0.2.3");
        assertThat(VpcResolver.servers(folder.resolve("none"))).isEmpty();
    }

    @Test
    void a_failure_is_the_question_with_the_servers_failure_in_it() {
        var question = new byte[] {0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0};
        var answer = VpcResolver.failure(question);
        assertThat(answer).hasSameSizeAs(question).startsWith(0x12, 0x34, 0x81, 0xA2);
    }
}
