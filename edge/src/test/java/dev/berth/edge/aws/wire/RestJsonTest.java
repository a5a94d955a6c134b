package dev.berth.edge.aws.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.wire.Protocol.Target;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** EKS on the wire. Source: eks-fargate §12.1-12.3, aws-apis-from-java §C. */
class RestJsonTest {
    private static final Map<String, String> NONE = Map.of();
    private final Wire eks = new Wire("eks");

    @Test
    void a_body_and_a_label_make_one_input() throws Refused {
        assertThat(
                        eks.read(
                                Wire.request(
                                        "POST",
                                        "/clusters/my%20c/fargate-profiles",
                                        NONE,
                                        """
                                        {"fargateProfileName":"p","podExecutionRoleArn":"arn:aws:iam::1:role/r",
                                         "selectors":[{"namespace":"default","labels":{"compute-type":"fargate"}}],
                                         "subnets":["subnet-1"],"tags":null,"unknownMember":{"x":[1]}}
                                        """)))
                .isEqualTo(
                        Map.entry(
                                "CreateFargateProfile",
                                Map.of(
                                        "clusterName",
                                        "my c",
                                        "fargateProfileName",
                                        "p",
                                        "podExecutionRoleArn",
                                        "arn:aws:iam::1:role/r",
                                        "selectors",
                                        List.of(
                                                Map.of(
                                                        "namespace",
                                                        "default",
                                                        "labels",
                                                        Map.of("compute-type", "fargate"))),
                                        "subnets",
                                        List.of("subnet-1"))));
    }

    @Test
    void an_arn_with_encoded_slashes_is_one_label() throws Refused {
        String path = "/tags/arn%3Aaws%3Aeks%3Aeu-west-1%3A1%3Acluster%2Fa+b";
        assertThat(eks.read(Wire.request("DELETE", path + "?tagKeys=a%2Fb&tagKeys=c+d", NONE, "")))
                .isEqualTo(
                        Map.entry(
                                "UntagResource",
                                Map.of(
                                        "resourceArn",
                                        "arn:aws:eks:eu-west-1:1:cluster/a+b",
                                        "tagKeys",
                                        List.of("a/b", "c d"))));
    }

    @Test
    void empty_parameters_of_the_query_are_absent() throws Refused {
        assertThat(eks.read(Wire.request("GET", "/clusters?maxResults=5&nextToken=", NONE, "")))
                .isEqualTo(Map.entry("ListClusters", Map.of("maxResults", 5L)));
    }

    @Test
    void a_fixed_path_is_not_a_label() throws Refused {
        assertThat(eks.read(Wire.request("GET", "/addons/supported-versions", NONE, "")).getKey())
                .isEqualTo("DescribeAddonVersions");
    }

    @ParameterizedTest
    @CsvSource({
        "GET,/",
        "GET,/clusters/a/b/c/d/e/f/g",
        "PATCH,/clusters",
        "GET,/clusters//fargate-profiles",
        "GET,/tags/arn:aws:eks:eu-west-1:1:cluster/c"
    })
    void an_unknown_path_names_itself(String method, String path) throws Refused {
        Target target = eks.protocol.target(Wire.request(method, path, NONE, ""));
        assertThat(target)
                .isInstanceOfSatisfying(
                        Target.Other.class,
                        other ->
                                assertThat(other.unknown())
                                        .isEqualTo(
                                                new AwsFault(
                                                        "UnknownOperationException",
                                                        404,
                                                        "There is no operation at "
                                                                + method
                                                                + " "
                                                                + path
                                                                + ".")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    {"name":5}                                     | NUMBER_VALUE can not be converted to String
                    {"name":"a","roleArn":true}                    | TRUE_VALUE can not be converted to String
                    {"name":"a","resourcesVpcConfig":"x"}          | STRING_VALUE can not be converted to VpcConfigRequest
                    {"name":["a"]}                                 | START_ARRAY can not be converted to String
                    {"resourcesVpcConfig":{"subnetIds":{"a":1}}}   | START_OBJECT can not be converted to List
                    {"resourcesVpcConfig":{"endpointPublicAccess":"true"}} | STRING_VALUE can not be converted to Boolean
                    [1]                                            | START_ARRAY can not be converted to an Object
                    {"name":"a"                                    |
                    {"name":"a"} x                                 |
                    {"name":"a","name":"b"}                        |
                    nonsense                                       |
                    """)
    void what_is_not_the_models_json_is_refused(String body, String message) {
        assertThatThrownBy(() -> eks.read(Wire.request("POST", "/clusters", NONE, body)))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused ->
                                assertThat(refused.fault())
                                        .isEqualTo(
                                                new AwsFault(
                                                        "SerializationException",
                                                        400,
                                                        message == null ? "" : message)));
    }

    @Test
    void deep_json_is_refused_and_does_not_blow_the_stack() {
        String deep = "[".repeat(100_000);
        assertThatThrownBy(() -> eks.read(Wire.request("POST", "/clusters", NONE, deep)))
                .isInstanceOf(Refused.class);
    }

    @Test
    void times_are_epoch_seconds_and_absent_members_are_left_out() {
        var profile = new java.util.LinkedHashMap<String, Object>();
        profile.put("fargateProfileName", "p\"q\n");
        profile.put("createdAt", Instant.ofEpochMilli(1_587_828_374_123L));
        profile.put("subnets", List.of("subnet-1"));
        profile.put("selectors", List.of(Map.of("namespace", "default")));
        profile.put("tags", Map.of());
        profile.put("podExecutionRoleArn", null);
        assertThat(eks.write("DescribeFargateProfile", Map.of("fargateProfile", profile)))
                .isEqualTo(
                        "{\"fargateProfile\":{\"fargateProfileName\":\"p\\\"q\\n\","
                                + "\"createdAt\":1587828374.123,\"subnets\":[\"subnet-1\"],"
                                + "\"selectors\":[{\"namespace\":\"default\"}],\"tags\":{}}}");
    }

    @Test
    void a_member_that_the_model_has_not_is_our_mistake() {
        assertThatThrownBy(() -> eks.write("ListClusters", Map.of("names", List.of())))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> eks.write("ListClusters", Map.of("clusters", "x")))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void an_error_has_its_type_in_the_header_and_null_for_what_is_not_set() {
        WireAnswer answer =
                eks.protocol.fault(
                        new AwsFault(
                                        "ResourceInUseException",
                                        400,
                                        "Cluster has nodegroups attached")
                                .with("clusterName", "c"),
                        "id-1");
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.headers())
                .containsEntry("x-amzn-ErrorType", "ResourceInUseException")
                .containsEntry("x-amzn-RequestId", "id-1");
        assertThat(Wire.text(answer))
                .isEqualTo(
                        "{\"message\":\"Cluster has nodegroups attached\",\"clusterName\":\"c\","
                                + "\"nodegroupName\":null,\"addonName\":null}");
    }

    @Test
    void a_code_outside_the_model_keeps_its_status() {
        WireAnswer answer = eks.protocol.fault(new AwsFault("NotImplemented", 501, "no"), "id-1");
        assertThat(answer.status()).isEqualTo(501);
        assertThat(Wire.text(answer)).isEqualTo("{\"message\":\"no\"}");
    }
}
