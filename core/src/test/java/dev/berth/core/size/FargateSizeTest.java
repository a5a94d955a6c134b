package dev.berth.core.size;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.golden.Golden;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FargateSizeTest {
    @Test
    @DisplayName("§3.2 there are 74 sizes, so many for each number of vCPUs")
    void there_are_74_sizes() {
        assertThat(FargateSize.ALL).hasSize(74).doesNotHaveDuplicates();
        assertThat(FargateSize.ALL.stream().collect(groupingBy(FargateSize::cpuMillis, counting())))
                .isEqualTo(
                        Map.of(
                                250, 3L, 500, 4L, 1000, 7L, 2000, 13L, 4000, 23L, 8000, 12L, 16000,
                                12L));
    }

    @ParameterizedTest
    @DisplayName("§3.2 the range and step of each row")
    @CsvSource({
        "500, 1, 4, 1",
        "1000, 2, 8, 1",
        "2000, 4, 16, 1",
        "4000, 8, 30, 1",
        "8000, 16, 60, 4",
        "16000, 32, 120, 8"
    })
    void each_row_goes_from_least_to_most_in_steps(int cpu, int least, int most, int step) {
        var row =
                FargateSize.ALL.stream()
                        .filter(size -> size.cpuMillis() == cpu)
                        .mapToInt(FargateSize::memoryMebibytes)
                        .toArray();

        assertThat(row).startsWith(least * 1024).endsWith(most * 1024);
        for (var i = 1; i < row.length; i++) {
            assertThat(row[i] - row[i - 1]).isEqualTo(step * 1024);
        }
    }

    @Test
    @DisplayName("§3.2 a quarter of a vCPU comes with 0.5, 1 or 2 GB")
    void a_quarter_of_a_vcpu_has_three_sizes() {
        assertThat(FargateSize.ALL)
                .startsWith(
                        new FargateSize(250, 512),
                        new FargateSize(250, 1024),
                        new FargateSize(250, 2048),
                        new FargateSize(500, 1024));
    }

    @ParameterizedTest
    @DisplayName("§3.3 CapacityProvisioned as seen in the wild")
    @CsvSource({
        "250, 512, 0.25vCPU 0.5GB",
        "250, 1024, 0.25vCPU 1GB",
        "1000, 2048, 1vCPU 2GB",
        "2000, 9216, 2vCPU 9GB",
        "16000, 122880, 16vCPU 120GB",
        "16000, 106496, 16vCPU 104GB"
    })
    void capacity_provisioned_as_seen(int cpu, int memory, String text) {
        assertThat(new FargateSize(cpu, memory).capacityProvisioned()).isEqualTo(text);
    }

    @Test
    void every_text_reads_back_and_they_are_as_written_down() {
        assertThat(FargateSize.ALL)
                .allSatisfy(size ->
                        assertThat(FargateSize.parse(size.capacityProvisioned())).contains(size))
                .allSatisfy(size ->
                        assertThat(size.capacityProvisioned())
                                .matches("(.*?)vCPU (.*?)GB")
                                .doesNotContain(".0"));
        Golden.check(
                "size/capacity.txt",
                FargateSize.ALL.stream()
                        .map(FargateSize::capacityProvisioned)
                        .collect(joining("\n", "", "\n")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0.25vCPU",
                "0.25 vCPU 0.5GB",
                "0.250vCPU 0.5GB",
                "3vCPU 8GB",
                "1vCPU 1GB"
            })
    void another_text_is_no_size(String text) {
        assertThat(FargateSize.parse(text)).isEmpty();
    }

    @Test
    void a_size_that_is_not_sold_cannot_be_made() {
        assertThatThrownBy(() -> new FargateSize(250, 4096))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
