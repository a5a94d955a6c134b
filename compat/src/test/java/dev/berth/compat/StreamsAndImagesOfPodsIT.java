package dev.berth.compat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Logs, commands, terminals, files and ports of pods, by kubectl and by older clients' protocols.
 */
@Timeout(120)
class StreamsAndImagesOfPodsIT {
    private static final String CLUSTER = "streams";
    private static final Pattern PORT = Pattern.compile("127\\.0\\.0\\.1:(\\d+) ->");

    private static final String PODS =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: st}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "mkdir /w; echo hi > /w/index.html; httpd -p 8080 -h /w; echo out; echo more; printf part; exec sleep 3600"]
              - {name: shell, image: busybox, command: [sh], stdin: true, tty: true}
              - {name: crash, image: busybox, command: [sh, -c, "echo crashed; exit 3"]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: loud}
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "seq 1 260000; for i in $(seq 260001 260015); do echo $i; sleep 1; done"]
            """;

    private static final String PRIVATE =
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/library/web:1";

    private static OneBerth berth;
    private static SmallRegistry registry;
    private static PodSocket.Door door;

    @TempDir Path folder;

    @BeforeAll
    static void pods_run() throws Exception {
        OneBerth.needs("kubectl", "bash");
        registry = SmallRegistry.start();
        registry.put("web", "1", SmallImage.of("amd64"));
        registry.wants("me", "secret");
        berth =
                OneBerth.inNewFolder()
                        .up("--mirror", "*.dkr.ecr.*.amazonaws.com=" + registry.address());
        berth.berth("image", "build-demo").good();
        var subnets = berth.network("172.26.0.0/16", "172.26.1.0/24", "172.26.2.0/24");
        berth.cluster(
                CLUSTER,
                berth.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy"),
                subnets);
        berth.profile(
                CLUSTER,
                "default",
                berth.role(
                        "pods",
                        "eks-fargate-pods.amazonaws.com",
                        "AmazonEKSFargatePodExecutionRolePolicy"),
                subnets,
                java.util.Map.of("namespace", "default"));
        berth.apply(PODS);
        for (var pod : java.util.List.of("st", "loud")) {
            berth.kubectl(
                    "wait",
                    "--for=jsonpath={.status.phase}=Running",
                    "pod/" + pod,
                    "--timeout=60s");
        }
        door = PodSocket.Door.of(berth, CLUSTER);
        OneBerth.until(
                "the container that crashes has crashed twice",
                () ->
                        berth.kubectl(
                                        "get",
                                        "pod",
                                        "st",
                                        "-o",
                                        "jsonpath={.status.containerStatuses[?(@.name=='crash')].restartCount}")
                                .matches("[1-9]\\d*"));
    }

    @AfterAll
    static void end() throws Exception {
        if (berth != null) {
            berth.close();
        }
        if (registry != null) {
            registry.close();
        }
    }

    private static Shell.Result run(String script) throws Exception {
        return berth.shell().run("", "bash", "-c", script);
    }

    private static String exec(
            boolean terminal, boolean stdin, String container, String... command) {
        var query = new StringBuilder("exec?stdout=true&container=" + container);
        query.append(terminal ? "&tty=true" : "&stderr=true").append(stdin ? "&stdin=true" : "");
        for (var each : command) {
            query.append("&command=").append(URLEncoder.encode(each, UTF_8).replace("+", "%20"));
        }
        return query.toString();
    }

    private static String pod(String name, String more) {
        return """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s}
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 0
          %s
          containers: [{name: main, image: "%s", imagePullPolicy: IfNotPresent}]
        """
                .formatted(name, more, PRIVATE);
    }

    private static void untilEvent(String pod, String words) throws Exception {
        OneBerth.until(
                pod + " tells: " + words,
                () ->
                        berth.kubectl(
                                        "get",
                                        "events",
                                        "--field-selector=involvedObject.name=" + pod,
                                        "-o",
                                        "jsonpath={range .items[*]}{.reason}: {.message}{'\\n'}{end}")
                                .lines()
                                .anyMatch(line -> line.matches(words)));
    }

    @Test
    void an_image_is_for_those_pods_that_could_have_pulled_it() throws Exception {
        var denied =
                Pattern.quote(
                        "Failed: Failed to pull image \"%1$s\": rpc error: code = Unknown desc = failed to pull and unpack image \"%1$s\": failed to resolve reference \"%1$s\": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials"
                                .formatted(PRIVATE));
        berth.apply(pod("without", ""));
        untilEvent("without", denied);
        berth.kubectl(
                "create",
                "secret",
                "docker-registry",
                "login",
                "--docker-server=*.dkr.ecr.eu-west-1.amazonaws.com",
                "--docker-username=me",
                "--docker-password=secret");
        berth.apply(pod("with", "imagePullSecrets: [{name: login}, {name: absent}]"));
        untilEvent(
                "with",
                "Pulled: Successfully pulled image \""
                        + PRIVATE
                        + "\" in [0-9.ms]+ \\([0-9.ms]+ including waiting\\)\\. Image size: \\d+ bytes\\.");
        untilEvent(
                "with",
                "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets \\(absent\\); attempting to pull the image may not succeed\\.");
        berth.apply(
                """
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: puller}
                imagePullSecrets: [{name: login}]
                """);
        berth.apply(pod("account", "serviceAccountName: puller"));
        untilEvent(
                "account",
                "Pulled: Container image \""
                        + PRIVATE
                        + "\" already present on machine and can be accessed by the pod");
        berth.apply(pod("after", ""));
        untilEvent("after", denied);
        assertThat(berth.berth("image", "list").good()).contains(PRIVATE);
        berth.kubectl("delete", "pod", "without", "with", "account", "after", "--wait=true");
        assertThat(berth.berth("image", "remove", "no-such-image").error())
                .contains("there is no image no-such-image here");
        assertThat(berth.berth("image", "gc").good()).startsWith("removed 1 images, ");
        assertThat(berth.berth("image", "list").good()).doesNotContain(PRIVATE).contains("busybox");
    }

    @Test
    void logs_are_cut_as_asked() throws Exception {
        assertThat(berth.kubectl("logs", "st", "-c", "main")).isEqualTo("out\nmore\npart");
        assertThat(berth.kubectl("logs", "st", "-c", "main", "--tail=2")).isEqualTo("more\npart");
        assertThat(berth.kubectl("logs", "st", "-c", "main", "--limit-bytes=5"))
                .isEqualTo("out\nm");
        assertThat(berth.kubectl("logs", "st", "-c", "main", "--since=1h")).startsWith("out\n");
        assertThat(
                        berth.kubectl(
                                "logs",
                                "st",
                                "-c",
                                "main",
                                "--since-time=2999-01-01T00:00:00+01:00"))
                .isEmpty();
        assertThat(berth.kubectl("logs", "st", "-c", "main", "--timestamps", "--tail=2"))
                .matches("(?s)\\S+T\\S+\\.\\d{9}Z more\n\\S+Z part");
        assertThat(berth.kubectl("logs", "st", "-c", "crash", "--previous")).isEqualTo("crashed");
        assertThat(berth.kubectl("logs", "st", "--all-containers", "--prefix"))
                .contains("[pod/st/main] out\n", "[pod/st/crash] crashed");
        assertThat(run("kubectl logs st -c main --previous").error())
                .contains("previous terminated container \"main\" in pod \"st\" not found");
    }

    @Test
    void a_log_that_is_followed_loses_nothing_when_its_file_is_set_aside() throws Exception {
        var lines = berth.kubectl("logs", "-f", "loud").lines().toList();
        assertThat(lines).hasSize(260_015);
        for (var at = 0; at < lines.size(); at++) {
            assertThat(lines.get(at)).isEqualTo(Integer.toString(at + 1));
        }
        try (var files = Files.walk(berth.data().resolve("logs"))) {
            assertThat(
                            files.filter(file -> file.toString().contains("default_loud"))
                                    .filter(Files::isRegularFile))
                    .hasSizeGreaterThan(1);
        }
    }

    @Test
    void commands_end_as_on_any_node() throws Exception {
        for (var webSockets : new boolean[] {true, false}) {
            var kubectl = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=" + webSockets + " kubectl ";
            var failed = run(kubectl + "exec st -c main -- sh -c 'echo o; echo e >&2; exit 42'");
            assertThat(failed.exitCode()).isEqualTo(42);
            assertThat(failed.output()).isEqualTo("o\n");
            assertThat(failed.error())
                    .startsWith("e\n")
                    .contains("command terminated with exit code 42");
            assertThat(run(kubectl + "exec st -c crash -- true").error())
                    .contains("unable to upgrade connection: container not found (\"crash\")");
        }
        assertThat(run("printf 'a b' | kubectl exec -i st -c main -- cat").good()).isEqualTo("a b");
        assertThat(run("kubectl exec st -c main -- no-such-program").error())
                .contains(
                        "Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: ")
                .contains("no-such-program");
        assertThat(run("kubectl attach st -c crash").error())
                .contains(
                        "unable to upgrade connection: container crash not found in pod st_default");
    }

    @Test
    void a_command_ends_with_the_container_it_runs_in() throws Exception {
        try (var sleeping =
                door.open("st", exec(false, false, "shell", "sleep", "1000"), PodSocket.NEW)) {
            sleeping.until(1, "");
            door.open("st", exec(false, false, "shell", "kill", "-9", "1"), PodSocket.OLD)
                    .toItsEnd();
            // A process cannot kill the first one of its namespace: end the shell by its terminal.
            try (var typing =
                    door.open(
                            "st",
                            "attach?container=shell&stdin=true&stdout=true&tty=true",
                            PodSocket.OLD)) {
                typing.send(0, "exit 0\n");
                assertThat(sleeping.toItsEnd().text(3)).contains("\"message\":\"137\"");
            }
        }
    }

    @Test
    void a_terminal_knows_its_size() throws Exception {
        try (var terminal = door.open("st", exec(true, true, "main", "sh"), PodSocket.OLD)) {
            for (var height : new int[] {45, 24}) {
                terminal.send(4, "{\"Width\":123,\"Height\":" + height + "}");
                // Sizes and what is typed are streams of their own: either may come first.
                terminal.send(
                        0,
                        "until stty size 2>&1 | grep -q '"
                                + height
                                + " 123'; do sleep 0.1; done; echo is''"
                                + height
                                + "\n");
                terminal.until(1, "is" + height);
            }
            terminal.send(0, "exit 7\n");
            assertThat(terminal.toItsEnd().text(3)).contains("\"message\":\"7\"");
        }
    }

    @Test
    void a_hundred_commands_at_once_lose_nothing() throws Exception {
        var command = "head -c 300000 /dev/zero | tr '\\0' x; echo said >&2; exit 5";
        var calls = new ArrayList<Callable<String>>();
        for (var at = 0; at < 100; at++) {
            var protocol = at % 2 == 0 ? PodSocket.OLD : PodSocket.NEW;
            calls.add(() -> {
                try (var one =
                        door.open(
                                "st", exec(false, false, "main", "sh", "-c", command), protocol)) {
                    one.toItsEnd();
                    var xs = 0;
                    for (var each : one.bytes(1)) {
                        xs += each == 'x' ? 1 : 0;
                    }
                    return xs
                            + " "
                            + one.text(2).strip()
                            + " "
                            + one.text(3).contains("\"message\":\"5\"");
                }
            });
        }
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var outcomes = new ArrayList<String>();
            for (var each : threads.invokeAll(calls, 100, TimeUnit.SECONDS)) {
                outcomes.add(each.get());
            }
            assertThat(outcomes).hasSize(100).containsOnly("300000 said true");
        }
    }

    @Test
    void a_reader_that_stops_holds_up_the_command_and_no_memory() throws Exception {
        var counting =
                "i=0; while true; do head -c 1000000 /dev/zero; i=$((i+1)); echo $i > /count; done";
        var before = memoryMebibytes();
        var readers = new ArrayList<PodSocket>();
        try {
            for (var protocol : new String[] {PodSocket.OLD, PodSocket.NEW}) {
                var command = counting.replace("/count", "/count" + readers.size());
                readers.add(
                        door.openUnread(
                                "st", exec(false, false, "main", "sh", "-c", command), protocol));
            }
            var counts = new String[] {"none"};
            OneBerth.until(
                    "the commands stand still",
                    () -> {
                        Thread.sleep(500);
                        var now =
                                berth.kubectl(
                                        "exec",
                                        "st",
                                        "-c",
                                        "main",
                                        "--",
                                        "sh",
                                        "-c",
                                        "cat /count* || true");
                        var same = now.equals(counts[0]);
                        counts[0] = now;
                        return same;
                    });
            assertThat(
                            counts[0]
                                    .lines()
                                    .map(Integer::valueOf)
                                    .collect(Collectors.summingInt(one -> one)))
                    .describedAs("megabytes that both commands have written")
                    .isLessThan(40);
            assertThat(memoryMebibytes() - before).isLessThan(40);
        } finally {
            readers.forEach(PodSocket::close);
        }
    }

    private static long memoryMebibytes() throws Exception {
        return Long.parseLong(berth.status("\"memoryMebibytes\" : (\\d+)"));
    }

    @Test
    void big_files_are_copied_both_ways() throws Exception {
        var bytes = new byte[20_000_000];
        new Random(1).nextBytes(bytes);
        var there = folder.resolve("there");
        var back = folder.resolve("back");
        Files.write(there, bytes);
        berth.kubectl("cp", there.toString(), "st:/copied", "-c", "main");
        assertThat(berth.kubectl("exec", "st", "-c", "main", "--", "sha256sum", "/copied"))
                .startsWith(SmallImage.digest(bytes).substring("sha256:".length()));
        berth.kubectl("cp", "st:/copied", back.toString(), "-c", "main");
        assertThat(Files.mismatch(there, back)).isEqualTo(-1);
    }

    @Test
    void ports_are_forwarded_over_both_protocols_more_often_than_a_connection_has_streams()
            throws Exception {
        for (var webSockets : new boolean[] {true, false}) {
            var output = folder.resolve("forward-" + webSockets);
            var builder =
                    new ProcessBuilder(
                                    "kubectl",
                                    "port-forward",
                                    "pod/st",
                                    "0:8080",
                                    "--address=127.0.0.1")
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile());
            builder.environment().put("KUBECONFIG", berth.data().resolve("kubeconfig").toString());
            builder.environment()
                    .put("KUBECTL_PORT_FORWARD_WEBSOCKETS", Boolean.toString(webSockets));
            var forwarding = builder.start();
            try {
                OneBerth.until(
                        "kubectl listens", () -> PORT.matcher(Files.readString(output)).find());
                var found = PORT.matcher(Files.readString(output));
                assertThat(found.find()).isTrue();
                var port = Integer.parseInt(found.group(1));
                for (var at = 0; at < (webSockets ? 60 : 520); at++) {
                    assertThat(page(port)).endsWith("\r\n\r\nhi\n");
                }
                try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                    var calls = new ArrayList<Callable<String>>();
                    for (var at = 0; at < 50; at++) {
                        calls.add(() -> page(port));
                    }
                    for (var each : threads.invokeAll(calls)) {
                        assertThat(each.get()).endsWith("\r\n\r\nhi\n");
                    }
                }
            } finally {
                forwarding.destroy();
                forwarding.waitFor();
            }
        }
    }

    private static String page(int port) throws Exception {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(UTF_8));
            try (InputStream in = socket.getInputStream()) {
                return new String(in.readAllBytes(), UTF_8);
            }
        }
    }

    @Test
    void a_port_is_forwarded_to_a_client_that_knows_old_web_sockets_only() throws Exception {
        try (var forwarded = door.open("st", "portforward?ports=8080,8099", PodSocket.OLD)) {
            forwarded.send(0, "GET / HTTP/1.0\r\n\r\n");
            forwarded.toItsEnd();
            // Each stream begins with its port, the lower byte first.
            assertThat(forwarded.bytes(0)).startsWith(0x90, 0x1f);
            assertThat(forwarded.text(0)).endsWith("\r\n\r\nhi\n");
            assertThat(forwarded.bytes(1)).containsExactly(0x90, 0x1f);
            assertThat(forwarded.bytes(3)).startsWith(0xa3, 0x1f);
            assertThat(forwarded.text(3))
                    .contains("error forwarding port 8099 to pod ")
                    .contains("IPv4: dial tcp4 127.0.0.1:8099: connect: connection refused");
        }
    }
}
