package dev.berth.adapter.libc;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MountTableTest {
    private final MountTable table =
            MountTable.parse(
                    List.of(
                            "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
                            "30 22 0:35 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
                            "31 22 0:36 / /a\\040b rw shared:7 master:2 - tmpfs none rw",
                            "32 31 0:37 / /a\\040b/c rw - tmpfs none rw"));

    @Test
    void knows_points_types_options_and_sharing() {
        assertThat(table.mounts()).hasSize(4);
        assertThat(table.mounts().get(1))
                .isEqualTo(
                        new MountTable.Mount(
                                Path.of("/sys/fs/cgroup/memory"), "cgroup", "rw,memory", false));
        assertThat(table.isSharedMount(Path.of("/a b"))).isTrue();
        assertThat(table.isSharedMount(Path.of("/a b/c"))).isFalse();
        assertThat(table.isSharedMount(Path.of("/elsewhere"))).isFalse();
    }

    @Test
    void finds_what_lies_below() {
        assertThat(table.below(Path.of("/a b")))
                .extracting(MountTable.Mount::point)
                .containsExactly(Path.of("/a b"), Path.of("/a b/c"));
    }
}
