package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Services, names and the API server as pods of a VPC find them. */
class ServicesAndNamesIT {
    private static final String CLUSTER = "services";

    private static final String WORLD =
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              replicas: 2
              selector: {matchLabels: {app: web}}
              template:
                metadata: {labels: {app: web}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: busybox
                    command: [sh, -c, "mkdir /w; hostname > /w/index.html; exec httpd -f -p 8080 -h /w"]
                    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: sticky}
            spec:
              sessionAffinity: ClientIP
              selector: {app: web}
              ports: [{port: 80, targetPort: 8080}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: headless}
            spec: {clusterIP: None, selector: {app: web}, ports: [{port: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: alias}
            spec: {type: ExternalName, externalName: web.default.svc.cluster.local}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: asker}
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{name: main, image: busybox, command: [sleep, "3600"]}]
            """;

    private static OneBerth berth;
    private static String podRole;
    private static List<String> subnets;

    @BeforeAll
    static void pods_run() throws Exception {
        OneBerth.needs("kubectl", "nft", "curl");
        berth = OneBerth.inNewFolder().up();
        berth.berth("image", "build-demo").good();
        subnets = berth.network("172.27.0.0/16", "172.27.1.0/24", "172.27.2.0/24");
        berth.cluster(
                CLUSTER,
                berth.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy"),
                subnets);
        podRole =
                berth.role(
                        "pods",
                        "eks-fargate-pods.amazonaws.com",
                        "AmazonEKSFargatePodExecutionRolePolicy");
        berth.profile(CLUSTER, "default", podRole, subnets, Map.of("namespace", "default"));
        berth.apply(WORLD);
        berth.kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=120s");
        berth.kubectl("wait", "--for=condition=Ready", "pod/asker", "--timeout=60s");
    }

    @AfterAll
    static void end() throws Exception {
        if (berth != null) {
            berth.close();
        }
    }

    @Test
    void a_service_answers_by_its_address_and_its_name_from_each_of_its_pods() throws Exception {
        var address = berth.kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}");
        var answers =
                inPod("asker", "for i in $(seq 30); do wget -qO- http://" + address + "; done")
                        .lines()
                        .collect(Collectors.toSet());
        assertThat(answers).isEqualTo(webPods()).hasSize(2);
        assertThat(webPods()).contains(inPod("asker", "wget -qO- http://web").strip());
        assertThat(webPods())
                .contains(inPod("asker", "wget -qO- http://web.default.svc.cluster.local").strip());
        assertThat(webPods()).contains(inPod("asker", "wget -qO- http://alias").strip());
    }

    @Test
    void affinity_keeps_a_client_with_one_pod() throws Exception {
        assertThat(inPod("asker", "for i in $(seq 12); do wget -qO- http://sticky; done").lines())
                .hasSize(12)
                .containsOnly(inPod("asker", "wget -qO- http://sticky").strip());
    }

    @Test
    void a_pod_reaches_itself_by_its_service() throws Exception {
        var pod = webPods().iterator().next();
        assertThat(inPod(pod, "for i in $(seq 20); do wget -qO- http://web; done").lines())
                .hasSize(20)
                .contains(pod);
    }

    @Test
    void a_headless_service_has_its_pods_addresses_as_names() throws Exception {
        var addresses =
                berth.kubectl(
                        "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].status.podIP}");
        // CoreDNS may hold an answer from before the second pod was ready for as long as its time
        // to live says
        var asked =
                "for i in $(seq 40); do n=$(nslookup headless.default.svc.cluster.local); "
                        + "[ $(echo \"$n\" | grep -c 172.27) = 2 ] && break; sleep 1; done; echo \"$n\"";
        assertThat(inPod("asker", asked)).contains(addresses.split(" ", -1));
    }

    @Test
    void the_api_server_answers_inside_by_its_name_and_knows_the_pods_token() throws Exception {
        var secrets = "/var/run/secrets/kubernetes.io/serviceaccount/";
        var authority = Files.createTempFile("berth-compat", ".crt");
        try {
            Files.writeString(authority, inPod("asker", "cat " + secrets + "ca.crt"));
            var told =
                    berth.shell()
                            .run(
                                    "",
                                    "nsenter",
                                    "--net=" + namespace("asker"),
                                    "curl",
                                    "-s",
                                    "--noproxy",
                                    "*",
                                    "--cacert",
                                    authority.toString(),
                                    "--resolve",
                                    "kubernetes.default.svc:443:10.100.0.1",
                                    "-H",
                                    "Authorization: Bearer "
                                            + inPod("asker", "cat " + secrets + "token").strip(),
                                    "https://kubernetes.default.svc/api/v1/namespaces/default/pods")
                            .good();
            assertThat(told).contains("system:serviceaccount:default:default");
        } finally {
            Files.delete(authority);
        }
        assertThat(inPod("asker", "nslookup kubernetes.default.svc.cluster.local"))
                .contains("Address: 10.100.0.1");
    }

    @Test
    void another_cluster_of_the_vpc_has_services_of_its_own_at_the_same_addresses()
            throws Exception {
        var role = berth.role("other", "eks.amazonaws.com", "AmazonEKSClusterPolicy");
        try {
            berth.cluster("other", role, subnets);
            berth.profile("other", "default", podRole, subnets, Map.of("namespace", "default"));
            berth.apply(WORLD.replace("hostname >", "echo other >"));
            berth.kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=120s");
            berth.kubectl("wait", "--for=condition=Ready", "pod/asker", "--timeout=60s");
            assertThat(inPod("asker", "wget -qO- http://web").strip()).isEqualTo("other");
            assertThat(inPod("asker", "nslookup kubernetes.default.svc.cluster.local"))
                    .contains("Address: 10.100.0.1");
            var pod = webPods().iterator().next();
            assertThat(inPod(pod, "for i in $(seq 10); do wget -qO- http://web; done").lines())
                    .containsOnly("other");
            assertThat(berth.kubectl("top", "nodes")).contains("fargate-172.27.");
        } finally {
            berth.kubectlGoesTo(CLUSTER);
        }
        assertThat(webPods()).contains(inPod("asker", "wget -qO- http://web").strip());
    }

    private static Path namespace(String pod) throws Exception {
        var uid = berth.kubectl("get", "pod", pod, "-o", "jsonpath={.metadata.uid}");
        return Path.of(
                "/run/berth",
                berth.status("\"instance\" : \"([0-9a-f]{8})\""),
                "net/pods",
                uid,
                "network");
    }

    @Test
    void coredns_pods_answer_once_a_profile_takes_them_and_follow_their_config_map()
            throws Exception {
        assertThat(coreDnsPods()).hasSize(2).allMatch(line -> line.contains("Pending"));
        berth.profile(CLUSTER, "names", podRole, subnets, Map.of("namespace", "kube-system"));
        // The steps of EKS's guide for clusters with Fargate only.
        berth.kubectl(
                "-n",
                "kube-system",
                "patch",
                "deployment",
                "coredns",
                "--type=json",
                "-p=[{\"op\":\"remove\",\"path\":\"/spec/template/metadata/annotations/eks.amazonaws.com~1compute-type\"}]");
        berth.kubectl(
                "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s");
        assertThat(coreDnsPods()).hasSize(2).allMatch(line -> line.contains("Running"));
        berth.kubectl(
                "-n",
                "kube-system",
                "wait",
                "--for=jsonpath={.endpoints[0].conditions.ready}=false",
                "endpointslice/kube-dns-berth",
                "--timeout=30s");
        assertThat(webPods()).contains(inPod("asker", "wget -qO- http://web").strip());
        var corefile =
                berth.kubectl(
                                "-n",
                                "kube-system",
                                "get",
                                "configmap",
                                "coredns",
                                "-o",
                                "jsonpath={.data.Corefile}")
                        .replace(
                                "    ready\n",
                                "    ready\n    hosts {\n      192.0.2.7 legacy.example\n      fallthrough\n    }\n");
        berth.apply(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}\ndata:\n  Corefile: |\n"
                        + corefile.indent(4));
        berth.kubectl("-n", "kube-system", "rollout", "restart", "deployment/coredns");
        berth.kubectl(
                "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=120s");
        // The pods from before answer on for some seconds.
        assertThat(
                        inPod(
                                "asker",
                                "for i in $(seq 30); do nslookup legacy.example && break; sleep 1; done"))
                .contains("192.0.2.7");
    }

    private static List<String> coreDnsPods() throws Exception {
        return berth.kubectl(
                        "-n",
                        "kube-system",
                        "get",
                        "pods",
                        "-l",
                        "k8s-app=kube-dns",
                        "--no-headers")
                .lines()
                .filter(line -> !line.contains("Terminating"))
                .toList();
    }

    private static java.util.Set<String> webPods() throws Exception {
        return java.util.Set.copyOf(
                List.of(
                        berth.kubectl(
                                        "get",
                                        "pods",
                                        "-l",
                                        "app=web",
                                        "-o",
                                        "jsonpath={.items[*].metadata.name}")
                                .split(" ", -1)));
    }

    private static String inPod(String pod, String command) throws Exception {
        return berth.kubectl("exec", pod, "--", "sh", "-c", command);
    }
}
