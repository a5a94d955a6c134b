package dev.berth.compat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs as a user's shell would, with the environment that {@code berth env} gives. */
final class Shell {
    private final Map<String, String> environment = new HashMap<>();

    /** How a program ended. */
    record Result(int exitCode, String output, String error) {
        /** Its output, if it ended well. */
        String good() {
            if (exitCode != 0) {
                throw new AssertionError("exit code " + exitCode + ": " + error + output);
            }
            return output.strip();
        }
    }

    /** Sets a variable for what is run from now on. */
    void export(String name, String value) {
        environment.put(name, value);
    }

    /** Whether a program is there. */
    static boolean has(String program) {
        for (var folder : System.getenv("PATH").split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }

    /** Berth's own program. */
    Result berth(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-Xmx192m",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.berth.app.Main"));
        command.addAll(List.of(arguments));
        return run("", command.toArray(String[]::new));
    }

    /** Any program, stopped after three minutes. */
    Result run(String input, String... command) throws IOException, InterruptedException {
        var output = Files.createTempFile("berth-compat", ".out");
        var error = Files.createTempFile("berth-compat", ".err");
        try {
            var builder =
                    new ProcessBuilder(command)
                            .redirectOutput(output.toFile())
                            .redirectError(error.toFile());
            builder.environment().putAll(environment);
            var process = builder.start();
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            } catch (IOException notRead) {
                // A program may end without reading its input.
            }
            if (!process.waitFor(180, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(
                        String.join(" ", command) + " did not end; " + Files.readString(error));
            }
            return new Result(
                    process.exitValue(), Files.readString(output), Files.readString(error));
        } finally {
            Files.delete(output);
            Files.delete(error);
        }
    }
}
