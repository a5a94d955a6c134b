package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.longs;

import dev.berth.core.pod.PodObservation.Verdict;
import dev.berth.core.unit.Quantity;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pod that uses more disk than it may is evicted, in a kubelet's words. */
class StorageIsLimitedTest {
    private static final long MIB = 1L << 20;
    private static final long NODE = 17_573_496L << 10;

    private static PodSpec with(Volume.Source source) {
        return aPod().volume("x", source).build().spec();
    }

    private static StorageUse volume(long bytes) {
        return new StorageUse(Map.of("x", bytes), Map.of("main", 0L), Map.of());
    }

    private static StorageUse container(long root, long logs) {
        return new StorageUse(Map.of(), Map.of("main", root), Map.of("main", logs));
    }

    private static String words(PodSpec spec, StorageUse use) {
        return StorageEviction.of(spec, use, NODE).map(Verdict::message).orElse("stays");
    }

    private static PodSpec limited(String quantity) {
        return aPod().container(aContainer("main").limiting(Map.of("ephemeral-storage", quantity)))
                .build()
                .spec();
    }

    @Test
    void an_empty_dir_is_held_to_its_limit() {
        var spec = with(new Volume.Source.EmptyDir("", 10 * MIB));
        assertThat(words(spec, volume(10 * MIB))).isEqualTo("stays");
        assertThat(StorageEviction.of(spec, volume(10 * MIB + 1), NODE))
                .contains(
                        new Verdict(
                                "Evicted",
                                "Usage of EmptyDir volume \"x\" exceeds the limit \"10Mi\". "));
    }

    @Test
    void an_empty_dir_without_a_limit_counts_for_the_node_only() {
        assertThat(words(with(new Volume.Source.EmptyDir("", null)), volume(100 * MIB)))
                .isEqualTo("stays");
        assertThat(words(with(new Volume.Source.EmptyDir("", 0L)), volume(100 * MIB)))
                .isEqualTo("stays");
    }

    @Test
    void what_is_in_memory_takes_no_disk() {
        assertThat(words(with(new Volume.Source.EmptyDir("Memory", null)), volume(2 * NODE)))
                .isEqualTo("stays");
    }

    @Test
    void a_container_is_held_to_its_limit_with_its_logs() {
        var spec =
                aPod().container(aContainer("main").limiting(Map.of("ephemeral-storage", "10Mi")))
                        .container(aContainer("b").limiting(Map.of("ephemeral-storage", "1Gi")))
                        .build()
                        .spec();
        assertThat(words(spec, container(6 * MIB, 4 * MIB))).isEqualTo("stays");
        assertThat(words(spec, container(6 * MIB, 5 * MIB)))
                .isEqualTo("Container main exceeded its local ephemeral storage limit \"10Mi\". ");
    }

    @Test
    void a_pod_is_held_to_the_sum_of_its_limits_with_its_volumes() {
        var spec =
                aPod().container(aContainer("main").limiting(Map.of("ephemeral-storage", "10Mi")))
                        .container(aContainer("b").limiting(Map.of("ephemeral-storage", "5Mi")))
                        .volume("x", new Volume.Source.EmptyDir("", null))
                        .build()
                        .spec();
        assertThat(words(spec, volume(15 * MIB))).isEqualTo("stays");
        assertThat(words(spec, volume(15 * MIB + 1)))
                .isEqualTo(
                        "Pod ephemeral local storage usage exceeds the total limit of containers"
                                + " 15Mi. ");
    }

    @Test
    void sidecars_and_the_largest_init_container_count_for_the_pod() {
        var spec =
                aPod().init(aContainer("i").limiting(Map.of("ephemeral-storage", "50Mi")))
                        .container(aContainer("main"))
                        .build()
                        .spec();
        assertThat(words(spec, container(50 * MIB, 0))).isEqualTo("stays");
        assertThat(words(spec, container(50 * MIB, 1)))
                .startsWith("Pod ephemeral local storage usage");
    }

    @Test
    void a_pod_that_fills_its_node_is_evicted_for_the_node() {
        var spec =
                aPod().container(aContainer("main").requesting(Map.of("ephemeral-storage", "2Gi")))
                        .build()
                        .spec();
        assertThat(words(spec, container(NODE, 0))).isEqualTo("stays");
        var verdict = StorageEviction.of(spec, container(NODE, 4096), NODE).orElseThrow();
        assertThat(verdict.disruption()).isTrue();
        assertThat(verdict.message())
                .isEqualTo(
                        "The node was low on resource: ephemeral-storage. Threshold quantity:"
                                + " 1999473322, available: 1999469226. Container main was using"
                                + " 17573500Ki, request is 2Gi, has larger consumption of"
                                + " ephemeral-storage. ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "10Mi", "1Gi", "100Gi", "1G", "500M", "1536Mi", "1000Ki", "125Ki"})
    void limits_are_told_as_people_write_them(String text) {
        assertThat(Quantity.of(text).shortText()).isEqualTo(text);
        assertThat(words(limited(text), container(Quantity.of(text).unitsRoundedUp() + 1, 0)))
                .contains(text);
    }

    @Test
    void who_stays_has_room_and_who_goes_has_none() {
        var spec = limited("10Mi");
        qt().forAll(longs().between(0, 20 * MIB))
                .check(bytes -> {
                    var use = container(bytes, 0);
                    var room = StorageEviction.room(spec, use, NODE);
                    return StorageEviction.of(spec, use, NODE).isPresent()
                            ? room == 0
                            : room == 10 * MIB - bytes;
                });
    }
}
