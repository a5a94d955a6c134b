package dev.berth.adapter.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.adapter.image.RegistrySettings.Endpoint;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistrySettingsTest {
    private static List<String> asked(RegistrySettings settings, String registry) {
        return settings.endpoints(registry).stream().map(Endpoint::base).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "docker.io, https://registry-1.docker.io",
        "quay.io, https://quay.io",
        "localhost:5000, http://localhost:5000",
        "127.0.0.1:5000, http://127.0.0.1:5000",
        "[::1]:5000, http://[::1]:5000",
        "127.example.com, https://127.example.com",
        "10.0.0.1:5000, https://10.0.0.1:5000"
    })
    void a_registry_is_asked_by_https_unless_it_is_this_machine(String registry, String base) {
        assertThat(asked(RegistrySettings.none(), registry)).containsExactly(base);
    }

    @Test
    void mirrors_are_asked_in_order_and_the_registry_itself_when_it_may_be() {
        Map<String, List<URI>> mirrors =
                Map.of(
                        "docker.io",
                        List.of(URI.create("https://a/"), URI.create("http://localhost:1")));
        assertThat(asked(new RegistrySettings(mirrors, true, Platform.here()), "docker.io"))
                .containsExactly("https://a", "http://localhost:1");
        assertThat(asked(new RegistrySettings(mirrors, false, Platform.here()), "docker.io"))
                .containsExactly("https://a", "http://localhost:1", "https://registry-1.docker.io");
        assertThat(asked(new RegistrySettings(mirrors, true, Platform.here()), "quay.io"))
                .containsExactly("https://quay.io");
    }

    @Test
    void texts_name_a_registry_or_stand_for_all() {
        RegistrySettings settings =
                RegistrySettings.of(List.of("docker.io=https://a", "http://127.0.0.1:5000"));
        assertThat(asked(settings, "docker.io")).containsExactly("https://a");
        assertThat(asked(settings, "quay.io")).containsExactly("http://127.0.0.1:5000");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "docker.io=http://mirror.example",
                "docker.io=http://127.evil.example",
                "docker.io=ftp://a",
                "docker.io=",
                "nothing"
            })
    void an_unsafe_or_senseless_mirror_is_refused(String text) {
        assertThatThrownBy(() -> RegistrySettings.of(List.of(text)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
