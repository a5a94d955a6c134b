package dev.berth.core.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InterfaceAddressTest {
    private static final Subnet FIRST = new Subnet("subnet-1", "vpc-1", "172.16.1.0/28", "a");
    private static final Subnet SECOND = new Subnet("subnet-2", "vpc-1", "172.16.2.0/24", "b");

    @Test
    void it_is_the_last_but_one_of_the_first_subnet() {
        assertThat(choose(Map.of())).contains("172.16.1.14");
    }

    @Test
    void what_somebody_has_is_left_to_him() {
        assertThat(choose(Map.of("subnet-1", Set.of("172.16.1.14", "172.16.1.13"))))
                .contains("172.16.1.12");
    }

    @Test
    void a_full_subnet_leaves_it_to_the_next_and_the_first_four_are_never_given() {
        var full =
                IntStream.rangeClosed(4, 14)
                        .mapToObj(last -> "172.16.1." + last)
                        .collect(Collectors.toSet());
        assertThat(choose(Map.of("subnet-1", full))).contains("172.16.2.254");
        assertThat(InterfaceAddress.choose(List.of(FIRST), _ -> full)).isEmpty();
    }

    private static java.util.Optional<String> choose(Map<String, Set<String>> held) {
        return InterfaceAddress.choose(
                List.of(FIRST, SECOND), subnet -> held.getOrDefault(subnet, Set.of()));
    }
}
