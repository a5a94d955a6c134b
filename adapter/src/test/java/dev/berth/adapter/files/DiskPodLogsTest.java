package dev.berth.adapter.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.PodFiles.FilesFailed;
import dev.berth.port.PodLogs.LogName;
import dev.berth.port.PodLogs.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskPodLogsTest {
    private static final LogName LOG = new LogName("default", "web", "uid-1", "main", 0);

    @TempDir Path folder;
    private DiskPodLogs logs;

    @BeforeEach
    void make() {
        logs = new DiskPodLogs(folder);
    }

    private void write(String text) throws Exception {
        Files.writeString(
                logs.file(LOG), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static List<String> rest(Reader reader) throws Exception {
        var lines = new ArrayList<String>();
        for (var line = reader.next(); line != null; line = reader.next()) {
            lines.add(new String(line, UTF_8));
        }
        return lines;
    }

    @Test
    void lies_where_a_kubelet_would_put_it() throws Exception {
        assertThat(logs.file(LOG)).isEqualTo(folder.resolve("default_web_uid-1/main/0.log"));
    }

    @Test
    void a_log_is_read_over_the_files_that_were_set_aside() throws Exception {
        write("one\n");
        logs.rotate(LOG, 5);
        write("two\n");
        logs.rotate(LOG, 5);
        write("three\n");
        try (var reader = logs.read(LOG, -1)) {
            assertThat(rest(reader)).containsExactly("one", "two", "three");
        }
    }

    @Test
    void only_so_many_files_are_kept() throws Exception {
        for (var file = 0; file < 8; file++) {
            write("line " + file + "\n");
            logs.rotate(LOG, 5);
        }
        write("line 8\n");
        try (var reader = logs.read(LOG, -1)) {
            assertThat(rest(reader))
                    .containsExactly("line 4", "line 5", "line 6", "line 7", "line 8");
        }
    }

    @Test
    void the_last_lines_may_lie_in_several_files() throws Exception {
        write("one\ntwo\n");
        logs.rotate(LOG, 5);
        write("three\nfour\n");
        for (var wanted = 0; wanted <= 5; wanted++) {
            try (var reader = logs.read(LOG, wanted)) {
                var all = List.of("one", "two", "three", "four");
                assertThat(rest(reader))
                        .as("last %d", wanted)
                        .isEqualTo(all.subList(Math.max(0, 4 - wanted), 4));
            }
        }
    }

    @Test
    void half_a_line_is_not_told_before_it_is_whole() throws Exception {
        write("one\ntw");
        try (var reader = logs.read(LOG, -1)) {
            assertThat(rest(reader)).containsExactly("one");
            write("o\n");
            assertThat(rest(reader)).containsExactly("two");
        }
    }

    @Test
    void a_reader_that_waits_is_told_of_more_and_follows_a_rotation() throws Exception {
        write("one\n");
        try (var reader = logs.read(LOG, -1)) {
            assertThat(rest(reader)).containsExactly("one");
            reader.await();
            var more =
                    CompletableFuture.supplyAsync(() -> {
                        try {
                            var lines = rest(reader);
                            while (lines.size() < 2) {
                                reader.await();
                                lines.addAll(rest(reader));
                            }
                            return lines;
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                    });
            write("two\n");
            logs.rotate(LOG, 5);
            write("three\n");
            assertThat(more.get(20, TimeUnit.SECONDS)).containsExactly("two", "three");
        }
    }

    @Test
    void a_waiting_reader_can_be_woken() throws Exception {
        write("one\n");
        try (var reader = logs.read(LOG, 0)) {
            reader.await();
            reader.wake();
            reader.await();
            assertThat(reader.next()).isNull();
        }
    }

    @Test
    void a_log_that_is_not_there_cannot_be_read_but_is_empty_and_can_be_removed() throws Exception {
        assertThatThrownBy(() -> logs.read(LOG, -1)).isInstanceOf(FilesFailed.class);
        assertThat(logs.size(LOG)).isZero();
        logs.rotate(LOG, 5);
        logs.remove(LOG);
        logs.remove("default", "web", "uid-1");
    }

    @Test
    void removing_one_run_leaves_the_others() throws Exception {
        write("one\n");
        var later = new LogName("default", "web", "uid-1", "main", 1);
        Files.writeString(logs.file(later), "later\n");
        logs.remove(LOG);
        assertThat(logs.size(LOG)).isZero();
        assertThat(logs.size(later)).isPositive();
        logs.remove("default", "web", "uid-1");
        assertThat(folder).isEmptyDirectory();
    }
}
