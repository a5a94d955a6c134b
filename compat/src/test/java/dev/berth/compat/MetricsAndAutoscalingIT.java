package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What dashboards, kubectl top and autoscalers get from Fargate pods' nodes. */
class MetricsAndAutoscalingIT {
    private static final String CLUSTER = "metrics";

    private static final String WORLD =
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: burner}
            spec:
              replicas: 1
              selector: {matchLabels: {app: burner}}
              template:
                metadata: {labels: {app: burner}}
                spec:
                  terminationGracePeriodSeconds: 0
                  containers:
                  - name: main
                    image: busybox
                    command: [sh, -c, "while :; do :; done"]
                    resources: {requests: {cpu: 20m}}
                    readinessProbe: {exec: {command: ["true"]}, periodSeconds: 1}
            ---
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: burner}
            spec:
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: burner}
              minReplicas: 1
              maxReplicas: 2
              metrics:
              - type: Resource
                resource: {name: cpu, target: {type: Utilization, averageUtilization: 20}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: fifty, labels: {app: fifty}}
            spec:
              terminationGracePeriodSeconds: 0
              containers:
              - name: main
                image: busybox
                command: [sh, -c, "dd if=/dev/zero of=/m/f bs=1M count=50 && touch /tmp/done && sleep 3600"]
                readinessProbe: {exec: {command: [ls, /tmp/done]}, periodSeconds: 1}
                volumeMounts: [{name: m, mountPath: /m}]
              volumes: [{name: m, emptyDir: {medium: Memory}}]
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: scraper}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: scraper}
            rules:
            - {apiGroups: [""], resources: [nodes/metrics], verbs: [get]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: scraper}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: scraper}
            subjects: [{kind: ServiceAccount, name: scraper, namespace: default}]
            """;

    private static OneBerth berth;

    /** A burner's network namespace. */
    private static Path network;

    /** The authority that pods of the cluster are given. */
    private static Path authority;

    @BeforeAll
    static void pods_run() throws Exception {
        OneBerth.needs("kubectl", "nft", "curl");
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
                Map.of("namespace", "default"));
        berth.apply(WORLD);
        berth.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
        network =
                Path.of(
                        "/run/berth",
                        berth.status("\"instance\" : \"([0-9a-f]{8})\""),
                        "net/pods",
                        berth.kubectl(
                                "get",
                                "pods",
                                "-l",
                                "app=burner",
                                "-o",
                                "jsonpath={.items[0].metadata.uid}"),
                        "network");
        authority =
                Files.writeString(
                        berth.data().resolve("metrics-it.crt"),
                        berth.kubectl(
                                "get",
                                "configmap",
                                "kube-root-ca.crt",
                                "-o",
                                "jsonpath={.data.ca\\.crt}"));
    }

    @AfterAll
    static void end() throws Exception {
        if (berth != null) {
            berth.close();
        }
    }

    @Test
    void kubectl_top_tells_what_pods_and_nodes_use() throws Exception {
        assertThat(mebibytes(berth.kubectl("top", "pod", "fifty", "--no-headers")))
                .isBetween(50, 60);
        var node = node("fifty");
        assertThat(berth.kubectl("top", "node", node, "--no-headers")).contains(node);
        assertThat(berth.kubectl("top", "pods", "-l", "app=burner", "--containers", "--no-headers"))
                .contains("main")
                .doesNotContain("fifty");
        assertThat(berth.kubectl("top", "pods", "-A", "--no-headers").lines().count())
                .isGreaterThanOrEqualTo(2);
    }

    private static int mebibytes(String line) {
        var amount = Pattern.compile("(\\d+)Mi").matcher(line);
        assertThat(amount.find()).as(line).isTrue();
        return Integer.parseInt(amount.group(1));
    }

    @Test
    void the_api_servers_proxy_reaches_each_report_of_a_node() throws Exception {
        var root = "/api/v1/nodes/" + node("fifty") + "/proxy/";
        assertThat(berth.kubectl("get", "--raw", root + "healthz")).isEqualTo("ok");
        assertThat(berth.kubectl("get", "--raw", root + "pods"))
                .contains("\"kind\":\"PodList\"", "\"name\":\"fifty\"")
                .doesNotContain("\"name\":\"burner-");
        assertThat(berth.kubectl("get", "--raw", root + "configz"))
                .contains("KubeletConfiguration");
        assertThat(berth.kubectl("get", "--raw", root + "stats/summary"))
                .contains("\"workingSetBytes\"", "\"rxBytes\"")
                .containsPattern(
                        "\"fs\" : \\{\\s+\"time\" : \"[^\"]+\",\\s+\"availableBytes\" : [1-9]");
        OneBerth.until(
                "the disk was looked at",
                () ->
                        berth.kubectl("get", "--raw", root + "stats/summary")
                                .contains("\"ephemeral-storage\""));
        var cadvisor = berth.kubectl("get", "--raw", root + "metrics/cadvisor");
        var container =
                "\\{container=\"main\",id=\"/berth/[^\"]+\",image=\"docker.io/library/busybox:latest\","
                        + "name=\"[0-9a-f]{64}\",namespace=\"default\",pod=\"fifty\"\\}";
        var memory =
                Pattern.compile("container_memory_working_set_bytes" + container + " (\\S+)")
                        .matcher(cadvisor);
        assertThat(memory.find()).as(cadvisor).isTrue();
        assertThat(Double.parseDouble(memory.group(1))).isBetween(50.0 * 1048576, 60.0 * 1048576);
        assertThat(cadvisor)
                .contains("container_network_receive_bytes_total{", "machine_memory_bytes{");
        assertThat(berth.kubectl("get", "--raw", root + "metrics/probes"))
                .containsPattern(
                        "prober_probe_total\\{container=\"main\",namespace=\"default\",pod=\"fifty\","
                                + "pod_uid=\"[^\"]+\",probe_type=\"Readiness\",result=\"successful\"\\}");
    }

    @Test
    void a_pod_asks_another_pods_node_for_what_its_account_may_see() throws Exception {
        var address = berth.kubectl("get", "pod", "fifty", "-o", "jsonpath={.status.podIP}");
        var url = "https://" + address + ":10250";
        var may = "Authorization: Bearer " + berth.kubectl("create", "token", "scraper").strip();
        var mayNot = "Authorization: Bearer " + berth.kubectl("create", "token", "default").strip();
        assertThat(inPod(url + "/metrics/resource")).isEqualTo("Unauthorized[401]");
        assertThat(inPod(url + "/metrics/resource", "-H", mayNot))
                .isEqualTo(
                        "Forbidden (user=system:serviceaccount:default:default, verb=get,"
                                + " resource=nodes, subresource(s)=[metrics])\n[403]");
        assertThat(inPod(url + "/metrics/resource", "-H", may))
                .contains("pod_memory_working_set_bytes{namespace=\"default\",pod=\"fifty\"}")
                .doesNotContain("burner")
                .endsWith("[200]");
        assertThat(inPod(url + "/pods", "-H", may)).endsWith("subresource(s)=[pods proxy])\n[403]");
        var command = "/exec/default/fifty/main?command=id&output=1";
        assertThat(inPod(url + command, "-X", "POST", "-H", may))
                .endsWith("verb=create, resource=nodes, subresource(s)=[proxy])\n[403]");
    }

    @Test
    void an_autoscaler_sees_the_load_and_adds_a_pod() throws Exception {
        var end = Instant.now().plus(Duration.ofSeconds(90));
        while (!berth.kubectl("get", "deployment", "burner", "-o", "jsonpath={.spec.replicas}")
                .equals("2")) {
            assertThat(Instant.now()).as(berth.kubectl("describe", "hpa", "burner")).isBefore(end);
            Thread.sleep(500);
        }
        berth.kubectl("wait", "--for=condition=Available", "deployment/burner", "--timeout=60s");
    }

    private static String node(String pod) throws Exception {
        return berth.kubectl("get", "pod", pod, "-o", "jsonpath={.spec.nodeName}");
    }

    /** What curl gets from inside a burner's network, checked with the cluster's authority. */
    private static String inPod(String url, String... options) throws Exception {
        var command =
                new ArrayList<>(
                        List.of(
                                "nsenter",
                                "--net=" + network,
                                "curl",
                                "-sS",
                                "--noproxy",
                                "*",
                                "--cacert",
                                authority.toString(),
                                "-w",
                                "[%{http_code}]"));
        command.addAll(List.of(options));
        command.add(url);
        return berth.shell().run("", command.toArray(String[]::new)).good();
    }
}
