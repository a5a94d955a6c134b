package dev.berth.edge.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.engine.account.signature.KeyRing;
import dev.berth.testkit.FakeStore;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Over real HTTP: whatever is sent, the answer is AWS's kind of error, and never a 500. */
class BadCallsGetAwsAnswersTest {
    private static final Map<String, String> NONE = Map.of();
    private static final Map<String, String> FORM =
            Map.of("content-type", "application/x-www-form-urlencoded");

    private final RunningAws aws =
            new RunningAws(
                    new FakeStore(),
                    services ->
                            services.operation("eks", "ListClusters", _ -> Map.of())
                                    .operation("eks", "CreateCluster", _ -> Map.of())
                                    .operation("ec2", "DeleteVpc", _ -> Map.of())
                                    .operation(
                                            "eks",
                                            "DescribeCluster",
                                            _ -> {
                                                throw new IllegalStateException("our bug");
                                            }));
    private final SigningClient client = aws.client();

    @AfterEach
    void stop() {
        aws.close();
    }

    @Test
    void health_needs_no_signature() throws Exception {
        assertThat(client.plain("GET", "/healthz", NONE, new byte[0]).statusCode()).isEqualTo(200);
    }

    @Test
    void a_good_call_has_a_request_id() throws Exception {
        HttpResponse<String> answer = client.send("eks", "GET", "/clusters", NONE, "");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("x-amzn-RequestId")).isPresent();
        assertThat(answer.body()).isEqualTo("{}");
    }

    @Test
    void no_signature() throws Exception {
        HttpResponse<String> rest = client.plain("GET", "/clusters", NONE, new byte[0]);
        assertThat(rest.statusCode()).isEqualTo(403);
        assertThat(type(rest)).isEqualTo("MissingAuthenticationTokenException");
        HttpResponse<String> query =
                client.plain(
                        "POST",
                        "/",
                        FORM,
                        "Action=GetCallerIdentity"
                                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(query.statusCode()).isEqualTo(403);
        assertThat(query.body()).contains("<Code>MissingAuthenticationToken</Code>");
    }

    @Test
    void a_broken_authorization_header() throws Exception {
        HttpResponse<String> answer =
                client.plain(
                        "GET",
                        "/clusters",
                        Map.of("Authorization", "AWS4-HMAC-SHA256 x"),
                        new byte[0]);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(type(answer)).isEqualTo("IncompleteSignatureException");
    }

    @Test
    void a_wrong_signature_in_each_protocol() throws Exception {
        KeyRing.Key root = aws.root();
        SigningClient thief =
                client.with(
                        new KeyRing.Key(root.accessKeyId(), "guess", null, null, root.principal()));
        HttpResponse<String> eks = thief.send("eks", "GET", "/clusters", NONE, "");
        assertThat(eks.statusCode()).isEqualTo(403);
        assertThat(type(eks)).isEqualTo("InvalidSignatureException");
        HttpResponse<String> sts = thief.form("sts", "Action=GetCallerIdentity");
        assertThat(sts.statusCode()).isEqualTo(403);
        assertThat(sts.body()).contains("<Code>SignatureDoesNotMatch</Code>");
        assertThat(thief.form("ec2", "Action=DescribeVpcs").body())
                .contains("<Response><Errors><Error><Code>SignatureDoesNotMatch</Code>");
    }

    @Test
    void an_unknown_key_in_each_protocol() throws Exception {
        SigningClient stranger =
                client.with(new KeyRing.Key("AKIAX", "s", null, null, aws.root().principal()));
        assertThat(type(stranger.send("eks", "GET", "/clusters", NONE, "")))
                .isEqualTo("UnrecognizedClientException");
        assertThat(stranger.form("iam", "Action=ListRoles").body())
                .contains("<Code>InvalidClientTokenId</Code>");
        HttpResponse<String> ec2 = stranger.form("ec2", "Action=DescribeVpcs");
        assertThat(ec2.statusCode()).isEqualTo(401);
        assertThat(ec2.body()).contains("<Code>AuthFailure</Code>");
    }

    @Test
    void a_signature_of_another_time() throws Exception {
        SigningClient slow = client.at(() -> aws.time.now().minus(Duration.ofMinutes(6)));
        assertThat(slow.send("eks", "GET", "/clusters", NONE, "").body())
                .contains("Signature expired: ");
        HttpResponse<String> ec2 = slow.form("ec2", "Action=DescribeVpcs");
        assertThat(ec2.statusCode()).isEqualTo(400);
        assertThat(ec2.body()).contains("<Code>RequestExpired</Code>");
        SigningClient fast = client.at(() -> aws.time.now().plus(Duration.ofMinutes(6)));
        assertThat(fast.form("sts", "Action=GetCallerIdentity").body())
                .contains("<Code>SignatureDoesNotMatch</Code>", "Signature not yet current: ");
    }

    @Test
    void a_scope_of_another_region() throws Exception {
        HttpResponse<String> eks = client.in("us-west-2").send("eks", "GET", "/clusters", NONE, "");
        assertThat(eks.statusCode()).isEqualTo(403);
        assertThat(eks.body()).contains("Credential should be scoped to a valid region.");
        assertThat(client.in("us-east-1").send("eks", "GET", "/clusters", NONE, "").statusCode())
                .isEqualTo(403);
        assertThat(client.in("us-east-1").form("iam", "Action=ListRoles").statusCode())
                .isEqualTo(200);
        assertThat(client.in("us-east-1").form("sts", "Action=GetCallerIdentity").statusCode())
                .isEqualTo(200);
    }

    @Test
    void a_scope_of_another_service() throws Exception {
        HttpResponse<String> answer = client.form("eks", "Action=GetCallerIdentity");
        assertThat(answer.statusCode()).isEqualTo(404);
        assertThat(type(answer)).isEqualTo("UnknownOperationException");
        HttpResponse<String> unserved = client.send("lambda", "GET", "/functions", NONE, "");
        assertThat(unserved.statusCode()).isEqualTo(501);
        assertThat(unserved.body()).contains("'lambda'");
        KeyRing.Key root = aws.root();
        var thief = new KeyRing.Key(root.accessKeyId(), "x", null, null, root.principal());
        assertThat(client.with(thief).send("lambda", "GET", "/functions", NONE, "").statusCode())
                .isEqualTo(403);
    }

    @Test
    void malformed_json_and_a_wrong_type() throws Exception {
        HttpResponse<String> malformed =
                client.send("eks", "POST", "/clusters", NONE, "{\"name\":");
        assertThat(malformed.statusCode()).isEqualTo(400);
        assertThat(type(malformed)).isEqualTo("SerializationException");
        HttpResponse<String> wrong = client.send("eks", "POST", "/clusters", NONE, "{\"name\":1}");
        assertThat(wrong.statusCode()).isEqualTo(400);
        assertThat(wrong.body())
                .isEqualTo("{\"message\":\"NUMBER_VALUE can not be converted to String\"}");
    }

    @Test
    void a_missing_member() throws Exception {
        HttpResponse<String> answer = client.send("eks", "POST", "/clusters", NONE, "{}");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(type(answer)).isEqualTo("InvalidParameterException");
        assertThat(answer.body()).contains("3 validation errors detected: ");
    }

    @Test
    void ten_megabytes_are_refused_and_the_connection_stays_good() throws Exception {
        byte[] body = new byte[10 << 20];
        HttpResponse<String> answer = client.plain("POST", "/clusters", NONE, body);
        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(type(answer)).isEqualTo("RequestEntityTooLarge");
        assertThat(client.send("eks", "GET", "/clusters", NONE, "").statusCode()).isEqualTo(200);
    }

    @Test
    void a_megabyte_is_still_read() throws Exception {
        String big = "{\"name\":\"" + "x".repeat(1 << 19) + "\"}";
        HttpResponse<String> answer = client.send("eks", "POST", "/clusters", NONE, big);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("Member must have length less than or equal to 100");
    }

    @Test
    void an_action_that_nobody_has() throws Exception {
        HttpResponse<String> answer = client.form("ec2", "Action=MakeCoffee&Version=2016-11-15");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body())
                .contains(
                        "<Code>InvalidAction</Code><Message>The action MakeCoffee is not valid for"
                                + " this web service.</Message>");
    }

    @Test
    void an_action_that_aws_has_and_berth_has_not() throws Exception {
        for (String action : new String[] {"RunInstances", "CreateVpc"}) {
            HttpResponse<String> answer = client.form("ec2", "Action=" + action);
            assertThat(answer.statusCode()).isEqualTo(501);
            assertThat(answer.body()).contains("<Code>NotImplemented</Code>", action);
        }
        HttpResponse<String> eks = client.send("eks", "GET", "/clusters/c/node-groups", NONE, "");
        assertThat(eks.statusCode()).isEqualTo(501);
        assertThat(type(eks)).isEqualTo("NotImplemented");
        assertThat(eks.body()).contains("ListNodegroups");
    }

    @Test
    void a_dry_run_does_nothing() throws Exception {
        HttpResponse<String> answer =
                client.form("ec2", "Action=DeleteVpc&VpcId=vpc-1&DryRun=true");
        assertThat(answer.statusCode()).isEqualTo(412);
        assertThat(answer.body()).contains("<Code>DryRunOperation</Code>");
    }

    @Test
    void a_failure_of_ours_is_a_500_without_its_inside() throws Exception {
        HttpResponse<String> answer = client.send("eks", "GET", "/clusters/c", NONE, "");
        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(type(answer)).isEqualTo("InternalFailure");
        assertThat(answer.body()).doesNotContain("our bug");
    }

    @Test
    void a_policy_comes_back_percent_encoded_and_verbatim() throws Exception {
        String document =
                "{\"Version\": \"2012-10-17\",\n \"Statement\": [{\"Effect\":\"Allow\","
                        + "\"Principal\":{\"Service\":\"eks.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}";
        String encoded =
                java.net.URLEncoder.encode(document, java.nio.charset.StandardCharsets.UTF_8);
        HttpResponse<String> made =
                client.form(
                        "iam", "Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=" + encoded);
        assertThat(made.statusCode()).isEqualTo(200);
        assertThat(aws.roles.get("r").trustDocument()).isEqualTo(document);
        assertThat(client.form("iam", "Action=GetRole&RoleName=r").body())
                .contains(
                        "<AssumeRolePolicyDocument>%7B%22Version%22%3A%20%222012-10-17%22%2C%0A%20");
    }

    @Test
    void a_session_that_has_ended_is_told_so() throws Exception {
        String trust =
                java.net.URLEncoder.encode(
                        "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}}",
                        java.nio.charset.StandardCharsets.UTF_8);
        client.form("iam", "Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=" + trust);
        KeyRing.Key session =
                aws.credentials.assume(
                        aws.root().principal(),
                        new dev.berth.engine.account.Credentials.Wish(
                                "arn:aws:iam::111122223333:role/r",
                                "me",
                                Duration.ofMinutes(15),
                                null),
                        aws.roles);
        SigningClient caller = client.with(session);
        assertThat(caller.form("sts", "Action=GetCallerIdentity").statusCode()).isEqualTo(200);
        aws.time.advance(Duration.ofMinutes(15));
        assertThat(caller.form("sts", "Action=GetCallerIdentity").body())
                .contains("<Code>ExpiredToken</Code>");
        assertThat(type(caller.send("eks", "GET", "/clusters", NONE, "")))
                .isEqualTo("ExpiredTokenException");
    }

    private static String type(HttpResponse<String> answer) {
        return answer.headers().firstValue("x-amzn-ErrorType").orElse("");
    }
}
