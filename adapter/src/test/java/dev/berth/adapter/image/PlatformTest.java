package dev.berth.adapter.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlatformTest {
    private static Platform platform(String text) {
        String[] parts = text.split("/", -1);
        return new Platform(parts[0], parts[1], parts.length > 2 ? parts[2] : "");
    }

    @ParameterizedTest
    @CsvSource({
        "linux/amd64, linux/amd64, true",
        "linux/amd64, linux/x86_64, true",
        "linux/amd64, linux/amd64/v1, true",
        "linux/amd64, linux/amd64/v3, false",
        "linux/amd64, linux/arm64, false",
        "linux/amd64, windows/amd64, false",
        "linux/amd64, unknown/unknown, false",
        "linux/aarch64, linux/arm64/v8, true",
        "linux/arm64, linux/arm/v7, true",
        "linux/arm64, linux/arm/v6, true",
        "linux/arm/v7, linux/arm/v6, true",
        "linux/arm/v6, linux/arm/v7, false",
        "linux/arm/v7, linux/arm64, false"
    })
    void an_image_fits_or_does_not(String machine, String image, boolean fits) {
        assertThat(platform(machine).rank(platform(image)) >= 0).isEqualTo(fits);
    }

    private static @Nullable String chosen(String machine, String... images) {
        Digest digest = Digest.sha256Of(new byte[0]);
        List<Descriptor> entries =
                List.of(images).stream()
                        .map(each ->
                                new Descriptor(
                                        ImageManifest.OCI_MANIFEST,
                                        digest,
                                        1,
                                        platform(each),
                                        null))
                        .toList();
        Descriptor best = new ImageManifest.Several(entries).choose(platform(machine));
        return best == null ? null : String.valueOf(best.platform());
    }

    @Test
    void the_nearest_is_taken_whatever_the_order() {
        assertThat(chosen("linux/arm64", "linux/arm/v6", "linux/arm/v7", "linux/arm64"))
                .isEqualTo("linux/arm64");
        assertThat(chosen("linux/arm64", "linux/arm/v6", "linux/arm/v7")).isEqualTo("linux/arm/v7");
        assertThat(chosen("linux/amd64", "unknown/unknown", "linux/arm64")).isNull();
    }
}
