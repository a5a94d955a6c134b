package dev.berth.adapter.image;

import static dev.berth.adapter.image.TestImage.anImage;
import static dev.berth.adapter.image.TestImage.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.PullFailed.Why;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportingImagesTest {
    @TempDir Path folder;
    private final TestImage image = anImage().layer(Tar.archive().file("hello", "world"));
    private OciImages images;

    @BeforeEach
    void start() {
        images =
                new OciImages(
                        folder.resolve("images"),
                        folder.resolve("mounts"),
                        new RegistrySettings(
                                Map.of("*", List.of(URI.create("http://127.0.0.1:1"))),
                                true,
                                Platform.here()));
    }

    @AfterEach
    void stop() {
        images.close();
    }

    private static Map<String, byte[]> layoutOf(String name, TestImage image) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("oci-layout", utf8("{\"imageLayoutVersion\":\"1.0.0\"}"));
        Map<String, Object> entry =
                ImageImport.descriptor(
                        image.mediaType(),
                        Digest.sha256Of(image.manifest()),
                        image.manifest().length);
        entry.put("annotations", Map.of("org.opencontainers.image.ref.name", name));
        files.put(
                "index.json", Json.write(Map.of("schemaVersion", 2, "manifests", List.of(entry))));
        files.put(blob(image.manifest()), image.manifest());
        files.put(blob(image.config()), image.config());
        image.layers().forEach(each -> files.put(blob(each), each));
        return files;
    }

    private static String blob(byte[] content) {
        return "blobs/sha256/" + Digest.sha256Of(content).hex();
    }

    private Path tar(String name, Map<String, byte[]> files) throws IOException {
        Tar tar = Tar.archive();
        files.forEach((each, content) -> tar.entry(each, '0', 0644, 0, 0, "", content));
        return Files.write(folder.resolve(name), tar.bytes());
    }

    private Path directory(Map<String, byte[]> files) throws IOException {
        Path layout = folder.resolve("layout");
        for (Map.Entry<String, byte[]> each : files.entrySet()) {
            Path file = layout.resolve(each.getKey());
            Files.createDirectories(file.getParent());
            Files.write(file, each.getValue());
        }
        return layout;
    }

    private Map<String, byte[]> dockerArchive() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("abc/layer.tar", Tar.archive().file("hello", "world").bytes());
        files.put("config.json", image.config());
        files.put(
                "manifest.json",
                Json.write(
                        List.of(
                                Map.of(
                                        "Config", "config.json",
                                        "RepoTags", List.of("saved:1", "other/saved:2"),
                                        "Layers", List.of("abc/layer.tar")))));
        return files;
    }

    @Test
    void a_layout_in_a_folder_is_taken() throws Exception {
        List<Image> taken = images.importFile(directory(layoutOf("team/app:1", image)));
        assertThat(taken).extracting(Image::reference).containsExactly("docker.io/team/app:1");
        assertThat(images.list()).isEqualTo(taken);
    }

    @Test
    void a_pull_does_not_ask_a_registry_for_it() throws Exception {
        List<Image> taken = images.importFile(directory(layoutOf("team/app:1", image)));
        assertThat(images.pull("team/app:1", List.of())).isEqualTo(taken.getFirst());
    }

    @Test
    void a_layout_in_an_archive_is_taken_compressed_or_not() throws Exception {
        Path plain = tar("plain.tar", layoutOf("quay.io/app:1", image));
        Path packed = folder.resolve("packed.tar.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(Files.readAllBytes(tar("x.tar", layoutOf("quay.io/app:2", image))));
        }
        assertThat(images.importFile(plain))
                .extracting(Image::reference)
                .containsExactly("quay.io/app:1");
        assertThat(images.importFile(packed))
                .extracting(Image::reference)
                .containsExactly("quay.io/app:2");
    }

    @Test
    void a_layout_that_knows_a_tag_only_is_named_after_the_file() throws Exception {
        assertThat(images.importFile(tar("webapp.tar", layoutOf("v3", image))))
                .extracting(Image::reference)
                .containsExactly("docker.io/library/webapp:v3");
    }

    @Test
    void an_archive_of_docker_save_is_taken_with_all_its_names() throws Exception {
        assertThat(images.importFile(tar("docker.tar", dockerArchive())))
                .extracting(Image::reference)
                .containsExactly("docker.io/library/saved:1", "docker.io/other/saved:2");
        assertThat(images.find("saved:1")).isPresent();
    }

    @Test
    void layers_that_older_archives_link_are_found() throws Exception {
        Map<String, byte[]> files = dockerArchive();
        byte[] layer = files.remove("abc/layer.tar");
        Tar tar = Tar.archive().link("abc/layer.tar", "../real/layer.tar");
        tar.entry("./real/layer.tar", '0', 0644, 0, 0, "", layer);
        files.forEach((each, content) -> tar.entry(each, '0', 0644, 0, 0, "", content));
        assertThat(images.importFile(Files.write(folder.resolve("old.tar"), tar.bytes())))
                .hasSize(2);
    }

    private PullFailed failureOf(Path file) {
        return catchThrowableOfType(PullFailed.class, () -> images.importFile(file));
    }

    @Test
    void bad_files_are_refused_with_a_reason_and_name_nothing() throws Exception {
        Map<String, byte[]> damaged = layoutOf("app:1", image);
        damaged.replaceAll((name, content) ->
                name.equals(blob(image.layers().getFirst())) ? new byte[9] : content);
        TestImage another = anImage().layer(Tar.archive().file("another", "x"));
        Map<String, byte[]> lacking = layoutOf("app:1", another);
        lacking.remove(blob(another.config()));
        Map<String, byte[]> twisted = dockerArchive();
        twisted.put("abc/layer.tar", Tar.archive().file("other", "x").bytes());
        Map<String, byte[]> escaping = dockerArchive();
        escaping.put(
                "manifest.json",
                Json.write(
                        List.of(
                                Map.of(
                                        "Config", "../../../etc/passwd",
                                        "RepoTags", List.of("a:1"),
                                        "Layers", List.of()))));
        assertThat(failureOf(folder.resolve("absent")))
                .extracting(PullFailed::why)
                .isEqualTo(Why.NOT_FOUND);
        assertThat(failureOf(Files.write(folder.resolve("t"), utf8("no archive"))))
                .hasMessageContaining("bad archive");
        assertThat(failureOf(tar("e.tar", Map.of("a", new byte[1]))))
                .hasMessageContaining("neither an OCI layout nor an archive of docker save");
        assertThat(failureOf(tar("d.tar", damaged)).why()).isEqualTo(Why.CORRUPT);
        assertThat(failureOf(tar("l.tar", lacking))).hasMessageContaining("it lacks content");
        assertThat(failureOf(tar("w.tar", twisted))).hasMessageContaining("wrong diff id");
        assertThat(failureOf(tar("p.tar", escaping))).hasMessageContaining("it has no file");
        assertThat(
                        failureOf(
                                        tar(
                                                "s.tar",
                                                layoutOf(
                                                        "app:1",
                                                        anImage().forArchitecture("s390x"))))
                                .why())
                .isEqualTo(Why.NO_MATCHING_PLATFORM);
        assertThat(images.list()).isEmpty();
    }

    @Test
    void an_archive_cut_off_anywhere_is_refused() throws Exception {
        byte[] whole = Files.readAllBytes(tar("whole.tar", dockerArchive()));
        for (int length = 0; length < whole.length - 1536; length += 700) {
            Path cut =
                    Files.write(folder.resolve("cut.tar"), java.util.Arrays.copyOf(whole, length));
            assertThat(failureOf(cut)).as("%d bytes", length).isNotNull();
        }
        assertThat(images.list()).isEmpty();
    }
}
