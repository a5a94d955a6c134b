package dev.berth.bench;

import dev.berth.edge.cli.AwsClient;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code ./berth bench [--probes] [--json FILE]}: starts a Berth of its own, makes a cluster and a
 * profile, and measures what a user waits for. Sizes: {@value #ONE_BY_ONE} pods one after another
 * after {@value #WARM_UP} that do not count, then {@value #AT_ONCE} at once; the image is there
 * before. Everything is removed at the end. With {@code --probes} it measures {@link ProbeLoad}
 * only.
 */
public final class Bench {
    static final int WARM_UP = 5;
    static final int ONE_BY_ONE = 50;
    static final int AT_ONCE = 50;
    static final int ADMISSIONS = 500;
    private static final int LOG_LINES = 60;
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
        var probes = false;
        for (var i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--json") && i + 1 < arguments.length) {
                json = Path.of(arguments[++i]);
            } else if (arguments[i].equals("--probes")) {
                probes = true;
            } else {
                System.err.println("usage: berth bench [--probes] [--json FILE]");
                System.exit(2);
            }
        }
        if (probes) {
            var figures = new ProbeLoad().measure();
            figures.forEach(Bench::print);
            if (json != null) {
                Files.write(json, JSON.writeValueAsBytes(figures));
            }
            return;
        }
        var bench =
                new Bench(
                        System.getProperty("berth.home", ".") + "/berth",
                        Files.createTempDirectory("berth-bench"));
        try {
            bench.measure();
        } catch (Exception failure) {
            bench.tellLog();
            throw failure;
        } finally {
            bench.run("down", "--purge", "--data", bench.data.toString());
        }
        if (json != null) {
            Files.write(json, JSON.writeValueAsBytes(bench.figures));
        }
    }

    private void tellLog() throws IOException {
        var lines = Files.readAllLines(data.resolve("berth.log"));
        lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size())
                .forEach(System.err::println);
    }

    private void measure() throws Exception {
        var began = System.nanoTime();
        run("up", "--detach", "--port", "0", "--memory-overcommit", "8", "--data", data.toString());
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
                        URI.create(environment.getOrDefault("AWS_ENDPOINT_URL", "")),
                        environment.getOrDefault("AWS_REGION", ""),
                        environment.getOrDefault("AWS_ACCESS_KEY_ID", ""),
                        environment.getOrDefault("AWS_SECRET_ACCESS_KEY", ""));
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
            admission(api);
            pods(api);
        }
    }

    /** The webhook by itself: pods that are admitted, one after another, and not made. */
    private void admission(Cluster api) throws Exception {
        var load = load();
        for (var i = 0; i < ADMISSIONS / 10; i++) {
            api.admit("warm-up");
        }
        var before = admissions(api);
        for (var i = 0; i < ADMISSIONS; i++) {
            api.admit("admitted");
        }
        var after = admissions(api);
        figure(
                new Figure(
                        "admission webhook, one after another",
                        "ms",
                        Histogram.quantile(0.5, before, after),
                        Histogram.quantile(0.5, before, after),
                        Histogram.quantile(0.99, before, after),
                        ADMISSIONS,
                        load));
    }

    private void pods(Cluster api) throws Exception {
        var memoryBefore = memory();
        var load = load();
        var times = new ArrayList<Double>();
        var counted = new ArrayList<Cluster.Created>();
        var admissionBefore = admissions(api);
        for (var i = 0; i < WARM_UP + ONE_BY_ONE; i++) {
            if (i == WARM_UP) {
                admissionBefore = admissions(api);
            }
            var name = "one-" + i;
            var created = api.create(name);
            var took = (api.awaitRunning(name) - created.began()) / 1e6;
            if (i >= WARM_UP) {
                times.add(took);
                counted.add(created);
            }
        }
        figure(Figure.of("pod create to Running, one after another", "ms", times, load));
        figure(
                Figure.of(
                        "admission webhook p99, beside pods that start",
                        "ms",
                        Histogram.quantile(0.99, admissionBefore, admissions(api)),
                        load));
        whereTheTimeGoes(counted, load);
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
        atOnce(api);
    }

    /** All are asked for side by side, as a Deployment's controller does. */
    private void atOnce(Cluster api) throws Exception {
        var load = load();
        var admissionBefore = admissions(api);
        var began = System.nanoTime();
        var asked = new ArrayList<Future<Cluster.Created>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var i = 0; i < AT_ONCE; i++) {
                var name = "burst-" + i;
                asked.add(threads.submit(() -> api.create(name)));
            }
        }
        var last = 0L;
        var each = new ArrayList<Double>();
        for (var i = 0; i < AT_ONCE; i++) {
            var at = api.awaitRunning("burst-" + i);
            last = Math.max(last, at);
            each.add((at - asked.get(i).get().began()) / 1e6);
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
                        "admission webhook p99, " + AT_ONCE + " at once",
                        "ms",
                        Histogram.quantile(0.99, admissionBefore, admissions(api)),
                        load));
    }

    /** How long the API server waited for the webhook, as it counts that itself. */
    private static Histogram admissions(Cluster api) throws IOException, InterruptedException {
        return Histogram.read(
                api.text("/metrics"),
                "apiserver_admission_webhook_admission_duration_seconds_bucket",
                "name=\"0500-amazon-eks-fargate");
    }

    /** The medians of the steps of a pod's start, each from the step before. */
    private void whereTheTimeGoes(List<Cluster.Created> pods, double load)
            throws IOException, InterruptedException {
        var instance = JSON.readTree(Files.readAllBytes(data.resolve("instance.json")));
        var steps = new LinkedHashMap<String, List<Double>>();
        try (var http = HttpClient.newHttpClient()) {
            for (var pod : pods) {
                var answer =
                        http.send(
                                        HttpRequest.newBuilder(
                                                        URI.create(
                                                                "http://127.0.0.1:"
                                                                        + instance.path(
                                                                                        "controlPort")
                                                                                .asInt()
                                                                        + "/timelines"))
                                                .header(
                                                        "authorization",
                                                        "Bearer "
                                                                + instance.path("controlSecret")
                                                                        .asString())
                                                .POST(
                                                        HttpRequest.BodyPublishers.ofString(
                                                                "{\"uid\":\"" + pod.uid() + "\"}"))
                                                .build(),
                                        HttpResponse.BodyHandlers.ofString())
                                .body();
                var before = ChronoUnit.MICROS.between(Instant.EPOCH, pod.at());
                for (var stamp : JSON.readTree(answer).path("result").properties()) {
                    var at = stamp.getValue().asLong();
                    steps.computeIfAbsent(stamp.getKey(), first -> new ArrayList<>())
                            .add((at - before) / 1e3);
                    before = at;
                }
            }
        }
        steps.forEach((step, millis) ->
                figure(
                        Figure.of(
                                "  of which to " + step.toLowerCase(Locale.ROOT),
                                "ms",
                                millis,
                                load)));
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
        print(figure);
    }

    private static void print(Figure figure) {
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
