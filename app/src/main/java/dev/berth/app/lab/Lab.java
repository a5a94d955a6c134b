package dev.berth.app.lab;

import dev.berth.edge.cli.AwsClient;
import dev.berth.edge.cli.AwsClient.AwsError;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Walks the lab: a network, a cluster, a profile, nginx on Fargate, what Fargate refuses, and what
 * may not be deleted yet. What an earlier walk has left is taken down first, in AWS's order.
 * Sources of AWS's times: eks-fargate §12.7, §14.3 (O)
 */
public final class Lab {
    static final String PROFILE = "shirwalab-eks-dev-fargate-default";
    private static final String CLUSTER = "shirwalab-eks-dev";
    private static final String VERSION = "1.15";
    private static final String CLUSTER_ROLE = "shirwalab-eks-dev-cluster";
    private static final String POD_ROLE = "shirwalab-eks-dev-fargate";
    private static final String TAG = "berth-lab";
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Pattern FORWARDING =
            Pattern.compile("Forwarding from 127\\.0\\.0\\.1:(\\d+)");

    private final AwsClient aws;
    private final List<String> kubectlProgram;
    private final Path folder;
    private final PrintStream out;
    private final Steps steps;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final Map<String, String> ids = new LinkedHashMap<>();

    /**
     * A lab that has not begun.
     *
     * @param kubectlProgram how to call kubectl
     * @param folder where its kubeconfig goes
     */
    public Lab(AwsClient aws, List<String> kubectlProgram, Path folder, PrintStream out) {
        this.aws = aws;
        this.kubectlProgram = List.copyOf(kubectlProgram);
        this.folder = folder;
        this.out = out;
        this.steps = new Steps(out);
    }

    /** Walks; false when a step failed, which was told. */
    public boolean walk() throws InterruptedException {
        try {
            startOver();
            network();
            cluster();
            profile();
            pod();
            refusals();
            order();
        } catch (InterruptedException stopped) {
            throw stopped;
        } catch (Exception failure) {
            out.println();
            out.println("The lab stopped: " + failure.getMessage());
            if (System.getenv("BERTH_TRACE") != null) {
                failure.printStackTrace(out);
            }
        }
        steps.table();
        return steps.allWell();
    }

    private void startOver() throws Exception {
        var clusters = texts(aws.eks("GET", "/clusters", null).path("clusters"));
        var vpcs = aws.query("ec2", "DescribeVpcs", tagFilter()).path("vpcSet");
        if (!clusters.contains(CLUSTER) && vpcs.isEmpty()) {
            return;
        }
        steps.step(
                "start over: delete in AWS's order what an earlier walk left",
                "about 12 min",
                () -> {
                    if (clusters.contains(CLUSTER)) {
                        for (var profile :
                                texts(
                                        aws.eks("GET", profiles(), null)
                                                .path("fargateProfileNames"))) {
                            aws.eks("DELETE", profiles() + "/" + profile, null);
                            until(
                                    "profile " + profile + " gone",
                                    () -> gone(profiles() + "/" + profile));
                        }
                        aws.eks("DELETE", "/clusters/" + CLUSTER, null);
                        until("cluster gone", () -> gone("/clusters/" + CLUSTER));
                    }
                    for (var vpc : vpcs) {
                        deleteVpc(vpc.path("vpcId").asString());
                    }
                    deleteRole(CLUSTER_ROLE, "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy");
                    deleteRole(
                            POD_ROLE,
                            "arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy");
                    return "profile, cluster, network and roles are gone";
                });
    }

