package dev.berth.bench.soak;

import dev.berth.bench.Network;
import dev.berth.edge.cli.AwsClient;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One Berth under trial, with a data folder of its own and one cluster, whose profile takes the
 * pods of the namespace {@code default}. It is started with the JVM options of this program.
 */
final class Trial implements AutoCloseable {
    private static final String MAIN = "dev.berth.app.Main";
    private static final String CLUSTER = "trial";
    private static final Duration TOKEN_LASTS = Duration.ofMinutes(10);
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Path data;
    private final List<String> options;
    private @Nullable Network network;
    private @Nullable Kube kube;
    private String token = "";
    private Instant tokenMade = Instant.EPOCH;

    /** Takes options of {@code berth up}; nothing runs yet. */
    Trial(List<String> options) throws IOException {
        this.options = List.copyOf(options);
        data = Files.createTempDirectory("berth-trial").toRealPath();
    }

    Path data() {
        return data;
    }

    /** Starts it for the first time, and makes images, network, cluster and profile. */
    void begin() throws IOException, InterruptedException {
        up();
        run(PATIENCE, "image", "build-demo");
        var aws = aws();
        var made = new Network(aws);
        made.create();
        network = made;
        aws.eks(
                "POST",
                "/clusters",
                Map.of(
                        "name",
                        CLUSTER,
                        "roleArn",
                        made.clusterRole(),
                        "resourcesVpcConfig",
                        Map.of("subnetIds", made.subnets())));
        cluster();
        var path = "/clusters/" + CLUSTER + "/fargate-profiles";
        aws.eks(
                "POST",
                path,
                Map.of(
                        "fargateProfileName",
                        "trial",
                        "podExecutionRoleArn",
                        made.podRole(),
                        "subnets",
                        made.subnets(),
                        "selectors",
                        List.of(Map.of("namespace", "default"))));
        until(
                "the profile is active",
                () ->
                        aws.eks("GET", path + "/trial", null)
                                .path("fargateProfile")
                                .path("status")
                                .asString()
                                .equals("ACTIVE"));
    }

    /** {@code berth up --detach}. */
    void up() throws IOException, InterruptedException {
        var arguments = new ArrayList<>(List.of("up", "--detach", "--port", "0"));
        arguments.addAll(options);
        run(PATIENCE, arguments.toArray(String[]::new));
    }

    /** Begins {@code berth up --detach} and does not wait for it. */
    Process upWithoutWaiting() throws IOException {
        var arguments = new ArrayList<>(List.of("up", "--detach", "--port", "0"));
        arguments.addAll(options);
        return new ProcessBuilder(command(arguments))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** Kills every process of Berth's own with SIGKILL, as a crash would. */
    void killHard() throws InterruptedException {
        var killed = ProcessHandle.allProcesses().filter(this::isBerth).toList();
        killed.forEach(ProcessHandle::destroyForcibly);
        for (var process : killed) {
            while (process.isAlive()) {
                Thread.sleep(1);
            }
        }
    }

    private boolean isBerth(ProcessHandle process) {
        try {
            var command =
                    Files.readString(Path.of("/proc", String.valueOf(process.pid()), "cmdline"));
            return command.contains("\0" + MAIN + "\0") && command.contains("\0" + data + "\0");
        } catch (IOException gone) {
            return false;
        }
    }

    /** The API server of the cluster, which answers. */
    Kube cluster() throws IOException, InterruptedException {
        var aws = aws();
        var found = new JsonNode[1];
        until(
                "the cluster is active",
                () -> {
                    found[0] = aws.eks("GET", "/clusters/" + CLUSTER, null).path("cluster");
                    return found[0].path("status").asString().equals("ACTIVE")
                            && found[0].path("health").path("issues").isEmpty();
                });
        var fresh =
                new Kube(
                        found[0].path("endpoint").asString(),
                        found[0].path("certificateAuthority").path("data").asString(),
                        () -> token(aws));
        if (kube != null) {
            kube.close();
        }
        kube = fresh;
        until("the API server answers", () -> fresh.text("/readyz").equals("ok"));
        return fresh;
    }

    private synchronized String token(AwsClient aws) {
        if (Instant.now().isAfter(tokenMade.plus(TOKEN_LASTS))) {
            tokenMade = Instant.now();
            token = aws.token(CLUSTER, tokenMade);
        }
        return token;
    }

    private AwsClient aws() throws IOException {
        var instance = instance();
        return new AwsClient(
                URI.create(instance.path("endpoint").asString()),
                instance.path("region").asString(),
                instance.path("accessKeyId").asString(),
                instance.path("secretAccessKey").asString());
    }

    private JsonNode instance() throws IOException {
        return JSON.readTree(Files.readAllBytes(data.resolve("instance.json")));
    }

    /** The process that serves. */
    long pid() throws IOException {
        return instance().path("pid").asLong();
    }

    /** What {@code berth status --json} tells. */
    JsonNode status() throws IOException, InterruptedException {
        return JSON.readTree(run(PATIENCE, "status", "--json"));
    }

    /** The name that everything of this Berth on the machine bears. */
    String name() throws IOException, InterruptedException {
        return status().path("instance").asString();
    }

    /** The namespace of the VPC, as a file. */
    Path vpc() throws IOException, InterruptedException {
        if (network == null) {
            throw new IllegalStateException("not begun");
        }
        return Path.of("/run/berth", name(), "net", "vpcs", network.vpc(), "network");
    }

    /** Ends it with {@code berth down}; the data stays. */
    void down() throws IOException, InterruptedException {
        run(PATIENCE, "down");
    }

    /** Ends it and removes everything. */
    @Override
    public void close() throws IOException {
        if (kube != null) {
            kube.close();
        }
        try {
            run(PATIENCE, "down", "--purge");
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while Berth was taken down", hurry);
        }
    }

    private List<String> command(List<String> arguments) {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.contains("SharedArchive"))
                .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        command.addAll(arguments);
        command.addAll(List.of("--data", data.toString()));
        return command;
    }

    private String run(Duration patience, String... arguments)
            throws IOException, InterruptedException {
        var output = Files.createTempFile("berth-trial", ".out");
        try {
            var process =
                    new ProcessBuilder(command(List.of(arguments)))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .redirectOutput(output.toFile())
                            .start();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IOException(
                        "berth "
                                + arguments[0]
                                + " did not end within "
                                + patience.toSeconds()
                                + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException(
                        "berth " + arguments[0] + " ended with " + process.exitValue());
            }
            return Files.readString(output, StandardCharsets.UTF_8);
        } finally {
            Files.delete(output);
        }
    }

    /** A question to the outside. */
    @FunctionalInterface
    interface Check {
        boolean holds() throws IOException, InterruptedException;
    }

    /** Waits for what nobody tells of; a question that fails counts as not yet. */
    static void until(String what, Check check) throws IOException, InterruptedException {
        var end = Instant.now().plus(PATIENCE);
        IOException why = null;
        while (Instant.now().isBefore(end)) {
            try {
                if (check.holds()) {
                    return;
                }
            } catch (IOException notYet) {
                why = notYet;
            }
            Thread.sleep(50);
        }
        throw new IOException("not within " + PATIENCE.toSeconds() + " s: " + what, why);
    }
}
