package dev.berth.adapter.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
    @Test
    void the_router_is_the_second_address() {
        assertThat(Cidr.text(Cidr.parse("172.16.1.0/24").router())).isEqualTo("172.16.1.1");
    }

    @Test
    void bits_beyond_the_prefix_do_not_count() {
        assertThat(Cidr.parse("172.16.1.77/24")).hasToString("172.16.1.0/24");
        assertThat(Cidr.parse("172.16.1.77/0")).hasToString("0.0.0.0/0");
    }

    @ParameterizedTest
    @CsvSource({
        "172.16.0.0/16, 172.16.3.0/24, true",
        "172.16.3.0/24, 172.16.0.0/16, true",
        "172.16.0.0/16, 172.17.0.0/16, false",
        "172.16.0.0/12, 172.31.0.0/16, true",
        "0.0.0.0/0, 172.31.0.0/16, true",
        "255.0.0.0/8, 127.0.0.0/8, false"
    })
    void ranges_overlap_when_one_holds_the_other(String one, String other, boolean overlap) {
        assertThat(Cidr.parse(one).overlaps(Cidr.parse(other))).isEqualTo(overlap);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1.2.3/8", "1.2.3.4", "1.2.3.256/8", "1.2.3.4/33", "a.b.c.d/8"})
    void other_texts_are_refused(String text) {
        assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