    private void deleteVpc(String vpc) throws Exception {
        var inVpc = Map.of("Filter.1.Name", "vpc-id", "Filter.1.Value.1", vpc);
        for (var nat :
                aws.query(
                                "ec2",
                                "DescribeNatGateways",
                                Map.of("Filter.1.Name", "vpc-id", "Filter.1.Value.1", vpc))
                        .path("natGatewaySet")) {
            if (!nat.path("state").asString().equals("deleted")) {
                aws.query(
                        "ec2",
                        "DeleteNatGateway",
                        Map.of("NatGatewayId", nat.path("natGatewayId").asString()));
            }
        }
        for (var address :
                aws.query("ec2", "DescribeAddresses", tagFilter()).path("addressesSet")) {
            aws.query(
                    "ec2",
                    "ReleaseAddress",
                    Map.of("AllocationId", address.path("allocationId").asString()));
        }
        for (var table : aws.query("ec2", "DescribeRouteTables", inVpc).path("routeTableSet")) {
            var main = false;
            for (var association : table.path("associationSet")) {
                main |= association.path("main").asString().equals("true");
                if (!association.path("main").asString().equals("true")) {
                    aws.query(
                            "ec2",
                            "DisassociateRouteTable",
                            Map.of(
                                    "AssociationId",
                                    association.path("routeTableAssociationId").asString()));
                }
            }
            if (!main) {
                aws.query(
                        "ec2",
                        "DeleteRouteTable",
                        Map.of("RouteTableId", table.path("routeTableId").asString()));
            }
        }
        for (var gateway :
                aws.query(
                                "ec2",
                                "DescribeInternetGateways",
                                Map.of(
                                        "Filter.1.Name",
                                        "attachment.vpc-id",
                                        "Filter.1.Value.1",
                                        vpc))
                        .path("internetGatewaySet")) {
            var id = gateway.path("internetGatewayId").asString();
            aws.query(
                    "ec2", "DetachInternetGateway", Map.of("InternetGatewayId", id, "VpcId", vpc));
            aws.query("ec2", "DeleteInternetGateway", Map.of("InternetGatewayId", id));
        }
        for (var subnet : aws.query("ec2", "DescribeSubnets", inVpc).path("subnetSet")) {
            aws.query(
                    "ec2", "DeleteSubnet", Map.of("SubnetId", subnet.path("subnetId").asString()));
        }
        aws.query("ec2", "DeleteVpc", Map.of("VpcId", vpc));
    }

    private void deleteRole(String role, String policy) throws IOException, InterruptedException {
        try {
            aws.query("iam", "DetachRolePolicy", Map.of("RoleName", role, "PolicyArn", policy));
            aws.query("iam", "DeleteRole", Map.of("RoleName", role));
        } catch (AwsError absent) {
            if (!absent.code().equals("NoSuchEntity")) {
                throw absent;
            }
        }
    }

    private void network() throws Exception {
        steps.step(
                "VPC 172.16.0.0/16: 3 private and 3 public subnets, gateways, route tables",
                "2 min",
                () -> {
                    ids.put(
                            "vpc",
                            create(
                                    "CreateVpc",
                                    "vpc",
                                    Map.of("CidrBlock", "172.16.0.0/16"),
                                    "vpc",
                                    "vpcId"));
                    var zones = new ArrayList<String>();
                    aws.query("ec2", "DescribeAvailabilityZones", Map.of())
                            .path("availabilityZoneInfo")
                            .forEach(zone -> zones.add(zone.path("zoneName").asString()));
                    for (var i = 1; i <= 6; i++) {
                        ids.put(
                                "subnet" + i,
                                create(
                                        "CreateSubnet",
                                        "subnet",
                                        Map.of(
                                                "VpcId",
                                                id("vpc"),
                                                "CidrBlock",
                                                "172.16." + i + ".0/24",
                                                "AvailabilityZone",
                                                zones.get((i - 1) % zones.size())),
                                        "subnet",
                                        "subnetId"));
                    }
                    ids.put(
                            "igw",
                            create(
                                    "CreateInternetGateway",
                                    "internet-gateway",
                                    Map.of(),
                                    "internetGateway",
                                    "internetGatewayId"));
                    aws.query(
                            "ec2",
                            "AttachInternetGateway",
                            Map.of("InternetGatewayId", id("igw"), "VpcId", id("vpc")));
                    ids.put(
                            "eip",
                            create(
                                    "AllocateAddress",
                                    "elastic-ip",
                                    Map.of("Domain", "vpc"),
                                    "",
                                    "allocationId"));
                    ids.put(
                            "nat",
                            create(
                                    "CreateNatGateway",
                                    "natgateway",
                                    Map.of("SubnetId", id("subnet4"), "AllocationId", id("eip")),
                                    "natGateway",
                                    "natGatewayId"));
                    routeTable("private", "NatGatewayId", id("nat"), List.of(1, 2, 3));
                    routeTable("public", "GatewayId", id("igw"), List.of(4, 5, 6));
                    return id("vpc") + ", private: 172.16.1-3.0/24, public: 172.16.4-6.0/24";
                });
        steps.step(
                "roles: one for the cluster, one for the pods' nodes",
                "5 s",
                () -> {
                    role(
                            CLUSTER_ROLE,
                            "eks.amazonaws.com",
                            "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy");
                    role(
                            POD_ROLE,
                            "eks-fargate-pods.amazonaws.com",
                            "arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy");
                    return id(POD_ROLE);
                });
    }

