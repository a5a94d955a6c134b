package dev.berth.edge.aws.iam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.TrustPolicy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ATrustPolicyIsReadTest {
    @Test
    void the_one_of_the_user_guide() throws Refused {
        TrustPolicy policy =
                TrustPolicyReader.read(
                        """
                        {"Version": "2012-10-17", "Statement": [{
                           "Effect": "Allow",
                           "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:eks:eu-west-1:111122223333:fargateprofile/c/*"}},
                           "Principal": {"Service": ["eks-fargate-pods.amazonaws.com", "eks.amazonaws.com"], "AWS": []},
                           "Action": ["sts:AssumeRole", "sts:TagSession"]}]}
                        """);
        assertThat(policy.trustedServices())
                .containsExactly("eks-fargate-pods.amazonaws.com", "eks.amazonaws.com");
        assertThat(policy.sourceArns())
                .containsExactly("arn:aws:eks:eu-west-1:111122223333:fargateprofile/c/*");
    }

    @Test
    void conditions_that_are_not_understood_are_kept_by_name() throws Refused {
        TrustPolicy policy =
                TrustPolicyReader.read(
                        """
                        {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
                          "Condition": {"StringEquals": {"sts:ExternalId": "x"}, "Bool": {"aws:MultiFactorAuthPresent": true}}}}
                        """);
        assertThat(policy.statements().getFirst().externalIds()).containsExactly("x");
        assertThat(policy.statements().getFirst().otherConditions())
                .containsExactly("Bool aws:multifactorauthpresent");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    not json                                                      | This policy contains invalid Json
                    {"Version":"2012-10-17"                                       | This policy contains invalid Json
                    []                                                            | Syntax errors in policy.
                    {}                                                            | Syntax errors in policy.
                    {"Statement":[]}                                              | Syntax errors in policy.
                    {"Version":"2020-01-01","Statement":[{}]}                     | Syntax errors in policy.
                    {"Extra":1,"Statement":[{}]}                                  | Syntax errors in policy.
                    {"Statement":[{"Effect":"Maybe"}]}                            | Syntax errors in policy.
                    {"Statement":[{"Effect":"Allow","Principal":"*"}]}            | Policy statement must contain actions.
                    {"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]} | Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and sts:AssumeRoleWithWebIdentity
                    {"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}  | Missing required field Principal
                    {"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]} | Has prohibited field Resource.
                    {"Statement":[{"Effect":"Allow","Principal":{"AWS":"bob"},"Action":"sts:AssumeRole"}]} | Invalid principal in policy: "AWS":"bob"
                    {"Statement":[{"Effect":"Allow","Principal":{"Service":"eks"},"Action":"sts:AssumeRole"}]} | Invalid principal in policy: "SERVICE":"eks"
                    {"Statement":[{"Effect":"Allow","Principal":{"Foo":"x"},"Action":"sts:AssumeRole"}]} | Syntax errors in policy.
                    """)
    void what_iam_refuses(String document, String message) {
        assertThatThrownBy(() -> TrustPolicyReader.read(document))
                .isInstanceOfSatisfying(
                        Refused.class,
                        refused ->
                                assertThat(refused.fault())
                                        .isEqualTo(
                                                new AwsFault(
                                                        "MalformedPolicyDocument", 400, message)));
    }
}
