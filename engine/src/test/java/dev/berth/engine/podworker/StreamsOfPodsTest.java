package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.Pod;
import dev.berth.engine.podworker.PodStreams.LogOptions;
import dev.berth.engine.podworker.PodStreams.PodRef;
import dev.berth.engine.podworker.PodStreams.StreamRefused;
import dev.berth.port.Images.PullFailed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StreamsOfPodsTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private PodRef ref(Pod pod) {
        return bench.workers
                .streams()
                .find(pod.metadata().namespace(), pod.metadata().name())
                .orElseThrow();
    }

    private void write(Pod pod, int attempt, String... lines) {
        for (var line : lines) {
            bench.logs.write(ContainerPlans.log(pod, "main", attempt), line);
        }
    }

    private String logs(Pod pod, LogOptions options) throws Exception {
        var out = new ByteArrayOutputStream();
        bench.workers.streams().logs(ref(pod), "main", options, out);
        return out.toString(UTF_8);
    }

    @Test
    void pods_are_found_by_name_node_and_address() throws Exception {
        var pod = bench.run(aPod());
        var streams = bench.workers.streams();
        assertThat(streams.find("default", "web")).contains(ref(pod));
        assertThat(streams.findByAddress("172.16.1.10")).contains(ref(pod));
        assertThat(streams.findByNode("fargate-172.16.1.10")).contains(ref(pod));
        assertThat(streams.find("default", "other")).isEmpty();
    }

    @Test
    void logs_are_the_texts_of_their_lines() throws Exception {
        var pod = bench.run(aPod());
        write(
                pod,
                0,
                "2026-01-02T12:00:00.000000001Z stdout F one",
                "2026-01-02T12:00:01.5Z stderr P tw",
                "2026-01-02T12:00:01.6Z stderr F o",
                "not a line",
                "2026-01-02T12:00:02Z stdout F ");
        assertThat(logs(pod, LogOptions.ALL)).isEqualTo("one\ntwo\n\n");
        assertThat(logs(pod, new LogOptions(false, false, -1, null, true, -1)))
                .isEqualTo(
                        """
                        2026-01-02T12:00:00.000000001Z one
                        2026-01-02T12:00:01.500000000Z two
                        2026-01-02T12:00:02.000000000Z\s
                        """);
        assertThat(logs(pod, new LogOptions(false, false, 1, null, false, -1))).isEqualTo("\n");
        assertThat(logs(pod, new LogOptions(false, false, -1, null, false, 5))).isEqualTo("one\nt");
        var since = Instant.parse("2026-01-02T12:00:02Z");
        assertThat(logs(pod, new LogOptions(false, false, -1, since, false, -1))).isEqualTo("\n");
    }

    @Test
    void a_followed_log_ends_when_the_container_does() throws Exception {
        var pod = bench.run(aPod().restartPolicy(dev.berth.core.pod.PodSpec.RestartPolicy.NEVER));
        write(pod, 0, "2026-01-02T12:00:00Z stdout F one");
        var following =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return logs(pod, new LogOptions(false, true, -1, null, false, -1));
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
        write(pod, 0, "2026-01-02T12:00:01Z stdout F two");
        bench.runtime.end(bench.id(pod, "main", 0), 0);
        assertThat(following.get(20, TimeUnit.SECONDS)).isEqualTo("one\ntwo\n");
        assertThat(logs(pod, LogOptions.ALL)).isEqualTo("one\ntwo\n");
    }

    @Test
    void the_log_of_the_run_before_can_be_read() throws Exception {
        var pod = bench.run(aPod());
        var previous = new LogOptions(true, false, -1, null, false, -1);
        assertThatThrownBy(() -> logs(pod, previous))
                .hasMessage("previous terminated container \"main\" in pod \"web\" not found");
        write(pod, 0, "2026-01-02T12:00:00Z stdout F before");
        bench.runtime.end(bench.id(pod, "main", 0), 1);
        bench.settle();
        write(pod, 1, "2026-01-02T12:00:01Z stdout F now");
        assertThat(logs(pod, previous)).isEqualTo("before\n");
        assertThat(logs(pod, LogOptions.ALL)).isEqualTo("now\n");
        bench.runtime.end(bench.id(pod, "main", 1), 1);
        bench.settle();
        assertThat(logs(pod, previous)).isEqualTo("now\n");
    }

    @Test
    void what_has_no_log_says_why() throws Exception {
        bench.images.failNextPull(PullFailed.Why.NOT_FOUND, "no");
        var pod = bench.run(aPod().container(aContainer("main").image("nginx")));
        assertThatThrownBy(() -> logs(pod, LogOptions.ALL))
                .hasMessage(
                        "container \"main\" in pod \"web\" is waiting to start: image can't be"
                                + " pulled")
                .asInstanceOf(InstanceOfAssertFactories.type(StreamRefused.class))
                .extracting(StreamRefused::code)
                .isEqualTo(400);
        assertThatThrownBy(() ->
                        bench.workers
                                .streams()
                                .logs(
                                        ref(pod),
                                        "absent",
                                        LogOptions.ALL,
                                        new ByteArrayOutputStream()))
                .hasMessage("container \"absent\" not found in pod \"web\"");
    }

    @Test
    void a_command_runs_in_a_running_container() throws Exception {
        var pod = bench.run(aPod());
        try (var session =
                bench.workers
                        .streams()
                        .exec(
                                ref(pod),
                                "main",
                                List.of("sh", "-c", "echo hi; exit 3"),
                                false,
                                false)) {
            assertThat(new String(session.stdout().readAllBytes(), UTF_8)).isEqualTo("hi\n");
            assertThat(session.await()).isEqualTo(OptionalInt.of(3));
        }
        assertThatThrownBy(() ->
                        bench.workers
                                .streams()
                                .exec(ref(pod), "absent", List.of("ls"), false, false))
                .hasMessage("container not found (\"absent\")");
    }

    @Test
    void a_port_is_reached_from_inside_the_pod() throws Exception {
        var pod = bench.run(aPod());
        var heard = new CountDownLatch(1);
        bench.network.listen(
                pod.uid(),
                80,
                connection -> {
                    try {
                        var request = new String(connection.input().readAllBytes(), UTF_8);
                        connection.output().write(("you said " + request).getBytes(UTF_8));
                        connection.close();
                        heard.countDown();
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
        try (var duplex = bench.workers.streams().portForward(ref(pod), 80)) {
            duplex.output().write("hello".getBytes(UTF_8));
            duplex.shutdownOutput();
            assertThat(new String(duplex.input().readAllBytes(), UTF_8))
                    .isEqualTo("you said hello");
        }
        assertThat(heard.await(60, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> bench.workers.streams().portForward(ref(pod), 81))
                .isInstanceOf(StreamRefused.class)
                .hasMessageStartingWith("error forwarding port 81 to pod " + pod.uid() + ", uid : ")
                .hasMessageContaining("failed to connect to localhost:81 inside namespace");
    }
}
