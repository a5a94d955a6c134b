package dev.berth.edge.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.edge.aws.json.JsonReader;
import dev.berth.engine.account.signature.KeyRing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The real aws CLI, unmodified, against the endpoint. */
class AwsCliIT {
    private static final String TRUST =
            "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\":"
                    + " {\"AWS\": [], \"Service\": \"eks-fargate-pods.amazonaws.com\"}, \"Action\":"
                    + " \"sts:AssumeRole\"}]}";
    private static final String TRUST_ACCOUNT =
            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
                    + "\"arn:aws:iam::111122223333:root\"},\"Action\":\"sts:AssumeRole\"}}";
    private static final String POLICY =
            "arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy";

    private final RunningAws aws = new RunningAws();
    private KeyRing.Key key = aws.root();

    @BeforeAll
    static void there_is_an_aws_cli() throws Exception {
        boolean found;
        try {
            Process process =
                    new ProcessBuilder("aws", "--version").redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            found = process.waitFor() == 0;
        } catch (IOException _) {
            found = false;
        }
        assumeTrue(found, "the aws CLI is not installed");
    }

    @AfterEach
    void stop() {
        aws.close();
    }

    @Test
    void the_root_learns_who_it_is() throws Exception {
        Map<?, ?> identity = good("sts", "get-caller-identity");
        assertThat(identity.get("Account")).isEqualTo("111122223333");
        assertThat(identity.get("Arn")).isEqualTo("arn:aws:iam::111122223333:root");
        assertThat(identity.get("UserId")).isEqualTo("111122223333");
    }

    @Test
    void a_role_lives_from_create_to_delete() throws Exception {
        Map<?, ?> role =
                map(
                        good(
                                "iam",
                                "create-role",
                                "--role-name",
                                "lab-fargate",
                                "--description",
                                "runs pods & more <here>",
                                "--tags",
                                "Key=environment,Value=dev",
                                "Key=empty,Value=",
                                "--assume-role-policy-document",
                                TRUST),
                        "Role");
        assertThat(role.get("Arn")).isEqualTo("arn:aws:iam::111122223333:role/lab-fargate");
        assertThat(role.get("Path")).isEqualTo("/");

        Map<?, ?> got = map(good("iam", "get-role", "--role-name", "lab-fargate"), "Role");
        assertThat(got.get("MaxSessionDuration")).isEqualTo(3600L);
        assertThat(got.get("Description")).isEqualTo("runs pods & more <here>");
        assertThat(got.get("RoleId").toString()).startsWith("AROA").hasSize(21);
        assertThat(got.get("Tags"))
                .isEqualTo(
                        List.of(
                                Map.of("Key", "empty", "Value", ""),
                                Map.of("Key", "environment", "Value", "dev")));
        assertThat(map(map(got, "AssumeRolePolicyDocument"), "Statement", 0).get("Principal"))
                .isEqualTo(Map.of("AWS", List.of(), "Service", "eks-fargate-pods.amazonaws.com"));
        assertThat(aws.roles.role("arn:aws:iam::111122223333:role/lab-fargate").orElseThrow())
                .satisfies(facts ->
                        assertThat(facts.trustedServices())
                                .containsExactly("eks-fargate-pods.amazonaws.com"));

        good("iam", "attach-role-policy", "--role-name", "lab-fargate", "--policy-arn", POLICY);
        assertThat(
                        good("iam", "list-attached-role-policies", "--role-name", "lab-fargate")
                                .get("AttachedPolicies"))
                .isEqualTo(
                        List.of(
                                Map.of(
                                        "PolicyName",
                                        "AmazonEKSFargatePodExecutionRolePolicy",
                                        "PolicyArn",
                                        POLICY)));
        assertThat(map(good("iam", "get-policy", "--policy-arn", POLICY), "Policy"))
                .satisfies(policy -> assertThat(policy.get("AttachmentCount")).isEqualTo(1L));
        assertThat(
                        good("iam", "list-role-policies", "--role-name", "lab-fargate")
                                .get("PolicyNames"))
                .isEqualTo(List.of());
        assertThat(bad("iam", "delete-role", "--role-name", "lab-fargate"))
                .contains("(DeleteConflict)", "must detach all policies first");

        good("iam", "detach-role-policy", "--role-name", "lab-fargate", "--policy-arn", POLICY);
        good("iam", "delete-role", "--role-name", "lab-fargate");
        assertThat(bad("iam", "get-role", "--role-name", "lab-fargate"))
                .contains("(NoSuchEntity)", "The role with name lab-fargate cannot be found.");
    }

    @Test
    void roles_are_listed_in_pages() throws Exception {
        for (String name : List.of("one", "two", "three")) {
            good("iam", "create-role", "--role-name", name, "--assume-role-policy-document", TRUST);
        }
        List<String> names =
                list(good("iam", "list-roles", "--page-size", "2"), "Roles").stream()
                        .map(role -> String.valueOf(((Map<?, ?>) role).get("RoleName")))
                        .toList();
        assertThat(names).containsExactly("one", "three", "two");
        assertThat(
                        bad(
                                "iam",
                                "create-role",
                                "--role-name",
                                "One",
                                "--assume-role-policy-document",
                                TRUST))
                .contains("(EntityAlreadyExists)", "Role with name One already exists.");
    }

