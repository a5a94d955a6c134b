package dev.berth.adapter.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.ContainerRuntime.User;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResolvingImageUsersTest {
    @TempDir Path folder;
    private Path root;

    @BeforeEach
    void prepare() throws IOException {
        root = Files.createDirectories(folder.resolve("root"));
        Files.createDirectories(root.resolve("etc"));
        Files.writeString(
                root.resolve("etc/passwd"),
                """
                root:x:0:0:root:/root:/bin/sh
                web:x:33:34:web:/:/bin/false
                broken
                1000:x:77:78::/:
                """);
        Files.writeString(
                root.resolve("etc/group"),
                """
                root:x:0:
                www:x:34:web
                logs:x:50:other,web
                ops:x:60:web,root
                """);
    }

    @ParameterizedTest
    @CsvSource({
        "'', 0, 0, 60",
        "root, 0, 0, 60",
        "0, 0, 0, 60",
        "web, 33, 34, 50 60",
        "33, 33, 34, 50 60",
        "web:ops, 33, 60, ''",
        "web:0, 33, 0, ''",
        "33:logs, 33, 50, ''",
        "4711, 4711, 0, ''",
        "4711:4712, 4711, 4712, ''",
        "4711:ops, 4711, 60, ''",
        "1000, 77, 78, ''",
        "4294967294, 4294967294, 0, ''"
    })
    void a_user_is_who_the_image_says(String text, long uid, long gid, String more)
            throws Exception {
        List<Long> additional =
                more.isEmpty()
                        ? List.of()
                        : List.of(more.split(" ", -1)).stream().map(Long::valueOf).toList();
        assertThat(ImageUsers.resolve(root, text)).isEqualTo(new User(uid, gid, additional));
    }

    @ParameterizedTest
    @CsvSource({
        "nobody, unable to find user nobody: no matching entries in passwd file",
        "web:nobody, unable to find group nobody: no matching entries in group file",
        "4294967295, uids and gids must be in range 0-4294967294",
        "-1, unable to find user -1: no matching entries in passwd file"
    })
    void who_is_unknown_is_told(String text, String message) {
        assertThatThrownBy(() -> ImageUsers.resolve(root, text)).hasMessage(message);
    }

    @Test
    void an_image_without_files_knows_numbers_only() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThat(ImageUsers.resolve(empty, "5")).isEqualTo(new User(5, 0, List.of()));
        assertThat(ImageUsers.resolve(empty, "")).isEqualTo(new User(0, 0, List.of()));
        assertThatThrownBy(() -> ImageUsers.resolve(empty, "root"))
                .isInstanceOf(ImageUsers.UnknownUser.class);
    }

    @Test
    void links_stay_inside_the_image() throws Exception {
        Files.writeString(folder.resolve("passwd"), "evil:x:1:1::/:\n");
        Files.delete(root.resolve("etc/passwd"));
        Files.createSymbolicLink(root.resolve("etc/passwd"), Path.of("../../passwd"));
        assertThatThrownBy(() -> ImageUsers.resolve(root, "evil"))
                .isInstanceOf(ImageUsers.UnknownUser.class);
        Files.writeString(root.resolve("passwd"), "good:x:2:2::/:\n");
        assertThat(ImageUsers.resolve(root, "good").uid()).isEqualTo(2);
        Files.delete(root.resolve("etc/passwd"));
        Files.createSymbolicLink(root.resolve("etc/passwd"), Path.of("/passwd"));
        assertThat(ImageUsers.resolve(root, "good").uid()).isEqualTo(2);
    }

    @Test
    void a_pipe_in_place_of_a_file_keeps_nobody_waiting() throws Exception {
        Files.delete(root.resolve("etc/passwd"));
        int etc = NativeFiles.openFolder(root.resolve("etc"));
        try {
            NativeFiles.makeNode(
                    etc, NativeFiles.bytes("passwd"), NativeFiles.S_IFIFO | 0644, 0, 0);
        } finally {
            NativeFiles.close(etc);
        }
        assertThat(ImageUsers.resolve(root, "7").uid()).isEqualTo(7);
    }
}
