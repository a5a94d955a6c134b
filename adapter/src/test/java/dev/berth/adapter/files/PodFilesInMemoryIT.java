package dev.berth.adapter.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.adapter.libc.MountTable;
import dev.berth.core.pod.VolumeFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What must not reach the disk lies on tmpfs; this needs mount(8) and root. */
class PodFilesInMemoryIT {
    @TempDir Path data;
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

    @Test
    void secrets_lie_on_tmpfs_until_their_pod_goes() throws Exception {
        var secret = new VolumeFile("token", "s3cret".getBytes(UTF_8), 0600, null);
        var folder = files.writeVolume("uid-1", "secret", true, List.of(secret), null);
        assertThat(Files.getFileStore(folder).type()).isEqualTo("tmpfs");
        assertThat(folder.resolve("token")).hasContent("s3cret");
        assertThat(
                        new DiskPodFiles(data)
                                .writeVolume("uid-1", "secret", true, List.of(secret), null))
                .isEqualTo(folder);
        files.remove("uid-1");
        assertThat(folder).doesNotExist();
    }

    @Test
    void a_folder_that_was_mounted_on_itself_before_is_no_memory() throws Exception {
        var memory = Files.createDirectories(data.toRealPath().resolve("pods-memory"));
        MountTable.share(memory);
        var folder = files.writeVolume("uid-1", "secret", true, List.of(), null);
        assertThat(Files.getAttribute(folder, "unix:dev"))
                .isNotEqualTo(Files.getAttribute(data, "unix:dev"));
    }

    @Test
    void an_empty_folder_in_memory_is_as_large_as_wished_and_goes_with_its_pod() throws Exception {
        var folder = files.emptyFolder("uid-1", "cache", 1L << 20, null);
        assertThat(Files.getFileStore(folder).getTotalSpace()).isEqualTo(1L << 20);
        Files.writeString(folder.resolve("kept"), "yes");
        files.emptyFolder("uid-1", "cache", 1L << 20, null);
        assertThat(folder.resolve("kept")).hasContent("yes");
        files.removeVolumes("uid-1");
        assertThat(folder).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain("/cache ");
    }

    @Test
    void an_empty_folder_in_memory_keeps_the_mode_of_a_tmpfs() throws Exception {
        assertThat(mode(files.emptyFolder("uid-1", "memory", 1L << 20, null))).isEqualTo("1777");
        var group = files.emptyFolder("uid-1", "group", 1L << 20, 123L);
        assertThat(mode(group)).isEqualTo("3777");
        assertThat(mode(files.emptyFolder("uid-1", "disk", null, 123L))).isEqualTo("2777");
        assertThat(mode(files.subPath("uid-1", group, "below", "main/1"))).isEqualTo("3777");
    }

    private static String mode(Path path) throws Exception {
        return Integer.toOctalString((int) Files.getAttribute(path, "unix:mode") & 07777);
    }

    @Test
    void nothing_stays_mounted() throws Exception {
        files.emptyFolder("uid-1", "cache", 1L << 20, null);
        files.writeVolume("uid-1", "secret", true, List.of(), null);
        files.unmountAll();
        assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
                .doesNotContain(data.toRealPath().toString());
    }
}
