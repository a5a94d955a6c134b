package dev.berth.adapter.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.adapter.libc.Libc;
import dev.berth.port.ContainerRuntime.Mount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LaterMountsAreSeenIT {
    private PodBed bed;
    private String pod;

    @BeforeEach
    void begin() throws Exception {
        bed = new PodBed("later");
        pod = bed.pod(1);
        // From now on there is a copy of the mount table, where this machine needs one.
        assertThat(bed.output(bed.plan(pod, "before", "echo", "there"))).containsExactly("there");
    }

    @AfterEach
    void end() throws Exception {
        if (bed != null) {
            bed.close();
        }
    }

    @Test
    void a_root_that_is_mounted_later_can_be_run_and_unmounted() throws Exception {
        var merged = overlay("later");
        var plan =
                bed.changed(
                        bed.plan(pod, "overlay", "sh", "-c", "echo new > /file; cat /file"),
                        change ->
                                new PodBed.Change(
                                        List.of(),
                                        change.limits(),
                                        change.user(),
                                        false,
                                        false,
                                        merged,
                                        "/"));
        assertThat(bed.output(plan)).containsExactly("new");
        bed.runtime().remove(plan.id());
        Libc.umount(merged.toString(), 0);
        Files.delete(merged);
    }

    @Test
    void a_mount_outside_the_shared_folders_is_seen_too() throws Exception {
        var outside = Files.createTempDirectory("berth-oci-outside");
        try {
            Libc.mount("tmpfs", outside.toString(), "tmpfs", 0, "size=1m");
            Files.writeString(outside.resolve("file"), "from outside\n");
            var plan =
                    bed.changed(
                            bed.plan(pod, "outside", "cat", "/volume/file"),
                            change ->
                                    new PodBed.Change(
                                            List.of(
                                                    new Mount(
                                                            outside.toString(),
                                                            "/volume",
                                                            false,
                                                            false)),
                                            change.limits(),
                                            change.user(),
                                            false,
                                            false,
                                            change.rootfs(),
                                            "/"));
            assertThat(bed.output(plan)).containsExactly("from outside");
            assertThat(bed.output(bed.plan(pod, "after", "echo", "on"))).containsExactly("on");
        } finally {
            Libc.umount(outside.toString(), 0);
            Files.delete(outside);
        }
    }

    private Path overlay(String name) throws Exception {
        var folder = bed.data().resolve(name);
        var upper = Files.createDirectories(folder.resolve("upper"));
        var work = Files.createDirectories(folder.resolve("work"));
        var merged = Files.createDirectories(folder.resolve("merged"));
        Libc.mount(
                "overlay",
                merged.toString(),
                "overlay",
                0,
                "lowerdir=" + bed.rootfs() + ",upperdir=" + upper + ",workdir=" + work);
        return merged;
    }
}
