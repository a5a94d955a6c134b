package dev.berth.adapter.libc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramsGetWhatTheyAreGivenTest {
    @Test
    void output_comes_through_a_pipe_and_the_exit_code_is_known() throws Exception {
        var pipe = Libc.pipe();
        var pid = sh("pwd; echo $WHO; exit 7", new int[] {-1, pipe[1], -1}, null);
        Libc.close(pipe[1]);
        assertThat(readAll(pipe[0])).isEqualTo("/tmp\nme\n");
        assertThat(Libc.waitpid(pid)).isEqualTo(7);
    }

    @Test
    void a_signals_number_is_told_as_a_shell_does() throws Exception {
        var pid = sh("kill -9 $$", new int[] {-1, -1, -1}, null);
        assertThat(Libc.waitpid(pid)).isEqualTo(137);
    }

    @Test
    void no_socket_of_ours_is_inherited() throws Exception {
        var pipe = Libc.pipe();
        try (var socket = new ServerSocket(0)) {
            assertThat(socket.isBound()).isTrue();
            var pid = sh("ls -l /proc/self/fd | grep -c socket", new int[] {-1, pipe[1]}, null);
            Libc.close(pipe[1]);
            assertThat(readAll(pipe[0])).isEqualTo("0\n");
            assertThat(Libc.waitpid(pid)).isEqualTo(1);
        }
    }

    @Test
    void a_further_descriptor_has_its_place() throws Exception {
        var pipe = Libc.pipe();
        var pid = sh("echo here >&3", new int[] {-1, -1, -1, pipe[1]}, null);
        Libc.close(pipe[1]);
        assertThat(readAll(pipe[0])).isEqualTo("here\n");
        assertThat(Libc.waitpid(pid)).isZero();
    }

    @Test
    void a_terminal_is_the_controlling_one_and_has_a_size() throws Exception {
        var terminal = Libc.openTerminal();
        Libc.resize(terminal.fd(), 123, 45);
        var pid = sh("stty size < /dev/tty", new int[3], terminal.path());
        var text = new StringBuilder();
        var buffer = new byte[100];
        while (text.indexOf("\n") < 0) {
            var count = Libc.read(terminal.fd(), buffer, 0, buffer.length);
            text.append(new String(buffer, 0, count, UTF_8));
        }
        assertThat(text.toString().strip()).isEqualTo("45 123");
        assertThat(Libc.waitpid(pid)).isZero();
        assertThatThrownBy(() -> Libc.read(terminal.fd(), buffer, 0, 1))
                .isInstanceOfSatisfying(
                        Errno.class, failed -> assertThat(failed.number()).isEqualTo(Errno.EIO));
        Libc.close(terminal.fd());
    }

    @Test
    void a_program_that_is_not_there_is_told() {
        assertThatThrownBy(() ->
                        Libc.spawn(
                                List.of("/no/such/program"),
                                List.of(),
                                "/",
                                new int[] {-1, -1, -1},
                                null))
                .isInstanceOf(Errno.class)
                .hasMessageContaining("/no/such/program")
                .hasMessageContaining("No such file or directory");
    }

    private static int sh(
            String script, int[] fds, @org.jspecify.annotations.Nullable String terminal)
            throws Errno {
        return Libc.spawn(
                List.of("/bin/sh", "-c", script),
                List.of("WHO=me", "PATH=/usr/bin:/bin"),
                "/tmp",
                fds,
                terminal);
    }

    private static String readAll(int fd) throws Errno {
        var all = new java.io.ByteArrayOutputStream();
        var buffer = new byte[100];
        for (var count = 1; count > 0; ) {
            count = Libc.read(fd, buffer, 0, buffer.length);
            all.write(buffer, 0, count);
        }
        Libc.close(fd);
        return all.toString(UTF_8);
    }
}
