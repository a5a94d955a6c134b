package dev.berth.core.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelSelectorsAreReadTest {
    private static final Map<String, String> LABELS =
            Map.of("app", "web", "tier", "front", "x", "");

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|true",
                "app=web|true",
                "app==web|true",
                "app = web|true",
                "app=db|false",
                "app!=db|true",
                "app!=web|false",
                "none!=web|true",
                "none=web|false",
                "app|true",
                "!app|false",
                "none|false",
                "!none|true",
                "app in (web, db)|true",
                "app in (db)|false",
                "app notin (db)|true",
                "none notin (db)|true",
                "app=web,tier in (front,back),!none|true",
                "app=web,tier in (back)|false",
                "x=|true"
            })
    void a_text_wants_labels(String text, boolean matches) {
        assertThat(LabelSelector.parse(text).orElseThrow().matches(LABELS)).isEqualTo(matches);
    }

    @ParameterizedTest
    @CsvSource({"a b c", "=x", "a>3"})
    void what_is_no_selector_is_refused(String text) {
        assertThat(LabelSelector.parse(text)).isEmpty();
    }
}
