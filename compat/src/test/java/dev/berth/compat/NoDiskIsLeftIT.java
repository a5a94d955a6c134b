package dev.berth.compat;

import static dev.berth.compat.RawCall.eks;
import static dev.berth.compat.RawCall.query;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.bench.soak.Leftovers;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a full disk does: told in plain words, nothing half done, and mended by room. */
class NoDiskIsLeftIT {
    private static final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** More than the small disk holds. */
    private static final int BIG_BYTES = 60_000_000;

    private static final long CRUMBS_BYTES = 256 << 10;

    private final Shell shell = new Shell();
    private OneBerth berth;
    private Path disk;
    private Path images;

    @BeforeEach
    void a_small_disk() throws Exception {
        OneBerth.needs("mount", "umount");
        disk = Files.createTempDirectory("berth-compat-disk").toRealPath();
        images = Files.createTempDirectory("berth-compat-images").toRealPath();
        shell.run("", "mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk.toString()).good();
        berth = OneBerth.in(disk.resolve("data"));
    }

    @AfterEach
    void nothing_stays() throws Exception {
        if (berth == null) {
            return;
        }
        try {
            berth.close();
        } finally {
            shell.run("", "umount", disk.toString()).good();
            Files.delete(disk);
            OneBerth.removeTree(images);
        }
    }

    private Path layout(String name, int bytes) throws IOException {
        var folder = images.resolve(name);
        SmallImage.of("amd64", bytes).writeLayout(folder, "docker.io/library/" + name + ":1");
        return folder;
    }

    private long usedBytes() throws IOException {
        var store = Files.getFileStore(disk);
        return store.getTotalSpace() - store.getUnallocatedSpace();
    }

    @Test
    void an_import_that_does_not_fit_leaves_what_was_there() throws Exception {
        berth.berth("image", "import", layout("small", 1000).toString()).good();
        var list = berth.berth("image", "list").good();
        var used = usedBytes();
        var big = layout("big", BIG_BYTES);
        var refused = berth.berth("image", "import", big.toString());
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.error())
                .startsWith("berth: cannot import " + big + ": ")
                .endsWith(": no space left on device\n")
                .hasLineCount(1);
        assertThat(berth.berth("image", "list").good()).isEqualTo(list);
        assertThat(usedBytes() - used).isLessThan(CRUMBS_BYTES);
        berth.berth("image", "import", layout("other", 1000).toString()).good();
    }

    @Test
    void a_disk_too_small_for_the_database_is_told_and_nothing_runs_on() throws Exception {
        var refused =
                shell.berth("up", "--detach", "--port", "0", "--data", berth.data().toString());
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.error().lines().reduce((_, last) -> last).orElseThrow())
                .startsWith("berth: Berth ended while it started: etcd does not answer: ")
                .contains("no space left on device");
        assertThat(Leftovers.processes(berth.data(), "none")).isEmpty();
    }

    @Test
    void a_disk_that_fills_up_refuses_writes_until_there_is_room_again() throws Exception {
        shell.run("", "mount", "-o", "remount,size=400m", disk.toString()).good();
        berth.up();
        var fill = disk.resolve("fill");
        fill(fill);
        var stored = new ArrayList<String>();
        var refused = write(0);
        for (var i = 1; refused.status() == 200 && i < 250; i++) {
            stored.add(vpc(refused.body()));
            refused = write(i);
        }
        assertThat(refused.status() + " " + refused.code()).isEqualTo("503 ServiceUnavailable");
        assertThat(refused.message())
                .isEqualTo("The request has failed due to a temporary failure of the server.");
        // Between two tries of etcd's to start, a read may still be answered.
        OneBerth.until(
                "EKS says it in its own words",
                () -> {
                    var ofEks = eks("GET", "/clusters", "").send(http, berth);
                    assertThat(ofEks.status() + " " + ofEks.code())
                            .isIn("200 ", "503 ServiceUnavailableException");
                    return ofEks.status() == 503;
                });
        OneBerth.until(
                "the log tells why",
                () ->
                        Files.readString(berth.data().resolve("berth.log"))
                                .contains("component=etcd exitCode=1"));
        Files.delete(fill);
        OneBerth.until(
                "what was stored is told again",
                () -> eks("GET", "/clusters", "").send(http, berth).status() == 200);
        assertThat(query("ec2", "DescribeVpcs").send(http, berth).body()).contains(stored);
        assertThat(write(251).status()).isEqualTo(200);
    }

    private RawCall.Answer write(int number) throws Exception {
        return query("ec2", "CreateVpc", "CidrBlock", "10." + number + ".0.0/16").send(http, berth);
    }

    private static String vpc(String body) {
        return Pattern.compile("<vpcId>([^<]+)<")
                .matcher(body)
                .results()
                .findFirst()
                .orElseThrow()
                .group(1);
    }

    private static void fill(Path file) throws IOException {
        var block = new byte[1 << 20];
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(block);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left on device");
        }
    }
}
