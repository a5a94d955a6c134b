package dev.berth.core.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.identity.AwsAuthMapping.Entry;
import dev.berth.core.identity.UserMapping.Outcome;
import dev.berth.core.identity.UserMapping.Outcome.Mapped;
import dev.berth.core.identity.UserMapping.Outcome.Nobody;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who a caller is in Kubernetes. Source: eks-fargate §13.3 (D) */
class UserMappingTest {
    private static final String ROLE = "arn:aws:iam::111122223333:role/Admins";
    private static final String USER = "arn:aws:iam::111122223333:user/alice";

    @ParameterizedTest
    @CsvSource({
        "arn:aws:sts::111122223333:assumed-role/R/S, arn:aws:iam::111122223333:role/R",
        "arn:aws-cn:sts::111122223333:assumed-role/R/S, arn:aws-cn:iam::111122223333:role/R",
        "arn:aws:sts::111122223333:assumed-role/p/R/S, arn:aws:iam::111122223333:role/p/R",
        "arn:aws:sts::111122223333:federated-user/F, arn:aws:sts::111122223333:federated-user/F",
        "arn:aws:iam::111122223333:user/p/U, arn:aws:iam::111122223333:user/p/U",
        "arn:aws:iam::111122223333:role/p/R, arn:aws:iam::111122223333:role/p/R",
        "arn:aws:iam::111122223333:root, arn:aws:iam::111122223333:root",
    })
    void an_arn_has_this_canonical_form(String arn, String canonical) {
        assertThat(Arns.canonical(arn)).contains(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "arn:aws:s3:::bucket",
                "arn:aws:iam::111122223333:group/g",
                "arn:aws:iam::111122223333:user",
                "arn:aws:iam::111122223333:user/",
                "arn:aws:iam::1:root",
                "arn:aws:sts::111122223333:assumed-role/R",
                "arn:aws:sts::111122223333:assumed-role",
                "arn:other:iam::111122223333:root"
            })
    void what_is_no_callers_arn_has_none(String arn) {
        assertThat(Arns.canonical(arn)).isEmpty();
    }

    @Test
    void the_creator_is_admin_whatever_the_map_says() {
        var mapping = roles(new Entry(ROLE, "somebody", List.of()));
        var creator = Optional.of("arn:aws:sts::111122223333:assumed-role/Admins/first");
        var user = user(UserMapping.map(session("Admins", "second"), creator, mapping));
        assertThat(user.username()).isEqualTo("kubernetes-admin");
        assertThat(user.groups()).containsExactly("system:masters");
    }

    @Test
    void without_a_right_of_the_creator_it_is_nobody() {
        assertThat(UserMapping.map(alice(), Optional.empty(), AwsAuthMapping.NONE))
                .isEqualTo(new Nobody("ARN is not mapped: " + USER));
    }

    @Test
    void a_role_gets_its_names_filled_in() {
        var mapping =
                roles(
                        new Entry(
                                ROLE,
                                "{{AccountID}}:{{SessionName}}",
                                List.of(
                                        "raw:{{SessionNameRaw}}",
                                        "key:{{AccessKeyID}}",
                                        "{{Else}}")));
        var user =
                user(
                        UserMapping.map(
                                session("Admins", "ann@example.com"), Optional.empty(), mapping));
        assertThat(user.username()).isEqualTo("111122223333:ann-example.com");
        assertThat(user.groups())
                .containsExactly("raw:ann@example.com", "key:ASIAEXAMPLE", "{{Else}}");
    }

    @Test
    void a_session_name_is_never_read_as_a_template() {
        var mapping = roles(new Entry(ROLE, "x:{{SessionNameRaw}}", List.of()));
        var user =
                user(
                        UserMapping.map(
                                session("Admins", "{{AccountID}}$1"), Optional.empty(), mapping));
        assertThat(user.username()).isEqualTo("x:{{AccountID}}$1");
    }

