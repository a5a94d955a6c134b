package dev.berth.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A stock kubelet with containerd and runc under a control plane of its own, by {@code
 * scripts/stock-node}, which ends with this process.
 */
final class StockNode implements PodHost, AutoCloseable {
    private static final Set<String> PROGRAMS =
            Set.of("kubelet", "containerd", "containerd-shim", "pause");

    private final Process script;
    private final JsonNode told;
    private final String namespace;

    /** Starts it, and waits until its node is ready. */
    StockNode() throws IOException {
        script =
                new ProcessBuilder(System.getProperty("berth.home", ".") + "/scripts/stock-node")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        var line = script.inputReader(StandardCharsets.UTF_8).readLine();
        if (line == null) {
            throw new IOException("the stock node did not start");
        }
        told = JsonMapper.shared().readTree(line);
        namespace =
                Files.readSymbolicLink(
                                Path.of(
                                        "/proc",
                                        told.path("holder").asString(),
                                        "ns/pid_for_children"))
                        .toString();
    }

    /**
     * Its cluster.
     *
     * @param image what its pods run
     */
    Cluster cluster(String image) throws IOException, GeneralSecurityException {
        return new Cluster(
                told.path("server").asString(),
                told.path("authority").asString(),
                told.path("token").asString(),
                image);
    }

    @Override
    public String name() {
        return "stock kubelet";
    }

    /** Kubelet and containerd, a shim and a pause process for each pod. */
    @Override
    public double memory() throws IOException {
        return Processes.proportional(process ->
                process.namespace().equals(namespace)
                        && PROGRAMS.stream().anyMatch(process.name()::startsWith));
    }

    @Override
    public void close() throws IOException {
        script.getOutputStream().close();
        try {
            if (!script.waitFor(60, TimeUnit.SECONDS)) {
                throw new IOException("the stock node did not end within a minute");
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt(); // it ends by itself
        }
    }
}
