package dev.berth.edge.admission;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.berth.core.golden.Golden;
import dev.berth.core.profile.FargateProfile;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class PodAdmissionTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final List<FargateProfile> PROFILES =
            List.of(aProfile("fp-default").selecting("default").build());

    private final PodAdmission admission =
            new PodAdmission(cluster -> cluster.equals("lab") ? PROFILES : List.of());

    @ParameterizedTest
    @ValueSource(strings = {"bare-pod", "own-priority-class"})
    @DisplayName("§1.2 the answer to what an API server really sends")
    void answers_real_reviews(String name) {
        var answer = review(Golden.read("admission/" + name + ".request.json"));
        var patch = patchOf(answer);
        ((ObjectNode) answer.path("response")).set("patch", patch);

        Golden.check(
                "admission/" + name + ".response.json",
                JSON.writerWithDefaultPrettyPrinter().writeValueAsString(answer) + "\n");
    }

    @Test
    void the_bytes_are_a_review_with_a_base64_patch() {
        var answer = review(aReview("CREATE", "pods", "{}", "{}"));

        assertThat(answer.at("/apiVersion").stringValue()).isEqualTo("admission.k8s.io/v1");
        assertThat(answer.at("/kind").stringValue()).isEqualTo("AdmissionReview");
        assertThat(answer.at("/response/uid").stringValue()).isEqualTo("u-1");
        assertThat(answer.at("/response/allowed").booleanValue()).isTrue();
        assertThat(answer.at("/response/patchType").stringValue()).isEqualTo("JSONPatch");
        assertThat(patchOf(answer).size()).isEqualTo(4);
    }

    @Test
    @DisplayName("§1.3 a pod that nobody claims is allowed without a patch")
    void without_a_profile_there_is_no_patch() {
        var answer =
                JSON.readTree(
                        admission.review(
                                "another", aReview("CREATE", "pods", "{}", "{}").getBytes(UTF_8)));

        assertThat(answer.at("/response/allowed").booleanValue()).isTrue();
        assertThat(answer.at("/response").has("patch")).isFalse();
        assertThat(answer.at("/response").has("patchType")).isFalse();
    }

    @Test
    @DisplayName("§1.3 compute-type ec2, nodeName and schedulerName are read")
    void what_makes_a_pod_skipped_is_read() {
        for (var review :
                List.of(
                        aReview(
                                "CREATE",
                                "pods",
                                "{\"annotations\": {\"eks.amazonaws.com/compute-type\": \"ec2\"}}",
                                "{}"),
                        aReview("CREATE", "pods", "{}", "{\"nodeName\": \"n\"}"),
                        aReview("CREATE", "pods", "{}", "{\"schedulerName\": \"mine\"}"))) {
            assertThat(review(review).at("/response").has("patch")).isFalse();
        }
    }

    @Test
    void anything_but_the_creation_of_a_pod_is_allowed_as_it_is() {
        assertThat(review(aReview("UPDATE", "pods", "{}", "{}")).at("/response").has("patch"))
                .isFalse();
        assertThat(review(aReview("CREATE", "services", "{}", "{}")).at("/response").has("patch"))
                .isFalse();
        var eviction =
                aReview("CREATE", "pods", "{}", "{}")
                        .replace("\"operation\"", "\"subResource\": \"eviction\", \"operation\"");
        assertThat(review(eviction).at("/response").has("patch")).isFalse();
    }

    @Test
    void a_map_that_is_null_counts_as_missing() {
        var patch = patchOf(review(aReview("CREATE", "pods", "{\"labels\": null}", "{}")));

        assertThat(patch.at("/0/path").stringValue()).isEqualTo("/metadata/labels");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "not json",
                "{",
                "[]",
                "null",
                "{}",
                "{\"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"AdmissionReview\"}",
                "{\"apiVersion\": \"admission.k8s.io/v1beta1\", \"kind\": \"AdmissionReview\", \"request\": {\"uid\": \"u\"}}",
                "{\"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"Pod\", \"request\": {\"uid\": \"u\"}}",
                "{\"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"AdmissionReview\", \"request\": {}}",
                "{\"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"AdmissionReview\", \"request\": {\"uid\": 7}}",
                "{\"apiVersion\": \"admission.k8s.io/v1\", \"kind\": \"AdmissionReview\", \"request\": {\"uid\": \"u\", \"operation\": \"CREATE\", \"resource\": {\"resource\": \"pods\"}}}"
            })
    void what_is_no_review_is_refused(String body) {
        assertThatIllegalArgumentException().isThrownBy(() -> review(body));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"labels\": []}", "{\"labels\": {\"a\": 1}}", "{\"annotations\": \"x\"}"})
    void a_pod_that_is_no_pod_is_refused(String metadata) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> review(aReview("CREATE", "pods", metadata, "{}")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> review(aReview("CREATE", "pods", "{}", "{\"priority\": \"0\"}")));
    }

    @Test
    void nesting_without_end_is_refused() {
        assertThatIllegalArgumentException().isThrownBy(() -> review("[".repeat(200_000)));
    }

    private JsonNode review(String body) {
        return JSON.readTree(admission.review("lab", body.getBytes(UTF_8)));
    }

    private static JsonNode patchOf(JsonNode answer) {
        return JSON.readTree(
                Base64.getDecoder().decode(answer.at("/response/patch").stringValue()));
    }

    private static String aReview(String operation, String resource, String metadata, String spec) {
        return """
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
         "request": {"uid": "u-1", "operation": "%s", "namespace": "default",
                     "resource": {"group": "", "version": "v1", "resource": "%s"},
                     "object": {"metadata": %s, "spec": %s}}}
        """
                .formatted(operation, resource, metadata, spec);
    }
}
