package dev.berth.adapter.controlplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.adapter.etcd.EtcdStore;
import dev.berth.adapter.process.ChildProcesses;
import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import dev.berth.port.ControlPlanes.Health;
import dev.berth.port.ControlPlanes.Plan;
import dev.berth.port.KubeApi;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** Real control planes, from their keys to kubectl's answers. */
class ControlPlaneIT {
    private static final String ID_A = "0123456789ABCDEF0123456789ABCDE0";
    private static final String ID_B = "0123456789ABCDEF0123456789ABCDE1";

    @TempDir Path folder;

    private final ChildProcesses processes = new ChildProcesses();
    private final Set<ProcessHandle> seen = java.util.concurrent.ConcurrentHashMap.newKeySet();
    private EtcdServer etcd;
    private EtcdStore store;
    private LocalControlPlanes planes;

    @BeforeEach
    void begin() throws Exception {
        etcd = RealKube.etcd(processes, folder.resolve("etcd"));
        store = new EtcdStore(etcd.httpSocket());
        planes = planes();
    }

    @AfterEach
    void end() {
        remember();
        if (planes != null) {
            planes.close();
        }
        if (store != null) {
            store.close();
        }
        if (etcd != null) {
            etcd.close();
        }
        assertThat(seen).as("processes left").noneMatch(ProcessHandle::isAlive);
    }

    @Test
    void a_cluster_starts_answers_kubectl_and_keeps_its_data_over_a_restart(TestReporter reporter)
            throws Exception {
        long began = System.nanoTime();
        var plane = start(planes, plan("berth-a", ID_A));
        report(reporter, "first start, API ready", began);
        assertThat(kubectl(plane, "berth-a", "get", "--raw", "/readyz")).isEqualTo("ok");
        awaitKubectl(
                plane,
                "berth-a",
                List.of("get", "serviceaccount", "default", "-o", "name"),
                "serviceaccount/default"::equals);
        report(reporter, "first start, controllers at work", began);
        assertThat(plane.health()).isEqualTo(Health.good());
        assertThat(plane.kubernetesVersion()).startsWith("v1.");
        assertThat(plane.issuer()).isEqualTo("https://oidc.eks.eu-west-1.amazonaws.com/id/" + ID_A);
        kubectl(plane, "berth-a", "create", "configmap", "kept", "--from-literal=a=b");
        var claims = tokenClaims(kubectl(plane, "berth-a", "create", "token", "default"));
        assertThat(claims)
                .contains("\"iss\":\"" + plane.issuer() + "\"")
                .contains("\"aud\":[\"https://kubernetes.default.svc\"]");

        remember();
        planes.close();
        planes = planes();
        long again = System.nanoTime();
        var second = start(planes, plan("berth-a", ID_A));
        report(reporter, "second start, API ready", again);
        assertThat(second.endpoint()).isEqualTo(plane.endpoint());
        assertThat(
                        kubectl(
                                second,
                                "berth-a",
                                "get",
                                "configmap",
                                "kept",
                                "-o",
                                "jsonpath={.data.a}"))
                .isEqualTo("b");
    }

    @Test
    void starting_a_started_cluster_finds_it() throws Exception {
        var plane = start(planes, plan("berth-a", ID_A));
        assertThat(start(planes, plan("berth-a", ID_A))).isSameAs(plane);
    }

    @Test
    void a_killed_scheduler_is_healed_and_health_says_so_meanwhile() throws Exception {
        var plane = (LocalControlPlane) start(planes, plan("berth-a", ID_A));
        var heard = new LinkedBlockingQueue<Health>();
        try (var _ = plane.onHealth(heard::add)) {
            long pid = plane.pid("kube-scheduler").orElseThrow();
            remember();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();

            assertThat(heard.poll(10, TimeUnit.SECONDS))
                    .isEqualTo(new Health(List.of("kube-scheduler: restarting, exit code 137")));
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(Health.good());
            assertThat(plane.pid("kube-scheduler")).isPresent().isNotEqualTo(pid);
        }
        assertThat(plane.health().ok()).isTrue();
    }

