package dev.berth.core.profile;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.quicktheories.core.Gen;

class WildcardTest {
    @ParameterizedTest(name = "{0} matches {1}: {2}")
    @DisplayName(
            "§2.3 * is zero or more characters, ? exactly one, anywhere and combined; no regex")
    @CsvSource({
        "prod*, prod, true",
        "prod*, prod-metrics, true",
        "prod*, preprod, false",
        "*dev, my-dev, true",
        "*dev, dev, true",
        "*dev, devs, false",
        "frontend*?, frontend-a, true",
        "frontend*?, frontend, false",
        "value?, valuea, true",
        "value?, value, false",
        "value?, value-a, false",
        "*, anything, true",
        "*, '', true",
        "?, '', false",
        "'', '', true",
        "'', a, false",
        "a*b*c, aXbYc, true",
        "a*b*c, aXbY, false",
        "a**b, ab, true",
        "*a*, banana, true",
        "*ana, banana, true",
        "ban?na, banana, true",
        "prod.*, prod-x, false",
        "[ab], a, false",
        "default, default, true",
        "default, Default, false"
    })
    void matches_as_documented(String pattern, String text, boolean matches) {
        assertThat(Wildcard.matches(pattern, text)).isEqualTo(matches);
    }

    @Test
    @Timeout(value = 10, unit = SECONDS)
    void no_pattern_makes_the_time_explode() {
        assertThat(Wildcard.matches("*a".repeat(2000) + "b", "a".repeat(4000))).isFalse();
    }

    @Test
    void agrees_with_the_plain_definition() {
        qt().withExamples(5000)
                .forAll(texts("ab*?", 7), texts("ab", 7))
                .checkAssert((pattern, text) ->
                        assertThat(Wildcard.matches(pattern, text))
                                .isEqualTo(byDefinition(pattern, text)));
    }

    private static boolean byDefinition(String pattern, String text) {
        if (pattern.isEmpty()) {
            return text.isEmpty();
        }
        var rest = pattern.substring(1);
        return switch (pattern.charAt(0)) {
            case '*' ->
                    byDefinition(rest, text)
                            || (!text.isEmpty() && byDefinition(pattern, text.substring(1)));
            case '?' -> !text.isEmpty() && byDefinition(rest, text.substring(1));
            default ->
                    text.startsWith(pattern.substring(0, 1))
                            && byDefinition(rest, text.substring(1));
        };
    }

    private static Gen<String> texts(String alphabet, int lengthMax) {
        return lists().of(integers().between(0, alphabet.length() - 1))
                .ofSizeBetween(0, lengthMax)
                .map(indexes -> {
                    var text = new StringBuilder();
                    indexes.forEach(index -> text.append(alphabet.charAt(index)));
                    return text.toString();
                });
    }
}
