package dev.berth.edge.aws.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.wire.Protocol.Target;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** CloudWatch Logs on the wire. */
class AwsJsonTest {
    private final Wire logs = new Wire("logs");

    @Test
    void the_operation_is_named_in_a_header() throws Refused {
        assertThat(
                        logs.read(
                                Wire.request(
                                        "POST",
                                        "/",
                                        Map.of("x-amz-target", "Logs_20140328.CreateLogGroup"),
                                        "{\"logGroupName\":\"/aws/eks/c/cluster\",\"tags\":{\"a\":\"b\"}}")))
                .isEqualTo(
                        Map.entry(
                                "CreateLogGroup",
                                Map.of(
                                        "logGroupName",
                                        "/aws/eks/c/cluster",
                                        "tags",
                                        Map.of("a", "b"))));
    }

    @Test
    void an_unknown_target_is_an_unknown_operation() throws Refused {
        for (String target : List.of("Logs_20140328.MakeCoffee", "Other_1.CreateLogGroup", "")) {
            assertThat(
                            logs.protocol.target(
                                    Wire.request("POST", "/", Map.of("x-amz-target", target), "")))
                    .isInstanceOfSatisfying(
                            Target.Other.class,
                            other ->
                                    assertThat(other.unknown().code())
                                            .isEqualTo("UnknownOperationException"));
        }
    }

    @Test
    void answers_and_errors() {
        assertThat(
                        logs.write(
                                "DescribeLogGroups",
                                Map.of(
                                        "logGroups",
                                        List.of(
                                                Map.of(
                                                        "logGroupName",
                                                        "g",
                                                        "retentionInDays",
                                                        90,
                                                        "creationTime",
                                                        1L)))))
                .isEqualTo(
                        "{\"logGroups\":[{\"logGroupName\":\"g\",\"creationTime\":1,"
                                + "\"retentionInDays\":90}]}");
        assertThat(logs.write("CreateLogGroup", Map.of())).isEmpty();
        assertThat(
                        Wire.text(
                                logs.protocol.fault(
                                        new AwsFault("ResourceNotFoundException", 400, "gone"),
                                        "i")))
                .isEqualTo("{\"__type\":\"ResourceNotFoundException\",\"message\":\"gone\"}");
    }
}