    @Test
    void two_clusters_stand_side_by_side_and_deleting_one_leaves_the_other() throws Exception {
        var a = start(planes, plan("berth-a", ID_A));
        var b = start(planes, plan("berth-b", ID_B));
        assertThat(a.endpoint()).isNotEqualTo(b.endpoint());
        kubectl(a, "berth-a", "create", "namespace", "only-in-a");
        assertThat(kubectl(b, "berth-b", "get", "namespaces", "-o", "name"))
                .doesNotContain("only-in-a");
        assertThat(kubectlFails(b, "berth-a", "get", "namespaces"))
                .as("a's certificate at b")
                .containsAnyOf("Unauthorized", "must be logged in", "unknown authority");

        remember();
        planes.delete("berth-a");
        assertThat(folder.resolve("clusters/berth-a")).doesNotExist();
        assertThat(kubectl(b, "berth-b", "get", "--raw", "/readyz")).isEqualTo("ok");

        planes.delete("berth-a");
        var anew = start(planes, plan("berth-a", "F" + ID_A.substring(1)));
        assertThat(kubectl(anew, "berth-a", "get", "namespaces", "-o", "name"))
                .doesNotContain("only-in-a");
    }

    @Test
    void the_api_server_opens_connections_to_nodes_at_the_egress_socket() throws Exception {
        var requests = new LinkedBlockingQueue<String>();
        try (var server =
                java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            server.bind(java.net.UnixDomainSocketAddress.of(folder.resolve("egress.sock")));
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            while (true) {
                                try (var channel = server.accept()) {
                                    var bytes = java.nio.ByteBuffer.allocate(4096);
                                    channel.read(bytes);
                                    requests.add(
                                            new String(
                                                            bytes.array(),
                                                            0,
                                                            bytes.position(),
                                                            StandardCharsets.US_ASCII)
                                                    .lines()
                                                    .findFirst()
                                                    .orElse(""));
                                }
                            }
                        } catch (java.io.IOException _) {
                            return;
                        }
                    });
            var plane = start(planes, plan("berth-a", ID_A));
            kubectlIn(
                    plane,
                    "berth-a",
                    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}}",
                    "create",
                    "-f",
                    "-");
            kubectlIn(
                    plane,
                    "berth-a",
                    "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"172.16.1.241\"}],"
                            + "\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":10250}}}}",
                    "patch",
                    "node",
                    "n",
                    "--subresource=status",
                    "--patch-file=/dev/stdin");
            kubectlFails(plane, "berth-a", "get", "--raw", "/api/v1/nodes/n/proxy/healthz");
            assertThat(requests.poll(10, TimeUnit.SECONDS))
                    .isEqualTo("CONNECT 172.16.1.241:10250 HTTP/1.1");
        }
    }

    @Test
    void a_version_that_is_not_built_is_named() {
        assertThatThrownBy(() ->
                        planes.start(
                                new Plan(
                                        "berth-a",
                                        ID_A,
                                        "arn",
                                        "eu-west-1",
                                        "111122223333",
                                        "1.99",
                                        "10.100.0.0/16",
                                        "vpc-1",
                                        null),
                                _ -> {}))
                .isInstanceOf(ControlPlaneFailed.class)
                .hasMessageContaining("Kubernetes 1.99 is not built");
    }

    @Test
    void an_api_server_that_ends_at_once_is_told_with_its_last_words_and_leaves_nothing()
            throws Exception {
        var plan =
                new Plan(
                        "berth-a",
                        ID_A,
                        "arn",
                        "eu-west-1",
                        "111122223333",
                        planes.defaultVersion(),
                        "10.100.0.0/30",
                        "vpc-1",
                        null);
        assertThatThrownBy(() -> planes.start(plan, _ -> {}))
                .isInstanceOf(ControlPlaneFailed.class)
                .hasMessageContaining("the API server ended")
                .hasMessageContaining("at least 8 IP addresses");
        // A good plan works afterwards.
        assertThat(start(planes, plan("berth-a", ID_A)).health().ok()).isTrue();
    }

    private LocalControlPlanes planes() throws Exception {
        return new LocalControlPlanes(
                processes,
                RealKube.binaries(),
                etcd,
                HomePki.open(folder.resolve("pki"), Instant.now()),
                folder.resolve("pki"),
                new Surroundings(
                        folder.resolve("clusters"),
                        _ -> folder.resolve("egress.sock"),
                        _ -> Optional.empty(),
                        VpcPlaces.NONE,
                        store::eraseKeys),
                _ -> noApi(),
                RealKube.time());
    }

    /** Nobody asks it anything here but to close. */
    private static KubeApi noApi() {
        return (KubeApi)
                Proxy.newProxyInstance(
                        KubeApi.class.getClassLoader(),
                        new Class<?>[] {KubeApi.class},
                        (_, _, _) -> null);
    }

    private Plan plan(String name, String id) {
        return new Plan(
                name,
                id,
                "arn:aws:eks:eu-west-1:111122223333:cluster/" + name,
                "eu-west-1",
                "111122223333",
                planes.defaultVersion(),
                "10.100.0.0/16",
                "vpc-1",
                "172.16.1.10");
    }

    private dev.berth.port.ControlPlanes.ControlPlane start(LocalControlPlanes all, Plan plan)
            throws Exception {
        return all.start(plan, _ -> {});
    }

    /** Every child that is to be gone at the end. */
    private void remember() {
        ProcessHandle.current().children().forEach(seen::add);
    }

    private static void report(TestReporter reporter, String what, long began) {
        reporter.publishEntry(what, (System.nanoTime() - began) / 1_000_000 + " ms");
    }

    private static String tokenClaims(String token) {
        return new String(
                java.util.Base64.getUrlDecoder()
                        .decode(token.substring(token.indexOf('.') + 1, token.lastIndexOf('.'))),
                StandardCharsets.UTF_8);
    }

    private String kubectl(
            dev.berth.port.ControlPlanes.ControlPlane plane, String cluster, String... arguments)
            throws Exception {
        return kubectlIn(plane, cluster, "", arguments);
    }

    private String kubectlIn(
            dev.berth.port.ControlPlanes.ControlPlane plane,
            String cluster,
            String input,
            String... arguments)
            throws Exception {
        var answer = call(plane, cluster, input, arguments);
        assertThat(answer.code()).as(answer.text()).isZero();
        return answer.text().strip();
    }

    private String kubectlFails(
            dev.berth.port.ControlPlanes.ControlPlane plane, String cluster, String... arguments)
            throws Exception {
        var answer = call(plane, cluster, "", arguments);
        assertThat(answer.code()).as(answer.text()).isNotZero();
        return answer.text();
    }

    /** Asks until the answer is right: kubectl offers no event for what has no object yet. */
    private void awaitKubectl(
            dev.berth.port.ControlPlanes.ControlPlane plane,
            String cluster,
            List<String> arguments,
            Predicate<String> right)
            throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            var answer = call(plane, cluster, "", arguments.toArray(String[]::new));
            if (answer.code() == 0 && right.test(answer.text().strip())) {
                return;
            }
            assertThat(System.nanoTime()).as(answer.text()).isLessThan(until);
        }
    }

    private record Answer(int code, String text) {}

    private Answer call(
            dev.berth.port.ControlPlanes.ControlPlane plane,
            String cluster,
            String input,
            String... arguments)
            throws Exception {
        var pki = folder.resolve("clusters").resolve(cluster).resolve("pki");
        var ca = folder.resolve("ca-" + cluster);
        Files.writeString(ca, plane.certificateAuthorityPem());
        var command =
                Stream.concat(
                                Stream.of(
                                        RealKube.binaries().any().program().toString(),
                                        "kubectl",
                                        "--kubeconfig=/dev/null",
                                        "--server=" + plane.endpoint(),
                                        "--certificate-authority=" + ca,
                                        "--client-certificate=" + pki.resolve("admin.crt"),
                                        "--client-key=" + pki.resolve("admin.key"),
                                        "--cache-dir=" + folder.resolve("cache")),
                                Stream.of(arguments))
                        .toList();
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var to = process.getOutputStream()) {
            to.write(input.getBytes(StandardCharsets.UTF_8));
        }
        var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Answer(process.waitFor(), text);
    }
}