    private void routeTable(String name, String target, String targetId, List<Integer> subnets)
            throws Exception {
        var table =
                create(
                        "CreateRouteTable",
                        "route-table",
                        Map.of("VpcId", id("vpc")),
                        "routeTable",
                        "routeTableId");
        ids.put(name, table);
        aws.query(
                "ec2",
                "CreateRoute",
                Map.of(
                        "RouteTableId",
                        table,
                        "DestinationCidrBlock",
                        "0.0.0.0/0",
                        target,
                        targetId));
        for (var subnet : subnets) {
            aws.query(
                    "ec2",
                    "AssociateRouteTable",
                    Map.of("RouteTableId", table, "SubnetId", id("subnet" + subnet)));
        }
    }

    private void role(String name, String service, String policy) throws Exception {
        var trust =
                """
                {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}]}\
                """
                        .formatted(service);
        var made =
                aws.query(
                        "iam",
                        "CreateRole",
                        Map.of("RoleName", name, "AssumeRolePolicyDocument", trust));
        ids.put(name, made.path("Role").path("Arn").asString());
        aws.query("iam", "AttachRolePolicy", Map.of("RoleName", name, "PolicyArn", policy));
    }

    private void cluster() throws Exception {
        steps.step(
                "create-cluster " + CLUSTER + " (version " + VERSION + ") to ACTIVE",
                "8 min",
                () -> {
                    aws.eks(
                            "POST",
                            "/clusters",
                            Map.of(
                                    "name",
                                    CLUSTER,
                                    "version",
                                    VERSION,
                                    "roleArn",
                                    id(CLUSTER_ROLE),
                                    "resourcesVpcConfig",
                                    Map.of(
                                            "subnetIds",
                                            List.of(id("subnet1"), id("subnet2"), id("subnet3")))));
                    var cluster = settled("/clusters/" + CLUSTER, "cluster");
                    var kubeconfig =
                            new KubeconfigText(
                                            CLUSTER,
                                            cluster.path("endpoint").asString(),
                                            cluster.path("certificateAuthority")
                                                    .path("data")
                                                    .asString())
                                    .withToken(aws.token(CLUSTER, Instant.now()));
                    Files.createDirectories(folder);
                    Files.writeString(folder.resolve("kubeconfig"), kubeconfig);
                    return "ACTIVE at " + cluster.path("endpoint").asString();
                });
        steps.step(
                "kubectl with a token of get-token",
                "5 s",
                () ->
                        "Kubernetes "
                                + JSON.readTree(kubectl().run("version", "-o", "json"))
                                        .path("serverVersion")
                                        .path("gitVersion")
                                        .asString()
                                + ", "
                                + kubectl()
                                        .run(
                                                "auth",
                                                "whoami",
                                                "-o",
                                                "jsonpath={.status.userInfo.username}"));
    }

    private void profile() throws Exception {
        steps.step(
                "a profile over a public subnet is refused",
                "1 s",
                () ->
                        refused(
                                "InvalidParameterException",
                                "Subnet "
                                        + id("subnet4")
                                        + " provided in Fargate Profile is not a private subnet",
                                () ->
                                        aws.eks(
                                                "POST",
                                                profiles(),
                                                profileOver(List.of(id("subnet4")), 1))));
        steps.step(
                "a profile with 6 selectors is refused",
                "1 s",
                () ->
                        refused(
                                "InvalidParameterException",
                                "Request contains more than 5 Selectors",
                                () ->
                                        aws.eks(
                                                "POST",
                                                profiles(),
                                                profileOver(privateSubnets(), 6))));
        steps.step(
                "create-fargate-profile to ACTIVE",
                "2 min",
                () -> {
                    aws.eks("POST", profiles(), profileOver(privateSubnets(), 1));
                    var profile = settled(profiles() + "/" + PROFILE, "fargateProfile");
                    return profile.path("fargateProfileArn").asString();
                });
    }

