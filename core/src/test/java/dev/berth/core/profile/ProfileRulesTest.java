package dev.berth.core.profile;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.golden.Golden;
import dev.berth.core.profile.FargateProfile.Status;
import dev.berth.core.profile.ProfileRules.WishedSelector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileRulesTest {
    private static final List<WishedSelector> GOOD =
            List.of(new WishedSelector("default", Map.of("compute-type", "fargate")));

    @ParameterizedTest
    @ValueSource(
            strings = {"fp-default", "a", "9lives", "A_b-C1", "shirwalab-eks-dev-fargate-default"})
    @DisplayName("§2.1 a letter or digit first, then letters, digits, hyphens, underscores")
    void good_names_are_accepted(String name) {
        assertThat(ProfileRules.checkSyntax(name, GOOD)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-a", "_a", "a b", "a.b", "a/b", "a!", "a*"})
    @DisplayName("§2.1, §12.5 other names are refused")
    void bad_names_are_refused(String name) {
        assertThat(ProfileRules.checkSyntax(name, GOOD)).contains(ProfileFaults.invalidName());
    }

    @Test
    @DisplayName(
            "§2.1, §16 names that cannot become a label's value, and the reserved prefix, are refused")
    void names_unfit_for_a_label_are_refused() {
        assertThat(ProfileRules.checkSyntax("a".repeat(63), GOOD)).isEmpty();
        for (var name : List.of("a".repeat(64), "profil-für-alle", "ends-")) {
            assertThat(ProfileRules.checkSyntax(name, GOOD))
                    .contains(ProfileFaults.nameUnfitForLabel(name));
        }
        assertThat(ProfileRules.checkSyntax("eks-mine", GOOD))
                .contains(ProfileFaults.reservedName());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"default", "prod*", "*dev", "frontend*?", "*", "?", "kube-system", "a-1"})
    @DisplayName("§2.3 a namespace is a DNS-1123 label with wildcards")
    void good_namespaces_are_accepted(String namespace) {
        assertThat(ProfileRules.checkSyntax("p", List.of(new WishedSelector(namespace, Map.of()))))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bad_ns", "", "Upper", "-a", "a-", "a.b", "a b"})
    @DisplayName("§2.3, §12.5 other namespaces are refused")
    void bad_namespaces_are_refused(String namespace) {
        assertThat(ProfileRules.checkSyntax("p", List.of(new WishedSelector(namespace, Map.of()))))
                .contains(ProfileFaults.invalidNamespace());
    }

    @ParameterizedTest
    @CsvSource({"a, b", "example.com/key, v", "*, *", "eks*/k?y, ''", "a.b_c-d, A.b_C-d"})
    @DisplayName("§2.3 a label is a qualified name and a value, with wildcards")
    void good_labels_are_accepted(String key, String value) {
        assertThat(
                        ProfileRules.checkSyntax(
                                "p", List.of(new WishedSelector("default", Map.of(key, value)))))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "bad key!, v",
        "'', v",
        "/a, v",
        "a/, v",
        "A_B/c, v",
        "a/b/c, v",
        "-a, v",
        "k, bad value",
        "k, -v"
    })
    @DisplayName("§2.3, §12.5 other labels are refused, without naming the key")
    void bad_labels_are_refused(String key, String value) {
        assertThat(
                        ProfileRules.checkSyntax(
                                "p", List.of(new WishedSelector("default", Map.of(key, value)))))
                .contains(ProfileFaults.invalidLabel());
    }

    @Test
    void long_labels_are_refused() {
        for (var key : List.of("k".repeat(64), "p".repeat(254) + "/k")) {
            assertThat(
                            ProfileRules.checkSyntax(
                                    "p", List.of(new WishedSelector("default", Map.of(key, "v")))))
                    .contains(ProfileFaults.invalidLabel());
        }
    }

    @Test
    @DisplayName("§2.1, §2.6, §12.5 at least one selector, at most five, at most five labels each")
    void counts_are_limited() {
        assertThat(ProfileRules.checkCounts(List.of())).contains(ProfileFaults.noSelectors());
        assertThat(ProfileRules.checkCounts(selectors(5))).isEmpty();
        assertThat(ProfileRules.checkCounts(selectors(6)))
                .contains(ProfileFaults.tooManySelectors());
        assertThat(ProfileRules.checkCounts(List.of(labelled(5)))).isEmpty();
        assertThat(ProfileRules.checkCounts(List.of(labelled(6))))
                .contains(ProfileFaults.tooManyLabels());
        assertThat(ProfileRules.checkCounts(List.of(new WishedSelector(null, Map.of()))))
                .contains(ProfileFaults.noNamespace());
    }

    @Test
    @DisplayName(
            "§2.3 counts are not part of the syntax: they are checked after the cluster was found")
    void syntax_says_nothing_about_counts() {
        assertThat(ProfileRules.checkSyntax("p", List.of())).isEmpty();
        assertThat(ProfileRules.checkSyntax("p", selectors(6))).isEmpty();
        assertThat(ProfileRules.checkSyntax("p", List.of(new WishedSelector(null, Map.of()))))
                .isEmpty();
    }

    @Test
    @DisplayName("§12.5 a name can be taken once")
    void a_duplicate_is_refused() {
        assertThat(ProfileRules.checkNeighbours("fp", "c", List.of(aProfile("fp").build())))
                .contains(ProfileFaults.duplicate());
        assertThat(ProfileRules.checkNeighbours("fp", "c", List.of(aProfile("other").build())))
                .isEmpty();
    }

    @Test
    @DisplayName("§2.5 only one profile may be CREATING or DELETING at a time")
    void one_transition_at_a_time() {
        var creating = aProfile("old").status(Status.CREATING).build();
        var deleting = aProfile("old").status(Status.DELETING).build();

        assertThat(ProfileRules.checkNeighbours("new", "c", List.of(creating)))
                .contains(ProfileFaults.createBlocked("new", "c", "old", Status.CREATING));
        assertThat(ProfileRules.checkNeighbours("new", "c", List.of(deleting)))
                .contains(ProfileFaults.createBlocked("new", "c", "old", Status.DELETING));
        assertThat(ProfileRules.checkDelete("p", "c", List.of(aProfile("p").build(), deleting)))
                .contains(ProfileFaults.deleteBlocked("p", "c", "old", Status.DELETING));
        assertThat(ProfileRules.checkDelete("old", "c", List.of(creating)))
                .contains(ProfileFaults.deleteBlocked("old", "c", "old", Status.CREATING));
        assertThat(ProfileRules.checkDelete("old", "c", List.of(deleting))).isEmpty();
        assertThat(ProfileRules.checkDelete("p", "c", List.of(aProfile("p").build()))).isEmpty();
    }

    @Test
    @DisplayName("§2.6 ten profiles are the most")
    void the_eleventh_profile_is_refused() {
        var ten = IntStream.range(0, 10).mapToObj(i -> aProfile("p" + i).build()).toList();

        assertThat(ProfileRules.checkNeighbours("new", "c", ten.subList(0, 9))).isEmpty();
        assertThat(ProfileRules.checkNeighbours("new", "c", ten))
                .contains(ProfileFaults.quotaReached("c", 10));
    }

    @Test
    @DisplayName("§12.5 the words of every fault")
    void the_words_are_as_written_down() {
        Golden.check(
                "profile/faults.txt",
                Stream.of(
                                ProfileFaults.invalidName(),
                                ProfileFaults.nameUnfitForLabel("ends-"),
                                ProfileFaults.reservedName(),
                                ProfileFaults.invalidNamespace(),
                                ProfileFaults.invalidLabel(),
                                ProfileFaults.tooManySelectors(),
                                ProfileFaults.tooManyLabels(),
                                ProfileFaults.noSelectors(),
                                ProfileFaults.noNamespace(),
                                ProfileFaults.publicSubnet("subnet-0aaaaaaaaaaaaaaa4"),
                                ProfileFaults.unsupportedZone("ca-central-1d", "subnet-1234"),
                                ProfileFaults.untrustingRole(),
                                ProfileFaults.createBlocked("new", "c", "old", Status.CREATING),
                                ProfileFaults.deleteBlocked("p", "c", "q", Status.DELETING),
                                ProfileFaults.duplicate(),
                                ProfileFaults.clusterAbsent("c"),
                                ProfileFaults.absent("p"),
                                ProfileFaults.clusterNotActive("c"),
                                ProfileFaults.quotaReached("c", 10))
                        .map(ProfileRulesTest::line)
                        .collect(Collectors.joining("\n", "", "\n")));
    }

    private static String line(AwsFault fault) {
        return fault.httpStatus() + " " + fault.code() + ": " + fault.message();
    }

    private static List<WishedSelector> selectors(int count) {
        return new ArrayList<>(Collections.nCopies(count, new WishedSelector("default", Map.of())));
    }

    private static WishedSelector labelled(int count) {
        return new WishedSelector(
                "default",
                IntStream.range(0, count)
                        .boxed()
                        .collect(Collectors.toMap(i -> "k" + i, i -> "v" + i)));
    }
}
