package dev.berth.adapter.libc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a tree of files takes is what {@code du} says. */
class TreesAreMeasuredTest {
    @TempDir Path folder;

    private static long du(Path path) throws Exception {
        var process = new ProcessBuilder("du", "-sx", "--block-size=1", path.toString()).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(process.waitFor()).isZero();
        return Long.parseLong(said.split("\t", 2)[0]);
    }

    private Path file(String name, int bytes) throws IOException {
        var path = folder.resolve(name);
        Files.createDirectories(path.getParent());
        return Files.write(path, new byte[bytes]);
    }

    @Test
    void folders_files_links_holes_and_second_names() throws Exception {
        file("a", 100_000);
        file("deep/er/b", 1);
        file("deep/c", 5000);
        for (var i = 0; i < 2000; i++) {
            file("many/a-name-that-fills-the-kernel-s-buffer-more-than-once-" + i, 0);
        }
        Files.createLink(folder.resolve("deep/second"), folder.resolve("a"));
        Files.createSymbolicLink(folder.resolve("link"), Path.of("/usr"));
        try (var hole = new RandomAccessFile(folder.resolve("hole").toFile(), "rw")) {
            hole.setLength(1L << 30);
        }
        var size = TreeSize.of(folder.toString());
        assertThat(size.bytes()).isEqualTo(du(folder)).isLessThan(1L << 20);
        assertThat(size.files()).isEqualTo(2009);
    }

    @Test
    void a_tree_deeper_than_folders_can_be_open() throws Exception {
        var deepest = Files.createDirectories(folder.resolve("n/".repeat(1200)));
        Files.write(deepest.resolve("end"), new byte[64 << 10]);
        try {
            var size = TreeSize.of(folder.toString());
            assertThat(size.files()).isEqualTo(1202);
            assertThat(size.bytes()).isEqualTo(du(folder));
        } finally {
            new ProcessBuilder("rm", "-rf", folder.resolve("n").toString()).start().waitFor();
        }
    }

    @Test
    void what_is_not_there_takes_nothing() throws Exception {
        assertThat(TreeSize.of(folder + "/none")).isEqualTo(TreeSize.Size.NONE);
        assertThat(TreeSize.of(file("plain", 5).toString())).isEqualTo(TreeSize.Size.NONE);
    }
}
