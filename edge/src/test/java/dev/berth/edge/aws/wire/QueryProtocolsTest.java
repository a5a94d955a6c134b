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

/** IAM, STS and EC2 on the wire. Source: terraform-calls §2.6 (R). */
class QueryProtocolsTest {
    private final Wire iam = new Wire("iam");
    private final Wire sts = new Wire("sts");
    private final Wire ec2 = new Wire("ec2");

    @Test
    void lists_come_in_members() throws Refused {
        assertThat(
                        iam.read(
                                Wire.form(
                                        "Action=TagRole&Version=2010-05-08&RoleName=r"
                                                + "&Tags.member.10.Key=j&Tags.member.10.Value=10"
                                                + "&Tags.member.2.Key=a%2Fb&Tags.member.2.Value=c+d%2B")))
                .isEqualTo(
                        Map.entry(
                                "TagRole",
                                Map.of(
                                        "RoleName",
                                        "r",
                                        "Tags",
                                        List.of(
                                                Map.of("Key", "a/b", "Value", "c d+"),
                                                Map.of("Key", "j", "Value", "10")))));
    }

    @Test
    void an_empty_parameter_is_absent_unless_a_text_is_required() throws Refused {
        assertThat(
                        iam.read(
                                        Wire.form(
                                                "Action=CreateRole&RoleName=&Path=&Tags="
                                                        + "&Tags.member.1.Key=k&Tags.member.1.Value="
                                                        + "&MaxSessionDuration="))
                                .getValue())
                .isEqualTo(
                        Map.of("RoleName", "", "Tags", List.of(Map.of("Key", "k", "Value", ""))));
    }

    @Test
    void a_call_may_be_a_get() throws Refused {
        assertThat(
                        sts.read(
                                Wire.request(
                                        "GET",
                                        "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Date=1",
                                        Map.of(),
                                        "")))
                .isEqualTo(Map.entry("GetCallerIdentity", Map.of()));
    }

    @Test
    void a_number_that_is_none() {
        assertThatThrownBy(() -> iam.read(Wire.form("Action=ListRoles&MaxItems=many")))
                .isInstanceOfSatisfying(
                        Refused.class,
                        r -> assertThat(r.fault().code()).isEqualTo("ValidationError"));
        assertThatThrownBy(() -> ec2.read(Wire.form("Action=DescribeVpcs&MaxResults=9999999999")))
                .isInstanceOfSatisfying(
                        Refused.class,
                        r -> assertThat(r.fault().code()).isEqualTo("InvalidParameterValue"));
    }

    @Test
    void ec2_lists_have_bare_indexes_and_capital_names() throws Refused {
        assertThat(
                        ec2.read(
                                Wire.form(
                                        "Action=DescribeSubnets&Version=2016-11-15"
                                                + "&SubnetId.1=subnet-1&SubnetId.2=subnet-2"
                                                + "&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1"
                                                + "&Filter.1.Value.2=vpc-2&MaxResults=7&DryRun=false")))
                .isEqualTo(
                        Map.entry(
                                "DescribeSubnets",
                                Map.of(
                                        "SubnetIds",
                                        List.of("subnet-1", "subnet-2"),
                                        "Filters",
                                        List.of(
                                                Map.of(
                                                        "Name",
                                                        "vpc-id",
                                                        "Values",
                                                        List.of("vpc-1", "vpc-2"))),
                                        "MaxResults",
                                        7L,
                                        "DryRun",
                                        false)));
    }

    @Test
    void ec2_structures_nest_by_dots() throws Refused {
        assertThat(
                        ec2.read(
                                        Wire.form(
                                                "Action=AuthorizeSecurityGroupIngress&GroupId=sg-1"
                                                        + "&IpPermissions.1.IpProtocol=tcp"
                                                        + "&IpPermissions.1.FromPort=443"
                                                        + "&IpPermissions.1.ToPort=443"
                                                        + "&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0"
                                                        + "&IpPermissions.1.Groups.1.GroupId=sg-2"
                                                        + "&TagSpecification.1.ResourceType=security-group-rule"
                                                        + "&TagSpecification.1.Tag.1.Key=k"
                                                        + "&TagSpecification.1.Tag.1.Value=v"))
                                .getValue())
                .isEqualTo(
                        Map.of(
                                "GroupId",
                                "sg-1",
                                "IpPermissions",
                                List.of(
                                        Map.of(
                                                "IpProtocol",
                                                "tcp",
                                                "FromPort",
                                                443L,
                                                "ToPort",
                                                443L,
                                                "IpRanges",
                                                List.of(Map.of("CidrIp", "0.0.0.0/0")),
                                                "UserIdGroupPairs",
                                                List.of(Map.of("GroupId", "sg-2")))),
                                "TagSpecifications",
                                List.of(
                                        Map.of(
                                                "ResourceType",
                                                "security-group-rule",
                                                "Tags",
                                                List.of(Map.of("Key", "k", "Value", "v"))))));
    }

    @Test
    void ec2_values_nest_once_more_where_the_model_says_so() throws Refused {
        assertThat(
                        ec2.read(
                                        Wire.form(
                                                "Action=ModifySubnetAttribute&SubnetId=subnet-1"
                                                        + "&MapPublicIpOnLaunch.Value=true"))
                                .getValue())
                .isEqualTo(
                        Map.of(
                                "SubnetId",
                                "subnet-1",
                                "MapPublicIpOnLaunch",
                                Map.of("Value", true)));
    }

