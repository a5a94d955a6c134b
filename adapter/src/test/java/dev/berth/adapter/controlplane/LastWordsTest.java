package dev.berth.adapter.controlplane;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastWordsTest {
    @TempDir private Path folder;

    private String of(String log) throws Exception {
        var file = folder.resolve("log");
        Files.writeString(file, log);
        return LastWords.of(file);
    }

    @Test
    void what_etcd_says_before_its_stack_trace_counts() throws Exception {
        assertThat(
                        of(
                                """
                                {"level":"warn","msg":"simple token is not cryptographically signed"}
                                {"level":"panic","caller":"x.go:1","msg":"failed to create WAL","error":"no space left on device","stacktrace":"a\\n\\tb"}
                                panic: failed to create WAL

                                goroutine 1 [running]:
                                main.main()
                                	dev.berth/kube/main.go:45 +0x234
                                """))
                .isEqualTo("failed to create WAL: no space left on device");
    }

    @Test
    void without_a_grave_line_the_last_one_counts() throws Exception {
        assertThat(of("one\n  two  \n\n")).isEqualTo("two");
    }

    @Test
    void an_error_of_kubernetes_counts_more_than_what_follows_it() throws Exception {
        assertThat(
                        of(
                                "E1123 12:00:00 run.go:72] \"command failed\" err=\"no port\"\nUsage: kube\n"))
                .isEqualTo("E1123 12:00:00 run.go:72] \"command failed\" err=\"no port\"");
    }

    @Test
    void silence_is_told() throws Exception {
        assertThat(of("")).isEqualTo("it said nothing");
        assertThat(LastWords.of(folder.resolve("none"))).isEqualTo("it said nothing");
    }
}
