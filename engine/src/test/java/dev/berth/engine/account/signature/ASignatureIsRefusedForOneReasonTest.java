package dev.berth.engine.account.signature;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.identity.Principal;
import dev.berth.engine.account.signature.Verdict.Accepted;
import dev.berth.engine.account.signature.Verdict.Reason;
import dev.berth.engine.account.signature.Verdict.Rejected;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ASignatureIsRefusedForOneReasonTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final byte[] BODY = "{}".getBytes(StandardCharsets.UTF_8);
    private static final Principal CALLER =
            new Principal("111122223333", "arn:aws:iam::111122223333:root", "1", "AKIA1", null);
    private static final KeyRing.Key KEY = new KeyRing.Key("AKIA1", "secret", null, null, CALLER);
    private static final KeyRing.Key SESSION =
            new KeyRing.Key("ASIA1", "secret2", "token", NOW.plusSeconds(900), CALLER);

    private final SignatureVerifier verifier =
            new SignatureVerifier(id ->
                    switch (id) {
                        case "AKIA1" -> Optional.of(KEY);
                        case "ASIA1" -> Optional.of(SESSION);
                        default -> Optional.empty();
                    });
    private final Map<String, List<String>> headers = new HashMap<>();

    @Test
    void a_good_one_is_accepted() {
        assertThat(verifier.verify(signed(KEY), BODY, NOW))
                .isEqualTo(new Accepted(CALLER, new Scope("20260102", "eu-west-1", "eks")));
        assertThat(verifier.verify(signed(SESSION), BODY, NOW)).isInstanceOf(Accepted.class);
    }

    @Test
    void none_at_all() {
        assertThat(reason(request(), NOW)).isEqualTo(Reason.MISSING);
    }

    @Test
    void another_scheme_or_a_missing_part() {
        headers.put("authorization", List.of("Basic abc"));
        assertThat(reason(request(), NOW)).isEqualTo(Reason.INCOMPLETE);
        headers.put("authorization", List.of("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request"));
        Rejected rejected = rejected(request(), NOW);
        assertThat(rejected.reason()).isEqualTo(Reason.INCOMPLETE);
        assertThat(rejected.message())
                .isEqualTo(
                        "Authorization header requires 'Signature' parameter. Authorization header"
                                + " requires 'SignedHeaders' parameter. Authorization header requires"
                                + " existence of either a 'X-Amz-Date' or a 'Date' header.");
    }

    @Test
    void a_credential_of_another_form() {
        for (String credential :
                List.of(
                        "AKIA1",
                        "AKIA1/20260102/eu-west-1/eks",
                        "/20260102/r/s/aws4_request",
                        "")) {
            signed(KEY);
            headers.put(
                    "authorization",
                    List.of(
                            authorization()
                                    .replaceFirst("Credential=[^,]*", "Credential=" + credential)));
            assertThat(reason(request(), NOW)).as(credential).isEqualTo(Reason.INCOMPLETE);
        }
    }

    @Test
    void a_date_of_another_form() {
        for (String date :
                List.of(
                        "2026-01-02T03:04:05Z",
                        "20260132T030405Z",
                        "yesterday",
                        "20260102T250405Z")) {
            signed(KEY);
            headers.put("x-amz-date", List.of(date));
            assertThat(reason(request(), NOW)).as(date).isEqualTo(Reason.INCOMPLETE);
        }
    }

    @Test
    void an_unknown_key() {
        var stranger = new KeyRing.Key("AKIA2", "secret", null, null, CALLER);
        assertThat(reason(signed(stranger), NOW)).isEqualTo(Reason.UNKNOWN_KEY);
    }

    @Test
    void a_wrong_secret() {
        var thief = new KeyRing.Key("AKIA1", "guess", null, null, CALLER);
        assertThat(reason(signed(thief), NOW)).isEqualTo(Reason.WRONG_SIGNATURE);
    }

    @Test
    void a_session_without_its_token_or_with_another() {
        var without = new KeyRing.Key("ASIA1", "secret2", null, null, CALLER);
        assertThat(reason(signed(without), NOW)).isEqualTo(Reason.WRONG_TOKEN);
        headers.clear();
        var other = new KeyRing.Key("ASIA1", "secret2", "tokem", null, CALLER);
        assertThat(reason(signed(other), NOW)).isEqualTo(Reason.WRONG_TOKEN);
        headers.clear();
        var needless = new KeyRing.Key("AKIA1", "secret", "token", null, CALLER);
        assertThat(reason(signed(needless), NOW)).isEqualTo(Reason.WRONG_TOKEN);
    }

    @Test
    void a_session_that_has_ended() {
        var late = NOW.plusSeconds(900);
        var request = signed(SESSION, late);
        assertThat(reason(request, late)).isEqualTo(Reason.EXPIRED_TOKEN);
        assertThat(
                        verifier.verify(
                                signed(SESSION, late.minusSeconds(1)), BODY, late.minusSeconds(1)))
                .isInstanceOf(Accepted.class);
    }

    @Test
    void five_minutes_are_the_limit_both_ways() {
        SignedRequest request = signed(KEY);
        assertThat(verifier.verify(request, BODY, NOW.plusSeconds(300)))
                .isInstanceOf(Accepted.class);
        assertThat(verifier.verify(request, BODY, NOW.minusSeconds(300)))
                .isInstanceOf(Accepted.class);
        assertThat(rejected(request, NOW.plusSeconds(301)))
                .isEqualTo(
                        new Rejected(
                                Reason.EXPIRED,
                                "Signature expired: 20260102T030405Z is now earlier than"
                                        + " 20260102T030406Z (20260102T030906Z - 5 min.)"));
        assertThat(rejected(request, NOW.minusSeconds(301)))
                .isEqualTo(
                        new Rejected(
                                Reason.NOT_YET_CURRENT,
                                "Signature not yet current: 20260102T030405Z is still later than"
                                        + " 20260102T030404Z (20260102T025904Z + 5 min.)"));
    }

    @Test
    void a_scope_of_another_day() {
        signed(KEY);
        headers.put("authorization", List.of(authorization().replace("/20260102/", "/20260101/")));
        assertThat(reason(request(), NOW)).isEqualTo(Reason.WRONG_SCOPE);
    }

    @Test
    void a_scope_of_another_region_or_service() {
        for (String[] swap : new String[][] {{"/eu-west-1/", "/eu-west-2/"}, {"/eks/", "/sts/"}}) {
            signed(KEY);
            headers.put("authorization", List.of(authorization().replace(swap[0], swap[1])));
            assertThat(reason(request(), NOW)).isEqualTo(Reason.WRONG_SIGNATURE);
            headers.clear();
        }
    }

    @Test
    void whatever_was_changed_after_signing() {
        SignedRequest good = signed(KEY);
        for (SignedRequest changed :
                List.of(
                        new SignedRequest("GET", good.rawPath(), good.rawQuery(), good.headers()),
                        new SignedRequest("POST", "/clusters/b", good.rawQuery(), good.headers()),
                        new SignedRequest("POST", good.rawPath(), "a=2", good.headers()))) {
            assertThat(reason(changed, NOW)).isEqualTo(Reason.WRONG_SIGNATURE);
        }
        var otherHost = new HashMap<>(good.headers());
        otherHost.put("host", List.of("elsewhere"));
        assertThat(
                        reason(
                                new SignedRequest(
                                        "POST", good.rawPath(), good.rawQuery(), otherHost),
                                NOW))
                .isEqualTo(Reason.WRONG_SIGNATURE);
        assertThat(verifier.verify(good, new byte[] {'['}, NOW))
                .isInstanceOfSatisfying(
                        Rejected.class,
                        r -> assertThat(r.reason()).isEqualTo(Reason.WRONG_SIGNATURE));
    }

    @Test
    void an_amz_header_that_was_not_signed() {
        signed(KEY);
        headers.put("x-amz-target", List.of("Logs_20140328.DeleteLogGroup"));
        assertThat(rejected(request(), NOW).message())
                .isEqualTo("'x-amz-target' must be a 'SignedHeader' in the AWS request.");
    }

    @Test
    void a_host_that_was_not_signed() {
        signed(KEY);
        headers.put("authorization", List.of(authorization().replace("host;", "")));
        assertThat(rejected(request(), NOW).message())
                .isEqualTo("'Host' must be a 'SignedHeader' in the AWS request.");
    }

    @Test
    void a_payload_hash_of_another_body_and_a_stream() {
        headers.put("x-amz-content-sha256", List.of("00"));
        assertThat(reason(signed(KEY), NOW)).isEqualTo(Reason.WRONG_PAYLOAD);
        headers.clear();
        headers.put("x-amz-content-sha256", List.of("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"));
        assertThat(reason(signed(KEY), NOW)).isEqualTo(Reason.WRONG_PAYLOAD);
    }

    @Test
    void a_presigned_url_lives_as_long_as_the_caller_says() {
        String url = presigned(KEY, Duration.ofSeconds(60));
        Map<String, String> cluster = Map.of("x-k8s-aws-id", "c");
        Duration life = Duration.ofMinutes(15);
        assertThat(verifier.verifyPresigned(url, cluster, life, NOW.plusSeconds(900)))
                .isInstanceOf(Accepted.class);
        assertThat(verifier.verifyPresigned(url, cluster, life, NOW.plusSeconds(901)))
                .isInstanceOfSatisfying(
                        Rejected.class, r -> assertThat(r.reason()).isEqualTo(Reason.EXPIRED));
    }

    @Test
    void a_presigned_url_without_the_cluster_among_its_headers() {
        String url =
                new RequestSigner(KEY)
                        .presign(
                                "https://sts.eu-west-1.amazonaws.com",
                                "/",
                                Map.of("Action", "GetCallerIdentity"),
                                Map.of(),
                                "eu-west-1",
                                "sts",
                                Duration.ofSeconds(60),
                                NOW);
        assertThat(
                        verifier.verifyPresigned(
                                url, Map.of("x-k8s-aws-id", "c"), Duration.ofMinutes(15), NOW))
                .isEqualTo(
                        new Rejected(
                                Reason.WRONG_SIGNATURE, "the header 'x-k8s-aws-id' is not signed"));
    }

    @Test
    void a_presigned_url_of_a_session_carries_its_token() {
        String url = presigned(SESSION, Duration.ofSeconds(60));
        assertThat(url).contains("X-Amz-Security-Token=token");
        assertThat(
                        verifier.verifyPresigned(
                                url, Map.of("x-k8s-aws-id", "c"), Duration.ofMinutes(15), NOW))
                .isInstanceOf(Accepted.class);
    }

    @Test
    void text_that_is_no_url() {
        for (String url :
                List.of("", "sts.amazonaws.com", "ftp://x/?X-Amz-Signature=1", "https://")) {
            assertThat(verifier.verifyPresigned(url, Map.of(), Duration.ofMinutes(15), NOW))
                    .isInstanceOf(Rejected.class);
        }
    }

    private static String presigned(KeyRing.Key key, Duration expires) {
        return new RequestSigner(key)
                .presign(
                        "https://sts.eu-west-1.amazonaws.com",
                        "/",
                        Map.of("Action", "GetCallerIdentity", "Version", "2011-06-15"),
                        Map.of("x-k8s-aws-id", "c"),
                        "eu-west-1",
                        "sts",
                        expires,
                        NOW);
    }

    private SignedRequest signed(KeyRing.Key key) {
        return signed(key, NOW);
    }

    private SignedRequest signed(KeyRing.Key key, Instant at) {
        headers.keySet().removeIf(name -> name.equals("authorization"));
        headers.put("host", List.of("localhost:4566"));
        new RequestSigner(key)
                .sign(request(), BODY, "eu-west-1", "eks", at)
                .forEach((name, value) -> headers.put(name, List.of(value)));
        return request();
    }

    private String authorization() {
        return headers.getOrDefault("authorization", List.of("")).getFirst();
    }

    private SignedRequest request() {
        return new SignedRequest("POST", "/clusters/a%2Fb", "a=1", new HashMap<>(headers));
    }

    private Reason reason(SignedRequest request, Instant now) {
        return rejected(request, now).reason();
    }

    private Rejected rejected(SignedRequest request, Instant now) {
        return (Rejected) verifier.verify(request, BODY, now);
    }
}