    private void pod() throws Exception {
        steps.step(
                "kubectl run nginx-fargate to Running",
                "54 s",
                () -> {
                    kubectl()
                            .run(
                                    "run",
                                    "nginx-fargate",
                                    "--image=nginx",
                                    "--restart=Never",
                                    "--labels=compute-type=fargate");
                    kubectl()
                            .run(
                                    "wait",
                                    "--for=jsonpath={.status.phase}=Running",
                                    "pod/nginx-fargate",
                                    "--timeout=60s");
                    var pod = podJson("nginx-fargate");
                    ids.put("node", pod.path("spec").path("nodeName").asString());
                    ids.put("ip", pod.path("status").path("podIP").asString());
                    return "on "
                            + id("node")
                            + ", "
                            + pod.path("metadata")
                                    .path("annotations")
                                    .path("CapacityProvisioned")
                                    .asString();
                });
        steps.step(
                "kubectl get pods,nodes -o wide",
                "1 s",
                () -> {
                    kubectl().run("get", "pods,nodes", "-o", "wide").lines().forEach(steps::say);
                    return "the node's address is the pod's: " + id("ip");
                });
        steps.step("HTTP from the pod's address", "1 s", () -> answer("http://" + id("ip") + "/"));
        steps.step(
                "kubectl logs",
                "1 s",
                () -> {
                    var lines = kubectl().run("logs", "nginx-fargate").lines().toList();
                    return lines.isEmpty() ? "no line yet" : lines.getLast();
                });
        steps.step(
                "kubectl exec",
                "1 s",
                () ->
                        "hostname says "
                                + kubectl().run("exec", "nginx-fargate", "--", "hostname").strip());
        steps.step("HTTP through kubectl port-forward", "1 s", this::portForward);
    }

    private String portForward() throws Exception {
        var forward = kubectl().start("port-forward", "pod/nginx-fargate", ":80");
        try {
            var reader =
                    new BufferedReader(
                            new InputStreamReader(
                                    forward.getInputStream(), StandardCharsets.UTF_8));
            var line = reader.readLine();
            if (line == null) {
                throw new IOException(
                        "kubectl port-forward: "
                                + new String(
                                                forward.getErrorStream().readAllBytes(),
                                                StandardCharsets.UTF_8)
                                        .strip());
            }
            var match = FORWARDING.matcher(line);
            if (!match.find()) {
                throw new IOException("kubectl port-forward said: " + line);
            }
            return answer("http://127.0.0.1:" + match.group(1) + "/");
        } finally {
            forward.destroy();
        }
    }

    private String answer(String url) throws IOException, InterruptedException {
        var response =
                http.send(
                        HttpRequest.newBuilder(URI.create(url))
                                .timeout(Duration.ofSeconds(10))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(url + " answered " + response.statusCode());
        }
        var title = Pattern.compile("<title>([^<]*)").matcher(response.body());
        return "200 from " + url + (title.find() ? ": " + title.group(1) : "");
    }

    private void refusals() throws Exception {
        var all = Refusals.all();
        steps.step(
                "what Fargate refuses, tried live",
                "1 min",
                () -> {
                    var manifests =
                            all.stream()
                                    .map(refusal ->
                                            refusal.manifest(Map.of("compute-type", "fargate")))
                                    .collect(Collectors.joining("---\n"));
                    kubectl().runWithInput(manifests, "apply", "-f", "-");
                    var said = new TreeMap<String, String>();
                    until(
                            "every refused pod to be told why",
                            () -> {
                                for (var event :
                                        JSON.readTree(
                                                        kubectl()
                                                                .run(
                                                                        "get",
                                                                        "events",
                                                                        "--field-selector",
                                                                        "reason=FailedScheduling",
                                                                        "-o",
                                                                        "json"))
                                                .path("items")) {
                                    said.put(
                                            event.path("involvedObject").path("name").asString(),
                                            event.path("message").asString());
                                }
                                return all.stream()
                                        .allMatch(refusal -> said.containsKey(refusal.name()));
                            });
                    kubectl().runWithInput(manifests, "delete", "--now", "-f", "-");
                    for (var refusal : all) {
                        steps.say(refusal.what() + ": " + said.get(refusal.name()));
                    }
                    var wrong =
                            all.stream()
                                    .filter(
                                            Predicate.not(refusal ->
                                                    refusal.words()
                                                            .equals(said.get(refusal.name()))))
                                    .toList();
                    if (!wrong.isEmpty()) {
                        throw new IOException(
                                "other words than AWS's for "
                                        + wrong.stream().map(Refusals.Refusal::name).toList());
                    }
                    return all.size() + " pods refused, each in AWS's words";
                });
    }

    private void order() throws Exception {
        steps.step(
                "delete-cluster while the profile exists is refused",
                "1 s",
                () -> {
                    try {
                        aws.eks("DELETE", "/clusters/" + CLUSTER, null);
                    } catch (AwsError error) {
                        if (error.code().equals("ResourceInUseException")) {
                            return error.getMessage();
                        }
                        throw error;
                    }
                    throw new IOException("the cluster was deleted under its profile");
                });
        steps.step(
                "describe-fargate-profile, as the console shows it",
                "1 s",
                () -> {
                    var profile =
                            aws.eks("GET", profiles() + "/" + PROFILE, null).path("fargateProfile");
                    steps.say(
                            "name       "
                                    + profile.path("fargateProfileName").asString()
                                    + ", status "
                                    + profile.path("status").asString());
                    steps.say("ARN        " + profile.path("fargateProfileArn").asString());
                    steps.say("role       " + profile.path("podExecutionRoleArn").asString());
                    steps.say("subnets    " + String.join(", ", texts(profile.path("subnets"))));
                    steps.say("selectors  " + profile.path("selectors"));
                    steps.say("tags       " + profile.path("tags"));
                    return profile.path("status").asString();
                });
    }

