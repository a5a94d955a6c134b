package dev.berth.adapter.image;

import static dev.berth.adapter.image.TestImage.anImage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.adapter.libc.UserNamespace;
import dev.berth.port.Images;
import dev.berth.port.Images.Image;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.PodUsers;
import dev.berth.testkit.ImagesContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayingOutImagesIT extends ImagesContract {
    @TempDir Path folder;
    private TestRegistry registry;
    private OciImages images;

    @BeforeEach
    void start() throws IOException {
        Privileges.assumeRoot();
        registry = new TestRegistry();
        images = imagesIn(folder.resolve("images"), folder.resolve("mounts"));
        anImage()
                .layer(
                        Tar.archive()
                                .folder("etc", 0755)
                                .file("etc/gone", "x")
                                .file("etc/stays", "below")
                                .file("opaque/old", "x"))
                .layer(
                        Tar.archive()
                                .file("etc/.wh.gone", "")
                                .file("opaque/.wh..wh..opq", "")
                                .file("opaque/new", "y"))
                .pushTo(registry, "library/app", "1");
    }

    @AfterEach
    void stop() {
        if (images != null) {
            images.unmountAll();
            images.close();
            registry.close();
        }
    }

    private OciImages imagesIn(Path content, Path mounts) {
        return new OciImages(
                content,
                mounts,
                new RegistrySettings(
                        Map.of("*", List.of(registry.address())), true, Platform.here()));
    }

    @Override
    protected Images images() {
        return images;
    }

    @Override
    protected String pullable() {
        return "app:1";
    }

    @Override
    protected String unknown() {
        return "nosuch:1";
    }

    @Test
    void an_image_with_a_layout_stays() throws Exception {
        Image image = images.pull("app:1", List.of());
        images.mount(image, "ab".repeat(32));
        assertThat(images.storage().images()).allMatch(Images.Stored::used);
        assertThat(images.clean(List.of(image.id()))).isZero();
        assertThatThrownBy(() -> images.remove("app:1")).hasMessage("app:1 is used by a container");
        images.unmount("ab".repeat(32));
        assertThat(images.clean(List.of(image.id()))).isPositive();
        assertThat(images.list()).isEmpty();
    }

    @Test
    void the_layout_shows_what_the_layers_come_to() throws Exception {
        Path root = images.mount(images.pull("app:1", List.of()), "one");
        assertThat(root.resolve("etc/gone")).doesNotExist();
        assertThat(root.resolve("etc/stays")).hasContent("below");
        try (Stream<Path> names = Files.list(root.resolve("opaque"))) {
            assertThat(names).containsExactly(root.resolve("opaque/new"));
        }
    }

    @Test
    void what_one_container_writes_another_does_not_see() throws Exception {
        Image image = images.pull("app:1", List.of());
        Path one = images.mount(image, "one");
        Path two = images.mount(image, "two");
        Files.writeString(one.resolve("etc/stays"), "changed");
        Files.delete(one.resolve("opaque/new"));
        assertThat(two.resolve("etc/stays")).hasContent("below");
        assertThat(two.resolve("opaque/new")).exists();
        images.unmount("one");
        assertThat(images.mount(image, "one").resolve("etc/stays")).hasContent("below");
    }

    @Test
    void files_belong_to_the_users_of_a_pods_own_and_nothing_of_it_stays() throws Exception {
        assumeTrue(images.canMapUsers(), "this machine cannot map the users of layers");
        try (UserNamespace made = UserNamespace.open(131_072, 65_536)) {
            PodUsers users =
                    new PodUsers(
                            made.namespace("user"), 131_072, 65_536, folder.resolve("way"), folder);
            Image image = images.pull("app:1", List.of());
            Path root = images.mount(image, "mapped", users);
            assertThat(root).isEqualTo(folder.resolve("way/mapped"));
            assertThat(Files.getAttribute(root, "unix:uid")).isEqualTo(131_072);
            assertThat(Files.getAttribute(root.resolve("etc/stays"), "unix:gid"))
                    .isEqualTo(131_072);
            assertThat(root.resolve("etc/gone")).doesNotExist();
            assertThat(images.mount(image, "mapped", users)).isEqualTo(root);
            Path plain = images.mount(image, "plain");
            assertThat(Files.getAttribute(plain.resolve("etc/stays"), "unix:uid")).isEqualTo(0);
            // The layers' other faces are gone, and the layers are as they were.
            assertThat(Files.readString(Path.of("/proc/self/mounts"))).doesNotContain("idmapped");
        }
        try (OciImages later = imagesIn(folder.resolve("images"), folder.resolve("mounts"))) {
            assertThat(later.mounted()).containsExactly("mapped", "plain");
            later.unmountAll();
        }
        assertThat(folder.resolve("way/mapped")).doesNotExist();
        assertThat(folder.resolve("mounts")).isEmptyDirectory();
        assertThat(Files.readString(Path.of("/proc/self/mounts")))
                .doesNotContain(folder.toString());
    }

    @Test
    void another_life_of_berth_finds_and_removes_layouts() throws Exception {
        Path root = images.mount(images.pull("app:1", List.of()), "left");
        Files.writeString(root.resolve("written"), "x");
        try (OciImages later = imagesIn(folder.resolve("images"), folder.resolve("mounts"))) {
            assertThat(later.mounted()).containsExactly("left");
            assertThat(later.mount(later.find("app:1").orElseThrow(), "left").resolve("written"))
                    .exists();
            later.unmountAll();
            assertThat(later.mounted()).isEmpty();
        }
        assertThat(folder.resolve("mounts/left")).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/self/mounts")))
                .doesNotContain(folder.toString());
    }

    @Test
    void what_is_left_of_a_layout_after_a_reboot_is_replaced() throws Exception {
        Image image = images.pull("app:1", List.of());
        Path root = images.mount(image, "left");
        Files.writeString(root.resolve("written"), "x");
        NativeFiles.unmount(root);
        assertThat(images.mounted()).containsExactly("left");
        assertThat(images.mount(image, "left").resolve("written")).doesNotExist();
    }

    @Test
    void many_layers_and_odd_folder_names_are_no_obstacle() throws Exception {
        TestImage many = anImage();
        for (int each = 0; each < 120; each++) {
            many.layer(Tar.archive().file("layer" + each, "x"));
        }
        many.pushTo(registry, "library/many", "1");
        Path odd = folder.resolve("a,b:c\\d e");
        try (OciImages elsewhere = imagesIn(odd.resolve("images"), odd.resolve("mounts"))) {
            Path root = elsewhere.mount(elsewhere.pull("many:1", List.of()), "many");
            try (Stream<Path> names = Files.list(root)) {
                assertThat(names).hasSize(120);
            }
            Files.writeString(root.resolve("new"), "x");
            elsewhere.unmountAll();
            assertThat(elsewhere.mounted()).isEmpty();
        }
    }

    @Test
    void an_image_of_nothing_can_be_laid_out() throws Exception {
        anImage().pushTo(registry, "library/scratch", "1");
        Path root = images.mount(images.pull("scratch:1", List.of()), "scratch");
        try (Stream<Path> names = Files.list(root)) {
            assertThat(names).isEmpty();
        }
    }

    @Test
    void folders_nested_without_end_are_removed() throws Exception {
        Path root = images.mount(images.pull("app:1", List.of()), "deep");
        int at = NativeFiles.openFolder(root);
        byte[] name = {'d'};
        for (int depth = 0; depth < 600; depth++) {
            NativeFiles.makeFolder(at, name, 0700);
            int next =
                    NativeFiles.openAt(
                            at, name, NativeFiles.O_DIRECTORY | NativeFiles.O_CLOEXEC, 0);
            NativeFiles.close(at);
            at = next;
        }
        NativeFiles.close(at);
        images.unmount("deep");
        assertThat(folder.resolve("mounts/deep")).doesNotExist();
    }

    @Test
    void removing_a_layout_follows_no_link() throws Exception {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("precious"), "x");
        Path root = images.mount(images.pull("app:1", List.of()), "one");
        Files.createSymbolicLink(root.resolve("link"), outside);
        images.unmount("one");
        assertThat(outside.resolve("precious")).exists();
    }

    @Test
    void an_id_that_leads_elsewhere_is_a_bug() throws Exception {
        Image image = images.pull("app:1", List.of());
        for (String id : List.of("", "..", "a/b", "../x", ".hidden")) {
            assertThatThrownBy(() -> images.mount(image, id))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void a_full_disk_is_told_and_leaves_nothing() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        byte[] noise = new byte[3 * 1024 * 1024];
        new Random(3).nextBytes(noise);
        anImage()
                .layer(Tar.archive().entry("big", '0', 0644, 0, 0, "", noise))
                .pushTo(registry, "library/big", "1");
        anImage()
                .layer(Tar.archive().entry("zeros", '0', 0644, 0, 0, "", new byte[8_000_000]))
                .pushTo(registry, "library/zeros", "1");
        NativeFiles.mount("tmpfs", disk, "tmpfs", 0, "size=2m");
        try (OciImages small = imagesIn(disk.resolve("images"), disk.resolve("mounts"))) {
            small.pull("app:1", List.of());
            long before = used(disk);
            for (String each : List.of("big:1", "zeros:1")) {
                PullFailed failed =
                        catchThrowableOfType(PullFailed.class, () -> small.pull(each, List.of()));
                assertThat(failed.why()).as(each).isEqualTo(PullFailed.Why.NO_SPACE);
                assertThat(failed.getMessage()).endsWith("no space left on device");
            }
            assertThat(small.list()).hasSize(1);
            // Manifests and configs may stay; what filled the disk may not.
            assertThat(used(disk) - before).isLessThan(100_000);
        } finally {
            NativeFiles.unmount(disk);
        }
    }

    private static long used(Path disk) throws IOException {
        var store = Files.getFileStore(disk);
        return store.getTotalSpace() - store.getUnallocatedSpace();
    }
}
