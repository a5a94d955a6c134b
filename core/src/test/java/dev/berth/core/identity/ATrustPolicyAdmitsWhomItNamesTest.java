package dev.berth.core.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.identity.TrustPolicy.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ATrustPolicyAdmitsWhomItNamesTest {
    private static final Principal ROOT =
            new Principal("111122223333", "arn:aws:iam::111122223333:root", "1", "AKIA1", null);
    private static final Principal SESSION =
            new Principal(
                    "111122223333",
                    "arn:aws:sts::111122223333:assumed-role/deployer/me",
                    "AROA1:me",
                    "ASIA1",
                    "me");

    @ParameterizedTest
    @ValueSource(strings = {"*", "111122223333", "arn:aws:iam::111122223333:root"})
    void the_whole_account(String principal) {
        TrustPolicy policy = policy(naming(principal, true));
        assertThat(policy.admits(ROOT, null)).isTrue();
        assertThat(policy.admits(SESSION, null)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "arn:aws:iam::111122223333:role/deployer",
                "arn:aws:iam::111122223333:role/ci/deployer",
                "arn:aws:sts::111122223333:assumed-role/deployer/me"
            })
    void one_role_or_one_session(String principal) {
        TrustPolicy policy = policy(naming(principal, true));
        assertThat(policy.admits(SESSION, null)).isTrue();
        assertThat(policy.admits(ROOT, null)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "222222222222",
                "arn:aws:iam::222222222222:root",
                "arn:aws:iam::111122223333:role/other",
                "arn:aws:iam::222222222222:role/deployer",
                "arn:aws:sts::111122223333:assumed-role/deployer/you"
            })
    void nobody_else(String principal) {
        assertThat(policy(naming(principal, true)).admits(SESSION, null)).isFalse();
    }

    @Test
    void a_denial_wins() {
        TrustPolicy policy = policy(naming("*", true), naming("111122223333", false));
        assertThat(policy.admits(ROOT, null)).isFalse();
    }

    @Test
    void an_external_id_must_be_the_one() {
        var statement =
                new Statement(
                        true,
                        List.of("sts:AssumeRole"),
                        List.of(),
                        List.of("*"),
                        List.of(),
                        List.of(),
                        List.of("secret"),
                        List.of());
        assertThat(policy(statement).admits(ROOT, "secret")).isTrue();
        assertThat(policy(statement).admits(ROOT, "guess")).isFalse();
        assertThat(policy(statement).admits(ROOT, null)).isFalse();
    }

    @Test
    void a_condition_that_is_not_understood_lets_nobody_in() {
        var statement =
                new Statement(
                        true,
                        List.of("sts:AssumeRole"),
                        List.of(),
                        List.of("*"),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of("Bool aws:multifactorauthpresent"));
        assertThat(policy(statement).admits(ROOT, null)).isFalse();
    }

    @Test
    void another_action_admits_nobody() {
        var statement =
                new Statement(
                        true,
                        List.of("sts:TagSession"),
                        List.of("eks.amazonaws.com"),
                        List.of("*"),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of());
        assertThat(policy(statement).admits(ROOT, null)).isFalse();
        assertThat(policy(statement).trustedServices()).isEmpty();
    }

    @Test
    void services_are_told_with_the_arns_they_are_bound_to() {
        var statement =
                new Statement(
                        true,
                        List.of("sts:AssumeRole"),
                        List.of("eks-fargate-pods.amazonaws.com"),
                        List.of(),
                        List.of(),
                        List.of("arn:aws:eks:eu-west-1:111122223333:fargateprofile/c/*"),
                        List.of(),
                        List.of());
        TrustPolicy policy = policy(statement, naming("*", true));
        assertThat(policy.trustedServices()).containsExactly("eks-fargate-pods.amazonaws.com");
        assertThat(policy.sourceArns())
                .containsExactly("arn:aws:eks:eu-west-1:111122223333:fargateprofile/c/*");
    }

    private static TrustPolicy policy(Statement... statements) {
        return new TrustPolicy(List.of(statements));
    }

    private static Statement naming(String principal, boolean allow) {
        return new Statement(
                allow,
                List.of("sts:AssumeRole"),
                List.of(),
                List.of(principal),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }
}
