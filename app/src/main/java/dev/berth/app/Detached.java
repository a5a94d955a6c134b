package dev.berth.app;

import dev.berth.edge.cli.Actions.Options;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts a Berth that goes on when the command that started it has ended. */
final class Detached {
    private static final int TAIL_LINES = 15;
    private static final String SAID = "berth: ";

    private final DataFolder data;

    Detached(DataFolder data) {
        this.data = data;
    }

    /** Starts it and returns once its endpoint answers. */
    InstanceFile start(Options options) throws IOException, InterruptedException {
        var log = data.resolve("berth.log");
        var process =
                new ProcessBuilder(command(options))
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .redirectErrorStream(true)
                        .start();
        var began = System.nanoTime();
        var told = began;
        while (true) {
            var instance = InstanceFile.read(data.path());
            if (instance.isPresent() && instance.get().pid() == process.pid()) {
                return instance.get();
            }
            if (!process.isAlive()) {
                throw new IOException("Berth ended while it started: " + lastWords(log));
            }
            if (System.nanoTime() - told > 2_000_000_000L) {
                told = System.nanoTime();
                System.err.println(
                        "berth: starting, " + (told - began) / 1_000_000_000 + " s so far");
            }
            Thread.sleep(10);
        }
    }

    /** The same program with the same JVM options, in a session of its own. */
    private List<String> command(Options options) throws IOException {
        var own =
                List.of(
                        new String(
                                        Files.readAllBytes(Path.of("/proc/self/cmdline")),
                                        StandardCharsets.UTF_8)
                                .split("\0", -1));
        var main = own.indexOf(Main.class.getName());
        if (main < 0) {
            throw new IOException("cannot find my own command line in /proc/self/cmdline");
        }
        var command = new ArrayList<String>(List.of("setsid"));
        command.add(ProcessHandle.current().info().command().orElse(own.getFirst()));
        command.addAll(own.subList(1, main + 1));
        command.addAll(
                List.of(
                        "up",
                        "--data",
                        data.path().toString(),
                        "--port",
                        String.valueOf(options.port())));
        command.addAll(
                List.of(
                        "--listen",
                        options.listen(),
                        "--region",
                        options.region(),
                        "--account",
                        options.account()));
        command.addAll(List.of("--versions", options.strictVersions() ? "strict" : "nearest"));
        command.addAll(List.of("--memory-overcommit", String.valueOf(options.memoryOvercommit())));
        var images = options.imageSources();
        if (images.dockerConfig() != null) {
            command.addAll(List.of("--docker-config", images.dockerConfig().toString()));
        }
        command.addAll(
                List.of(
                        "--image-gc-high",
                        String.valueOf(images.highPercent()),
                        "--image-max-age",
                        String.valueOf(images.maxAgeHours())));
        for (var mirror : options.mirrors()) {
            command.addAll(List.of("--mirror", mirror));
        }
        for (var fileSystem : options.fileSystems()) {
            command.addAll(List.of("--efs", fileSystem));
        }
        for (var accessPoint : options.accessPoints()) {
            command.addAll(List.of("--efs-access-point", accessPoint));
        }
        return command;
    }

    /** Its reason, if it has given one, else the end of its log. */
    private static String lastWords(Path log) throws IOException {
        var lines = Files.readAllLines(log);
        if (!lines.isEmpty() && lines.getLast().startsWith(SAID)) {
            return lines.getLast().substring(SAID.length()) + " (the whole log: " + log + ")";
        }
        return "\n"
                + String.join(
                        "\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }
}
