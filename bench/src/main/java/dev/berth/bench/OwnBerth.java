package dev.berth.bench;

import dev.berth.edge.cli.AwsClient;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A Berth with a data folder of its own, which {@link #close} removes again. */
final class OwnBerth implements PodHost, AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Pattern EXPORT = Pattern.compile("export (\\w+)=(.*)");
    private static final String CLUSTER = "bench";
    private static final int LOG_LINES = 60;

    private final String berth = System.getProperty("berth.home", ".") + "/berth";
    private final Path data;

    OwnBerth() throws IOException {
        data = Files.createTempDirectory("berth-bench");
    }

    /** Starts it; returns how long that took, in milliseconds. */
    double up() throws IOException, InterruptedException {
        var began = System.nanoTime();
        run("up", "--detach", "--port", "0", "--memory-overcommit", "8");
        return (System.nanoTime() - began) / 1e6;
    }

    /** Runs one of Berth's commands; returns what it said. */
    String run(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(berth));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--data", data.toString()));
        var process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(10, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + " failed");
        }
        return output;
    }

    /** A client of its AWS endpoint. */
    AwsClient aws() throws IOException, InterruptedException {
        var environment = new HashMap<String, String>();
        run("env")
                .lines()
                .map(EXPORT::matcher)
                .filter(java.util.regex.Matcher::matches)
                .forEach(match -> environment.put(match.group(1), match.group(2)));
        return new AwsClient(
                URI.create(environment.getOrDefault("AWS_ENDPOINT_URL", "")),
                environment.getOrDefault("AWS_REGION", ""),
                environment.getOrDefault("AWS_ACCESS_KEY_ID", ""),
                environment.getOrDefault("AWS_SECRET_ACCESS_KEY", ""));
    }

    /**
     * Makes a network, a cluster, and a profile over the namespace default.
     *
     * @param image what its pods run
     */
    Created cluster(String image)
            throws IOException, InterruptedException, GeneralSecurityException {
        var aws = aws();
        var network = new Network(aws);
        network.create();
        var began = System.nanoTime();
        aws.eks(
                "POST",
                "/clusters",
                Map.of(
                        "name",
                        CLUSTER,
                        "roleArn",
                        network.clusterRole(),
                        "resourcesVpcConfig",
                        Map.of("subnetIds", network.subnets())));
        var cluster = settled(aws, "/clusters/" + CLUSTER, "cluster");
        var millis = (System.nanoTime() - began) / 1e6;
        aws.eks(
                "POST",
                "/clusters/" + CLUSTER + "/fargate-profiles",
                Map.of(
                        "fargateProfileName",
                        "bench",
                        "podExecutionRoleArn",
                        network.podRole(),
                        "subnets",
                        network.subnets(),
                        "selectors",
                        List.of(Map.of("namespace", "default"))));
        settled(aws, "/clusters/" + CLUSTER + "/fargate-profiles/bench", "fargateProfile");
        var api =
                new Cluster(
                        cluster.path("endpoint").asString(),
                        cluster.path("certificateAuthority").path("data").asString(),
                        aws.token(CLUSTER, Instant.now()),
                        image);
        return new Created(api, millis);
    }

    /**
     * A cluster that was made.
     *
     * @param millis from the request to ACTIVE
     */
    record Created(Cluster api, double millis) {}

    private static JsonNode settled(AwsClient aws, String path, String wrapper)
            throws IOException, InterruptedException {
        for (var deadline = Instant.now().plusSeconds(120);
                Instant.now().isBefore(deadline);
                Thread.sleep(Duration.ofMillis(20))) {
            var node = aws.eks("GET", path, null).path(wrapper);
            if (node.path("status").asString().equals("ACTIVE")) {
                return node;
            }
        }
        throw new IOException(path + " did not become ACTIVE within two minutes");
    }

    /** Its resident memory, shared files included, in MiB. */
    double resident() throws IOException, InterruptedException {
        return JSON.readTree(run("status", "--json")).path("memoryMebibytes").asDouble();
    }

    @Override
    public String name() {
        return "Berth";
    }

    /** Berth itself, and conmon for each container. */
    @Override
    public double memory() throws IOException {
        var own = instance().path("pid").asLong();
        return Processes.proportional(process ->
                process.pid() == own
                        || (process.name().equals("conmon")
                                && process.command().contains(data.toString())));
    }

    /** When a pod's start came to each step, in microseconds of the wall clock. */
    Map<String, Long> timeline(String uid) throws IOException, InterruptedException {
        var instance = instance();
        var steps = new LinkedHashMap<String, Long>();
        try (var http = HttpClient.newHttpClient()) {
            var address = "http://127.0.0.1:" + instance.path("controlPort").asInt() + "/timelines";
            var answer =
                    http.send(
                            HttpRequest.newBuilder(URI.create(address))
                                    .header(
                                            "authorization",
                                            "Bearer " + instance.path("controlSecret").asString())
                                    .POST(
                                            HttpRequest.BodyPublishers.ofString(
                                                    "{\"uid\":\"" + uid + "\"}"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            for (var stamp : JSON.readTree(answer.body()).path("result").properties()) {
                steps.put(stamp.getKey(), stamp.getValue().asLong());
            }
        }
        return steps;
    }

    private JsonNode instance() throws IOException {
        return JSON.readTree(Files.readAllBytes(data.resolve("instance.json")));
    }

    /** Prints the end of its log. */
    void tellLog() throws IOException {
        var lines = Files.readAllLines(data.resolve("berth.log"));
        lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size())
                .forEach(System.err::println);
    }

    @Override
    public void close() throws IOException {
        try {
            run("down", "--purge");
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("not removed: " + data);
        }
    }
}