    @Test
    void arns_are_compared_without_case() {
        var mapping = roles(new Entry(ROLE.toUpperCase(java.util.Locale.ROOT), "u", List.of()));
        assertThat(user(UserMapping.map(session("aDMINS", "s"), Optional.empty(), mapping)))
                .extracting(KubernetesUser::username)
                .isEqualTo("u");
    }

    @Test
    void a_role_with_a_path_never_matches() {
        var mapping =
                roles(new Entry("arn:aws:iam::111122223333:role/team/Admins", "u", List.of()));
        assertThat(UserMapping.map(session("Admins", "s"), Optional.empty(), mapping))
                .isInstanceOf(Nobody.class);
    }

    @Test
    void the_first_entry_wins() {
        var mapping =
                roles(new Entry(ROLE, "first", List.of()), new Entry(ROLE, "second", List.of()));
        assertThat(user(UserMapping.map(session("Admins", "s"), Optional.empty(), mapping)))
                .extracting(KubernetesUser::username)
                .isEqualTo("first");
    }

    @Test
    void an_account_gives_a_name_and_no_groups() {
        var mapping = new AwsAuthMapping(List.of(), List.of(), List.of("111122223333"));
        var user = user(UserMapping.map(session("Any", "s"), Optional.empty(), mapping));
        assertThat(user.username()).isEqualTo("arn:aws:iam::111122223333:role/Any");
        assertThat(user.groups()).isEmpty();
    }

    @Test
    void an_entry_goes_before_its_account() {
        var mapping =
                new AwsAuthMapping(
                        List.of(),
                        List.of(new Entry(USER, "alice", List.of("dev"))),
                        List.of("111122223333"));
        assertThat(user(UserMapping.map(alice(), Optional.empty(), mapping)).username())
                .isEqualTo("alice");
    }

    @Test
    void an_instances_name_needs_an_instance() {
        var mapping = roles(new Entry(ROLE, "system:node:{{EC2PrivateDNSName}}", List.of()));
        assertThat(UserMapping.map(session("Admins", "ann"), Optional.empty(), mapping))
                .isEqualTo(new Nobody("SessionName did not contain an instance id"));
        assertThat(
                        UserMapping.map(
                                session("Admins", "i-0123456789abcdef0"),
                                Optional.empty(),
                                mapping))
                .isEqualTo(
                        new Nobody(
                                "the private DNS name of instance i-0123456789abcdef0 is not known"));
    }

    @Test
    void uid_and_extra_tell_who_it_was() {
        var mapping = roles(new Entry(ROLE, "u", List.of()));
        var user = user(UserMapping.map(session("Admins", "s"), Optional.empty(), mapping));
        assertThat(user.uid()).isEqualTo("aws-iam-authenticator:111122223333:AROAEXAMPLE");
        assertThat(user.extra())
                .isEqualTo(
                        Map.of(
                                "arn",
                                List.of("arn:aws:sts::111122223333:assumed-role/Admins/s"),
                                "canonicalArn",
                                List.of(ROLE),
                                "sessionName",
                                List.of("s"),
                                "accessKeyId",
                                List.of("ASIAEXAMPLE"),
                                "principalId",
                                List.of("AROAEXAMPLE"),
                                "sigs.k8s.io/aws-iam-authenticator/principalId",
                                List.of("AROAEXAMPLE")));
    }

    private static AwsAuthMapping roles(Entry... entries) {
        return new AwsAuthMapping(List.of(entries), List.of(), List.of());
    }

    private static Principal session(String role, String session) {
        return principal(
                "arn:aws:sts::111122223333:assumed-role/" + role + "/" + session,
                "AROAEXAMPLE:" + session,
                session);
    }

    private static Principal alice() {
        return principal(USER, "AIDAEXAMPLE", null);
    }

    private static Principal principal(String arn, String userId, @Nullable String session) {
        return new Principal("111122223333", arn, userId, "ASIAEXAMPLE", session);
    }

    private static KubernetesUser user(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Mapped.class);
        return ((Mapped) outcome).user();
    }
}
