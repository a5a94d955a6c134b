package dev.berth.edge.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.doubles;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersAreWrittenAsGoWritesThemTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "1, 1",
        "-1, -1",
        "0.5, 0.5",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "123456, 123456",
        "1234567, 1.234567e+06",
        "1000000, 1e+06",
        "100000, 100000",
        "52428800, 5.24288e+07",
        "1795451380.874011, 1.795451380874011e+09",
        "-52428800, -5.24288e+07",
        "2.139297857, 2.139297857",
        "Infinity, +Inf",
        "NaN, NaN"
    })
    void a_number_has_gos_shortest_form(double value, String text) {
        assertThat(Exposition.number(value)).isEqualTo(text);
    }

    @Test
    void every_number_reads_as_itself() {
        qt().forAll(doubles().any().assuming(value -> !Double.isInfinite(value)))
                .check(value -> Double.parseDouble(Exposition.number(value)) == value);
    }

    @Test
    void labels_are_in_order_and_escaped_and_empty_families_are_left_out() {
        var out = new Exposition();
        out.family("none", "gauge", "Nothing.");
        out.family("some", "counter", "Something.")
                .sample(Map.of("b", "x\"y\\z\n", "a", "1"), 3, Instant.ofEpochMilli(7));
        assertThat(out)
                .hasToString(
                        """
                        # HELP some Something.
                        # TYPE some counter
                        some{a="1",b="x\\"y\\\\z\\n"} 3 7
                        """);
    }
}
