package dev.berth.edge.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.edge.aws.json.JsonReader;
import dev.berth.testkit.FakeStore;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What EKS's clients get over the wire. {@code -Dgolden.update=true} rewrites the files with whole
 * answers.
 */
@Timeout(60)
final class EksAnswersTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/eks");
    private static final String LAB =
            """
            {"name": "lab", "version": "1.15", "roleArn": "arn:aws:iam::111122223333:role/eks-cluster",
             "resourcesVpcConfig": {"subnetIds": ["subnet-a", "subnet-b"]},
             "logging": {"clusterLogging": [{"types": ["audit", "api"], "enabled": true},
                                            {"types": ["scheduler"], "enabled": false}]},
             "tags": {"environment": "dev"}, "clientRequestToken": "t-1"}
            """;
    private static final String PROFILE =
            """
            {"fargateProfileName": "%s", "podExecutionRoleArn": "arn:aws:iam::111122223333:role/pods",
             "subnets": ["subnet-a", "subnet-b"],
             "selectors": [{"namespace": "default", "labels": {"compute-type": "fargate"}},
                           {"namespace": "kube-system"}]}
            """;

    private final TestEks eks = new TestEks();
    private final RunningAws aws = new RunningAws(new FakeStore(), eks::register);

    @AfterEach
    void end() throws InterruptedException {
        eks.planes.release("lab");
        eks.clusters.stop();
        aws.close();
    }

    @Test
    void a_cluster_is_told_in_full() throws Exception {
        eks.planes.hold("lab");
        golden("create-cluster.json", ok("POST", "/clusters", LAB));
        eks.planes.release("lab");
        golden("describe-cluster.json", active());
        golden("delete-cluster.json", ok("DELETE", "/clusters/lab", ""));
    }

    @Test
    void a_profile_is_told_in_full() throws Exception {
        ok("POST", "/clusters", LAB);
        active();
        ok("POST", "/clusters/lab/fargate-profiles", PROFILE.formatted("fp"));
        golden("describe-fargate-profile.json", activeProfile("fp"));
    }

    @Test
    void what_was_not_asked_for_is_absent() throws Exception {
        ok("POST", "/clusters", LAB);
        assertThat(map(tree(active()), "cluster"))
                .doesNotContainKeys(
                        "encryptionConfig",
                        "computeConfig",
                        "storageConfig",
                        "remoteNetworkConfig",
                        "zonalShiftConfig",
                        "outpostConfig",
                        "connectorConfig");
    }

    @Test
    void what_was_asked_for_comes_back() throws Exception {
        ok(
                "POST",
                "/clusters",
                """
                {"name": "lab", "roleArn": "arn:aws:iam::111122223333:role/eks-cluster",
                 "version": "1.36",
                 "resourcesVpcConfig": {"subnetIds": ["subnet-a", "subnet-b"],
                    "endpointPrivateAccess": true, "endpointPublicAccess": false},
                 "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.96.0.0/12", "ipFamily": "ipv4",
                    "elasticLoadBalancing": {"enabled": false}},
                 "encryptionConfig": [{"resources": ["secrets"],
                    "provider": {"keyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"}}],
                 "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP",
                    "bootstrapClusterCreatorAdminPermissions": false},
                 "bootstrapSelfManagedAddons": false,
                 "upgradePolicy": {"supportType": "STANDARD"},
                 "zonalShiftConfig": {"enabled": true},
                 "computeConfig": {"enabled": false},
                 "storageConfig": {"blockStorage": {"enabled": false}},
                 "remoteNetworkConfig": {"remoteNodeNetworks": [{"cidrs": ["10.9.0.0/16"]}]},
                 "controlPlaneScalingConfig": {"tier": "standard"},
                 "deletionProtection": true}
                """);
        var cluster = map(tree(active()), "cluster");
        assertThat(map(cluster, "resourcesVpcConfig"))
                .containsEntry("endpointPrivateAccess", true)
                .containsEntry("endpointPublicAccess", false)
                .containsEntry("publicAccessCidrs", List.of())
                .containsEntry("securityGroupIds", List.of());
        assertThat(map(cluster, "kubernetesNetworkConfig"))
                .containsEntry("serviceIpv4Cidr", "10.96.0.0/12");
        assertThat(cluster.get("encryptionConfig"))
                .isEqualTo(
                        List.of(
                                Map.of(
                                        "resources",
                                        List.of("secrets"),
                                        "provider",
                                        Map.of(
                                                "keyArn",
                                                "arn:aws:kms:eu-west-1:111122223333:key/k"))));
        assertThat(map(cluster, "accessConfig"))
                .containsEntry("authenticationMode", "API_AND_CONFIG_MAP");
        assertThat(map(cluster, "upgradePolicy")).containsEntry("supportType", "STANDARD");
        assertThat(map(cluster, "zonalShiftConfig")).containsEntry("enabled", true);
        assertThat(map(cluster, "computeConfig")).containsEntry("enabled", false);
        assertThat(map(cluster, "storageConfig"))
                .containsEntry("blockStorage", Map.of("enabled", false));
        assertThat(map(cluster, "remoteNetworkConfig"))
                .containsEntry(
                        "remoteNodeNetworks", List.of(Map.of("cidrs", List.of("10.9.0.0/16"))));
        assertThat(map(cluster, "controlPlaneScalingConfig")).containsEntry("tier", "standard");
        assertThat(cluster.get("deletionProtection")).isEqualTo(true);
        assertThat(ok("GET", "/clusters/lab/access-entries", ""))
                .isEqualTo("{\"accessEntries\":[]}");
    }

    @Test
    void errors_carry_code_words_and_members() throws Exception {
        var absent = send("GET", "/clusters/none", "");
        assertThat(absent.statusCode()).isEqualTo(404);
        assertThat(absent.headers().firstValue("x-amzn-ErrorType").orElseThrow())
                .startsWith("ResourceNotFoundException");
        assertThat(tree(absent.body()))
                .containsEntry("message", "No cluster found for name: none.")
                .containsEntry("clusterName", "none");

        ok("POST", "/clusters", LAB);
        active();
        var publicSubnet =
                send(
                        "POST",
                        "/clusters/lab/fargate-profiles",
                        PROFILE.formatted("fp").replace("subnet-b", "subnet-p"));
        assertThat(publicSubnet.statusCode()).isEqualTo(400);
        assertThat(tree(publicSubnet.body()))
                .containsEntry(
                        "message",
                        "Subnet subnet-p provided in Fargate Profile is not a private subnet");
        var again = send("POST", "/clusters", LAB.replace("t-1", "t-2"));
        assertThat(again.statusCode()).isEqualTo(409);
        assertThat(tree(again.body()))
                .containsEntry("message", "Cluster already exists with name: lab");
    }

    @Test
    void lists_come_in_pages() throws Exception {
        for (var name : List.of("a", "b", "c")) {
            ok("POST", "/clusters", LAB.replace("\"lab\"", '"' + name + '"').replace("t-1", name));
        }
        assertThat(ok("GET", "/clusters", "")).isEqualTo("{\"clusters\":[\"a\",\"b\",\"c\"]}");
        var first = tree(ok("GET", "/clusters?maxResults=2", ""));
        assertThat(first.get("clusters")).isEqualTo(List.of("a", "b"));
        var second =
                tree(ok("GET", "/clusters?maxResults=2&nextToken=" + first.get("nextToken"), ""));
        assertThat(second).isEqualTo(Map.of("clusters", List.of("c")));
        assertThat(send("GET", "/clusters?nextToken=%25%25", "").statusCode()).isEqualTo(400);
    }

    @Test
    void what_no_cluster_has_is_an_empty_list() throws Exception {
        ok("POST", "/clusters", LAB);
        assertThat(ok("GET", "/clusters/lab/node-groups", "")).isEqualTo("{\"nodegroups\":[]}");
        assertThat(ok("GET", "/clusters/lab/addons", "")).isEqualTo("{\"addons\":[]}");
        assertThat(ok("GET", "/clusters/lab/updates", "")).isEqualTo("{\"updateIds\":[]}");
        assertThat(send("GET", "/clusters/none/node-groups", "").statusCode()).isEqualTo(404);
        assertThat(tree(send("GET", "/clusters/lab/access-entries", "").body()))
                .containsEntry(
                        "message",
                        "The cluster's authentication mode must be set to one of [API,"
                                + " API_AND_CONFIG_MAP] to perform this operation.");
    }

    @Test
    void tags_are_found_by_arn() throws Exception {
        ok("POST", "/clusters", LAB);
        var path = "/tags/arn%3Aaws%3Aeks%3Aeu-west-1%3A111122223333%3Acluster%2Flab";
        ok("POST", path, "{\"tags\": {\"team\": \"a\", \"environment\": \"test\"}}");
        assertThat(tree(ok("GET", path, "")).get("tags"))
                .isEqualTo(Map.of("team", "a", "environment", "test"));
        ok("DELETE", path + "?tagKeys=team&tagKeys=none", "");
        assertThat(tree(ok("GET", path, "")).get("tags")).isEqualTo(Map.of("environment", "test"));
        assertThat(send("GET", path.replace("lab", "none"), "").statusCode()).isEqualTo(404);
        assertThat(send("GET", "/tags/nonsense", "").statusCode()).isEqualTo(400);
    }

    @Test
    void versions_are_told_newest_first() throws Exception {
        golden("describe-cluster-versions.json", ok("GET", "/cluster-versions", ""));
        var standard = tree(ok("GET", "/cluster-versions?defaultOnly=true", ""));
        assertThat((List<?>) standard.get("clusterVersions")).hasSize(1);
        assertThat(ok("GET", "/cluster-versions?versionStatus=UNSUPPORTED", ""))
                .isEqualTo("{\"clusterVersions\":[]}");
    }

    private String active() throws Exception {
        return eventually("/clusters/lab", "\"status\":\"ACTIVE\"");
    }

    private String activeProfile(String name) throws Exception {
        return eventually("/clusters/lab/fargate-profiles/" + name, "\"status\":\"ACTIVE\"");
    }

    /** Asks until the answer says so, as EKS's own waiters do; 10 s at most. */
    private String eventually(String path, String expected) throws Exception {
        for (var attempt = 0; attempt < 1000; attempt++) {
            var body = ok("GET", path, "");
            if (body.contains(expected)) {
                return body;
            }
            LockSupport.parkNanos(10_000_000);
        }
        throw new AssertionError(path + " does not become " + expected);
    }

    private String ok(String method, String path, String body) throws Exception {
        var response = send(method, path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private HttpResponse<String> send(String method, String path, String body) throws Exception {
        return aws.client()
                .send("eks", method, path, Map.of("content-type", "application/json"), body);
    }

    private static void golden(String name, String body) throws IOException {
        var mapper = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
        var actual = mapper.writeValueAsString(mapper.readTree(body)) + "\n";
        var file = GOLDEN.resolve(name);
        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, actual);
        }
        assertThat(actual).isEqualTo(Files.readString(file));
    }

    private static Map<Object, Object> tree(String body) throws Exception {
        return new LinkedHashMap<>((Map<?, ?>) Objects.requireNonNull(new JsonReader().read(body)));
    }

    private static Map<Object, Object> map(Map<?, ?> tree, String name) {
        return Map.copyOf((Map<?, ?>) Objects.requireNonNull(tree.get(name)));
    }
}
