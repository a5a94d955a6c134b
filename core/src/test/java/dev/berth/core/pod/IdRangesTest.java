package dev.berth.core.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdRangesTest {
    @Test
    void the_machines_own_users_are_nobodys() {
        assertThat(IdRanges.free(_ -> false)).hasValue(65_536);
    }

    @Test
    void ranges_are_multiples_of_their_length_and_never_meet() {
        var taken = new HashSet<Long>();
        for (var pod = 0; pod < 500; pod++) {
            var first = IdRanges.free(taken::contains).orElseThrow();
            assertThat(first % IdRanges.LENGTH).isZero();
            assertThat(taken.add(first)).isTrue();
        }
    }

    @Test
    void a_range_that_is_free_again_is_given_again() {
        assertThat(IdRanges.free(Set.of(65_536L, 196_608L)::contains)).hasValue(131_072);
    }

    @Test
    void the_last_ids_of_all_mean_no_one_and_stay_free() {
        assertThat(IdRanges.free(first -> first < (1L << 32) - 2 * IdRanges.LENGTH))
                .hasValue((1L << 32) - 2 * IdRanges.LENGTH);
        assertThat(IdRanges.free(_ -> true)).isEmpty();
    }
}
