package dev.berth.adapter.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnpackingLayersIT {
    @TempDir Path folder;
    private final List<Path> layers = new ArrayList<>();
    private Path outside;

    @BeforeEach
    void prepare() throws IOException {
        Privileges.assumeRoot();
        outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("precious"), "untouched");
    }

    private Path unpack(Tar tar) throws Exception {
        return unpack(tar.bytes());
    }

    /** Unpacks a layer above those unpacked before. */
    private Path unpack(byte[] archive) throws Exception {
        Path layer = Files.createDirectory(folder.resolve("layer" + layers.size()));
        int root = NativeFiles.openFolder(layer);
        List<Integer> lower = new ArrayList<>();
        for (Path each : layers.reversed()) {
            lower.add(NativeFiles.openFolder(each));
        }
        try (LayerUnpacker unpacker = new LayerUnpacker(root, lower)) {
            Digest came = unpacker.unpack(new ByteArrayInputStream(archive), "sha256");
            assertThat(came).isEqualTo(Digest.sha256Of(archive));
        } finally {
            NativeFiles.close(root);
            lower.forEach(NativeFiles::close);
        }
        layers.add(layer);
        return layer;
    }

    private static int mode(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
    }

    private static boolean isWhiteout(Path path) throws Exception {
        int parent = NativeFiles.openFolder(path.getParent());
        try {
            return NativeFiles.stat(parent, NativeFiles.bytes(path.getFileName())).isWhiteout();
        } finally {
            NativeFiles.close(parent);
        }
    }

    private static byte[] attribute(Path path, String name) throws Exception {
        int parent = NativeFiles.openFolder(path.getParent());
        try {
            return NativeFiles.attribute(
                    parent, NativeFiles.bytes(path.getFileName()), NativeFiles.bytes(name));
        } finally {
            NativeFiles.close(parent);
        }
    }

    private void outsideIsUntouched() throws IOException {
        try (Stream<Path> files = Files.list(outside)) {
            assertThat(files).containsExactly(outside.resolve("precious"));
        }
        assertThat(outside.resolve("precious")).hasContent("untouched");
    }

    @Test
    void owners_modes_and_times_are_kept() throws Exception {
        Path layer =
                unpack(
                        Tar.archive()
                                .entry("bin/", '5', 0755, 0, 0, "", new byte[0])
                                .entry("bin/su", '0', 04755, 0, 42, "", new byte[] {1})
                                .entry("bin/wall", '0', 02755, 0, 5, "", new byte[] {1})
                                .entry("tmp", '5', 01777, 7, 8, "", new byte[0])
                                .entry("bin/sh", '2', 0777, 9, 10, "su", new byte[0])
                                .entry("secret", '0', 0, 70_000, 70_001, "", new byte[0]));
        assertThat(mode(layer.resolve("bin/su"))).isEqualTo(04755);
        assertThat(Files.getAttribute(layer.resolve("bin/su"), "unix:gid")).isEqualTo(42);
        assertThat(mode(layer.resolve("bin/wall"))).isEqualTo(02755);
        assertThat(mode(layer.resolve("tmp"))).isEqualTo(01777);
        assertThat(Files.getAttribute(layer.resolve("tmp"), "unix:uid")).isEqualTo(7);
        assertThat(
                        Files.getAttribute(
                                layer.resolve("bin/sh"), "unix:uid", LinkOption.NOFOLLOW_LINKS))
                .isEqualTo(9);
        assertThat(Files.getAttribute(layer.resolve("secret"), "unix:uid")).isEqualTo(70_000);
        FileTime then = FileTime.from(Instant.ofEpochSecond(1_600_000_000L));
        assertThat(Files.getLastModifiedTime(layer.resolve("bin/su"))).isEqualTo(then);
        assertThat(Files.getLastModifiedTime(layer.resolve("bin"))).isEqualTo(then);
        assertThat(Files.getLastModifiedTime(layer.resolve("bin/sh"), LinkOption.NOFOLLOW_LINKS))
                .isEqualTo(then);
    }

    @Test
    void links_point_where_they_say_and_hard_links_are_one_file() throws Exception {
        Path layer =
                unpack(
                        Tar.archive()
                                .file("a/one", "text")
                                .hardLink("b/two", "a/one")
                                .hardLink("b/three", "./a/../a/one")
                                .link("c", "/nowhere/at/all"));
        assertThat(layer.resolve("b/two")).hasContent("text");
        assertThat(Files.getAttribute(layer.resolve("a/one"), "unix:ino"))
                .isEqualTo(Files.getAttribute(layer.resolve("b/two"), "unix:ino"))
                .isEqualTo(Files.getAttribute(layer.resolve("b/three"), "unix:ino"));
        assertThat(Files.readSymbolicLink(layer.resolve("c"))).hasToString("/nowhere/at/all");
    }

    @Test
    void devices_and_pipes_are_made() throws Exception {
        Path layer =
                unpack(
                        Tar.archive()
                                .device("null", '3', 1, 3)
                                .device("disk", '4', 8, 300)
                                .entry("pipe", '6', 0622, 0, 0, "", new byte[0]));
        int root = NativeFiles.openFolder(layer);
        try {
            NativeFiles.Stat device = NativeFiles.stat(root, NativeFiles.bytes("null"));
            assertThat(device.mode() & NativeFiles.S_IFMT).isEqualTo(NativeFiles.S_IFCHR);
            assertThat(device.rdev()).isEqualTo(1L << 32 | 3);
            NativeFiles.Stat disk = NativeFiles.stat(root, NativeFiles.bytes("disk"));
            assertThat(disk.mode() & NativeFiles.S_IFMT).isEqualTo(NativeFiles.S_IFBLK);
            assertThat(disk.rdev()).isEqualTo(8L << 32 | 300);
            assertThat(
                            NativeFiles.stat(root, NativeFiles.bytes("pipe")).mode()
                                    & NativeFiles.S_IFMT)
                    .isEqualTo(NativeFiles.S_IFIFO);
        } finally {
            NativeFiles.close(root);
        }
    }

    @Test
    void file_capabilities_are_kept_to_the_bit_and_overlay_s_own_marks_are_not_taken()
            throws Exception {
        byte[] capability = new byte[20];
        capability[0] = 1;
        capability[3] = 2;
        capability[4] = (byte) 0xc0;
        Map<String, byte[]> records = new LinkedHashMap<>();
        records.put("SCHILY.xattr.security.capability", capability);
        records.put("SCHILY.xattr.user.note", new byte[] {(byte) 0xff, 0, '\n', 7});
        records.put("SCHILY.xattr.trusted.overlay.redirect", TestImage.utf8("/etc"));
        records.put("SCHILY.xattr.user.overlay.opaque", TestImage.utf8("y"));
        Path layer = unpack(Tar.archive().pax(records).file("ping", 0755, "x"));
        assertThat(attribute(layer.resolve("ping"), "security.capability")).isEqualTo(capability);
        assertThat(attribute(layer.resolve("ping"), "user.note"))
                .isEqualTo(new byte[] {(byte) 0xff, 0, '\n', 7});
        assertThat(attribute(layer.resolve("ping"), "trusted.overlay.redirect")).isNull();
        assertThat(attribute(layer.resolve("ping"), "user.overlay.opaque")).isNull();
    }

    @Test
    void names_are_bytes_whatever_the_machine_s_language() throws Exception {
        byte[] odd = {'n', (byte) 0xe9, (byte) 0xff};
        unpack(
                Tar.archive()
                        .file("Főtanúsítvány.crt", "x")
                        .entry(odd, '0', 0644, 0, 0, "", new byte[] {'y'})
                        .pax(Map.of("path", TestImage.utf8("d/" + "ü".repeat(120))))
                        .file("short", "z"));
        int root = NativeFiles.openFolder(layers.getFirst());
        try {
            assertThat(NativeFiles.names(root)).contains(odd, TestImage.utf8("Főtanúsítvány.crt"));
            NativeFiles.close(
                    NativeFiles.openInRoot(root, TestImage.utf8("d/" + "ü".repeat(120)), 0));
        } finally {
            NativeFiles.close(root);
        }
    }

    @Test
    void gnu_s_long_names_are_understood() throws Exception {
        String name = "deep/" + "n".repeat(200);
        String target = "t".repeat(180);
        Path layer =
                unpack(
                        Tar.archive()
                                .entry(
                                        "././@LongLink",
                                        'K',
                                        0,
                                        0,
                                        0,
                                        "",
                                        TestImage.utf8(target + "\0"))
                                .entry(
                                        "././@LongLink",
                                        'L',
                                        0,
                                        0,
                                        0,
                                        "",
                                        TestImage.utf8(name + "\0"))
                                .link("cut", "cut"));
        assertThat(Files.readSymbolicLink(layer.resolve(name))).hasToString(target);
    }

    @Test
    void holes_of_sparse_files_read_as_zeros() throws Exception {
        byte[] expected = new byte[10_000];
        Arrays.fill(expected, 1000, 1600, (byte) 'a');
        Arrays.fill(expected, 9000, 9300, (byte) 'b');
        byte[] data = new byte[900];
        Arrays.fill(data, 0, 600, (byte) 'a');
        Arrays.fill(data, 600, 900, (byte) 'b');
        byte[] old = Tar.header(TestImage.utf8("gnu"), 'S', 0644, 0, 0, "", data.length);
        Tar.octal(old, 386, 12, 1000);
        Tar.octal(old, 398, 12, 600);
        Tar.octal(old, 410, 12, 9000);
        Tar.octal(old, 422, 12, 300);
        Tar.octal(old, 483, 12, expected.length);
        Map<String, byte[]> first = new LinkedHashMap<>();
        first.put("GNU.sparse.name", TestImage.utf8("pax01"));
        first.put("GNU.sparse.size", TestImage.utf8("10000"));
        first.put("GNU.sparse.map", TestImage.utf8("1000,600,9000,300"));
        Map<String, byte[]> second = new LinkedHashMap<>();
        second.put("GNU.sparse.major", TestImage.utf8("1"));
        second.put("GNU.sparse.minor", TestImage.utf8("0"));
        second.put("GNU.sparse.name", TestImage.utf8("pax10"));
        second.put("GNU.sparse.realsize", TestImage.utf8("10000"));
        byte[] mapped = new byte[512 + data.length];
        byte[] map = TestImage.utf8("2\n1000\n600\n9000\n300\n");
        System.arraycopy(map, 0, mapped, 0, map.length);
        System.arraycopy(data, 0, mapped, 512, data.length);
        Path layer =
                unpack(
                        Tar.archive()
                                .raw(old, data)
                                .pax(first)
                                .entry("x", '0', 0644, 0, 0, "", data)
                                .pax(second)
                                .entry("y", '0', 0644, 0, 0, "", mapped)
                                .file("after", "still in step"));
        for (String each : List.of("gnu", "pax01", "pax10")) {
            assertThat(Files.readAllBytes(layer.resolve(each))).as(each).isEqualTo(expected);
        }
        assertThat(layer.resolve("after")).hasContent("still in step");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../outside/new",
                "/../../outside/new",
                "a/../../../outside/new",
                "/./../outside/../../outside/new"
            })
    void dots_do_not_lead_out(String name) throws Exception {
        Path layer = unpack(Tar.archive().file(name, "evil"));
        outsideIsUntouched();
        assertThat(layer.resolve("outside/new")).hasContent("evil");
    }

    @Test
    void links_do_not_lead_out() throws Exception {
        unpack(
                Tar.archive()
                        .link("absolute", outside.toString())
                        .link("relative", "../outside")
                        .link("deep", "absolute")
                        .link("self", "self")
                        .file("absolute/new", "evil")
                        .file("relative/precious", "evil")
                        .file("deep/precious", "evil"));
        outsideIsUntouched();
    }

    @Test
    void a_file_replaces_a_link_and_does_not_write_through_it() throws Exception {
        Path layer =
                unpack(
                        Tar.archive()
                                .link("passwd", outside.resolve("precious").toString())
                                .file("passwd", "evil")
                                .link("folder", outside.toString())
                                .folder("folder", 0700)
                                .file("folder/new", "evil"));
        outsideIsUntouched();
        assertThat(layer.resolve("passwd")).hasContent("evil");
        assertThat(mode(layer.resolve("folder"))).isEqualTo(0700);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(outside)))
                .isNotEqualTo("rwx------");
    }

    @Test
    void hard_links_do_not_lead_out() {
        for (String target :
                List.of("../outside/precious", outside + "/precious", "link/precious")) {
            assertThatThrownBy(() ->
                            unpack(
                                    Tar.archive()
                                            .link("link", outside.toString())
                                            .hardLink("stolen", target)))
                    .as(target)
                    .isInstanceOf(IOException.class);
            layers.add(folder);
        }
    }

    @Test
    void a_link_in_a_circle_is_refused() {
        assertThatThrownBy(
                        () -> unpack(Tar.archive().link("a", "b").link("b", "a").file("a/x", "")))
                .isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 511, 512, 700, 1023})
    void an_archive_that_is_cut_off_is_refused(int bytes) {
        byte[] whole = Tar.archive().file("f", "x".repeat(600)).withoutEnd();
        assertThatThrownBy(() -> unpack(Arrays.copyOf(whole, bytes)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void nonsense_is_refused() {
        assertThatThrownBy(() ->
                        unpack("no archive at all".repeat(100).getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("invalid tar header");
        byte[] negative = Tar.header(TestImage.utf8("f"), '0', 0644, 0, 0, "", 0);
        Arrays.fill(negative, 124, 136, (byte) 0xff);
        assertThatThrownBy(() -> unpackInNewFolder(Tar.archive().raw(negative, new byte[0])))
                .isInstanceOf(IOException.class);
    }

    private void unpackInNewFolder(Tar tar) throws Exception {
        layers.add(folder);
        unpack(tar);
    }

    @Test
    void what_a_layer_deletes_is_marked_for_overlayfs() throws Exception {
        unpack(Tar.archive().file("etc/gone", "x").folder("opaque", 0755).file("opaque/old", "x"));
        Path layer =
                unpack(
                        Tar.archive()
                                .file("etc/.wh.gone", "")
                                .file("opaque/.wh..wh..opq", "")
                                .file("opaque/new", "y")
                                .file(".wh..wh.plnk/123", ""));
        assertThat(isWhiteout(layer.resolve("etc/gone"))).isTrue();
        assertThat(attribute(layer.resolve("opaque"), "trusted.overlay.opaque"))
                .isEqualTo(new byte[] {'y'});
        assertThat(layer.resolve("opaque/new")).exists();
    }

    @Test
    void a_deletion_does_not_touch_what_the_same_layer_brings() throws Exception {
        unpack(Tar.archive().file("first/old", "x").file("second/old", "x").file("third", "x"));
        Path layer =
                unpack(
                        Tar.archive()
                                .file(".wh.first", "")
                                .file("first/new", "y")
                                .folder("second", 0755)
                                .file("second/new", "y")
                                .file(".wh.second", "")
                                .file("third", "new")
                                .file(".wh.third", ""));
        assertThat(layer.resolve("first/new")).exists();
        assertThat(attribute(layer.resolve("first"), "trusted.overlay.opaque")).isNotNull();
        assertThat(attribute(layer.resolve("second"), "trusted.overlay.opaque")).isNotNull();
        assertThat(layer.resolve("third")).hasContent("new");
    }

    @ParameterizedTest
    @ValueSource(strings = {".wh.", ".wh..", ".wh...", "a/.wh..."})
    void a_deletion_of_a_folder_s_dots_is_refused(String name) throws Exception {
        unpack(Tar.archive().file("a/b", ""));
        assertThatThrownBy(() -> unpack(Tar.archive().file(name, "")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("invalid whiteout name");
    }

    @Test
    void a_folder_that_a_layer_does_not_mention_stays_as_it_is_below() throws Exception {
        unpack(
                Tar.archive()
                        .entry("./", '5', 0711, 3, 4, "", new byte[0])
                        .entry("var/", '5', 0750, 1, 2, "", new byte[0])
                        .entry("var/lib/", '5', 02770, 33, 34, "", new byte[0]));
        Path layer = unpack(Tar.archive().file("var/lib/data", "x").file("fresh/data", "x"));
        assertThat(mode(layer)).isEqualTo(0711);
        assertThat(mode(layer.resolve("var"))).isEqualTo(0750);
        assertThat(mode(layer.resolve("var/lib"))).isEqualTo(02770);
        assertThat(Files.getAttribute(layer.resolve("var/lib"), "unix:uid")).isEqualTo(33);
        assertThat(mode(layer.resolve("fresh"))).isEqualTo(0755);
    }

    @Test
    void what_other_programs_write_is_understood() throws Exception {
        Path source = Files.createDirectories(folder.resolve("source/sub"));
        Files.writeString(source.resolve("f".repeat(90)), "text");
        Files.write(folder.resolve("source/sparse"), new byte[0]);
        try (var file =
                new java.io.RandomAccessFile(folder.resolve("source/sparse").toFile(), "rw")) {
            file.seek(5_000_000);
            file.write(7);
        }
        for (String format : List.of("ustar", "gnu", "posix", "oldgnu")) {
            Path archive = folder.resolve(format + ".tar");
            List<String> command =
                    new ArrayList<>(List.of("tar", "-C", folder + "/source", "--format=" + format));
            if (!format.equals("ustar")) {
                command.add("--sparse");
            }
            command.addAll(List.of("-cf", archive.toString(), "."));
            Process tar = new ProcessBuilder(command).inheritIO().start();
            assertThat(tar.waitFor()).isZero();
            Path layer = unpack(Files.readAllBytes(archive));
            assertThat(layer.resolve("sub/" + "f".repeat(90))).hasContent("text");
            assertThat(layer.resolve("sparse")).hasSize(5_000_001);
            assertThat(Files.mismatch(layer.resolve("sparse"), folder.resolve("source/sparse")))
                    .isEqualTo(-1);
        }
    }

    @Test
    void no_archive_however_broken_does_more_than_fail() throws Exception {
        Map<String, byte[]> records = new LinkedHashMap<>();
        records.put("SCHILY.xattr.user.note", TestImage.utf8("x"));
        records.put("mtime", TestImage.utf8("1600000000.5"));
        byte[] sound =
                Tar.archive()
                        .folder("a", 0755)
                        .pax(records)
                        .file("a/file", "text")
                        .link("link", outside.toString())
                        .hardLink("a/hard", "a/file")
                        .pax(
                                Map.of(
                                        "GNU.sparse.map",
                                        TestImage.utf8("0,4"),
                                        "GNU.sparse.size",
                                        TestImage.utf8("9")))
                        .file("sparse", "text")
                        .file("a/.wh.gone", "")
                        .device("null", '3', 1, 3)
                        .bytes();
        Random random = new Random(20_260_101);
        unpack(Tar.archive().folder("a", 0755));
        for (int round = 0; round < 400; round++) {
            byte[] broken = sound.clone();
            for (int change = random.nextInt(4); change >= 0; change--) {
                int at = random.nextInt(broken.length - 1024);
                broken[at] =
                        random.nextBoolean()
                                ? (byte) random.nextInt(256)
                                : (byte) "/.0174x=\0".charAt(random.nextInt(9));
                mendSum(broken, at - at % 512);
            }
            try {
                unpack(broken);
            } catch (IOException refused) {
                assertThat(refused.getMessage()).as("round %d", round).isNotBlank();
            }
            if (layers.size() > 1) {
                layers.removeLast();
            }
            NativeFiles.deleteTree(folder.resolve("layer1"));
            outsideIsUntouched();
        }
    }

    /** Makes a header's sum fit again, so that damage gets further than the first check. */
    private static void mendSum(byte[] archive, int header) {
        int sum = 8 * ' ';
        for (int at = 0; at < 512; at++) {
            sum += at >= 148 && at < 156 ? 0 : archive[header + at] & 0xff;
        }
        byte[] text = TestImage.utf8(String.format(java.util.Locale.ROOT, "%06o", sum));
        System.arraycopy(text, 0, archive, header + 148, 6);
        archive[header + 154] = 0;
    }
}
