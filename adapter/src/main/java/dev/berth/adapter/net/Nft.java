package dev.berth.adapter.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The program {@code nft}, which writes packet filters: a script is taken as a whole or not at all.
 */
final class Nft {
    private static final int SECONDS_MAX = 10;

    private Nft() {}

    /**
     * Runs a script.
     *
     * @param namespace the network namespace's file, or null for this one
     */
    static void run(@Nullable Path namespace, String script) throws IOException {
        var command = new ArrayList<String>();
        if (namespace != null) {
            command.addAll(List.of("nsenter", "--net=" + namespace, "--"));
        }
        command.addAll(List.of("nft", "-f", "-"));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var _ =
                process.onExit()
                        .orTimeout(SECONDS_MAX, TimeUnit.SECONDS)
                        .exceptionally(late -> {
                            process.destroyForcibly();
                            return process;
                        });
        try {
            try (var input = process.getOutputStream()) {
                input.write(script.getBytes(UTF_8));
            }
            var said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IOException("nft: " + said);
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while nft ran", hurry);
        } finally {
            process.destroyForcibly();
        }
    }
}