    @Test
    void an_assumed_role_may_call_until_its_session_ends() throws Exception {
        good(
                "iam",
                "create-role",
                "--role-name",
                "deployer",
                "--assume-role-policy-document",
                TRUST_ACCOUNT);
        Map<?, ?> assumed =
                good(
                        "sts",
                        "assume-role",
                        "--role-arn",
                        "arn:aws:iam::111122223333:role/deployer",
                        "--role-session-name",
                        "me",
                        "--duration-seconds",
                        "900");
        Map<?, ?> given = map(assumed, "Credentials");
        key =
                new KeyRing.Key(
                        text(given, "AccessKeyId"),
                        text(given, "SecretAccessKey"),
                        text(given, "SessionToken"),
                        null,
                        key.principal());
        assertThat(good("sts", "get-caller-identity").get("Arn"))
                .isEqualTo("arn:aws:sts::111122223333:assumed-role/deployer/me");

        KeyRing.Key session = key;
        key =
                new KeyRing.Key(
                        session.accessKeyId(),
                        session.secret(),
                        "another token",
                        null,
                        session.principal());
        assertThat(bad("sts", "get-caller-identity")).contains("(InvalidClientTokenId)");
    }

    @Test
    void a_role_that_does_not_trust_the_caller_is_denied() throws Exception {
        good("iam", "create-role", "--role-name", "pods", "--assume-role-policy-document", TRUST);
        assertThat(
                        bad(
                                "sts",
                                "assume-role",
                                "--role-arn",
                                "arn:aws:iam::111122223333:role/pods",
                                "--role-session-name",
                                "me"))
                .contains("(AccessDenied)")
                .contains(
                        "User: arn:aws:iam::111122223333:root is not authorized to perform:"
                                + " sts:AssumeRole on resource: arn:aws:iam::111122223333:role/pods");
    }

    @Test
    void wrong_keys_are_told_apart_in_every_protocol() throws Exception {
        KeyRing.Key root = key;
        key = new KeyRing.Key(root.accessKeyId(), "wrong", null, null, root.principal());
        assertThat(bad("sts", "get-caller-identity")).contains("(SignatureDoesNotMatch)");
        assertThat(bad("eks", "list-clusters")).contains("(InvalidSignatureException)");
        key = new KeyRing.Key("AKIAUNKNOWN", "wrong", null, null, root.principal());
        assertThat(bad("iam", "list-roles")).contains("(InvalidClientTokenId)");
        assertThat(bad("eks", "list-clusters")).contains("(UnrecognizedClientException)");
        assertThat(bad("ec2", "describe-vpcs")).contains("(AuthFailure)");
    }

    @Test
    void what_is_not_built_is_said_by_name() throws Exception {
        assertThat(bad("eks", "list-nodegroups", "--cluster-name", "c"))
                .contains("(NotImplemented)", "ListNodegroups");
        assertThat(bad("ec2", "describe-instances"))
                .contains("(NotImplemented)", "DescribeInstances");
        assertThat(bad("s3", "ls")).contains("(NotImplemented)", "'s3'");
        assertThat(bad("logs", "describe-log-groups")).contains("(NotImplemented)", "'logs'");
    }

    private Map<?, ?> good(String... arguments) throws Exception {
        Run run = run(arguments);
        assertThat(run.exit).as("%s: %s", List.of(arguments), run.err).isZero();
        if (run.out.isBlank()) {
            return Map.of();
        }
        return (Map<?, ?>) Objects.requireNonNull(new JsonReader().read(run.out));
    }

    private String bad(String... arguments) throws Exception {
        Run run = run(arguments);
        assertThat(run.exit).as("%s: %s", List.of(arguments), run.out).isNotZero();
        return run.err;
    }

    private record Run(int exit, String out, String err) {}

    private Run run(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of("aws", "--output", "json"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("AWS_"));
        environment.put("AWS_ENDPOINT_URL", aws.uri().toString());
        environment.put("AWS_ACCESS_KEY_ID", key.accessKeyId());
        environment.put("AWS_SECRET_ACCESS_KEY", key.secret());
        String token = key.sessionToken();
        if (token != null) {
            environment.put("AWS_SESSION_TOKEN", token);
        }
        environment.put("AWS_DEFAULT_REGION", RunningAws.REGION);
        environment.put("AWS_MAX_ATTEMPTS", "1");
        environment.put("AWS_CONFIG_FILE", "/nonexistent");
        environment.put("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
        environment.put("AWS_EC2_METADATA_DISABLED", "true");
        Process process = builder.start();
        process.getOutputStream().close();
        var err = new byte[1][];
        Thread errors =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                err[0] = process.getErrorStream().readAllBytes();
                            } catch (IOException e) {
                                err[0] = e.toString().getBytes(StandardCharsets.UTF_8);
                            }
                        });
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        errors.join();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), out, new String(err[0], StandardCharsets.UTF_8));
    }

    private static Map<?, ?> map(Map<?, ?> tree, String name) {
        return (Map<?, ?>) Objects.requireNonNull(tree.get(name));
    }

    private static Map<?, ?> map(Map<?, ?> tree, String name, int index) {
        return (Map<?, ?>) list(tree, name).get(index);
    }

    private static List<?> list(Map<?, ?> tree, String name) {
        return (List<?>) Objects.requireNonNull(tree.get(name));
    }

    private static String text(Map<?, ?> tree, String name) {
        return (String) Objects.requireNonNull(tree.get(name));
    }
}
