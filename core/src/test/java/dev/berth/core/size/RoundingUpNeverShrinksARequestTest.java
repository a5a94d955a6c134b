package dev.berth.core.size;

import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import org.junit.jupiter.api.Test;

class RoundingUpNeverShrinksARequestTest {
    @Test
    void the_size_holds_the_request_and_what_fargate_adds() {
        qt().forAll(integers().between(0, 16000), integers().between(0, 120 * 1024 - 256))
                .checkAssert((millis, mebibytes) -> {
                    var size = sizeFor(millis, mebibytes);
                    assertThat(size.cpuMillis()).isGreaterThanOrEqualTo(millis);
                    assertThat(size.memoryMebibytes()).isGreaterThanOrEqualTo(mebibytes + 256);
                });
    }

    @Test
    void no_size_with_fewer_vcpus_or_less_memory_would_do() {
        qt().forAll(integers().between(0, 16000), integers().between(0, 120 * 1024 - 256))
                .checkAssert((millis, mebibytes) -> {
                    var size = sizeFor(millis, mebibytes);
                    assertThat(FargateSize.ALL)
                            .filteredOn(other ->
                                    other.cpuMillis() >= millis
                                            && other.memoryMebibytes() >= mebibytes + 256)
                            .allSatisfy(other ->
                                    assertThat(
                                                    other.cpuMillis() > size.cpuMillis()
                                                            || (other.cpuMillis()
                                                                            == size.cpuMillis()
                                                                    && other.memoryMebibytes()
                                                                            >= size
                                                                                    .memoryMebibytes()))
                                            .isTrue());
                });
    }

    @Test
    void rounding_a_size_gives_the_same_size() {
        assertThat(FargateSize.ALL)
                .allSatisfy(size ->
                        assertThat(
                                        FargateSize.smallestFor(
                                                size.cpuMillis(), size.memoryMebibytes()))
                                .contains(size));
    }

    @Test
    void asking_for_more_never_gives_fewer_vcpus() {
        qt().forAll(
                        integers().between(0, 15000),
                        integers().between(0, 100 * 1024),
                        integers().between(0, 1000),
                        integers().between(0, 10 * 1024))
                .checkAssert((millis, mebibytes, moreMillis, moreMebibytes) ->
                        assertThat(
                                        sizeFor(millis + moreMillis, mebibytes + moreMebibytes)
                                                .cpuMillis())
                                .isGreaterThanOrEqualTo(sizeFor(millis, mebibytes).cpuMillis()));
    }

    private static FargateSize sizeFor(int millis, int mebibytes) {
        var sizing = Sizing.of(aPod().requesting(millis + "m", mebibytes + "Mi").build().spec());
        return ((Sizing.Provisioned) sizing).size();
    }
}
