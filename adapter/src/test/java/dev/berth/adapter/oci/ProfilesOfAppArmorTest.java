package dev.berth.adapter.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.ContainerRuntime.ContainerPlan;
import dev.berth.port.ContainerRuntime.Limits;
import dev.berth.port.ContainerRuntime.RuntimeFailed;
import dev.berth.port.ContainerRuntime.User;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** On a tree as a kernel with AppArmor shows it, with a parser that notes what it is told. */
class ProfilesOfAppArmorTest {
    @TempDir Path folder;
    private Path sys;
    private Path parser;

    @BeforeEach
    void lay_out() throws Exception {
        sys = Files.createDirectories(folder.resolve("sys"));
        Files.createDirectories(sys.resolve("module/apparmor/parameters"));
        Files.createDirectories(sys.resolve("kernel/security/apparmor"));
        enabled("Y\n");
        Files.writeString(profiles(), "mine (enforce)\n/usr/sbin/ours (complain)\n");
        parser = folder.resolve("apparmor_parser");
        // Loads and removes as the real one does, as far as the kernel's list shows it.
        program(
                """
                #!/bin/sh
                echo "$@" >> %1$s/told
                name=$(sed -n 's/^profile \\([^ ]*\\) .*/\\1/p' "$3")
                case $2 in
                --replace) echo "$name (enforce)" >> %2$s;;
                --remove) grep -v "^$name " %2$s > %1$s/rest; cat %1$s/rest > %2$s;;
                esac
                """
                        .formatted(folder, profiles()));
    }

    private Path profiles() {
        return sys.resolve("kernel/security/apparmor/profiles");
    }

    private void enabled(String text) throws Exception {
        Files.writeString(sys.resolve("module/apparmor/parameters/enabled"), text);
    }

    private void program(String text) throws Exception {
        Files.writeString(parser, text);
        Files.setPosixFilePermissions(parser, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private AppArmor appArmor() {
        return new AppArmor(sys, List.of(parser), folder.resolve("ours"), "0123abcd");
    }

    @Test
    void a_kernel_has_it_when_it_says_so_and_shows_its_files() throws Exception {
        assertThat(appArmor().enabled()).isTrue();
        enabled("N\n");
        assertThat(appArmor().enabled()).isFalse();
        enabled("Y\n");
        Files.delete(profiles());
        Files.delete(sys.resolve("kernel/security/apparmor"));
        assertThat(appArmor().enabled()).isFalse();
        assertThat(new AppArmor(folder.resolve("no"), List.of(), folder, "x").enabled()).isFalse();
    }

    @Test
    void the_default_is_loaded_once_and_taken_away_with_the_instance() throws Exception {
        assertThat(appArmor().profile("RuntimeDefault")).isEqualTo("berth-0123abcd");
        assertThat(appArmor().profile("RuntimeDefault")).isEqualTo("berth-0123abcd");
        var file = folder.resolve("ours/default-profile");
        assertThat(folder.resolve("told")).hasContent("--skip-cache --replace " + file);
        assertThat(file).hasContent(AppArmor.text("berth-0123abcd"));
        assertThat(profiles()).content().contains("berth-0123abcd (enforce)");
        appArmor().unload();
        appArmor().unload();
        assertThat(profiles()).hasContent("mine (enforce)\n/usr/sbin/ours (complain)\n");
    }

    @Test
    void what_users_have_loaded_is_taken_and_nothing_else() throws Exception {
        assertThat(appArmor().profile("mine")).isEqualTo("mine");
        assertThat(appArmor().profile("/usr/sbin/ours")).isEqualTo("/usr/sbin/ours");
        assertThatThrownBy(() -> appArmor().profile("min"))
                .isInstanceOf(RuntimeFailed.class)
                .hasMessage(
                        "failed to generate apparmor spec opts: apparmor profile not found min");
        assertThat(folder.resolve("told")).doesNotExist();
    }

    @Test
    void without_it_a_container_that_wants_it_is_not_made() throws Exception {
        enabled("N\n");
        assertThatThrownBy(() -> appArmor().profile("RuntimeDefault"))
                .hasMessage("failed to generate apparmor spec opts: apparmor is not supported");
        appArmor().unload();
    }

    @Test
    void a_parser_that_fails_or_is_not_there_is_told() throws Exception {
        program("#!/bin/sh\necho 'syntax error' >&2\nexit 1\n");
        assertThatThrownBy(() -> appArmor().profile("RuntimeDefault"))
                .isInstanceOf(RuntimeFailed.class)
                .hasMessageContaining("load apparmor profile")
                .hasMessageEndingWith("syntax error");
        Files.delete(parser);
        assertThatThrownBy(() -> appArmor().profile("RuntimeDefault"))
                .isInstanceOf(RuntimeFailed.class)
                .hasMessageEndingWith("there is no " + parser);
    }

    @Test
    void the_runtime_is_told_the_profile_of_the_process_or_nothing() throws Exception {
        assertThat(process("mine").path("apparmorProfile").asString()).isEqualTo("mine");
        assertThat(process("").has("apparmorProfile")).isFalse();
    }

    private tools.jackson.databind.JsonNode process(String profile) throws Exception {
        var json = JsonMapper.builder().build();
        var spec =
                new OciSpec(
                        json,
                        new SeccompProfile(json, "amd64", folder),
                        true,
                        false,
                        new OciSpec.OwnLimits(0, 1024, 1024, List.of()));
        var plan =
                new ContainerPlan(
                        "ab".repeat(32),
                        "uid",
                        "default",
                        "web",
                        "main",
                        0,
                        "busybox",
                        folder,
                        List.of("true"),
                        List.of(),
                        "/",
                        new User(0, 0, List.of()),
                        List.of(),
                        folder,
                        folder,
                        folder,
                        null,
                        new Limits(0, 0, 0),
                        List.of(),
                        true,
                        true,
                        "Unconfined",
                        List.of(),
                        List.of(),
                        List.of(),
                        1024,
                        1024,
                        0,
                        false,
                        false,
                        folder.resolve("log"));
        return spec.container(plan, "/berth/x", null, profile).required("process");
    }
}
