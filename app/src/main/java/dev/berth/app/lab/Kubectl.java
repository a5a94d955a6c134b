package dev.berth.app.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A real kubectl, called as a user would call it. */
final class Kubectl {
    private final List<String> program;
    private final Path kubeconfig;

    /**
     * A kubectl for one cluster.
     *
     * @param program the program and what comes before its own arguments
     */
    Kubectl(List<String> program, Path kubeconfig) {
        this.program = List.copyOf(program);
        this.kubeconfig = kubeconfig;
    }

    /** Runs it and returns what it printed. */
    String run(String... arguments) throws IOException, InterruptedException {
        var result = attempt("", arguments);
        if (result.exitCode != 0) {
            throw new IOException(
                    "kubectl " + String.join(" ", arguments) + ": " + result.error.strip());
        }
        return result.output;
    }

    /** Runs it with an input and returns what it printed. */
    String runWithInput(String input, String... arguments)
            throws IOException, InterruptedException {
        var result = attempt(input, arguments);
        if (result.exitCode != 0) {
            throw new IOException(
                    "kubectl " + String.join(" ", arguments) + ": " + result.error.strip());
        }
        return result.output;
    }

    /** Runs it and returns how that ended, good or bad; stopped after two minutes. */
    Result attempt(String input, String... arguments) throws IOException, InterruptedException {
        var process = start(arguments);
        try {
            var error = new StringBuilder();
            var reader = Thread.ofVirtual().start(() -> error.append(readAll(process)));
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            var output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(
                        "kubectl " + String.join(" ", arguments) + ": no end after two minutes");
            }
            reader.join(Duration.ofSeconds(5));
            return new Result(process.exitValue(), output, error.toString());
        } finally {
            process.destroyForcibly();
        }
    }

    /** Starts it and leaves it running. */
    Process start(String... arguments) throws IOException {
        var command = new ArrayList<>(program);
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().put("KUBECONFIG", kubeconfig.toString());
        return builder.start();
    }

    private static String readAll(Process process) {
        try {
            return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException broken) {
            return broken.toString();
        }
    }

    /** How a call ended. */
    record Result(int exitCode, String output, String error) {}
}