    private interface Call {
        JsonNode run() throws IOException, InterruptedException;
    }

    private String refused(String code, String words, Call call)
            throws IOException, InterruptedException {
        try {
            call.run();
        } catch (AwsError error) {
            if (error.code().equals(code) && words.equals(error.getMessage())) {
                return words;
            }
            throw error;
        }
        throw new IOException("was accepted, instead of: " + words);
    }

    private Map<String, Object> profileOver(List<String> subnets, int selectors) {
        var list = new ArrayList<Map<String, Object>>();
        for (var i = 0; i < selectors; i++) {
            list.add(
                    Map.of(
                            "namespace",
                            i == 0 ? "default" : "default-" + i,
                            "labels",
                            Map.of("compute-type", "fargate")));
        }
        return Map.of(
                "fargateProfileName",
                PROFILE,
                "podExecutionRoleArn",
                id(POD_ROLE),
                "subnets",
                subnets,
                "selectors",
                list,
                "tags",
                Map.of("Environment", "dev"));
    }

    private List<String> privateSubnets() {
        return List.of(id("subnet1"), id("subnet2"), id("subnet3"));
    }

    private Kubectl kubectl() {
        return new Kubectl(kubectlProgram, folder.resolve("kubeconfig"));
    }

    private JsonNode podJson(String name) throws IOException, InterruptedException {
        return JSON.readTree(kubectl().run("get", "pod", name, "-o", "json"));
    }

    private String id(String name) {
        var id = ids.get(name);
        if (id == null) {
            throw new IllegalStateException("no " + name + " yet");
        }
        return id;
    }

    private static String profiles() {
        return "/clusters/" + CLUSTER + "/fargate-profiles";
    }

    private static Map<String, String> tagFilter() {
        return Map.of("Filter.1.Name", "tag:" + TAG, "Filter.1.Value.1", "yes");
    }

    private String create(
            String action,
            String type,
            Map<String, String> parameters,
            String wrapper,
            String idMember)
            throws IOException, InterruptedException {
        var all = new LinkedHashMap<>(parameters);
        all.put("TagSpecification.1.ResourceType", type);
        all.put("TagSpecification.1.Tag.1.Key", TAG);
        all.put("TagSpecification.1.Tag.1.Value", "yes");
        var answer = aws.query("ec2", action, all);
        return (wrapper.isEmpty() ? answer : answer.path(wrapper)).path(idMember).asString();
    }

    /** Describes until the status is one that lasts; ACTIVE is the good one. */
    private JsonNode settled(String path, String wrapper) throws Exception {
        var found = new ArrayList<JsonNode>();
        until(
                path + " to settle",
                () -> {
                    var node = aws.eks("GET", path, null).path(wrapper);
                    found.add(node);
                    return !node.path("status").asString().equals("CREATING");
                });
        var last = found.getLast();
        if (!last.path("status").asString().equals("ACTIVE")) {
            throw new IOException(
                    path + " is " + last.path("status").asString() + ": " + last.path("health"));
        }
        return last;
    }

    private boolean gone(String path) throws IOException, InterruptedException {
        try {
            aws.eks("GET", path, null);
            return false;
        } catch (AwsError error) {
            if (error.status() == 404) {
                return true;
            }
            throw error;
        }
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    /** Asks again and again, as AWS's own waiters do, four times a second. */
    private void until(String what, Condition condition) throws Exception {
        var deadline = Instant.now().plus(PATIENCE);
        var told = Instant.now();
        while (!condition.holds()) {
            if (Instant.now().isAfter(deadline)) {
                throw new IOException("waited " + PATIENCE.toSeconds() + " s for " + what);
            }
            if (Instant.now().isAfter(told.plusSeconds(2))) {
                told = Instant.now();
                steps.say("waiting for " + what);
            }
            Thread.sleep(Duration.ofMillis(100));
        }
    }

    private static List<String> texts(JsonNode array) {
        var texts = new ArrayList<String>();
        array.forEach(item -> texts.add(item.asString()));
        return texts;
    }

    private static final JsonMapper JSON = JsonMapper.shared();
}
