package dev.berth.adapter.files;

import dev.berth.adapter.libc.MountTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Mounts and unmounts tmpfs by the system's programs, and reads what is mounted. */
final class Mounts {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");
    private static final long SECONDS_MOST = 20;
    private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

    private Mounts() {}

    /** Mounts a tmpfs. */
    static void tmpfs(Path target, String options) throws IOException {
        run(
                List.of(
                        "mount",
                        "-t",
                        "tmpfs",
                        "-o",
                        options + ",nosuid,nodev",
                        "berth",
                        target.toString()));
    }

    /** Fails when something is mounted at or below a folder, so that it must not be deleted. */
    static void mustBeFree(Path folder) throws IOException {
        if (Files.exists(folder) && !below(folder.toRealPath()).isEmpty()) {
            throw new IOException(folder + " is not deleted: something is still mounted there");
        }
    }

    static boolean mounted(Path target) throws IOException {
        if (!Files.exists(target)) {
            return false;
        }
        var real = target.toRealPath();
        return below(real).contains(real);
    }

    /**
     * Whether a tmpfs is what is mounted there last; a folder may be mounted on itself below it.
     */
    static boolean inMemory(Path target) throws IOException {
        return Files.exists(target) && MountTable.read().type(target.toRealPath()).equals("tmpfs");
    }

    /** Unmounts all that is mounted at or below a folder, the innermost first. */
    static void unmountBelow(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        for (var mount : below(folder.toRealPath())) {
            run(List.of("umount", mount.toString()));
        }
    }

    /** What is mounted at or below a folder, the innermost first. */
    private static List<Path> below(Path folder) throws IOException {
        try (var lines = Files.lines(TABLE)) {
            return lines.map(line -> Path.of(unescaped(line.split(" ", 6)[4])))
                    .filter(path -> path.startsWith(folder))
                    .sorted(Comparator.comparingInt(Path::getNameCount).reversed())
                    .toList();
        }
    }

    private static String unescaped(String path) {
        return OCTAL.matcher(path)
                .replaceAll(match ->
                        java.util.regex.Matcher.quoteReplacement(
                                String.valueOf((char) Integer.parseInt(match.group(1), 8))));
    }

    private static void run(List<String> command) throws IOException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(SECONDS_MOST, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(command.getFirst() + " does not end");
            }
        } catch (InterruptedException stop) {
            // The program is quick; its work is let done, so that nobody meets half of it.
            Thread.currentThread().interrupt();
            process.onExit().join();
        }
        if (process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said.strip());
        }
    }
}
