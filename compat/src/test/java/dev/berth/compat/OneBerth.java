package dev.berth.compat;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.bench.soak.Leftovers;
import dev.berth.edge.cli.AwsClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** A Berth of a test's own, with its own data folder, and a shell that knows its credentials. */
final class OneBerth implements AutoCloseable {
    private static final Pattern EXPORT = Pattern.compile("export (\\w+)='?([^']*)'?");

    private final Path data;
    private final Shell shell = new Shell();
    private final Map<String, String> environment = new HashMap<>();
    private String instance = "";

    private OneBerth(Path data) {
        this.data = data;
        shell.export("AWS_PAGER", "");
        shell.export("AWS_EC2_METADATA_DISABLED", "true");
        shell.export("AWS_CONFIG_FILE", "/dev/null");
        shell.export("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        shell.export("KUBECONFIG", data.resolve("kubeconfig").toString());
    }

    /** Skips the test, saying why, on a machine that cannot run it. */
    static void needs(String... programs) {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root for namespaces, mounts and cgroups");
        for (var program : List.of("crun", "conmon")) {
            assumeTrue(Shell.has(program), "needs the program " + program);
        }
        for (var program : programs) {
            assumeTrue(Shell.has(program), "needs the program " + program);
        }
    }

    /** Makes a data folder; nothing runs yet. */
    static OneBerth inNewFolder() throws IOException {
        return new OneBerth(Files.createTempDirectory("berth-compat-data").toRealPath());
    }

    /** Takes a data folder that Berth is to make; nothing runs yet. */
    static OneBerth in(Path data) {
        return new OneBerth(data);
    }

    /** {@code berth up}, which may be said again after it has ended. */
    OneBerth up(String... options) throws IOException, InterruptedException {
        var command =
                new ArrayList<>(
                        List.of("up", "--detach", "--port", "0", "--data", data.toString()));
        command.addAll(List.of(options));
        shell.berth(command.toArray(String[]::new)).good();
        environment.clear();
        berth("env")
                .good()
                .lines()
                .map(EXPORT::matcher)
                .filter(java.util.regex.Matcher::matches)
                .forEach(match -> {
                    environment.put(match.group(1), match.group(2));
                    shell.export(match.group(1), match.group(2));
                });
        instance = status("\"instance\" : \"([0-9a-f]{8})\"");
        return this;
    }

    /** A command of Berth's own, for this data folder. */
    Shell.Result berth(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(arguments));
        command.addAll(List.of("--data", data.toString()));
        return shell.berth(command.toArray(String[]::new));
    }

    /** The first group of a pattern in what {@code berth status} tells. */
    String status(String pattern) throws IOException, InterruptedException {
        return Pattern.compile(pattern)
                .matcher(berth("status", "--json").good())
                .results()
                .findFirst()
                .orElseThrow(() -> new AssertionError("status has no " + pattern))
                .group(1);
    }

    /** The process that serves. */
    long pid() throws IOException, InterruptedException {
        return Long.parseLong(status("\"pid\" : (\\d+)"));
    }

    /** Kills the process that serves, as a crash would, and returns when it is gone. */
    void killHard() throws Exception {
        var process = ProcessHandle.of(pid()).orElseThrow();
        process.destroyForcibly();
        process.onExit().get(10, java.util.concurrent.TimeUnit.SECONDS);
    }

    Path data() {
        return data;
    }

    Shell shell() {
        return shell;
    }

    /** What {@code berth env} exports. */
    String environment(String name) {
        var value = environment.get(name);
        if (value == null) {
            throw new AssertionError("berth env does not export " + name);
        }
        return value;
    }

    /** Berth's own client with the root user's credentials. */
    AwsClient client() {
        return new AwsClient(
                URI.create(environment("AWS_ENDPOINT_URL")),
                environment("AWS_REGION"),
                environment("AWS_ACCESS_KEY_ID"),
                environment("AWS_SECRET_ACCESS_KEY"));
    }

    /** A network with a private subnet of each range, one zone after the other; the subnets. */
    List<String> network(String range, String... subnetRanges)
            throws IOException, InterruptedException {
        var vpc =
                client().query("ec2", "CreateVpc", Map.of("CidrBlock", range))
                        .path("vpc")
                        .path("vpcId")
                        .asString();
        var subnets = new ArrayList<String>();
        for (var subnetRange : subnetRanges) {
            subnets.add(
                    client().query(
                                    "ec2",
                                    "CreateSubnet",
                                    Map.of(
                                            "VpcId",
                                            vpc,
                                            "CidrBlock",
                                            subnetRange,
                                            "AvailabilityZone",
                                            "eu-west-1" + "abc".charAt(subnets.size() % 3)))
                            .path("subnet")
                            .path("subnetId")
                            .asString());
        }
        return subnets;
    }

