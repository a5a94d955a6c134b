package dev.berth.edge.authn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The form of a token, check by check. Source: eks-fargate §13.2 (D) */
class ClusterTokenTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:10:00Z");
    private static final StsHosts HOSTS =
            new StsHosts("aws", Set.of("127.0.0.1:4566", "localhost:4566"));

    private static final String QUERY =
            "Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256"
                    + "&X-Amz-Credential=AKIA%2F20260102%2Feu-west-1%2Fsts%2Faws4_request"
                    + "&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60"
                    + "&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=00";
    private static final String GOOD = "https://sts.eu-west-1.amazonaws.com/?" + QUERY;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://sts.eu-west-1.amazonaws.com/",
                "https://sts.amazonaws.com/",
                "https://sts-fips.us-east-1.amazonaws.com/",
                "http://127.0.0.1:4566/",
                "https://localhost:4566/"
            })
    void a_good_token_gives_its_url(String origin) throws TokenRefused {
        var url = origin + "?" + QUERY;
        assertThat(ClusterToken.url(token(url), HOSTS, NOW)).isEqualTo(url);
    }

    @Test
    void its_length_is_limited_first() {
        refused("x".repeat(4097), "token is too large");
        refused("k8s-aws-v1." + "ä".repeat(2045), "token is too large");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "k8s-aws-v2.abc", "K8S-AWS-V1.abc", "eyJhbGciOi.x.y"})
    void it_begins_with_its_version(String token) {
        refused(token, "token is missing expected \"k8s-aws-v1.\" prefix");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"k8s-aws-v1.a", "k8s-aws-v1.YWI=", "k8s-aws-v1.a+b/", "k8s-aws-v1. YWI"})
    void it_is_base64url_without_padding(String token) {
        refused(token, "illegal base64 data");
    }

    @Test
    void what_is_no_text_or_no_url_is_refused() {
        refused(
                "k8s-aws-v1."
                        + Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[] {-1}),
                "the pre-signed URL is not text");
        refused(token("https://[/?"), "the pre-signed URL cannot be parsed");
        refused(token("https://sts.amazonaws.com/?a b"), "the pre-signed URL cannot be parsed");
    }

    @ParameterizedTest
    @CsvSource({
        "http://sts.eu-west-1.amazonaws.com/, http",
        "ftp://sts.amazonaws.com/, ftp",
        "//sts.amazonaws.com/, ''",
        "file:///etc/passwd, file",
        "http://10.0.0.1/, http",
    })
    void its_scheme_is_https(String origin, String scheme) {
        refused(
                token(origin + "?" + QUERY),
                "unexpected scheme \"" + scheme + "\" in pre-signed URL");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sts.example.com",
                "sts.eu-west-1.amazonaws.com.example.com",
                "xsts.eu-west-1.amazonaws.com",
                "sts.cn-north-1.amazonaws.com.cn",
                "sts.cn-north-1.amazonaws.com",
                "sts.us-gov-west-1.amazonaws.com",
                "sts.eu-west-1.amazonaws.com:8443",
                "me@sts.amazonaws.com",
                "ec2.amazonaws.com",
                "127.0.0.1:4567",
                "169.254.169.254"
            })
    void its_host_is_one_of_sts_in_the_partition(String host) {
        refused(
                token("https://" + host + "/?" + QUERY),
                "unexpected hostname \"" + host + "\" in pre-signed URL");
    }

    @Test
    void other_partitions_have_their_own_hosts() throws TokenRefused {
        var china = new StsHosts("aws-cn", Set.of());
        var url = "https://sts.cn-north-1.amazonaws.com.cn/?" + QUERY;
        assertThat(ClusterToken.url(token(url), china, NOW)).isEqualTo(url);
        assertThatThrownBy(() ->
                        ClusterToken.url(token("https://sts.amazonaws.com/?" + QUERY), china, NOW))
                .hasMessageContaining("unexpected hostname");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/x", "//", "/%2F", "/./"})
    void its_path_is_a_slash(String path) {
        refused(
                token("https://sts.amazonaws.com" + path + "?" + QUERY),
                "unexpected path in pre-signed URL");
    }

    @Test
    void a_key_that_comes_in_two_cases_is_a_duplicate() {
        refused(token(GOOD + "&action=x"), "duplicate query parameter found: \"action\"");
    }

    @Test
    void unknown_keys_are_refused() {
        refused(token(GOOD + "&Foo=x"), "non-whitelisted query parameter \"Foo\"");
    }

    @Test
    void a_key_may_come_once() {
        refused(
                token(GOOD + "&Action=GetCallerIdentity"),
                "query parameter with multiple values not supported");
    }

    @Test
    void a_broken_escape_is_malformed() {
        // java.net.URI has no such text, so it is the whole URL that does not parse.
        refused(token(GOOD + "&a=%zz"), "the pre-signed URL cannot be parsed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"AssumeRole", "getcalleridentity", ""})
    void its_action_is_get_caller_identity(String action) {
        refused(
                token(GOOD.replace("GetCallerIdentity", action)),
                "unexpected action parameter in pre-signed URL");
    }

    @ParameterizedTest
    @ValueSource(strings = {"host", "host%3Bx-k8s-aws-id2", ""})
    void the_clusters_header_is_signed(String headers) {
        refused(
                token(GOOD.replace("host%3Bx-k8s-aws-id", headers)),
                "client did not sign the x-k8s-aws-id header in the pre-signed URL");
    }

    @ParameterizedTest
    @CsvSource({"-1, -1", "901, 901", "x, 0", "'', 0", "99999999999, 0"})
    void expires_is_at_most_fifteen_minutes(String value, String told) {
        refused(
                token(GOOD.replace("Expires=60", "Expires=" + value)),
                "invalid X-Amz-Expires parameter in pre-signed URL: " + told);
    }

    @Test
    void expires_has_to_be_there() {
        refused(
                token(GOOD.replace("&X-Amz-Expires=60", "")),
                "invalid X-Amz-Expires parameter in pre-signed URL: 0");
    }

    @Test
    void the_date_has_to_be_there() {
        refused(
                token(GOOD.replace("&X-Amz-Date=20260102T030405Z", "")),
                "X-Amz-Date parameter must be present in pre-signed URL");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"2026-01-02", "20260102T030405", "20260230T030405Z", "20260102T250405Z"})
    void the_date_has_one_form(String date) {
        refused(
                token(GOOD.replace("20260102T030405Z", date)),
                "error parsing X-Amz-Date parameter " + date + " into format 20060102T150405Z");
    }

    @Test
    void a_token_lives_fifteen_minutes_to_the_second() throws TokenRefused {
        var last = Instant.parse("2026-01-02T03:19:05Z");
        assertThat(ClusterToken.url(token(GOOD), HOSTS, last)).isEqualTo(GOOD);
        assertThatThrownBy(() -> ClusterToken.url(token(GOOD), HOSTS, last.plusMillis(1)))
                .hasMessage(
                        "input token was not properly formatted: X-Amz-Date parameter is expired"
                                + " (15 minute expiration) 2026-01-02 03:04:05 +0000 UTC");
    }

    private static void refused(String token, String message) {
        assertThatThrownBy(() -> ClusterToken.url(token, HOSTS, NOW))
                .isInstanceOf(TokenRefused.class)
                .hasMessage("input token was not properly formatted: " + message);
    }

    static String token(String url) {
        return "k8s-aws-v1."
                + Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(url.getBytes(StandardCharsets.UTF_8));
    }
}
