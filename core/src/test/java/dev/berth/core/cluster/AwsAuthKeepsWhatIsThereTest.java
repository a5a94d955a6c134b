package dev.berth.core.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AwsAuthKeepsWhatIsThereTest {
    private static final String ROLE = "arn:aws:iam::111122223333:role/pods";
    private static final String ENTRY =
            """
            - groups:
              - system:bootstrappers
              - system:nodes
              - system:node-proxier
              rolearn: arn:aws:iam::111122223333:role/pods
              username: system:node:{{SessionName}}
            """;

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "[]", " []\n"})
    void an_empty_list_becomes_one_entry(String roles) {
        assertThat(added(roles)).isEqualTo(ENTRY);
    }

    @Test
    void other_data_stays() {
        var data = Map.of("mapUsers", "- userarn: x\n");
        assertThat(AwsAuth.withPodExecutionRole(data, ROLE))
                .containsEntry("mapUsers", "- userarn: x\n")
                .containsEntry("mapRoles", ENTRY);
    }

    @Test
    void entries_of_others_stay_to_the_letter() {
        var others =
                """
                # made by hand
                - rolearn:   "arn:aws:iam::111122223333:role/ops"   # the team
                  username: ops:{{SessionName}}
                  groups: [system:masters]
                """;
        assertThat(added(others)).isEqualTo(others + ENTRY);
    }

    @Test
    void an_indented_list_goes_on_with_its_indentation() {
        var others = "  - rolearn: arn:aws:iam::111122223333:role/ops\n    username: ops";
        assertThat(added(others)).isEqualTo(others + "\n" + ENTRY.indent(2));
    }

    @Test
    void a_list_in_brackets_goes_on_in_brackets() {
        assertThat(added("[{\"rolearn\": \"arn:aws:iam::1:role/ops\", \"groups\": []}]"))
                .isEqualTo(
                        "[{\"rolearn\": \"arn:aws:iam::1:role/ops\", \"groups\": []}, {\"groups\":"
                                + " [\"system:bootstrappers\", \"system:nodes\","
                                + " \"system:node-proxier\"], \"rolearn\": \""
                                + ROLE
                                + "\", \"username\": \"system:node:{{SessionName}}\"}]\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "- rolearn: arn:aws:iam::111122223333:role/pods\n  username: mine",
                "- roleARN: 'arn:aws:iam::111122223333:role/PODS'",
                "- username: x\n  rolearn: arn:aws:iam::111122223333:role/pods # ours",
                "[{\"rolearn\":\"arn:aws:iam::111122223333:role/pods\",\"groups\":[]}]",
            })
    void a_role_that_is_there_is_not_added_again(String roles) {
        assertThat(added(roles)).isEqualTo(roles);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "- rolearn: arn:aws:iam::111122223333:role/pods-of-others",
                "# - rolearn: arn:aws:iam::111122223333:role/pods",
                "- username: arn:aws:iam::111122223333:role/pods",
            })
    void what_only_looks_like_the_role_does_not_count(String roles) {
        assertThat(added(roles)).isEqualTo(roles + "\n" + ENTRY);
    }

    @Test
    void adding_twice_changes_nothing() {
        var once = AwsAuth.withPodExecutionRole(Map.of(), ROLE);
        assertThat(AwsAuth.withPodExecutionRole(once, ROLE)).isSameAs(once);
    }

    private static String added(String roles) {
        return AwsAuth.withPodExecutionRole(Map.of("mapRoles", roles), ROLE).get("mapRoles");
    }
}