    /** Makes a cluster and waits until it is active; kubectl goes to it from now on. */
    void cluster(String name, String roleArn, List<String> subnets) throws Exception {
        client().eks(
                        "POST",
                        "/clusters",
                        Map.of(
                                "name",
                                name,
                                "roleArn",
                                roleArn,
                                "resourcesVpcConfig",
                                Map.of("subnetIds", subnets)));
        kubectlGoesTo(name);
    }

    /** Waits until a cluster is active and its API server answers, and writes the kubeconfig. */
    void kubectlGoesTo(String cluster) throws Exception {
        var client = client();
        until(
                cluster + " is active",
                () -> {
                    var described = client.eks("GET", "/clusters/" + cluster, null).path("cluster");
                    return described.path("status").asString().equals("ACTIVE")
                            && described.path("health").path("issues").isEmpty();
                });
        kubeconfig(cluster, client.token(cluster, Instant.now()), data.resolve("kubeconfig"));
        until(
                cluster + " answers",
                () -> shell.run("", "kubectl", "get", "--raw", "/readyz").exitCode() == 0);
    }

    /** Writes a kubeconfig with a given token, as a user who pastes one would. */
    void kubeconfig(String cluster, String token, Path file)
            throws IOException, InterruptedException {
        var described = client().eks("GET", "/clusters/" + cluster, null).path("cluster");
        Files.writeString(
                file,
                """
                apiVersion: v1
                kind: Config
                current-context: c
                clusters:
                - name: c
                  cluster: {server: "%s", certificate-authority-data: "%s"}
                contexts:
                - name: c
                  context: {cluster: c, user: c}
                users:
                - name: c
                  user: {token: "%s"}
                """
                        .formatted(
                                described.path("endpoint").asString(),
                                described.path("certificateAuthority").path("data").asString(),
                                token));
    }

    /** Makes a Fargate profile and waits until it is active. */
    void profile(String cluster, String name, String roleArn, List<String> subnets, Object selector)
            throws Exception {
        var path = "/clusters/" + cluster + "/fargate-profiles";
        client().eks(
                        "POST",
                        path,
                        Map.of(
                                "fargateProfileName",
                                name,
                                "podExecutionRoleArn",
                                roleArn,
                                "subnets",
                                subnets,
                                "selectors",
                                List.of(selector)));
        until(
                name + " is active",
                () ->
                        client().eks("GET", path + "/" + name, null)
                                .path("fargateProfile")
                                .path("status")
                                .asString()
                                .equals("ACTIVE"));
    }

    /** What kubectl prints, or a failure with what it said. */
    String kubectl(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return shell.run("", command.toArray(String[]::new)).good();
    }

    /** A file of manifests, applied. */
    void apply(String yaml) throws IOException, InterruptedException {
        shell.run(yaml, "kubectl", "apply", "-f", "-").good();
    }

    /** A role that a service may assume, with a policy of AWS's; its ARN. */
    String role(String name, String service, String policy)
            throws IOException, InterruptedException {
        var arn =
                client().query(
                                "iam",
                                "CreateRole",
                                Map.of(
                                        "RoleName",
                                        name,
                                        "AssumeRolePolicyDocument",
                                        trust(service)))
                        .path("Role")
                        .path("Arn")
                        .asString();
        client().query(
                        "iam",
                        "AttachRolePolicy",
                        Map.of("RoleName", name, "PolicyArn", "arn:aws:iam::aws:policy/" + policy));
        return arn;
    }

    /** A trust policy for one service. */
    static String trust(String service) {
        return "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\""
                + service
                + "\"},\"Action\":\"sts:AssumeRole\"}]}";
    }

    /** Waits for something that the outside offers no event for. */
    static void until(String what, Check check) throws Exception {
        var end = Instant.now().plus(Duration.ofSeconds(30));
        while (!check.holds()) {
            if (Instant.now().isAfter(end)) {
                throw new AssertionError("not within 30 s: " + what);
            }
            Thread.sleep(100);
        }
    }

    /** A question to the outside. */
    @FunctionalInterface
    interface Check {
        boolean holds() throws Exception;
    }

    /** What this Berth has on the machine at this moment. */
    List<String> leftovers() throws IOException, InterruptedException {
        return Leftovers.of(data, instance);
    }

    /** Ends it, if the test has not, and removes its data. */
    @Override
    public void close() throws IOException {
        if (!Files.exists(data)) {
            return;
        }
        try {
            var ended = berth("down", "--purge");
            if (Files.exists(data)) {
                removeTree(data);
            }
            ended.good();
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while Berth was taken down", hurry);
        }
    }

    /** Removes a folder with all that is in it. */
    static void removeTree(Path root) throws IOException {
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path folder, IOException failure)
                            throws IOException {
                        Files.delete(folder);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
