package dev.berth.adapter.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.VolumeFile;
import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodFiles.Maker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of volumes and folders of the machine become what pods mount, and nothing else does. */
class FoldersAreAttachedIT {
    private static final String UID = "uid-1";
    @TempDir Path data;
    @TempDir Path shared;
    private DiskPodFiles files;

    @BeforeEach
    void make() {
        Assumptions.assumeTrue("root".equals(System.getProperty("user.name")), "only root mounts");
        files = new DiskPodFiles(data);
    }

    @AfterEach
    void unmount() throws Exception {
        if (files != null) {
            files.unmountAll();
        }
    }

    private static Object inode(Path path) throws Exception {
        return Files.getAttribute(path, "unix:ino");
    }

    @Test
    void a_sub_path_is_made_and_is_the_same_folder() throws Exception {
        var volume = files.emptyFolder(UID, "cache", null, 2000L);
        var found = files.subPath(UID, volume, "a/b", "main/1");
        assertThat(inode(found)).isEqualTo(inode(volume.resolve("a/b")));
        assertThat((int) Files.getAttribute(found, "unix:mode") & 07777).isEqualTo(02777);
        assertThat(Files.getAttribute(found, "unix:gid")).isEqualTo(2000);
        Files.writeString(found.resolve("x"), "written");
        assertThat(volume.resolve("a/b/x")).hasContent("written");
    }

    @Test
    void a_sub_path_may_be_one_file_of_a_config_map() throws Exception {
        var file = new VolumeFile("nginx.conf", "x".getBytes(UTF_8), 0644, null);
        var volume = files.writeVolume(UID, "conf", false, List.of(file), null);
        assertThat(files.subPath(UID, volume, "nginx.conf", "main/1"))
                .isRegularFile()
                .hasContent("x");
    }

    @Test
    void links_that_lead_out_of_a_volume_are_refused() throws Exception {
        var volume = files.emptyFolder(UID, "cache", null, null);
        Files.createSymbolicLink(volume.resolve("absolute"), Path.of("/etc"));
        Files.createSymbolicLink(volume.resolve("up"), Path.of("../../../../../../../../etc"));
        Files.createDirectory(volume.resolve("in"));
        Files.createSymbolicLink(volume.resolve("inside"), Path.of("in"));
        for (var way : List.of("absolute", "up", "absolute/cron.d", "up/new", "in/../../x")) {
            assertThatThrownBy(() -> files.subPath(UID, volume, way, "main/1"))
                    .as(way)
                    .isInstanceOf(FilesFailed.class);
        }
        assertThat(inode(files.subPath(UID, volume, "inside/new", "main/1")))
                .isEqualTo(inode(volume.resolve("in/new")));
        assertThat(Path.of("/etc/new")).doesNotExist();
    }

    @Test
    void a_sub_path_that_is_exchanged_for_a_link_later_stays_what_it_was() throws Exception {
        var volume = files.emptyFolder(UID, "cache", null, null);
        var found = files.subPath(UID, volume, "a", "main/1");
        var was = inode(found);
        Files.delete(volume.resolve("a"));
        Files.createSymbolicLink(volume.resolve("a"), Path.of("/etc"));
        assertThat(inode(found)).isEqualTo(was);
        assertThatThrownBy(() -> files.subPath(UID, volume, "a", "main/1"))
                .isInstanceOf(FilesFailed.class);
    }

    @Test
    void a_folder_of_the_machine_is_shared_by_pods_and_outlives_them() throws Exception {
        var one = files.attachFolder("uid-1", "efs", shared, "", null);
        var other = files.attachFolder("uid-2", "data", shared, "", null);
        Files.writeString(one.resolve("x"), "of one");
        assertThat(other.resolve("x")).hasContent("of one");
        assertThat(files.attachFolder("uid-1", "efs", shared, "", null)).isEqualTo(one);
        assertThat(files.use("uid-1")).isEmpty();
        files.removeVolumes("uid-1");
        files.remove("uid-1");
        assertThat(one).doesNotExist();
        assertThat(shared.resolve("x")).hasContent("of one");
        files.remove("uid-2");
        assertThat(shared.resolve("x")).hasContent("of one");
    }

    @Test
    void what_is_missing_in_a_shared_folder_is_made_only_for_an_owner() throws Exception {
        assertThatThrownBy(() -> files.attachFolder(UID, "efs", shared, "app/a", null))
                .isInstanceOf(FilesFailed.class)
                .hasMessageContaining("No such file");
        files.attachFolder(UID, "efs", shared, "app/a", new Maker(1001, 1002, 0750));
        assertThat(Files.getAttribute(shared.resolve("app/a"), "unix:uid")).isEqualTo(1001);
        assertThat(Files.getAttribute(shared.resolve("app/a"), "unix:gid")).isEqualTo(1002);
    }

    @Test
    void a_link_in_a_shared_folder_never_leads_to_the_machine() throws Exception {
        Files.createSymbolicLink(shared.resolve("app"), Path.of("/etc"));
        assertThatThrownBy(
                        () -> files.attachFolder(UID, "efs", shared, "app", new Maker(0, 0, 0755)))
                .isInstanceOf(FilesFailed.class);
    }
}
