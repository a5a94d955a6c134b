package dev.berth.adapter.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.port.Images.Image;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class DemoImagesIT {
    @TempDir Path folder;
    private final List<String> told = new ArrayList<>();
    private OciImages images;

    @BeforeEach
    void start() throws IOException {
        Privileges.assumeRoot();
        Privileges.assumeProgram("/usr/bin/apt-get", "demo images are made of Debian packages");
        images = imagesIn("images");
    }

    @AfterEach
    void stop() {
        if (images != null) {
            images.unmountAll();
            images.close();
        }
    }

    private OciImages imagesIn(String name) {
        return new OciImages(
                folder.resolve(name),
                folder.resolve(name + "-mounts"),
                new RegistrySettings(
                        Map.of("*", List.of(URI.create("http://127.0.0.1:1"))),
                        true,
                        Platform.here()));
    }

    /** The packages that a developer has fetched before, else those that apt brings now. */
    private List<Image> build(OciImages into) throws Exception {
        Path cache = Path.of(System.getProperty("user.home"), ".cache/berth/debs");
        try {
            return new DemoImages(into, cache, told::add).build(false);
        } catch (DemoImages.DemoFailed failed) {
            Assumptions.assumeFalse(
                    failed.getCause() instanceof DebianPackages.PackagesFailed,
                    "no Debian packages to be had: " + failed.getMessage());
            throw failed;
        }
    }

    private static String run(List<String> command) throws Exception {
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectInput(new File("/dev/null"))
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        return said;
    }

    @Test
    void nginx_and_busybox_run_and_are_found_without_any_registry() throws Exception {
        List<Image> made = build(images);
        assertThat(made)
                .extracting(Image::reference)
                .contains("docker.io/library/nginx:latest", "docker.io/library/busybox:latest");
        Image nginx = images.pull("nginx", List.of());
        assertThat(nginx.config().command()).containsExactly("nginx", "-g", "daemon off;");
        assertThat(nginx.config().stopSignal()).isEqualTo("SIGQUIT");
        Path root = images.mount(nginx, "nginx");
        Files.createDirectories(root.resolve("dev"));
        Files.write(root.resolve("dev/null"), new byte[0]);
        Files.write(root.resolve("dev/stderr"), new byte[0]);
        Files.write(root.resolve("dev/stdout"), new byte[0]);
        assertThat(run(List.of("chroot", root.toString(), "/usr/sbin/nginx", "-t")))
                .contains("test is successful");
        assertThat(root.resolve("var/lib/nginx/body")).isDirectory();
        assertThat(run(List.of("chroot", root.toString(), "/bin/sh", "-c", "id; ls /etc/nginx")))
                .contains("uid=0(root)")
                .contains("conf.d");
        Path box = images.mount(images.pull("busybox", List.of()), "busybox");
        assertThat(run(List.of("chroot", box.toString(), "/bin/sh", "-c", "echo $((6 * 7))")))
                .isEqualTo("42\n");
        assertThat(ImageUsers.resolve(root, "www-data").uid()).isEqualTo(33);
    }

    @Test
    void equal_packages_make_equal_digests_and_what_is_here_is_left_alone() throws Exception {
        List<Image> first = build(images);
        try (OciImages other = imagesIn("other")) {
            assertThat(build(other)).isEqualTo(first);
        }
        assertThat(build(images)).isEmpty();
        assertThat(told).anyMatch(each -> each.endsWith("is here already"));
    }
}
