package dev.berth.adapter.oci;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** In a mount one user is another, and everybody else who he is; no id has two meanings. */
class OneUserIsAnotherTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "33 | 1000 | 0 | 4294967295 | 0:0:33 33:1000:1 34:34:966 1000:33:1 1001:1001:4294966294",
                "0 | 1000 | 0 | 4294967295 | 0:1000:1 1:1:999 1000:0:1 1001:1001:4294966294",
                "1000 | 0 | 0 | 4294967295 | 0:1000:1 1:1:999 1000:0:1 1001:1001:4294966294",
                "5 | 6 | 0 | 4294967295 | 0:0:5 5:6:1 6:5:1 7:7:4294967288",
                "7 | 7 | 0 | 4294967295 | 0:0:7 7:7:1 8:8:4294967287",
                "0 | 1000 | 200000 | 65536 | 0:201000:1 1:200001:999 1000:200000:1 1001:201001:64535",
                "1 | 70000 | 200000 | 65536 | 0:200000:1 70000:200001:1 2:200002:65534",
            })
    void the_ranges_of_a_mapping(long seen, long onDisk, long first, long count, String expected) {
        var into = JsonMapper.builder().build().createArrayNode();
        TurnedIds.write(into, seen, onDisk, first, count);
        var text = new StringBuilder();
        for (var range : into) {
            text.append(text.isEmpty() ? "" : " ")
                    .append(range.path("containerID").asLong())
                    .append(':')
                    .append(range.path("hostID").asLong())
                    .append(':')
                    .append(range.path("size").asLong());
        }
        assertThat(text).hasToString(expected);
    }
}
