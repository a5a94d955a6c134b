package dev.berth.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.longs;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
    @ParameterizedTest
    @CsvSource({
        "250m, 0.25",
        "1, 1",
        "1.5Gi, 1610612736",
        "1e3, 1000",
        "1E3, 1000",
        "2E, 2000000000000000000",
        "12e-1, 1.2",
        ".5, 0.5",
        "5., 5",
        "+1k, 1000",
        "-1, -1",
        "100n, 0.0000001",
        "7u, 0.000007",
        "1Ki, 1024",
        "0, 0",
        "000, 0"
    })
    void reads_every_form_that_kubernetes_knows(String text, BigDecimal amount) {
        assertThat(Quantity.of(text)).isEqualTo(new Quantity(amount));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", " ", "m", "1 Gi", "1gi", "1KB", "1ki", "1K", "--1", "1e", "0x10", "1.2.3"
            })
    void refuses_what_kubernetes_refuses(String text) {
        assertThat(Quantity.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0",
        "0.25, 250m, 250m",
        "1000m, 1, 1",
        "1500m, 1500m, 1500m",
        "1000, 1k, 1k",
        "1023, 1023, 1023",
        "1024, 1024, 1Ki",
        "1500000, 1500k, 1500000",
        "1.5Gi, 1610612736, 1536Mi",
        "0.5Gi, 536870912, 512Mi",
        "1025Ki, 1049600, 1025Ki",
        "256M, 256M, 250000Ki",
        "2Ei, 2305843009213693952, 2Ei",
        "4096Ei, 4722366482869645213696, 4096Ei",
        "100n, 100n, 100n",
        "-1536Ki, -1572864, -1536Ki",
        "1e21, 1000E, 1000E"
    })
    void prints_the_canonical_text_of_both_forms(String text, String decimal, String binary) {
        var quantity = Quantity.of(text);

        assertThat(quantity.decimalText()).isEqualTo(decimal);
        if (!text.equals("1e21")) {
            assertThat(quantity.binaryText()).isEqualTo(binary);
        }
    }

    @Test
    void parts_below_a_billionth_are_rounded_up_to_one() {
        assertThat(Quantity.of("0.1n")).isEqualTo(Quantity.of("1n"));
        assertThat(Quantity.of("1e-300").decimalText()).isEqualTo("1n");
    }

    @Test
    void an_absurd_amount_is_the_largest_number_and_not_an_error() {
        assertThat(Quantity.of("1e300").unitsRoundedUp()).isEqualTo(Long.MAX_VALUE);
        assertThat(Quantity.of("9223372036854775807").milliRoundedUp()).isEqualTo(Long.MAX_VALUE);
        assertThat(Quantity.of("-1e300").unitsRoundedUp()).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void equal_amounts_are_equal_whatever_their_texts() {
        assertThat(Quantity.of("1Gi"))
                .isEqualTo(Quantity.of("1024Mi"))
                .hasSameHashCodeAs(Quantity.of("1024Mi"));
        assertThat(Quantity.of("1000m")).isEqualTo(Quantity.of("1"));
    }

    @Test
    void both_texts_read_back_to_the_same_amount() {
        qt().forAll(longs().all(), integers().between(0, 9))
                .checkAssert((unscaled, scale) -> {
                    var quantity = new Quantity(BigDecimal.valueOf(unscaled, scale));
                    assertThat(Quantity.of(quantity.decimalText())).isEqualTo(quantity);
                    assertThat(Quantity.of(quantity.binaryText())).isEqualTo(quantity);
                });
    }

    @Test
    void rounding_up_never_shrinks_and_is_idempotent() {
        qt().forAll(longs().between(-1L << 50, 1L << 50), integers().between(0, 12))
                .checkAssert((unscaled, scale) -> {
                    var quantity = new Quantity(BigDecimal.valueOf(unscaled, scale));
                    var units = new Quantity(BigDecimal.valueOf(quantity.unitsRoundedUp()));
                    assertThat(units).isGreaterThanOrEqualTo(quantity);
                    assertThat(units.unitsRoundedUp()).isEqualTo(quantity.unitsRoundedUp());
                    var milli = new Quantity(BigDecimal.valueOf(quantity.milliRoundedUp(), 3));
                    assertThat(milli).isGreaterThanOrEqualTo(quantity);
                    assertThat(milli.milliRoundedUp()).isEqualTo(quantity.milliRoundedUp());
                });
    }
}
