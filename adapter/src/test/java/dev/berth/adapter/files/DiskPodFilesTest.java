package dev.berth.adapter.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.VolumeFile;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodFiles.Owner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskPodFilesTest {
    private static final String UID = "uid-1";

    @TempDir Path data;
    private DiskPodFiles files;

    @BeforeEach
    void make() {
        files = new DiskPodFiles(data);
    }

    private static VolumeFile file(String path, String text) {
        return new VolumeFile(path, text.getBytes(UTF_8), 0644, null);
    }

    @Test
    void a_folder_says_whose_it_is_also_to_a_later_life() throws Exception {
        var owner = new Owner("lab", "default", "web");
        files.prepare(UID, owner);
        files.prepare(UID, owner);
        assertThat(new DiskPodFiles(data).pods()).containsOnly(java.util.Map.entry(UID, owner));
        files.remove(UID);
        assertThat(files.pods()).isEmpty();
        files.remove(UID);
    }

    @Test
    void a_folder_whose_owner_was_not_written_belongs_to_nobody() throws Exception {
        Files.createDirectories(data.resolve("pods/" + UID));
        assertThat(files.pods()).containsOnly(java.util.Map.entry(UID, new Owner("", "", "")));
    }

    @Test
    void a_file_under_etc_stays_the_same_file() throws Exception {
        var path = files.etcFile(UID, "hosts", "old\n");
        var key = Files.readAttributes(path, "unix:ino");
        assertThat(files.etcFile(UID, "hosts", "new\n")).isEqualTo(path).hasContent("new\n");
        assertThat(Files.readAttributes(path, "unix:ino")).isEqualTo(key);
    }

    @Test
    void a_volumes_files_are_read_through_links_and_change_at_once() throws Exception {
        var folder =
                files.writeVolume(
                        UID,
                        "conf",
                        false,
                        List.of(file("a", "1"), file("deep/b", "2"), file("old", "3")),
                        null);
        assertThat(folder.resolve("a")).hasContent("1").isSymbolicLink();
        assertThat(folder.resolve("deep/b")).hasContent("2");
        var before = Files.readSymbolicLink(folder.resolve("..data"));
        files.writeVolume(UID, "conf", false, List.of(file("a", "9"), file("deep/b", "2")), null);
        assertThat(folder.resolve("a")).hasContent("9");
        assertThat(folder.resolve("old")).doesNotExist();
        assertThat(Files.readSymbolicLink(folder.resolve("..data"))).isNotEqualTo(before);
        assertThat(folder.resolve(before)).doesNotExist();
    }

    @Test
    void equal_files_change_nothing() throws Exception {
        var folder = files.writeVolume(UID, "conf", false, List.of(file("a", "1")), null);
        var before = Files.readSymbolicLink(folder.resolve("..data"));
        files.writeVolume(UID, "conf", false, List.of(file("a", "1")), null);
        assertThat(Files.readSymbolicLink(folder.resolve("..data"))).isEqualTo(before);
    }

    @Test
    void a_file_cannot_lead_out_of_its_volume() {
        for (var path : List.of("../a", "/a", "..data", "a/../../b", "")) {
            assertThatThrownBy(() ->
                            files.writeVolume(UID, "conf", false, List.of(file(path, "1")), null))
                    .as(path)
                    .isInstanceOf(FilesFailed.class);
        }
    }

    @Test
    void files_have_the_wished_mode_and_group() throws Exception {
        Assumptions.assumeTrue(isRoot(), "only root gives files away");
        var folder =
                files.writeVolume(
                        UID,
                        "conf",
                        false,
                        List.of(new VolumeFile("a", new byte[0], 0400, 1000L)),
                        2000L);
        var file = folder.resolve("a").toRealPath();
        assertThat(Files.getAttribute(file, "unix:uid")).isEqualTo(1000);
        assertThat(Files.getAttribute(file, "unix:gid")).isEqualTo(2000);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("r--r-----");
    }

    @Test
    void an_empty_folder_can_be_written_by_everyone_and_keeps_what_is_in_it() throws Exception {
        var folder = files.emptyFolder(UID, "cache", null, null);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
                .isEqualTo("rwxrwxrwx");
        Files.writeString(folder.resolve("kept"), "yes");
        files.emptyFolder(UID, "cache", null, null);
        assertThat(folder.resolve("kept")).hasContent("yes");
    }

    @Test
    void last_words_are_read_from_their_end() throws Exception {
        assertThat(files.lastWords(UID, "main", 0, 10)).isEmpty();
        var log = files.terminationLog(UID, "main", 0);
        Files.writeString(log, "0123456789abc");
        assertThat(files.lastWords(UID, "main", 0, 3)).isEqualTo("abc");
        assertThat(files.lastWords(UID, "main", 1, 3)).isEmpty();
    }

    @Test
    void links_of_an_image_stay_in_the_image() throws Exception {
        var root = Files.createDirectories(data.resolve("root/etc")).getParent();
        Files.writeString(root.resolve("etc/real"), "root:x:0:0::/root:/bin/sh\n");
        Files.createSymbolicLink(root.resolve("etc/passwd"), Path.of("/etc/real"));
        Files.createSymbolicLink(root.resolve("etc/group"), Path.of("../../../../etc/group"));
        Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
        assertThat(files.imageText(root, "etc/passwd")).contains("root:x:0:0::/root:/bin/sh\n");
        assertThat(files.imageText(root, "etc/group")).isEmpty();
        assertThat(files.imageText(root, "loop")).isEmpty();
        assertThat(files.imageText(root, "absent")).isEmpty();
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
