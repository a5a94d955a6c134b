package dev.berth.edge.authn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.identity.AwsAuthMapping;
import dev.berth.core.identity.AwsAuthMapping.Entry;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The texts of aws-auth, good and hostile. Source: eks-fargate §13.3 (D) */
class AwsAuthYamlTest {
    private static final String ROLE = "arn:aws:iam::111122223333:role/R";

    @Test
    void roles_users_and_accounts_are_read() {
        var mapping =
                AwsAuthYaml.mapping(
                        Map.of(
                                "mapRoles",
                                """
                                - rolearn: %s
                                  username: system:node:{{SessionName}}
                                  groups:
                                    - system:bootstrappers
                                    - system:nodes
                                """
                                        .formatted(ROLE),
                                "mapUsers",
                                "[{userarn: 'arn:aws:iam::111122223333:user/u', username: u}]",
                                "mapAccounts",
                                "- \"111122223333\"\n- 444455556666\n"));
        assertThat(mapping)
                .isEqualTo(
                        new AwsAuthMapping(
                                List.of(
                                        new Entry(
                                                ROLE,
                                                "system:node:{{SessionName}}",
                                                List.of("system:bootstrappers", "system:nodes"))),
                                List.of(
                                        new Entry(
                                                "arn:aws:iam::111122223333:user/u",
                                                "u",
                                                List.of())),
                                List.of("111122223333", "444455556666")));
    }

    @Test
    void the_three_keys_are_read_as_they_are_spelled() {
        assertThat(AwsAuthYaml.mapping(Map.of("maproles", entry("u"), "MapRoles", entry("v"))))
                .isEqualTo(AwsAuthMapping.NONE);
    }

    @Test
    void keys_inside_entries_are_read_in_any_case() {
        assertThat(roles("- RoleArn: " + ROLE + "\n  UserName: u\n  GROUPS: [g]\n"))
                .containsExactly(new Entry(ROLE, "u", List.of("g")));
    }

    @Test
    void bad_entries_are_left_out_and_good_ones_kept() {
        var text =
                entry("first")
                        + """
                        - just a text
                        - [a, list]
                        - rolearn: no-username
                        - username: no-arn
                        - {rolearn: a, username: b, groups: text}
                        - {rolearn: a, username: b, groups: [[nested]]}
                        - {rolearn: [a], username: b}
                        """
                        + entry("last");
        assertThat(roles(text)).extracting(Entry::username).containsExactly("first", "last");
    }

    static List<String> hostile() {
        return List.of(
                "",
                "text",
                "{a: b}",
                "- rolearn: x\n username: [",
                "\t- x",
                "%YAML 9.9\n---\n- a",
                "- &a [*a]",
                "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
                "- ? [complex]\n  : value",
                "- ".repeat(200_000) + "x",
                "[".repeat(200_000),
                "{a: ".repeat(100_000),
                "- !!javax.script.ScriptEngineManager [!!java.net.URL [\"http://127.0.0.1/\"]]",
                "- " + "\u0000");
    }

    @ParameterizedTest
    @MethodSource
    void hostile(String text) {
        assertThat(roles(text)).isEmpty();
    }

    private static List<Entry> roles(String text) {
        return AwsAuthYaml.mapping(Map.of("mapRoles", text)).roles();
    }

    private static String entry(String username) {
        return "- rolearn: " + ROLE + "\n  username: " + username + "\n";
    }
}
