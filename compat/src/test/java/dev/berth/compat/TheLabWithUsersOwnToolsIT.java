package dev.berth.compat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.bench.soak.Leftovers;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * The lab by the unmodified aws CLI and kubectl, from {@code berth env} alone. The steps build on
 * each other, as a lab's do, so they keep their order and share one Berth.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TheLabWithUsersOwnToolsIT {
    private static final String CLUSTER = "shirwalab-eks-dev";
    private static final Pattern EXPORT = Pattern.compile("export (\\w+)='?([^']*)'?");
    private static final Shell shell = new Shell();
    private static Path data;
    private static String instance;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "needs root for namespaces, mounts and cgroups");
        for (var program : List.of("aws", "kubectl", "crun", "conmon")) {
            assumeTrue(Shell.has(program), "needs the program " + program);
        }
        data = Files.createTempDirectory("berth-compat-data").toRealPath();
        shell.berth("up", "--detach", "--port", "0", "--data", data.toString()).good();
        shell.berth("env", "--data", data.toString())
                .good()
                .lines()
                .map(EXPORT::matcher)
                .filter(java.util.regex.Matcher::matches)
                .forEach(match -> shell.export(match.group(1), match.group(2)));
        shell.export("AWS_PAGER", "");
        shell.export("KUBECONFIG", data.resolve("kubeconfig").toString());
        shell.berth("image", "build-demo", "--data", data.toString()).good();
        instance =
                Pattern.compile("\"instance\" : \"([0-9a-f]{8})\"")
                        .matcher(shell.berth("status", "--json", "--data", data.toString()).good())
                        .results()
                        .findFirst()
                        .orElseThrow()
                        .group(1);
    }

    @AfterAll
    static void stop() throws Exception {
        if (data != null && Files.exists(data)) {
            shell.berth("down", "--purge", "--data", data.toString());
        }
    }

    private static String aws(String... arguments) throws Exception {
        var command = new java.util.ArrayList<>(List.of("aws", "--output", "text"));
        command.addAll(List.of(arguments));
        return shell.run("", command.toArray(String[]::new)).good();
    }

    private static String kubectl(String... arguments) throws Exception {
        var command = new java.util.ArrayList<>(List.of("kubectl"));
        command.addAll(List.of(arguments));
        return shell.run("", command.toArray(String[]::new)).good();
    }

    @Test
    @Order(1)
    void a_cluster_becomes_active_and_kubectl_knows_its_creator() throws Exception {
        var vpc = aws("ec2", "create-vpc", "--cidr-block", "172.31.0.0/16", "--query", "Vpc.VpcId");
        var first =
                aws(
                        "ec2",
                        "create-subnet",
                        "--vpc-id",
                        vpc,
                        "--cidr-block",
                        "172.31.1.0/24",
                        "--availability-zone",
                        "eu-west-1a",
                        "--query",
                        "Subnet.SubnetId");
        var second =
                aws(
                        "ec2",
                        "create-subnet",
                        "--vpc-id",
                        vpc,
                        "--cidr-block",
                        "172.31.2.0/24",
                        "--availability-zone",
                        "eu-west-1b",
                        "--query",
                        "Subnet.SubnetId");
        var clusterRole = role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy");
        shell.export(
                "POD_ROLE",
                role(
                        "pods",
                        "eks-fargate-pods.amazonaws.com",
                        "AmazonEKSFargatePodExecutionRolePolicy"));
        podRole = aws("iam", "get-role", "--role-name", "pods", "--query", "Role.Arn");
        subnets = first + "," + second;
        aws(
                "eks",
                "create-cluster",
                "--name",
                CLUSTER,
                "--kubernetes-version",
                "1.15",
                "--role-arn",
                clusterRole,
                "--resources-vpc-config",
                "subnetIds=" + subnets);
        aws("eks", "wait", "cluster-active", "--name", CLUSTER);
        aws(
                "eks",
                "update-kubeconfig",
                "--name",
                CLUSTER,
                "--kubeconfig",
                data.resolve("kubeconfig").toString());
        assertThat(kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.groups}"))
                .contains("system:masters");
    }

    private static String podRole = "";
    private static String subnets = "";

    private static String role(String name, String service, String policy) throws Exception {
        var trust =
                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\""
                        + service
                        + "\"},\"Action\":\"sts:AssumeRole\"}]}";
        var arn =
                aws(
                        "iam",
                        "create-role",
                        "--role-name",
                        name,
                        "--assume-role-policy-document",
                        trust,
                        "--query",
                        "Role.Arn");
        aws(
                "iam",
                "attach-role-policy",
                "--role-name",
                name,
                "--policy-arn",
                "arn:aws:iam::aws:policy/" + policy);
        return arn;
    }

    @Test
    @Order(2)
    void a_profile_claims_a_pod_that_runs_on_a_node_of_its_own() throws Exception {
        aws(
                "eks",
                "create-fargate-profile",
                "--cluster-name",
                CLUSTER,
                "--fargate-profile-name",
                "default",
                "--pod-execution-role-arn",
                podRole,
                "--subnets",
                subnets.split(",", -1)[0],
                "--selectors",
                "namespace=default,labels={compute-type=fargate}");
        aws(
                "eks",
                "wait",
                "fargate-profile-active",
                "--cluster-name",
                CLUSTER,
                "--fargate-profile-name",
                "default");
        kubectl(
                "run",
                "nginx-fargate",
                "--image=nginx",
                "--restart=Never",
                "--labels=compute-type=fargate");
        kubectl("wait", "--for=condition=Ready", "pod/nginx-fargate", "--timeout=60s");
        assertThat(
                        kubectl(
                                "get",
                                "pod",
                                "nginx-fargate",
                                "-o",
                                "jsonpath={.metadata.annotations.CapacityProvisioned}|{.spec.nodeName}|{.status.podIP}"))
                .matches("0\\.25vCPU 0\\.5GB\\|fargate-(172\\.31\\.1\\.\\d+)\\|\\1");
        var ip = kubectl("get", "pod", "nginx-fargate", "-o", "jsonpath={.status.podIP}");
        try (var http = HttpClient.newHttpClient()) {
            var answer =
                    http.send(
                            HttpRequest.newBuilder(URI.create("http://" + ip + "/")).build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
        }
        assertThat(kubectl("get", "node", "fargate-" + ip, "-o", "jsonpath={.spec.taints[0].key}"))
                .isEqualTo("eks.amazonaws.com/compute-type");
    }

    @Test
    @Order(3)
    void logs_and_commands_reach_the_container() throws Exception {
        assertThat(kubectl("logs", "nginx-fargate")).contains("GET / HTTP/1.1");
        assertThat(kubectl("exec", "nginx-fargate", "--", "hostname")).isEqualTo("nginx-fargate");
        var failed =
                shell.run(
                        "",
                        "kubectl",
                        "exec",
                        "nginx-fargate",
                        "--",
                        "sh",
                        "-c",
                        "echo out; echo err >&2; exit 7");
        assertThat(failed.exitCode()).isEqualTo(7);
        assertThat(failed.output()).isEqualTo("out\n");
        assertThat(failed.error()).contains("err");
        assertThat(
                        shell.run(
                                        "all of it",
                                        "kubectl",
                                        "exec",
                                        "-i",
                                        "nginx-fargate",
                                        "--",
                                        "cat")
                                .good())
                .isEqualTo("all of it");
        assumeTrue(Shell.has("script"), "needs the program script for a terminal");
        assertThat(
                        shell.run(
                                        "",
                                        "script",
                                        "-qec",
                                        "kubectl exec -it nginx-fargate -- sh -c 'test -t 0 && test -t 1 && echo a terminal'",
                                        "/dev/null")
                                .good())
                .contains("a terminal");
    }

    @Test
    @Order(4)
    void the_wrong_order_of_deletion_is_refused_and_the_right_one_works() throws Exception {
        var refused = shell.run("", "aws", "eks", "delete-cluster", "--name", CLUSTER);
        assertThat(refused.exitCode()).isNotZero();
        assertThat(refused.error())
                .contains("ResourceInUseException")
                .contains(
                        "Cannot delete because cluster "
                                + CLUSTER
                                + " currently has Fargate profile default in status ACTIVE");
        aws(
                "eks",
                "delete-fargate-profile",
                "--cluster-name",
                CLUSTER,
                "--fargate-profile-name",
                "default");
        aws(
                "eks",
                "wait",
                "fargate-profile-deleted",
                "--cluster-name",
                CLUSTER,
                "--fargate-profile-name",
                "default");
        assertThat(shell.run("", "kubectl", "get", "pod", "nginx-fargate").error())
                .contains("NotFound");
        aws("eks", "delete-cluster", "--name", CLUSTER);
        aws("eks", "wait", "cluster-deleted", "--name", CLUSTER);
    }

    @Test
    @Order(5)
    void nothing_is_left_after_down() throws Exception {
        shell.berth("down", "--data", data.toString()).good();
        assertThat(Leftovers.of(data, instance)).isEmpty();
    }
}
