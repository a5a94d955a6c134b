package dev.berth.adapter.oci;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Root file systems with Debian's static busybox and nothing else. */
final class Busybox {
    private static final List<String> COMMANDS =
            List.of(
                    "sh",
                    "sleep",
                    "cat",
                    "echo",
                    "true",
                    "id",
                    "stty",
                    "ls",
                    "dd",
                    "hostname",
                    "mount",
                    "unshare",
                    "pwd",
                    "env",
                    "ulimit",
                    "kill",
                    "mknod",
                    "tail",
                    "touch",
                    "grep",
                    "ps",
                    "wc");

    private Busybox() {}

    /** Fills a folder; skips the test when there is no busybox to be had. */
    static Path layOut(Path root) throws IOException, InterruptedException {
        var program = program();
        assumeTrue(
                program != null,
                "no static busybox: neither installed nor to be had by apt-get download");
        var bin = Files.createDirectories(root.resolve("bin"));
        for (var folder : List.of("proc", "dev", "sys", "tmp", "etc")) {
            Files.createDirectories(root.resolve(folder));
        }
        Files.copy(program, bin.resolve("busybox"), StandardCopyOption.COPY_ATTRIBUTES);
        for (var command : COMMANDS) {
            Files.createSymbolicLink(bin.resolve(command), Path.of("busybox"));
        }
        return root;
    }

    private static @org.jspecify.annotations.Nullable Path program()
            throws IOException, InterruptedException {
        var installed = Path.of("/bin/busybox");
        if (Files.isExecutable(installed)) {
            return installed;
        }
        var kept = Path.of("target", "busybox", "bin", "busybox").toAbsolutePath();
        if (!Files.isExecutable(kept)) {
            var folder = Files.createDirectories(Path.of("target", "busybox"));
            var script = "apt-get download -q busybox-static && dpkg-deb -x busybox-static_*.deb .";
            var download =
                    new ProcessBuilder("sh", "-c", script)
                            .directory(folder.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(folder.resolve("download.log").toFile())
                            .start();
            if (!download.waitFor(60, TimeUnit.SECONDS) || download.exitValue() != 0) {
                return null;
            }
        }
        return Files.isExecutable(kept) ? kept : null;
    }
}
