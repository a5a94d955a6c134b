package dev.berth.edge.aws.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.model.ModelReader;
import dev.berth.edge.aws.model.OperationModel;
import dev.berth.edge.aws.model.ServiceModel;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class AwsTellsWhatIsWrongTest {
    @Test
    void a_missing_member() {
        assertThat(
                        fault(
                                "eks",
                                "CreateFargateProfile",
                                Map.of("clusterName", "c", "fargateProfileName", "p")))
                .isEqualTo(
                        new AwsFault(
                                "InvalidParameterException",
                                400,
                                "1 validation error detected: Value null at 'podExecutionRoleArn'"
                                        + " failed to satisfy constraint: Member must not be null"));
    }

    @Test
    void several_faults_at_once() {
        assertThat(
                        fault(
                                        "sts",
                                        "AssumeRole",
                                        Map.of("RoleArn", "short", "RoleSessionName", "me"))
                                .message())
                .isEqualTo(
                        "1 validation error detected: Value 'short' at 'roleArn' failed to satisfy"
                                + " constraint: Member must have length greater than or equal to 20");
        assertThat(
                        fault(
                                        "sts",
                                        "AssumeRole",
                                        Map.of("RoleSessionName", "m", "DurationSeconds", 1L))
                                .message())
                .isEqualTo(
                        "3 validation errors detected: Value null at 'roleArn' failed to satisfy"
                                + " constraint: Member must not be null; Value 'm' at 'roleSessionName'"
                                + " failed to satisfy constraint: Member must have length greater than or"
                                + " equal to 2; Value '1' at 'durationSeconds' failed to satisfy"
                                + " constraint: Member must have value greater than or equal to 900");
    }

    @Test
    void iam_does_not_repeat_the_value() {
        assertThat(fault("iam", "GetRole", Map.of("RoleName", "bad name")))
                .isEqualTo(
                        new AwsFault(
                                "ValidationError",
                                400,
                                "1 validation error detected: Value at 'roleName' failed to satisfy"
                                        + " constraint: Member must satisfy regular expression pattern:"
                                        + " [\\w+=,.@-]+"));
    }

    @Test
    void elements_are_counted_from_one() {
        assertThat(
                        fault(
                                        "iam",
                                        "TagRole",
                                        Map.of(
                                                "RoleName",
                                                "r",
                                                "Tags",
                                                List.of(
                                                        Map.of("Key", "good", "Value", ""),
                                                        Map.of("Key", "ba\u0000d", "Value", "v"))))
                                .message())
                .contains("at 'tags.2.member.key' failed to satisfy constraint");
    }

    @Test
    void a_value_outside_its_set() {
        assertThat(
                        fault(
                                        "eks",
                                        "CreateCluster",
                                        cluster(
                                                Map.of(
                                                        "accessConfig",
                                                        Map.of("authenticationMode", "ANY"))))
                                .message())
                .isEqualTo(
                        "1 validation error detected: Value 'ANY' at"
                                + " 'accessConfig.authenticationMode' failed to satisfy constraint: Member"
                                + " must satisfy enum value set: [API, API_AND_CONFIG_MAP, CONFIG_MAP]");
    }

    @Test
    void ec2_has_its_own_words() {
        assertThat(fault("ec2", "CreateSubnet", Map.of()))
                .isEqualTo(
                        new AwsFault(
                                "MissingParameter",
                                400,
                                "The request must contain the parameter VpcId"));
    }

    @Test
    void what_the_operations_say_better_is_left_to_them() {
        assertThatCode(() -> check("eks", "CreateCluster", cluster(Map.of("tags", Map.of()))))
                .doesNotThrowAnyException();
    }

    private static Map<String, Object> cluster(Map<String, Object> more) {
        var input = new LinkedHashMap<String, Object>();
        input.put("name", "c");
        input.put("roleArn", "arn:aws:iam::111122223333:role/r");
        input.put("resourcesVpcConfig", Map.of());
        input.putAll(more);
        return input;
    }

    private static AwsFault fault(String service, String operation, Map<String, Object> input) {
        var caught = new Refused[1];
        assertThatThrownBy(() -> check(service, operation, input))
                .isInstanceOfSatisfying(Refused.class, refused -> caught[0] = refused);
        return caught[0].fault();
    }

    private static void check(String service, String operation, Map<String, Object> input)
            throws Refused {
        ServiceModel model = new ModelReader().read(service);
        OperationModel described = Objects.requireNonNull(model.operations().get(operation));
        new Validator(model).check(described.input(), input);
    }
}
