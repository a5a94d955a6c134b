package dev.berth.adapter.controlplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.ControlPlanes.ControlPlaneFailed;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which built programs are found. */
class KubeBinariesTest {
    @TempDir Path folder;

    @Test
    void without_any_the_default_version_is_named_and_asking_for_it_says_where_it_was_looked_for() {
        var binaries = new KubeBinaries(null, folder.resolve("absent"));
        assertThat(binaries.minors()).containsExactly("1.36");
        assertThat(binaries.defaultMinor()).isEqualTo("1.36");
        assertThatThrownBy(() -> binaries.of("1.36"))
                .isInstanceOf(ControlPlaneFailed.class)
                .hasMessageContaining("Kubernetes 1.36 is not built")
                .hasMessageContaining(folder.resolve("absent").toString());
    }

    @Test
    void versions_are_ordered_as_numbers() throws Exception {
        build("cache", "v1.36.3");
        build("cache", "v1.9.1");
        build("cache", "v1.37.0");
        var binaries = new KubeBinaries(null, folder.resolve("cache"));
        assertThat(binaries.minors()).containsExactly("1.9", "1.36", "1.37");
        assertThat(binaries.defaultMinor()).isEqualTo("1.36");
        assertThat(binaries.any().version()).isEqualTo("v1.37.0");
    }

    @Test
    void the_newest_patch_runs() throws Exception {
        build("cache", "v1.36.9");
        build("cache", "v1.36.10");
        assertThat(new KubeBinaries(null, folder.resolve("cache")).of("1.36").version())
                .isEqualTo("v1.36.10");
    }

    @Test
    void the_folder_that_was_told_goes_before_the_cache() throws Exception {
        var told = build("told", "v1.36.3");
        build("cache", "v1.36.3");
        var binaries = new KubeBinaries(folder.resolve("told"), folder.resolve("cache"));
        assertThat(binaries.of("1.36").program()).isEqualTo(told);
    }

    @Test
    void a_half_finished_build_does_not_count() throws Exception {
        var program = build("cache", "v1.36.3");
        Files.move(program, program.resolveSibling("berth-kube.building.42"));
        assertThatThrownBy(() -> new KubeBinaries(null, folder.resolve("cache")).of("1.36"))
                .isInstanceOf(ControlPlaneFailed.class);
    }

    @Test
    void without_the_default_version_the_newest_is_it() throws Exception {
        build("cache", "v1.34.4");
        build("cache", "v1.35.4");
        assertThat(new KubeBinaries(null, folder.resolve("cache")).defaultMinor())
                .isEqualTo("1.35");
    }

    private Path build(String place, String version) throws Exception {
        var program = folder.resolve(place).resolve(version).resolve("berth-kube");
        Files.createDirectories(program.getParent());
        Files.writeString(program, "");
        assertThat(program.toFile().setExecutable(true)).isTrue();
        return program;
    }
}
