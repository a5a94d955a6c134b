package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * What a kill -9 of Berth does to running pods, and what the next Berth makes of them. The steps
 * tell one story, so they keep their order and share one Berth.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BerthIsKilledIT {
    private static final String CLUSTER = "killed";

    private static final String NGINX_POD =
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: web, labels: {app: fargate}}
            spec: {containers: [{name: main, image: nginx}]}
            """;

    private static final List<String> SURVIVORS = List.of("keeper", "web");
    private static final Map<String, String> before = new HashMap<>();
    private static final Map<String, String> addresses = new HashMap<>();
    private static final String nonce = Long.toString(System.nanoTime(), 36);
    private static OneBerth berth;
    private static String keeperProcess = "";

    @BeforeAll
    static void pods_run() throws Exception {
        OneBerth.needs("kubectl");
        berth = OneBerth.inNewFolder().up();
        berth.berth("image", "build-demo").good();
        var subnets = berth.network("172.28.0.0/16", "172.28.1.0/24", "172.28.2.0/24");
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
                Map.of("namespace", "default", "labels", Map.of("app", "fargate")));
        berth.apply(
                shellPod("keeper", "Always", "exit 3")
                        + shellPod("leaver", "Never", "exit 7")
                        + shellPod("comer-back", "Always", "exit 7")
                        + shellPod("doomed", "Always", ":")
                        + NGINX_POD);
        berth.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s");
        for (var pod : List.of("keeper", "leaver", "comer-back", "doomed", "web")) {
            before.put(pod, identity(pod));
            addresses.put(pod, of(pod, "{.status.podIP}"));
        }
        keeperProcess = process("keeper");
    }

    @AfterAll
    static void nothing_stays() throws Exception {
        if (berth != null) {
            berth.close();
        }
    }

    /** A pod that runs a shell of which one word on the command line is its alone. */
    private static String shellPod(String name, String restart, String atTerm) {
        return """
        apiVersion: v1
        kind: Pod
        metadata: {name: %1$s, labels: {app: fargate}}
        spec:
          restartPolicy: %2$s
          terminationGracePeriodSeconds: 3
          containers:
          - name: main
            image: busybox
            command: [sh, -c, "echo %1$s-began; trap '%3$s' TERM; while :; do sleep 0.1; done", %1$s-%4$s]
        ---
        """
                .formatted(name, restart, atTerm, nonce);
    }

    /** What a container is known by, and how often it was started. */
    private static String identity(String pod) throws Exception {
        return of(
                pod,
                "{.metadata.uid} {.status.podIP} {.spec.nodeName} {.status.containerStatuses[0].containerID}"
                        + " {.status.containerStatuses[0].restartCount}"
                        + " {.status.containerStatuses[0].state.running.startedAt}");
    }

    private static String of(String pod, String jsonpath) throws Exception {
        return berth.kubectl("get", "pod", pod, "-o", "jsonpath=" + jsonpath);
    }

    /** The first processes of a pod's containers: id and start in ticks since the machine's. */
    private static List<String> processes(String pod) throws IOException {
        var found = new ArrayList<String>();
        try (var folders = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var folder : folders) {
                try {
                    var inside =
                            Files.readString(folder.resolve("status"))
                                    .lines()
                                    .filter(line -> line.startsWith("NSpid:"))
                                    .findFirst()
                                    .orElse("");
                    if (Files.readString(folder.resolve("cmdline")).contains(pod + "-" + nonce)
                            && inside.matches("NSpid:\\s+\\d+\\s+(\\d+\\s+)*1")) {
                        var stat = Files.readString(folder.resolve("stat"));
                        found.add(
                                folder.getFileName()
                                        + " "
                                        + stat.substring(stat.lastIndexOf(')') + 2)
                                                .split(" ", -1)[19]);
                    }
                } catch (IOException gone) {
                    // It ended while we looked.
                }
            }
        }
        return found;
    }

    private static String process(String pod) throws IOException {
        var found = processes(pod);
        assertThat(found).as("processes of " + pod).hasSize(1);
        return found.getFirst();
    }

    private static void terminate(String pod) throws Exception {
        var process =
                ProcessHandle.of(Long.parseLong(process(pod).split(" ", -1)[0])).orElseThrow();
        process.destroy();
        OneBerth.until(pod + "'s process ends", () -> processes(pod).isEmpty());
    }

    @Test
    @Order(1)
    void killed_berth_leaves_containers_running_and_takes_its_control_plane_along()
            throws Exception {
        berth.kubectl("delete", "pod", "doomed", "--wait=false");
        berth.killHard();
        OneBerth.until(
                "etcd and the cluster's components end",
                () ->
                        berth.leftovers().stream()
                                .noneMatch(left ->
                                        left.contains("berth-kube") && left.startsWith("process")));
        assertThat(process("keeper")).isEqualTo(keeperProcess);
        assertThat(status("http://" + addresses.get("web") + "/")).isEqualTo(200);
        terminate("leaver");
        terminate("comer-back");
    }

    @Test
    @Order(2)
    void the_next_berth_adopts_what_runs_and_starts_nothing_twice() throws Exception {
        berth.up();
        berth.kubectlGoesTo(CLUSTER);
        OneBerth.until(
                "all that run are ready again",
                () ->
                        berth.shell()
                                        .run(
                                                "",
                                                "kubectl",
                                                "wait",
                                                "--for=condition=Ready",
                                                "pod/keeper",
                                                "pod/web",
                                                "--timeout=30s")
                                        .exitCode()
                                == 0);
        for (var pod : SURVIVORS) {
            assertThat(identity(pod)).as(pod).isEqualTo(before.get(pod));
        }
        assertThat(process("keeper")).isEqualTo(keeperProcess);
        assertThat(berth.kubectl("logs", "keeper")).isEqualTo("keeper-began");
        assertThat(
                        berth.kubectl(
                                "get",
                                "events",
                                "--field-selector=reason=Started,involvedObject.name=keeper",
                                "-o",
                                "jsonpath={.items[*].count}"))
                .isEqualTo("1");
    }

    @Test
    @Order(3)
    void ends_that_nobody_saw_are_told_with_their_codes() throws Exception {
        berth.kubectl(
                "wait", "--for=jsonpath={.status.phase}=Failed", "pod/leaver", "--timeout=30s");
        assertThat(
                        of(
                                "leaver",
                                "{.status.containerStatuses[0].state.terminated.exitCode} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.terminated.containerID}"))
                .isEqualTo("7 0 " + before.get("leaver").split(" ", -1)[3]);
        berth.kubectl("wait", "--for=condition=Ready", "pod/comer-back", "--timeout=30s");
        assertThat(
                        of(
                                "comer-back",
                                "{.status.containerStatuses[0].lastState.terminated.exitCode} {.status.containerStatuses[0].restartCount} {.status.podIP}"))
                .isEqualTo("7 1 " + addresses.get("comer-back"));
        assertThat(berth.kubectl("logs", "comer-back", "--previous")).isEqualTo("comer-back-began");
        assertThat(processes("comer-back")).hasSize(1);
    }

    @Test
    @Order(4)
    void a_deletion_under_way_is_brought_to_its_end() throws Exception {
        berth.kubectl("wait", "--for=delete", "pod/doomed", "--timeout=30s");
        assertThat(processes("doomed")).isEmpty();
    }

    @Test
    @Order(5)
    void logs_commands_and_http_reach_an_adopted_pod() throws Exception {
        assertThat(berth.kubectl("exec", "keeper", "--", "hostname")).isEqualTo("keeper");
        assertThat(status("http://" + addresses.get("web") + "/after")).isEqualTo(404);
        assertThat(berth.kubectl("logs", "web")).contains("GET / ").contains("GET /after ");
    }

    @Test
    @Order(6)
    void no_address_is_given_twice() throws Exception {
        var newcomers = new StringBuilder();
        for (var i = 0; i < 4; i++) {
            newcomers.append(shellPod("newcomer-" + i, "Always", "exit 0"));
        }
        berth.apply(newcomers.toString());
        berth.kubectl(
                "wait",
                "--for=condition=Ready",
                "pod/newcomer-0",
                "pod/newcomer-1",
                "pod/newcomer-2",
                "pod/newcomer-3",
                "--timeout=60s");
        var running =
                List.of(
                        berth.kubectl(
                                        "get",
                                        "pod",
                                        "--field-selector=status.phase=Running",
                                        "-o",
                                        "jsonpath={.items[*].status.podIP}")
                                .split(" ", -1));
        assertThat(running).hasSize(7);
        assertThat(new HashSet<>(running)).hasSize(7);
        assertThat(status("http://" + addresses.get("web") + "/")).isEqualTo(200);
    }

    @Test
    @Order(7)
    void an_adopted_pod_is_deleted_like_any_other() throws Exception {
        berth.kubectl("delete", "pod", "keeper", "--timeout=30s");
        assertThat(processes("keeper")).isEmpty();
        OneBerth.until(
                "its node is gone",
                () ->
                        berth.kubectl("get", "nodes", "-o", "name")
                                .lines()
                                .noneMatch(("node/fargate-" + addresses.get("keeper"))::equals));
    }

    @Test
    @Order(8)
    void down_after_a_second_kill_leaves_nothing() throws Exception {
        berth.killHard();
        var left = berth.leftovers();
        for (var kind : List.of("process", "mount", "cgroup", "folder", "link", "route")) {
            assertThat(left).as("the count sees every kind").anyMatch(it -> it.startsWith(kind));
        }
        berth.berth("down").good();
        assertThat(berth.leftovers()).isEmpty();
        for (var pod : List.of("leaver", "comer-back", "newcomer-0", "newcomer-3")) {
            assertThat(processes(pod)).as(pod).isEmpty();
        }
    }

    private static int status(String address) throws Exception {
        try (var http = HttpClient.newHttpClient()) {
            return http.send(
                            HttpRequest.newBuilder(URI.create(address)).build(),
                            HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        }
    }
}
