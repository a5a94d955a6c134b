package dev.berth.compat;

import static dev.berth.compat.RawCall.eks;
import static dev.berth.compat.RawCall.query;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.edge.cli.AwsClient;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bad inputs from outside, each answered in the platform's own words, after each of which all is as
 * it was. Texts are of eks-fargate §2, §4, §12.5 and aws-apis-from-java §C, where known.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ThirtyBadInputsIT {
    private static final String CLUSTER = "steady";
    private static final String PROFILES = "/clusters/" + CLUSTER + "/fargate-profiles";
    private static final String UNSUPPORTED = "Pod not supported on Fargate: ";
    private static final int TOO_LARGE_BYTES = 10_000_000;

    /** A large body is never held whole, so ten of them leave the process about as large. */
    private static final long GROWTH_MAX_KIBIBYTES = 24 * 1024;

    private static final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static OneBerth berth;
    private static SmallRegistry registry;
    private static final Map<String, String> made = new java.util.HashMap<>();
    private static String before = "";

    @BeforeAll
    static void a_berth_with_one_of_everything() throws Exception {
        OneBerth.needs("kubectl", "curl");
        registry = SmallRegistry.start();
        berth =
                OneBerth.inNewFolder()
                        .up("--versions", "strict", "--mirror", "docker.io=" + registry.address());
        berth.berth("image", "build-demo").good();
        var subnets =
                berth.network("172.27.0.0/16", "172.27.1.0/24", "172.27.2.0/24", "172.27.3.0/24");
        made.put("a", subnets.get(0));
        made.put("b", subnets.get(1));
        made.put("public", subnets.get(2));
        made.put("vpc", vpcOf(subnets.getFirst()));
        made.put(
                "tiny",
                make(
                        query(
                                "ec2",
                                "CreateSubnet",
                                "VpcId",
                                made.get("vpc"),
                                "CidrBlock",
                                "172.27.4.0/28",
                                "AvailabilityZone",
                                "eu-west-1a"),
                        "subnetId"));
        made.put("elsewhere", berth.network("172.26.0.0/16", "172.26.1.0/24").getFirst());
        made.put("igw", make(query("ec2", "CreateInternetGateway"), "internetGatewayId"));
        good(
                query(
                        "ec2",
                        "AttachInternetGateway",
                        "VpcId",
                        made.get("vpc"),
                        "InternetGatewayId",
                        made.get("igw")));
        made.put(
                "table",
                make(query("ec2", "CreateRouteTable", "VpcId", made.get("vpc")), "routeTableId"));
        good(
                query(
                        "ec2",
                        "CreateRoute",
                        "RouteTableId",
                        made.get("table"),
                        "DestinationCidrBlock",
                        "0.0.0.0/0",
                        "GatewayId",
                        made.get("igw")));
        good(
                query(
                        "ec2",
                        "AssociateRouteTable",
                        "RouteTableId",
                        made.get("table"),
                        "SubnetId",
                        made.get("public")));
        made.put(
                "clusterRole",
                berth.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy"));
        made.put(
                "podRole",
                berth.role(
                        "pods",
                        "eks-fargate-pods.amazonaws.com",
                        "AmazonEKSFargatePodExecutionRolePolicy"));
        made.put(
                "strangerRole",
                berth.role("stranger", "ec2.amazonaws.com", "AmazonEKSClusterPolicy"));
        made.put(
                "poorRole",
                berth.role("poor", "eks.amazonaws.com", "AmazonEKSFargatePodExecutionRolePolicy"));
        berth.cluster(CLUSTER, made.get("clusterRole"), List.of(made.get("a"), made.get("b")));
        profile("default", "fargate", made.get("a"));
        profile("tiny", "tiny", made.get("tiny"));
        before = state();
    }

    private static void profile(String name, String app, String subnet) throws Exception {
        berth.profile(
                CLUSTER,
                name,
                made.get("podRole"),
                List.of(subnet),
                Map.of("namespace", "default", "labels", Map.of("app", app)));
    }

    @AfterAll
    static void nothing_stays() throws Exception {
        if (berth != null) {
            berth.close();
        }
        if (registry != null) {
            registry.close();
        }
    }

    @AfterEach
    void all_is_as_it_was() throws Exception {
        try {
            OneBerth.until("all is as it was", ThirtyBadInputsIT::isAsItWas);
        } catch (AssertionError changed) {
            assertThat(state()).isEqualTo(before);
        } finally {
            // What a failed case leaves is not to fail the next one, too.
            berth.kubectl("delete", "pod", "--all", "--grace-period=1", "--timeout=20s");
        }
    }

    private static boolean isAsItWas() throws Exception {
        try {
            return state().equals(before);
        } catch (AwsClient.AwsError goneMeanwhile) {
            return false; // listed, and gone before it was described
        }
    }

    private static String good(RawCall call) throws Exception {
        var answer = call.send(http, berth);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.body();
    }

    private static String make(RawCall call, String element) throws Exception {
        var match = Pattern.compile("<" + element + ">([^<]+)<").matcher(good(call));
        assertThat(match.find()).isTrue();
        return match.group(1);
    }

    private static String vpcOf(String subnet) throws Exception {
        return make(query("ec2", "DescribeSubnets", "SubnetId.1", subnet), "vpcId");
    }

    /** All that calls could change, as the APIs tell it. */
    private static String state() throws Exception {
        var state = new StringBuilder();
        var client = berth.client();
        for (var action :
                List.of(
                        "DescribeVpcs",
                        "DescribeSubnets",
                        "DescribeRouteTables",
                        "DescribeInternetGateways",
                        "DescribeNatGateways",
                        "DescribeAddresses",
                        "DescribeSecurityGroups",
                        "DescribeTags")) {
            var tree = client.query("ec2", action, Map.of());
            state.append(action)
                    .append(tree.toString().replaceAll("\"requestId\":\"[^\"]*\"", ""))
                    .append('\n');
        }
        for (var role : client.query("iam", "ListRoles", Map.of()).path("Roles")) {
            var name = Map.of("RoleName", role.path("RoleName").asString());
            state.append(client.query("iam", "GetRole", name))
                    .append(client.query("iam", "ListAttachedRolePolicies", name))
                    .append('\n');
        }
        for (var cluster : client.eks("GET", "/clusters", null).path("clusters")) {
            var path = "/clusters/" + cluster.asString();
            state.append(client.eks("GET", path, null)).append('\n');
            for (var profile :
                    client.eks("GET", path + "/fargate-profiles", null)
                            .path("fargateProfileNames")) {
                state.append(
                                client.eks(
                                        "GET",
                                        path + "/fargate-profiles/" + profile.asString(),
                                        null))
                        .append('\n');
            }
        }
        state.append(
                berth.kubectl(
                        "get",
                        "pods,nodes,configmaps,mutatingwebhookconfigurations",
                        "-A",
                        "-o",
                        "jsonpath={range .items[*]}{.kind}{\" \"}{.metadata.name}{\" \"}{.metadata.uid}{\" \"}{.data.mapRoles}{\"\\n\"}{end}"));
        return state.toString();
    }

    // ---- AWS ----------------------------------------------------------------------------------

    /**
     * A call that AWS refuses.
     *
     * @param name what is bad about it
     * @param status the HTTP status
     * @param code the error's code
     * @param message the error's text, a regular expression
     */
    record BadCall(String name, RawCall call, int status, String code, Pattern message) {
        static BadCall of(String name, RawCall call, int status, String code, String message) {
            return new BadCall(name, call, status, code, Pattern.compile(Pattern.quote(message)));
        }

        static BadCall like(String name, RawCall call, int status, String code, String message) {
            return new BadCall(name, call, status, code, Pattern.compile(message));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<BadCall> calls() {
        return Stream.of(
                        unreadable(),
                        untrusted(),
                        unknown(),
                        badClusters(),
                        badProfiles(),
                        badRoles(),
                        badNetworks(),
                        wrongOrder())
                .flatMap(List::stream);
    }

    private static final String SERIALIZATION = "SerializationException";
    private static final String INVALID = "InvalidParameterException";
    private static final String IN_USE = "ResourceInUseException";

    private static List<BadCall> unreadable() {
        var large = "x".repeat(TOO_LARGE_BYTES);
        return List.of(
                BadCall.of(
                        "malformed JSON",
                        eks("POST", "/clusters", "{\"name\": \"x\","),
                        400,
                        SERIALIZATION,
                        ""),
                BadCall.of(
                        "JSON that is no object",
                        eks("POST", "/clusters", "[1]"),
                        400,
                        SERIALIZATION,
                        "START_ARRAY can not be converted to an Object"),
                BadCall.of(
                        "JSON a hundred thousand levels deep",
                        eks("POST", "/clusters", "[".repeat(100_000)),
                        400,
                        SERIALIZATION,
                        ""),
                BadCall.of(
                        "a number for a text",
                        eks("POST", "/clusters", "{\"name\": 5}"),
                        400,
                        SERIALIZATION,
                        "NUMBER_VALUE can not be converted to String"),
                BadCall.of(
                        "a list for a structure",
                        eks("POST", "/clusters", "{\"resourcesVpcConfig\": []}"),
                        400,
                        SERIALIZATION,
                        "START_ARRAY can not be converted to VpcConfigRequest"),
                BadCall.of(
                        "a text for a number",
                        eks("GET", "/clusters?maxResults=many", ""),
                        400,
                        SERIALIZATION,
                        "STRING_VALUE can not be converted to Integer"),
                BadCall.like(
                        "a body of 10 MB for EKS",
                        eks("POST", "/clusters", "{\"name\":\"" + large + "\"}"),
                        413,
                        "RequestEntityTooLarge",
                        "The request's body is larger than \\d+ bytes\\."),
                BadCall.like(
                        "a body of 10 MB for IAM",
                        query("iam", "CreateRole", "RoleName", large),
                        413,
                        "RequestEntityTooLarge",
                        "The request's body is larger than \\d+ bytes\\."),
                BadCall.like(
                        "a body of 10 MB for EC2",
                        query("ec2", "CreateVpc", "CidrBlock", large),
                        413,
                        "RequestEntityTooLarge",
                        "The request's body is larger than \\d+ bytes\\."));
    }

    private static RawCall.Signing signedWith(
            String key, String secret, String region, Duration skew) {
        return new RawCall.Signing(key, secret, region, skew, UnaryOperator.identity());
    }

    /** The same faults of signatures in each service's own words. */
    private static List<BadCall> untrusted() {
        var mismatch =
                "The request signature we calculated does not match the signature you provided."
                        + " Check your AWS Secret Access Key and signing method. Consult the"
                        + " service documentation for details.";
        var unknownKey = "The security token included in the request is invalid.";
        var wrongSecret = signedWith(null, "x".repeat(40), null, Duration.ZERO);
        var wrongKey = signedWith("AKIAAAAAAAAAAAAAAAAA", null, null, Duration.ZERO);
        var late = signedWith(null, null, null, Duration.ofMinutes(-20));
        var early = signedWith(null, null, null, Duration.ofMinutes(20));
        var elsewhere = signedWith(null, null, "ap-south-1", Duration.ZERO);
        var none = new RawCall.Signing(null, null, null, Duration.ZERO, _ -> null);
        var eks = eks("DELETE", "/clusters/" + CLUSTER, "");
        var iam = query("iam", "DeleteRole", "RoleName", "stranger");
        var sts = query("sts", "GetCallerIdentity");
        var ec2 = query("ec2", "DeleteVpc", "VpcId", made.get("vpc"));
        var found = new ArrayList<BadCall>();
        for (var query : List.of(iam, sts)) {
            var s = query.service();
            found.addAll(
                    List.of(
                            BadCall.of(
                                    s + ": wrong secret",
                                    query.signed(wrongSecret),
                                    403,
                                    "SignatureDoesNotMatch",
                                    mismatch),
                            BadCall.of(
                                    s + ": unknown key",
                                    query.signed(wrongKey),
                                    403,
                                    "InvalidClientTokenId",
                                    unknownKey),
                            BadCall.like(
                                    s + ": signed 20 minutes ago",
                                    query.signed(late),
                                    403,
                                    "SignatureDoesNotMatch",
                                    "Signature expired: \\d{8}T\\d{6}Z is now earlier than \\d{8}T\\d{6}Z \\(\\d{8}T\\d{6}Z - 5 min\\.\\)"),
                            BadCall.of(
                                    s + ": not signed",
                                    query.signed(none),
                                    403,
                                    "MissingAuthenticationToken",
                                    "Request is missing Authentication Token"),
                            BadCall.like(
                                    s + ": signed for another region",
                                    query.signed(elsewhere),
                                    403,
                                    "SignatureDoesNotMatch",
                                    "Credential should be scoped to a valid region\\..*")));
        }
        found.addAll(
                List.of(
                        BadCall.of(
                                "eks: wrong secret",
                                eks.signed(wrongSecret),
                                403,
                                "InvalidSignatureException",
                                mismatch),
                        BadCall.of(
                                "eks: unknown key",
                                eks.signed(wrongKey),
                                403,
                                "UnrecognizedClientException",
                                unknownKey),
                        BadCall.like(
                                "eks: signed in 20 minutes",
                                eks.signed(early),
                                403,
                                "InvalidSignatureException",
                                "Signature not yet current: \\d{8}T\\d{6}Z is still later than \\d{8}T\\d{6}Z \\(\\d{8}T\\d{6}Z \\+ 5 min\\.\\)"),
                        BadCall.of(
                                "eks: not signed",
                                eks.signed(none),
                                403,
                                "MissingAuthenticationTokenException",
                                "Request is missing Authentication Token"),
                        BadCall.like(
                                "eks: half an Authorization header",
                                eks.signed(
                                        new RawCall.Signing(
                                                null,
                                                null,
                                                null,
                                                Duration.ZERO,
                                                text -> text.replaceAll(", SignedHeaders.*", ""))),
                                400,
                                "IncompleteSignatureException",
                                "Authorization header requires 'Signature' parameter\\..*"),
                        BadCall.like(
                                "eks: signed for another region",
                                eks.signed(elsewhere),
                                403,
                                "InvalidSignatureException",
                                "Credential should be scoped to a valid region\\..*"),
                        BadCall.of(
                                "ec2: wrong secret",
                                ec2.signed(wrongSecret),
                                403,
                                "SignatureDoesNotMatch",
                                mismatch),
                        BadCall.of(
                                "ec2: unknown key",
                                ec2.signed(wrongKey),
                                401,
                                "AuthFailure",
                                "AWS was not able to validate the provided access credentials"),
                        BadCall.of(
                                "ec2: signed 20 minutes ago",
                                ec2.signed(late),
                                400,
                                "RequestExpired",
                                "Request has expired."),
                        BadCall.like(
                                "ec2: signed for another service",
                                new RawCall(
                                        "eks",
                                        "POST",
                                        "/",
                                        ec2.body(),
                                        ec2.contentType(),
                                        RawCall.Signing.GOOD),
                                404,
                                "UnknownOperationException",
                                ".*")));
        return found;
    }

    private static List<BadCall> unknown() {
        var notValid = "The action Fly is not valid for this web service.";
        return List.of(
                BadCall.of(
                        "iam: no such action", query("iam", "Fly"), 400, "InvalidAction", notValid),
                BadCall.of(
                        "sts: no such action", query("sts", "Fly"), 400, "InvalidAction", notValid),
                BadCall.of(
                        "ec2: no such action", query("ec2", "Fly"), 400, "InvalidAction", notValid),
                BadCall.of(
                        "eks: no such path",
                        eks("GET", "/wings/left", ""),
                        404,
                        "UnknownOperationException",
                        "There is no operation at GET /wings/left."),
                BadCall.of(
                        "an operation that is not built is no failure to try again",
                        query(
                                "ec2",
                                "RunInstances",
                                "ImageId",
                                "ami-1",
                                "MinCount",
                                "1",
                                "MaxCount",
                                "1"),
                        501,
                        "NotImplemented",
                        "Berth does not have the operation RunInstances of 'ec2' yet."),
                BadCall.of(
                        "ec2: an unknown parameter",
                        query("ec2", "CreateVpc", "CidrBlock", "10.9.0.0/16", "Wings", "2"),
                        400,
                        "UnknownParameter",
                        "The parameter Wings is not recognized"),
                BadCall.of(
                        "ec2: an unknown filter",
                        query(
                                "ec2",
                                "DescribeVpcs",
                                "Filter.1.Name",
                                "wings",
                                "Filter.1.Value.1",
                                "2"),
                        400,
                        "InvalidParameterValue",
                        "The filter 'wings' is invalid"),
                BadCall.of(
                        "eks: a page that never was",
                        eks("GET", "/clusters?nextToken=enp6", ""),
                        400,
                        INVALID,
                        "The nextToken is not valid"),
                BadCall.of(
                        "ec2: a page that never was",
                        query("ec2", "DescribeSubnets", "NextToken", "-1"),
                        400,
                        "InvalidNextToken",
                        "The token '-1' is invalid"),
                BadCall.of(
                        "iam: a page that never was",
                        query("iam", "ListRoles", "Marker", "-4"),
                        400,
                        "ValidationError",
                        "Invalid Marker."),
                BadCall.of(
                        "eks: more per page than there may be",
                        eks("GET", "/clusters?maxResults=101", ""),
                        400,
                        INVALID,
                        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy"
                                + " constraint: Member must have value less than or equal to 100"));
    }

    private static RawCall cluster(String name, String role, String subnets, String more) {
        return eks(
                "POST",
                "/clusters",
                "{\"name\":\"%s\",\"roleArn\":\"%s\",\"resourcesVpcConfig\":{\"subnetIds\":[%s]}%s}"
                        .formatted(name, role, subnets, more));
    }

    private static String quoted(String... keys) {
        return Stream.of(keys)
                .map(key -> "\"" + made.getOrDefault(key, key) + "\"")
                .collect(Collectors.joining(","));
    }

    private static List<BadCall> badClusters() {
        var role = made.get("clusterRole");
        var untrusted =
                "Role with arn: %s, could not be assumed because it does not exist or the trusted entity is not correct";
        var absentRole = "arn:aws:iam::111122223333:role/absent";
        return List.of(
                BadCall.of(
                        "a cluster without anything",
                        eks("POST", "/clusters", "{\"wings\": 2}"),
                        400,
                        INVALID,
                        "3 validation errors detected: Value null at 'name' failed to satisfy constraint:"
                                + " Member must not be null; Value null at 'roleArn' failed to satisfy"
                                + " constraint: Member must not be null; Value null at 'resourcesVpcConfig'"
                                + " failed to satisfy constraint: Member must not be null"),
                BadCall.like(
                        "a cluster's name of 101 letters",
                        cluster("x".repeat(101), role, quoted("a", "b"), ""),
                        400,
                        INVALID,
                        "1 validation error detected: Value 'x+' at 'name' failed to satisfy constraint:"
                                + " Member must have length less than or equal to 100"),
                BadCall.of(
                        "a cluster's name with a space",
                        cluster("my cluster", role, quoted("a", "b"), ""),
                        400,
                        INVALID,
                        "1 validation error detected: Value 'my cluster' at 'name' failed to satisfy"
                                + " constraint: Member must satisfy regular expression pattern:"
                                + " ^[0-9A-Za-z][A-Za-z0-9\\-_]*"),
                BadCall.of(
                        "a cluster's name that is taken",
                        cluster(CLUSTER, role, quoted("a", "b"), ""),
                        409,
                        IN_USE,
                        "Cluster already exists with name: " + CLUSTER),
                BadCall.of(
                        "a version that there is not, when versions are strict",
                        cluster("new", role, quoted("a", "b"), ",\"version\":\"1.15\""),
                        400,
                        INVALID,
                        "unsupported Kubernetes version 1.15"),
                BadCall.of(
                        "a cluster with a role that there is not",
                        cluster("new", absentRole, quoted("a", "b"), ""),
                        400,
                        INVALID,
                        untrusted.formatted(absentRole)),
                BadCall.of(
                        "a cluster with a role that trusts another service",
                        cluster("new", made.get("strangerRole"), quoted("a", "b"), ""),
                        400,
                        INVALID,
                        untrusted.formatted(made.get("strangerRole"))),
                BadCall.of(
                        "a cluster with a role without the policy",
                        cluster("new", made.get("poorRole"), quoted("a", "b"), ""),
                        400,
                        INVALID,
                        "The provided role doesn't have the Amazon EKS Managed Policies associated with it."
                                + " Please ensure the following policy is attached:"
                                + " arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"),
                BadCall.of(
                        "a cluster with another account's role",
                        cluster("new", "arn:aws:iam::444455556666:role/r", quoted("a", "b"), ""),
                        403,
                        "AccessDeniedException",
                        "Cross-account pass role is not allowed."),
                BadCall.of(
                        "a cluster in one zone only",
                        cluster("new", role, quoted("a", "tiny"), ""),
                        400,
                        INVALID,
                        "Subnets specified must be in at least two different AZs"),
                BadCall.of(
                        "a cluster in subnets that there are not",
                        cluster("new", role, quoted("a", "subnet-0123456789abcdef0"), ""),
                        400,
                        INVALID,
                        "There is no subnet with the ID 'subnet-0123456789abcdef0'"),
                BadCall.of(
                        "a cluster that there is not",
                        eks("GET", "/clusters/absent", ""),
                        404,
                        "ResourceNotFoundException",
                        "No cluster found for name: absent."),
                BadCall.of(
                        "deleting a cluster that there is not",
                        eks("DELETE", "/clusters/absent", ""),
                        404,
                        "ResourceNotFoundException",
                        "No cluster found for name: absent."));
    }

    private static RawCall newProfile(String name, String role, String subnets, String selectors) {
        return eks(
                "POST",
                PROFILES,
                "{\"fargateProfileName\":\"%s\",\"podExecutionRoleArn\":\"%s\",\"subnets\":[%s],\"selectors\":[%s]}"
                        .formatted(name, made.getOrDefault(role, role), subnets, selectors));
    }

    private static List<BadCall> badProfiles() {
        var selector = "{\"namespace\":\"default\"}";
        var misconfigured =
                "Misconfigured PodExecutionRole Trust Policy; Please add the"
                        + " eks-fargate-pods.amazonaws.com Service Principal";
        var labels =
                IntStream.rangeClosed(1, 6)
                        .mapToObj(i -> "\"k" + i + "\":\"v\"")
                        .collect(Collectors.joining(","));
        return List.of(
                BadCall.of(
                        "a profile's name with a dot",
                        newProfile("my.profile", "podRole", quoted("a"), selector),
                        400,
                        INVALID,
                        "The Fargate profile name parameter contains invalid characters. It should begin"
                                + " with letter or digit and can have any of the following characters: the"
                                + " set of Unicode letters, digits, hyphens and underscores."),
                BadCall.of(
                        "a profile's name that is taken",
                        newProfile("default", "podRole", quoted("a"), selector),
                        409,
                        IN_USE,
                        "A Fargate Profile already exists with this name in this cluster."),
                BadCall.of(
                        "a profile on a public subnet",
                        newProfile("new", "podRole", quoted("a", "public"), selector),
                        400,
                        INVALID,
                        "Subnet "
                                + made.get("public")
                                + " provided in Fargate Profile is not a private subnet"),
                BadCall.of(
                        "a profile on a subnet that there is not",
                        newProfile("new", "podRole", quoted("subnet-0123456789abcdef0"), selector),
                        400,
                        INVALID,
                        "There is no subnet with the ID 'subnet-0123456789abcdef0'"),
                BadCall.of(
                        "a profile on another VPC's subnet",
                        newProfile("new", "podRole", quoted("elsewhere"), selector),
                        400,
                        INVALID,
                        "Subnet "
                                + made.get("elsewhere")
                                + " provided in Fargate Profile is not in the VPC of cluster "
                                + CLUSTER),
                BadCall.of(
                        "a profile with six selectors",
                        newProfile(
                                "new",
                                "podRole",
                                quoted("a"),
                                String.join(",", java.util.Collections.nCopies(6, selector))),
                        400,
                        INVALID,
                        "Request contains more than 5 Selectors"),
                BadCall.of(
                        "a selector with six labels",
                        newProfile(
                                "new",
                                "podRole",
                                quoted("a"),
                                "{\"namespace\":\"default\",\"labels\":{" + labels + "}}"),
                        400,
                        INVALID,
                        "Request contains Selector with more than 5 Label pairs"),
                BadCall.of(
                        "a profile without selectors",
                        newProfile("new", "podRole", quoted("a"), ""),
                        400,
                        INVALID,
                        "Fargate Profile requires at least one selector."),
                BadCall.of(
                        "a selector without a namespace",
                        newProfile("new", "podRole", quoted("a"), "{\"labels\":{\"a\":\"b\"}}"),
                        400,
                        INVALID,
                        "Fargate Profile must have at least one selector with at least one namespace value."),
                BadCall.of(
                        "a selector's namespace that cannot be",
                        newProfile("new", "podRole", quoted("a"), "{\"namespace\":\"bad_ns\"}"),
                        400,
                        INVALID,
                        "The namespace provided is invalid."),
                BadCall.of(
                        "a selector's label that cannot be",
                        newProfile(
                                "new",
                                "podRole",
                                quoted("a"),
                                "{\"namespace\":\"default\",\"labels\":{\"bad key!\":\"x\"}}"),
                        400,
                        INVALID,
                        "Selector label provided is invalid."),
                BadCall.of(
                        "a profile with a role that there is not",
                        newProfile(
                                "new",
                                "arn:aws:iam::111122223333:role/absent",
                                quoted("a"),
                                selector),
                        400,
                        INVALID,
                        misconfigured),
                BadCall.of(
                        "a profile with a role that does not trust Fargate",
                        newProfile("new", "clusterRole", quoted("a"), selector),
                        400,
                        INVALID,
                        misconfigured),
                BadCall.of(
                        "a profile for a cluster that there is not",
                        eks(
                                "POST",
                                "/clusters/absent/fargate-profiles",
                                "{\"fargateProfileName\":\"new\",\"podExecutionRoleArn\":\""
                                        + made.get("podRole")
                                        + "\",\"selectors\":["
                                        + selector
                                        + "]}"),
                        404,
                        "ResourceNotFoundException",
                        "No cluster found for name: absent."),
                BadCall.of(
                        "deleting a profile that there is not",
                        eks("DELETE", PROFILES + "/absent", ""),
                        404,
                        "ResourceNotFoundException",
                        "No Fargate Profile found with name: absent."));
    }

    private static List<BadCall> badRoles() {
        var trust = OneBerth.trust("eks.amazonaws.com");
        return List.of(
                BadCall.of(
                        "a role's name that is taken",
                        query(
                                "iam",
                                "CreateRole",
                                "RoleName",
                                "pods",
                                "AssumeRolePolicyDocument",
                                trust),
                        409,
                        "EntityAlreadyExists",
                        "Role with name pods already exists."),
                BadCall.of(
                        "a role's name with a space",
                        query(
                                "iam",
                                "CreateRole",
                                "RoleName",
                                "a b",
                                "AssumeRolePolicyDocument",
                                trust),
                        400,
                        "ValidationError",
                        "1 validation error detected: Value at 'roleName' failed to satisfy constraint:"
                                + " Member must satisfy regular expression pattern: [\\w+=,.@-]+"),
                BadCall.of(
                        "a role's name of 65 letters",
                        query(
                                "iam",
                                "CreateRole",
                                "RoleName",
                                "x".repeat(65),
                                "AssumeRolePolicyDocument",
                                trust),
                        400,
                        "ValidationError",
                        "1 validation error detected: Value at 'roleName' failed to satisfy constraint:"
                                + " Member must have length less than or equal to 64"),
                BadCall.of(
                        "a trust policy that is not JSON",
                        query(
                                "iam",
                                "CreateRole",
                                "RoleName",
                                "new",
                                "AssumeRolePolicyDocument",
                                "{"),
                        400,
                        "MalformedPolicyDocument",
                        "This policy contains invalid Json"),
                BadCall.of(
                        "a role that there is not",
                        query("iam", "GetRole", "RoleName", "absent"),
                        404,
                        "NoSuchEntity",
                        "The role with name absent cannot be found."),
                BadCall.of(
                        "a policy that there is not",
                        query(
                                "iam",
                                "AttachRolePolicy",
                                "RoleName",
                                "pods",
                                "PolicyArn",
                                "arn:aws:iam::aws:policy/NoSuchPolicyAtAll"),
                        404,
                        "NoSuchEntity",
                        "Policy arn:aws:iam::aws:policy/NoSuchPolicyAtAll does not exist or is not attachable."),
                BadCall.like(
                        "assuming a role that does not trust the caller",
                        query(
                                "sts",
                                "AssumeRole",
                                "RoleArn",
                                made.get("podRole"),
                                "RoleSessionName",
                                "me"),
                        403,
                        "AccessDenied",
                        "User: arn:aws:iam::111122223333:root is not authorized to perform: sts:AssumeRole on"
                                + " resource: "
                                + Pattern.quote(made.get("podRole"))
                                + ".*"));
    }

    private static List<BadCall> badNetworks() {
        return List.of(
                BadCall.of(
                        "a VPC without a range",
                        query("ec2", "CreateVpc"),
                        400,
                        "MissingParameter",
                        "The request must contain the parameter CidrBlock"),
                BadCall.like(
                        "a VPC whose range is none",
                        query("ec2", "CreateVpc", "CidrBlock", "300.1.0.0/16"),
                        400,
                        "InvalidParameterValue",
                        "Value \\(300\\.1\\.0\\.0/16\\) for parameter cidrBlock is invalid\\. This is not a valid CIDR block\\."),
                BadCall.of(
                        "a VPC whose range is too large",
                        query("ec2", "CreateVpc", "CidrBlock", "10.0.0.0/8"),
                        400,
                        "InvalidVpc.Range",
                        "The CIDR '10.0.0.0/8' is invalid."),
                BadCall.of(
                        "a subnet of a VPC that there is not",
                        query(
                                "ec2",
                                "CreateSubnet",
                                "VpcId",
                                "vpc-0123456789abcdef0",
                                "CidrBlock",
                                "10.0.0.0/24"),
                        400,
                        "InvalidVpcID.NotFound",
                        "The vpc ID 'vpc-0123456789abcdef0' does not exist"),
                BadCall.of(
                        "a subnet that overlaps another",
                        query(
                                "ec2",
                                "CreateSubnet",
                                "VpcId",
                                made.get("vpc"),
                                "CidrBlock",
                                "172.27.1.128/25"),
                        400,
                        "InvalidSubnet.Conflict",
                        "The CIDR '172.27.1.128/25' conflicts with another subnet"),
                BadCall.of(
                        "a subnet outside its VPC",
                        query(
                                "ec2",
                                "CreateSubnet",
                                "VpcId",
                                made.get("vpc"),
                                "CidrBlock",
                                "10.0.0.0/24"),
                        400,
                        "InvalidSubnet.Range",
                        "The CIDR '10.0.0.0/24' is invalid."));
    }

    private static List<BadCall> wrongOrder() {
        return List.of(
                BadCall.like(
                        "deleting a cluster with profiles",
                        eks("DELETE", "/clusters/" + CLUSTER, ""),
                        409,
                        IN_USE,
                        "Cannot delete because cluster "
                                + CLUSTER
                                + " currently has Fargate profile (default|tiny) in status ACTIVE"),
                BadCall.of(
                        "deleting a VPC with subnets",
                        query("ec2", "DeleteVpc", "VpcId", made.get("vpc")),
                        400,
                        "DependencyViolation",
                        "The vpc '"
                                + made.get("vpc")
                                + "' has dependencies and cannot be deleted."),
                BadCall.of(
                        "deleting a subnet of a profile",
                        query("ec2", "DeleteSubnet", "SubnetId", made.get("tiny")),
                        400,
                        "DependencyViolation",
                        "The subnet '"
                                + made.get("tiny")
                                + "' has dependencies and cannot be deleted."),
                BadCall.of(
                        "deleting an internet gateway that is attached",
                        query("ec2", "DeleteInternetGateway", "InternetGatewayId", made.get("igw")),
                        400,
                        "DependencyViolation",
                        "The internetGateway '"
                                + made.get("igw")
                                + "' has dependencies and cannot be deleted."),
                BadCall.of(
                        "deleting a route table that a subnet uses",
                        query("ec2", "DeleteRouteTable", "RouteTableId", made.get("table")),
                        400,
                        "DependencyViolation",
                        "The routeTable '"
                                + made.get("table")
                                + "' has dependencies and cannot be deleted."),
                BadCall.of(
                        "deleting a role with a policy",
                        query("iam", "DeleteRole", "RoleName", "pods"),
                        409,
                        "DeleteConflict",
                        "Cannot delete entity, must detach all policies first."));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("calls")
    void aws_refuses_in_its_own_words(BadCall bad) throws Exception {
        refuses(bad);
    }

    private static void refuses(BadCall bad) throws Exception {
        var answer = bad.call().send(http, berth);
        assertThat(answer.status() + " " + answer.code())
                .as(answer.body())
                .isEqualTo(bad.status() + " " + bad.code());
        assertThat(answer.message()).matches(bad.message());
    }

    @Test
    void ten_large_bodies_leave_berth_as_small_as_it_was() throws Exception {
        var large =
                unreadable().stream().filter(bad -> bad.status() == 413).findFirst().orElseThrow();
        refuses(large);
        var held = heldKibibytes();
        for (var i = 0; i < 10; i++) {
            refuses(large);
        }
        assertThat(heldKibibytes() - held).isLessThan(GROWTH_MAX_KIBIBYTES);
    }

    /** What Berth's heap still holds after a collection; how far it may grow, its options bound. */
    private static long heldKibibytes() throws Exception {
        jcmd("GC.run");
        var spaces =
                Pattern.compile("total \\d+K, used (\\d+)K")
                        .matcher(jcmd("GC.heap_info"))
                        .results()
                        .map(found -> Long.parseLong(found.group(1)))
                        .toList();
        assertThat(spaces).as("the young and the old generation").hasSizeGreaterThanOrEqualTo(2);
        return spaces.stream().mapToLong(Long::longValue).sum();
    }

    private static String jcmd(String command) throws Exception {
        return new Shell()
                .run(
                        "",
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        String.valueOf(berth.pid()),
                        command)
                .good();
    }

    @Test
    void no_profile_is_made_or_deleted_while_another_is_deleted() throws Exception {
        profile("leaving", "leaving", made.get("a"));
        berth.apply(
                pod(
                        "stubborn",
                        "leaving",
                        "busybox",
                        "C:command: [sh, -c, \"trap : TERM; while :; do sleep 0.1; done\"]",
                        "terminationGracePeriodSeconds: 4"));
        berth.kubectl("wait", "--for=condition=Ready", "pod/stubborn", "--timeout=30s");
        good(eks("DELETE", PROFILES + "/leaving", ""));
        refuses(
                BadCall.of(
                        "making",
                        newProfile("new", "podRole", quoted("a"), "{\"namespace\":\"default\"}"),
                        409,
                        IN_USE,
                        "Cannot create Fargate Profile new because cluster "
                                + CLUSTER
                                + " currently has Fargate profile leaving in status DELETING"));
        refuses(
                BadCall.of(
                        "deleting",
                        eks("DELETE", PROFILES + "/tiny", ""),
                        409,
                        IN_USE,
                        "Cannot delete Fargate profile tiny because cluster "
                                + CLUSTER
                                + " currently has Fargate profile leaving in status DELETING"));
    }

    @Test
    void no_profile_is_made_while_another_is_made() throws Exception {
        var apiServer = process("kube-apiserver");
        signal("STOP", apiServer);
        try {
            good(newProfile("slow", "podRole", quoted("a"), "{\"namespace\":\"slow\"}"));
            refuses(
                    BadCall.of(
                            "making",
                            newProfile("new", "podRole", quoted("a"), "{\"namespace\":\"new\"}"),
                            409,
                            IN_USE,
                            "Cannot create Fargate Profile new because cluster "
                                    + CLUSTER
                                    + " currently has Fargate profile slow in status CREATING"));
        } finally {
            signal("CONT", apiServer);
        }
        var slow = eks("GET", PROFILES + "/slow", "");
        OneBerth.until("slow is active", () -> good(slow).contains("\"ACTIVE\""));
        good(eks("DELETE", PROFILES + "/slow", ""));
        OneBerth.until("slow is gone", () -> slow.send(http, berth).status() == 404);
    }

    private static long process(String part) {
        return ProcessHandle.allProcesses()
                .filter(process -> {
                    var command = commandLine(process.pid());
                    return command.contains(part) && command.contains(berth.data().toString());
                })
                .findFirst()
                .orElseThrow()
                .pid();
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", String.valueOf(pid), "cmdline"));
        } catch (java.io.IOException gone) {
            return "";
        }
    }

    private static void signal(String name, long pid) throws Exception {
        berth.shell().run("", "kill", "-" + name, String.valueOf(pid)).good();
    }

    // ---- who calls Kubernetes -----------------------------------------------------------------

    static Stream<String> tokens() {
        return Stream.of(
                "no token of ours",
                "expired",
                "of another cluster",
                "of tomorrow",
                "of another key");
    }

    @ParameterizedTest(name = "a token {0}")
    @MethodSource("tokens")
    void kubernetes_knows_nobody_by_a_bad_token(String kind) throws Exception {
        var client = berth.client();
        var now = Instant.now();
        var token =
                switch (kind) {
                    case "expired" -> client.token(CLUSTER, now.minus(Duration.ofMinutes(16)));
                    case "of another cluster" -> client.token("other", now);
                    case "of tomorrow" -> client.token(CLUSTER, now.plus(Duration.ofDays(1)));
                    case "of another key" ->
                            new dev.berth.edge.cli.AwsClient(
                                            java.net.URI.create(
                                                    berth.environment("AWS_ENDPOINT_URL")),
                                            "eu-west-1",
                                            berth.environment("AWS_ACCESS_KEY_ID"),
                                            "x".repeat(40))
                                    .token(CLUSTER, now);
                    default -> "k8s-aws-v1.bm8gdG9rZW4";
                };
        var file = berth.data().resolve("bad.kubeconfig");
        berth.kubeconfig(CLUSTER, token, file);
        var answer =
                berth.shell().run("", "kubectl", "--kubeconfig", file.toString(), "get", "pods");
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.error())
                .contains("You must be logged in to the server")
                .contains("Unauthorized");
    }

    @Test
    void kubernetes_shows_nothing_without_a_token() throws Exception {
        var endpoint =
                berth.client()
                        .eks("GET", "/clusters/" + CLUSTER, null)
                        .path("cluster")
                        .path("endpoint")
                        .asString();
        assertThat(
                        berth.shell()
                                .run(
                                        "",
                                        "curl",
                                        "-sk",
                                        endpoint + "/api/v1/namespaces/default/pods")
                                .good())
                .contains("\"reason\": \"Forbidden\"")
                .contains("User \\\"system:anonymous\\\" cannot list resource \\\"pods\\\"");
    }

    // ---- pods ---------------------------------------------------------------------------------

    /**
     * A pod that Fargate refuses.
     *
     * @param spec lines of its spec; those that begin with C: belong to the container
     * @param reason of the condition PodScheduled
     * @param words of condition and event
     */
    record BadPod(String name, List<String> spec, String reason, String words) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static BadPod unsupported(String name, String words, String... spec) {
        return new BadPod(name, List.of(spec), "POD_UNSUPPORTED_ON_FARGATE", UNSUPPORTED + words);
    }

    static Stream<BadPod> pods() {
        var tooBig = "Your pod's cpu/memory requirements exceed the max Fargate configuration";
        return Stream.of(
                unsupported(
                        "privileged",
                        "invalid SecurityContext fields: Privileged",
                        "C:securityContext: {privileged: true}"),
                unsupported(
                        "host-network", "fields not supported: HostNetwork", "hostNetwork: true"),
                unsupported(
                        "host-port",
                        "port contains HostIP or HostPort",
                        "C:ports: [{containerPort: 80, hostPort: 8080}]"),
                unsupported(
                        "host-path",
                        "volumes not supported: host is of an unsupported volume Type",
                        "volumes: [{name: host, hostPath: {path: /var}}]"),
                unsupported(
                        "no-claim",
                        "volumes not supported: data not supported because:"
                                + " persistentvolumeclaim \"data\" not found",
                        "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]"),
                unsupported(
                        "all-at-once",
                        "fields not supported: HostNetwork, HostPID, HostIPC, invalid SecurityContext"
                                + " fields: Privileged, volumes not supported: host is of an unsupported"
                                + " volume Type, port contains HostIP or HostPort",
                        "C:securityContext: {privileged: true}",
                        "C:ports: [{containerPort: 80, hostPort: 80}]",
                        "hostNetwork: true",
                        "hostPID: true",
                        "hostIPC: true",
                        "volumes: [{name: host, hostPath: {path: /var}}]"),
                new BadPod(
                        "too-many-cpus",
                        List.of("C:resources: {requests: {cpu: 17}}"),
                        "POD_CPU_MEM_EXCEEDS_MAX_FARGATE_SIZE",
                        tooBig),
                new BadPod(
                        "too-much-memory",
                        List.of("C:resources: {requests: {memory: 121Gi}}"),
                        "POD_CPU_MEM_EXCEEDS_MAX_FARGATE_SIZE",
                        tooBig),
                new BadPod(
                        "no-such-node",
                        List.of("nodeSelector: {disk: ssd}"),
                        "POD_NODE_SELECTOR_NOT_SATISFIED",
                        "MatchNodeSelector failed: Fargate profile default cannot satisfy pod's node"
                                + " selector/affinity requirements"));
    }

    private static String pod(String name, String app, String image, String... spec) {
        var yaml =
                new StringBuilder(
                        """
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: %s, labels: {app: %s}}
                        spec:
                          containers:
                          - name: main
                            image: %s
                        """
                                .formatted(name, app, image));
        for (var line : spec) {
            if (line.startsWith("C:")) {
                yaml.append("    ").append(line.substring(2)).append('\n');
            }
        }
        for (var line : spec) {
            if (!line.startsWith("C:")) {
                yaml.append("  ").append(line).append('\n');
            }
        }
        return yaml.append("---\n").toString();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pods")
    void fargate_refuses_a_pod_that_then_waits(BadPod bad) throws Exception {
        berth.apply(pod(bad.name(), "fargate", "nginx", bad.spec().toArray(String[]::new)));
        waits(bad.name(), bad.reason(), bad.words());
        berth.kubectl("delete", "pod", bad.name(), "--timeout=10s");
    }

    private static void waits(String pod, String reason, String words) throws Exception {
        berth.kubectl(
                "wait",
                "--for=jsonpath={.status.conditions[?(@.type==\"PodScheduled\")].reason}=" + reason,
                "pod/" + pod,
                "--timeout=20s");
        assertThat(
                        berth.kubectl(
                                "get",
                                "pod",
                                pod,
                                "-o",
                                "jsonpath={.status.phase}|{.spec.nodeName}|{.status.conditions[?(@.type==\"PodScheduled\")].status}|{.status.conditions[?(@.type==\"PodScheduled\")].message}"))
                .isEqualTo("Pending||False|" + words);
        OneBerth.until(
                "an event tells it",
                () -> events(pod).contains("Warning|FailedScheduling|fargate-scheduler|" + words));
    }

    private static String events(String pod) throws Exception {
        return berth.kubectl(
                "get",
                "events",
                "--field-selector=involvedObject.name=" + pod,
                "-o",
                "jsonpath={range .items[*]}{.type}|{.reason}|{.source.component}|{.message}{\"\\n\"}{end}");
    }

    @Test
    void the_api_server_refuses_a_pod_whose_name_cannot_be() throws Exception {
        var answer =
                berth.shell()
                        .run(pod("Bad_Name", "fargate", "nginx"), "kubectl", "apply", "-f", "-");
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.error()).contains("The Pod \"Bad_Name\" is invalid: metadata.name");
    }

    @Test
    void a_full_subnet_lets_pods_wait_until_an_address_is_free() throws Exception {
        // Sixteen addresses less the five that AWS keeps.
        var all =
                IntStream.range(0, 11)
                        .mapToObj(i -> pod("filler-" + i, "tiny", "registry.k8s.io/pause:3.10"))
                        .collect(Collectors.joining());
        berth.apply(all);
        berth.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=40s");
        berth.apply(pod("twelfth", "tiny", "registry.k8s.io/pause:3.10"));
        waits(
                "twelfth",
                "POD_PROVISIONING_TIMED_OUT",
                "Pod provisioning timed out (will retry) for pod: default/twelfth");
        berth.kubectl("delete", "pod", "filler-3", "--timeout=20s");
        berth.kubectl("wait", "--for=condition=Ready", "pod/twelfth", "--timeout=30s");
        berth.kubectl("delete", "pod", "--all", "--grace-period=1", "--timeout=40s");
    }

    // ---- images -------------------------------------------------------------------------------

    @Test
    void an_unknown_image_is_tried_less_and_less_often() throws Exception {
        berth.apply(pod("unknown-image", "fargate", "no-such-image:1"));
        waitsForImage("unknown-image", "ErrImagePull");
        waitsForImage("unknown-image", "ImagePullBackOff");
        assertThat(events("unknown-image"))
                .contains("Failed to pull image \"no-such-image:1\"")
                .contains("docker.io/library/no-such-image:1: not found")
                .contains("Error: ErrImagePull");
        berth.kubectl("delete", "pod", "unknown-image", "--timeout=20s");
    }

    @Test
    void an_image_of_another_platform_is_not_run() throws Exception {
        registry.put("other-platform", "1", SmallImage.of("s390x"));
        berth.apply(pod("other-platform", "fargate", "other-platform:1"));
        waitsForImage("other-platform", "ErrImagePull");
        assertThat(events("other-platform"))
                .contains("no match for platform in manifest: not found");
        berth.kubectl("delete", "pod", "other-platform", "--timeout=20s");
    }

    @Test
    void an_image_name_that_cannot_be_is_never_pulled() throws Exception {
        berth.apply(pod("bad-image-name", "fargate", "\"UPPER/case:::\""));
        waitsForImage("bad-image-name", "InvalidImageName");
        assertThat(events("bad-image-name"))
                .contains("Failed to apply default image tag \"UPPER/case:::\"");
        berth.kubectl("delete", "pod", "bad-image-name", "--timeout=20s");
    }

    private static void waitsForImage(String pod, String reason) throws Exception {
        berth.kubectl(
                "wait",
                "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=" + reason,
                "pod/" + pod,
                "--timeout=40s");
    }

    @Test
    void an_import_refuses_what_is_no_image_and_what_is_another_platforms() throws Exception {
        var images = berth.berth("image", "list").good();
        var layout = berth.data().resolve("s390x");
        SmallImage.of("s390x").writeLayout(layout, "docker.io/library/foreign:1");
        var foreign = berth.berth("image", "import", layout.toString());
        assertThat(foreign.exitCode()).isEqualTo(1);
        assertThat(foreign.error())
                .isEqualTo(
                        "berth: cannot import "
                                + layout
                                + ": no match for platform in manifest: not found\n");
        var text = Files.writeString(berth.data().resolve("text"), "no image at all");
        var noImage = berth.berth("image", "import", text.toString());
        assertThat(noImage.exitCode()).isEqualTo(1);
        assertThat(noImage.error())
                .startsWith("berth: cannot import " + text + ": ")
                .hasLineCount(1);
        assertThat(berth.berth("image", "list").good()).isEqualTo(images);
    }

    // ---- berth's own commands -----------------------------------------------------------------

    static Stream<List<String>> wrongUses() {
        return Stream.of(
                List.of(),
                List.of("fly"),
                List.of("up", "--port", "high"),
                List.of("up", "--port", "70000"),
                List.of("up", "--account", "12"),
                List.of("up", "--versions", "some"),
                List.of("up", "--mirror", "docker.io"),
                List.of("up", "--wings"),
                List.of("kubeconfig"),
                List.of("token"),
                List.of("image"),
                List.of("image", "import"),
                List.of("status", "--data"));
    }

    @ParameterizedTest(name = "berth {0}")
    @MethodSource("wrongUses")
    void wrong_use_ends_with_2_and_one_line(List<String> arguments) throws Exception {
        var answer = berth.shell().berth(arguments.toArray(String[]::new));
        assertThat(answer.exitCode()).isEqualTo(2);
        assertThat(answer.output()).isEmpty();
        assertThat(answer.error()).startsWith("berth: ").hasLineCount(1);
    }

    @Test
    void a_taken_port_and_a_foreign_address_are_told_in_one_line() throws Exception {
        var folder = berth.data().resolveSibling(berth.data().getFileName() + "-second");
        var taken = java.net.URI.create(berth.environment("AWS_ENDPOINT_URL")).getPort();
        try {
            for (var wrong :
                    Map.of(
                                    List.of("--port", String.valueOf(taken)),
                                    "Address already in use",
                                    List.of("--port", "0", "--listen", "203.0.113.9"),
                                    "Cannot assign requested address")
                            .entrySet()) {
                var command =
                        new ArrayList<>(List.of("up", "--detach", "--data", folder.toString()));
                command.addAll(wrong.getKey());
                var answer = berth.shell().berth(command.toArray(String[]::new));
                assertThat(answer.exitCode()).isEqualTo(1);
                assertThat(answer.error().lines().reduce((_, last) -> last).orElseThrow())
                        .startsWith("berth: Berth ended while it started: cannot listen on ")
                        .contains(wrong.getValue());
            }
        } finally {
            berth.shell().berth("down", "--purge", "--data", folder.toString()).good();
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void commands_tell_in_one_line_what_they_could_not_do() throws Exception {
        var never = berth.data().resolveSibling("never-" + berth.data().getFileName());
        for (var failing :
                Map.of(
                                List.of("env", "--data", never.toString()),
                                "berth: no Berth has run with data in "
                                        + never
                                        + " yet: start one with berth up",
                                List.of(
                                        "kubeconfig",
                                        "no such/cluster",
                                        "--data",
                                        berth.data().toString()),
                                "berth: No cluster found for name: no such/cluster.",
                                List.of(
                                        "image",
                                        "import",
                                        "/no/such/file",
                                        "--data",
                                        berth.data().toString()),
                                "berth: cannot import /no/such/file: no such file")
                        .entrySet()) {
            var answer = berth.shell().berth(failing.getKey().toArray(String[]::new));
            assertThat(answer.exitCode()).isEqualTo(1);
            assertThat(answer.error()).isEqualTo(failing.getValue() + "\n");
        }
        assertThat(berth.shell().berth("status", "--data", never.toString()).output())
                .isEqualTo("not running (data: " + never + ")\n");
        assertThat(never).doesNotExist();
    }
}
