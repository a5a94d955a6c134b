package dev.berth.bench;

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
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code ./berth bench [--json FILE]}: starts a Berth of its own, makes a cluster and a profile,
 * and measures what a user waits for. Sizes: {@value #ONE_BY_ONE} pods one after another after
 * {@value #WARM_UP} that do not count, then {@value #AT_ONCE} at once; the image is there before.
 * Everything is removed at the end.
 */
public final class Bench {
    static final int WARM_UP = 5;
    static final int ONE_BY_ONE = 50;
    static final int AT_ONCE = 50;
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Pattern EXPORT = Pattern.compile("export (\\w+)=(.*)");
    private static final String CLUSTER = "bench";

    private final String berth;
    private final Path data;
    private final List<Figure> figures = new ArrayList<>();

    private Bench(String berth, Path data) {
        this.berth = berth;
        this.data = data;
    }

    /** Measures, prints a table, and writes JSON if asked to. */
    public static void main(String[] arguments) throws Exception {
        Path json = null;
        for (var i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--json") && i + 1 < arguments.length) {
                json = Path.of(arguments[++i]);
            } else {
                System.err.println("usage: berth bench [--json FILE]");
                System.exit(2);
            }
        }
        var bench =
                new Bench(
                        System.getProperty("berth.home", ".") + "/berth",
                        Files.createTempDirectory("berth-bench"));
        try {
            bench.measure();
        } finally {
            bench.run("down", "--purge", "--data", bench.data.toString());
        }
        if (json != null) {
            Files.write(json, JSON.writeValueAsBytes(bench.figures));
        }
    }

    private void measure() throws Exception {
        var began = System.nanoTime();
        run("up", "--detach", "--port", "0", "--data", data.toString());
        figure(
                Figure.of(
                        "berth up --detach to an answering endpoint",
                        "ms",
                        millisSince(began),
                        load()));
        run("image", "build-demo", "--data", data.toString());
        var environment = new HashMap<String, String>();
        run("env", "--data", data.toString())
                .lines()
                .map(EXPORT::matcher)
                .filter(java.util.regex.Matcher::matches)
                .forEach(match -> environment.put(match.group(1), match.group(2)));
        var aws =
                new AwsClient(
                        URI.create(environment.get("AWS_ENDPOINT_URL")),
                        environment.get("AWS_REGION"),
                        environment.get("AWS_ACCESS_KEY_ID"),
                        environment.get("AWS_SECRET_ACCESS_KEY"));
        var network = new Network(aws);
        network.create();
        began = System.nanoTime();
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
        figure(Figure.of("create-cluster to ACTIVE", "ms", millisSince(began), load()));
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
        var token = aws.token(CLUSTER, Instant.now());
        try (var api =
                new Cluster(
                        cluster.path("endpoint").asString(),
                        cluster.path("certificateAuthority").path("data").asString(),
                        () -> token)) {
            api.follow();
            pods(api);
        }
    }

    private void pods(Cluster api) throws Exception {
        var memoryBefore = memory();
        var load = load();
        var times = new ArrayList<Double>();
        for (var i = 0; i < WARM_UP + ONE_BY_ONE; i++) {
            var name = "one-" + i;
            var began = api.create(name);
            var took = (api.awaitRunning(name) - began) / 1e6;
            if (i >= WARM_UP) {
                times.add(took);
            }
        }
        figure(Figure.of("pod create to Running, one after another", "ms", times, load));
        var memoryAfter = memory();
        figure(
                Figure.of(
                        "memory of Berth with " + (WARM_UP + ONE_BY_ONE) + " pods",
                        "MiB",
                        memoryAfter,
                        load()));
        figure(
                Figure.of(
                        "memory of Berth per further pod",
                        "MiB",
                        (memoryAfter - memoryBefore) / (WARM_UP + ONE_BY_ONE),
                        load()));
        for (var i = 0; i < WARM_UP + ONE_BY_ONE; i++) {
            api.delete("one-" + i);
        }
        for (var i = 0; i < WARM_UP + ONE_BY_ONE; i++) {
            api.awaitGone("one-" + i);
        }
        load = load();
        var began = System.nanoTime();
        var starts = new ArrayList<Long>();
        for (var i = 0; i < AT_ONCE; i++) {
            starts.add(api.create("burst-" + i));
        }
        var last = 0L;
        var each = new ArrayList<Double>();
        for (var i = 0; i < AT_ONCE; i++) {
            var at = api.awaitRunning("burst-" + i);
            last = Math.max(last, at);
            each.add((at - starts.get(i)) / 1e6);
        }
        figure(
                Figure.of(
                        "pods per second, " + AT_ONCE + " at once",
                        "1/s",
                        AT_ONCE / ((last - began) / 1e9),
                        load));
        figure(Figure.of("pod create to Running, " + AT_ONCE + " at once", "ms", each, load));
        figure(
                Figure.of(
                        "admission webhook p99, at most",
                        "ms",
                        admissionP99(api.text("/metrics")),
                        load));
    }

    /**
     * The upper bound of the histogram's bucket that holds the 99th percentile, as the API server
     * counts it.
     */
    private static double admissionP99(String metrics) {
        var bucket =
                Pattern.compile(
                        "apiserver_admission_webhook_admission_duration_seconds_bucket\\{name=\"0500-amazon-eks-fargate[^}]*le=\"([^\"]+)\"} (\\d+)");
        var counts = new ArrayList<double[]>();
        metrics.lines()
                .map(bucket::matcher)
                .filter(java.util.regex.Matcher::lookingAt)
                .forEach(match ->
                        counts.add(
                                new double[] {
                                    match.group(1).equals("+Inf")
                                            ? Double.POSITIVE_INFINITY
                                            : Double.parseDouble(match.group(1)),
                                    Double.parseDouble(match.group(2))
                                }));
        var all = counts.stream().mapToDouble(count -> count[1]).max().orElse(0);
        return counts.stream()
                .filter(count -> count[1] >= all * 0.99)
                .mapToDouble(count -> count[0] * 1000)
                .min()
                .orElse(Double.NaN);
    }

    private double memory() throws IOException, InterruptedException {
        return JSON.readTree(run("status", "--json", "--data", data.toString()))
                .path("memoryMebibytes")
                .asDouble();
    }

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

    private void figure(Figure figure) {
        figures.add(figure);
        System.out.printf(
                Locale.ROOT,
                "%-46s %9.1f %-4s p50 %8.1f  p99 %8.1f  n %3d  load %.1f%n",
                figure.name(),
                figure.value(),
                figure.unit(),
                figure.p50(),
                figure.p99(),
                figure.n(),
                figure.load());
    }

    private String run(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(berth));
        command.addAll(List.of(arguments));
        var process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(10, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + " failed");
        }
        return output;
    }

    private static double millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e6;
    }

    private static double load() {
        return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    }
}