    @Test
    void ec2_knows_all_its_parameters() {
        for (String extra :
                List.of("VpcIdd=x", "Filter.x.Name=a", "Filter.1.Foo=a", "Filter.01.Name=a")) {
            assertThatThrownBy(() -> ec2.read(Wire.form("Action=DescribeVpcs&" + extra)))
                    .as(extra)
                    .isInstanceOfSatisfying(
                            Refused.class,
                            r -> assertThat(r.fault().code()).isEqualTo("UnknownParameter"));
        }
    }

    @Test
    void a_missing_and_an_unknown_action() throws Refused {
        assertThatThrownBy(() -> ec2.read(Wire.form("Version=2016-11-15")))
                .isInstanceOfSatisfying(
                        Refused.class,
                        r -> assertThat(r.fault().code()).isEqualTo("MissingAction"));
        assertThat(iam.protocol.target(Wire.form("Action=MakeCoffee")))
                .isEqualTo(
                        new Target.Other(
                                "MakeCoffee",
                                new AwsFault(
                                        "InvalidAction",
                                        400,
                                        "The action MakeCoffee is not valid for this web service.")));
    }

    @Test
    void iam_answers_in_a_result_wrapper_with_members() {
        assertThat(
                        iam.write(
                                "ListRoles",
                                Map.of(
                                        "Roles",
                                        List.of(
                                                Map.of(
                                                        "RoleName",
                                                        "a<b>&\"c\"",
                                                        "CreateDate",
                                                        Instant.parse("2026-01-02T03:04:05.678Z"),
                                                        "MaxSessionDuration",
                                                        3600)),
                                        "IsTruncated",
                                        false)))
                .isEqualTo(
                        "<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"
                                + "<ListRolesResult><Roles><member>"
                                + "<RoleName>a&lt;b&gt;&amp;&quot;c&quot;</RoleName>"
                                + "<CreateDate>2026-01-02T03:04:05Z</CreateDate>"
                                + "<MaxSessionDuration>3600</MaxSessionDuration></member></Roles>"
                                + "<IsTruncated>false</IsTruncated></ListRolesResult>"
                                + "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
                                + "</ListRolesResponse>");
    }

    @Test
    void an_operation_without_output_has_no_result_wrapper() {
        assertThat(iam.write("DeleteRole", Map.of()))
                .isEqualTo(
                        "<DeleteRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"
                                + "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
                                + "</DeleteRoleResponse>");
        assertThat(ec2.write("DeleteVpc", Map.of()))
                .endsWith("<requestId>id-1</requestId><return>true</return></DeleteVpcResponse>");
    }

    @Test
    void ec2_answers_without_a_wrapper_and_with_items() {
        assertThat(
                        ec2.write(
                                "DescribeNatGateways",
                                Map.of(
                                        "NatGateways",
                                        List.of(
                                                Map.of(
                                                        "CreateTime",
                                                        Instant.parse("2026-01-02T03:04:05.6Z"),
                                                        "NatGatewayId",
                                                        "nat-1",
                                                        "NatGatewayAddresses",
                                                        List.of(
                                                                Map.of(
                                                                        "AllocationId",
                                                                        "eipalloc-1")),
                                                        "Tags",
                                                        List.of())))))
                .isEqualTo(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                + "<DescribeNatGatewaysResponse"
                                + " xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
                                + "<requestId>id-1</requestId><natGatewaySet><item>"
                                + "<createTime>2026-01-02T03:04:05.600Z</createTime>"
                                + "<natGatewayAddressSet><item><allocationId>eipalloc-1</allocationId>"
                                + "</item></natGatewayAddressSet><natGatewayId>nat-1</natGatewayId>"
                                + "<tagSet></tagSet></item></natGatewaySet>"
                                + "</DescribeNatGatewaysResponse>");
    }

    @Test
    void errors_have_each_their_own_envelope() {
        WireAnswer missing = iam.protocol.fault(new AwsFault("NoSuchEntity", 400, "gone"), "id-1");
        assertThat(missing.status()).isEqualTo(404);
        assertThat(Wire.text(missing))
                .isEqualTo(
                        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>"
                                + "<Type>Sender</Type><Code>NoSuchEntity</Code><Message>gone</Message>"
                                + "</Error><RequestId>id-1</RequestId></ErrorResponse>");
        WireAnswer vpc =
                ec2.protocol.fault(
                        new AwsFault("InvalidVpcID.NotFound", 400, "no 'vpc-1'"), "id-1");
        assertThat(vpc.status()).isEqualTo(400);
        assertThat(Wire.text(vpc))
                .isEqualTo(
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
                                + "<Code>InvalidVpcID.NotFound</Code><Message>no 'vpc-1'</Message>"
                                + "</Error></Errors><RequestID>id-1</RequestID></Response>");
    }

    @Test
    void the_suffix_exception_never_reaches_iams_callers() {
        assertThat(
                        Wire.text(
                                iam.protocol.fault(
                                        new AwsFault("NoSuchEntityException", 404, ""), "i")))
                .contains("<Code>NoSuchEntity</Code>");
    }
}
