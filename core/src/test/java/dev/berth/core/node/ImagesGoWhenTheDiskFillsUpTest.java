package dev.berth.core.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.ImageRoom.Candidate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImagesGoWhenTheDiskFillsUpTest {
    private static final Instant NOW = Instant.parse("2026-01-02T12:00:00Z");
    private static final ImageRoom USUAL = new ImageRoom(85, Duration.ZERO);

    private static Candidate unusedFor(String id, int minutes) {
        var then = NOW.minus(Duration.ofMinutes(minutes));
        return new Candidate(id, 100, then, then);
    }

    @Test
    void nothing_is_to_become_free_below_the_upper_share() {
        assertThat(USUAL.bytesToFree(1000, 160)).isZero();
        assertThat(USUAL.bytesToFree(1000, 150)).isEqualTo(50);
        assertThat(USUAL.bytesToFree(1000, 0)).isEqualTo(200);
        assertThat(USUAL.bytesToFree(1000, 5000)).isZero();
        assertThat(new ImageRoom(100, Duration.ZERO).bytesToFree(1000, 0)).isZero();
    }

    @Test
    void the_longest_unused_go_first_and_no_more_than_needed() {
        var images = List.of(unusedFor("a", 10), unusedFor("c", 30), unusedFor("b", 20));
        assertThat(USUAL.toFree(images, 150, NOW))
                .extracting(Candidate::id)
                .containsExactly("c", "b");
        assertThat(USUAL.toFree(images, 0, NOW)).isEmpty();
    }

    @Test
    void what_has_just_come_stays() {
        assertThat(USUAL.toFree(List.of(unusedFor("new", 1), unusedFor("old", 2)), 1000, NOW))
                .extracting(Candidate::id)
                .containsExactly("old");
    }

    @Test
    void without_an_age_none_is_too_old() {
        var images = List.of(unusedFor("a", 59), unusedFor("b", 61));
        assertThat(USUAL.tooOld(images, NOW)).isEmpty();
        assertThat(new ImageRoom(85, Duration.ofHours(1)).tooOld(images, NOW))
                .extracting(Candidate::id)
                .containsExactly("b");
    }

    @Test
    void a_node_says_what_is_wrong_as_a_kubelet_does() {
        assertThat(ImageRoom.notEnough(100L << 30, 10L << 30, 7))
                .isEqualTo(
                        "Insufficient free disk space on the node's image filesystem (90% of 100.0 GiB"
                                + " used). Failed to free sufficient space by deleting unused images"
                                + " (freed 7 bytes). Investigate disk usage, as it could be used by"
                                + " active images, logs, volumes, or other data.");
    }
}
