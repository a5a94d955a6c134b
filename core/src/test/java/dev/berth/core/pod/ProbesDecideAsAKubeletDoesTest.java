package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Container.Handler.Header;
import dev.berth.core.pod.Container.Probe;
import dev.berth.core.pod.ProbeProgress.Look;
import dev.berth.core.pod.ProbeTarget.Unclear;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ProbesDecideAsAKubeletDoesTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final Instant LONG_AGO = NOW.minusSeconds(1000);

    private static Probe probe(int delay, int successes, int failures) {
        return new Probe(
                new Handler.TcpSocket(null, "80"), delay, 1, 10, successes, failures, null);
    }

    private static Look running(@Nullable Instant since, boolean started) {
        return new Look("crun://a", since, started, false);
    }

    /** Takes a turn and lets the run, if there is one, end as each sign says: + or - or e. */
    private static ProbeProgress after(ProbeKind kind, Probe probe, String answers) {
        var progress = ProbeProgress.NEW;
        for (var at = 0; at < answers.length(); at++) {
            var turn =
                    progress.turn(kind, probe, running(LONG_AGO, kind != ProbeKind.STARTUP), NOW);
            progress = turn.after();
            if (turn.runs()) {
                progress =
                        progress.answered(
                                kind,
                                probe,
                                switch (answers.charAt(at)) {
                                    case '+' -> ProbeAnswer.connected();
                                    case '-' -> ProbeAnswer.failure("no");
                                    default -> ProbeAnswer.error("cannot");
                                });
            }
        }
        return progress;
    }

    @ParameterizedTest
    @CsvSource({
        // kind, successes, failures, what the runs say, what holds, whether it is on hold
        "READINESS, 1, 3, '', UNKNOWN, false",
        "READINESS, 1, 3, e, FAILURE, false",
        "READINESS, 1, 3, +, SUCCESS, false",
        "READINESS, 2, 3, +, FAILURE, false",
        "READINESS, 2, 3, ++, SUCCESS, false",
        "READINESS, 2, 3, +-+, FAILURE, false",
        "READINESS, 2, 3, +e+, SUCCESS, false",
        "READINESS, 1, 3, +--, SUCCESS, false",
        "READINESS, 1, 3, +---, FAILURE, false",
        "READINESS, 1, 3, +--+--, SUCCESS, false",
        "READINESS, 1, 3, +---+, SUCCESS, false",
        "LIVENESS, 1, 3, e, SUCCESS, false",
        "LIVENESS, 1, 3, --, SUCCESS, false",
        "LIVENESS, 1, 3, --+--, SUCCESS, false",
        "LIVENESS, 1, 3, ---, FAILURE, true",
        "LIVENESS, 1, 3, ---+, FAILURE, true",
        "LIVENESS, 1, 1, -, FAILURE, true",
        "STARTUP, 1, 3, e, UNKNOWN, false",
        "STARTUP, 1, 3, --, UNKNOWN, false",
        "STARTUP, 1, 3, --+, SUCCESS, true",
        "STARTUP, 1, 3, ---, FAILURE, true",
        "STARTUP, 1, 3, +-, SUCCESS, true",
    })
    void only_enough_equal_answers_in_a_row_change_what_holds(
            ProbeKind kind,
            int successes,
            int failures,
            String answers,
            ProbeResult holds,
            boolean onHold) {
        var progress = after(kind, probe(0, successes, failures), answers);
        assertThat(progress.result()).isEqualTo(holds);
        assertThat(progress.onHold()).isEqualTo(onHold);
    }

    @ParameterizedTest
    @CsvSource({
        // kind, seconds it has run, initial delay, started, deleting, whether it is asked
        "READINESS, 0, 0, true, false, true",
        "READINESS, 4, 5, true, false, false",
        "READINESS, 5, 5, true, false, true",
        "READINESS, 9, 0, false, false, false",
        "READINESS, 9, 0, true, true, true",
        "LIVENESS, 9, 0, true, false, true",
        "LIVENESS, 9, 0, false, false, false",
        "LIVENESS, 9, 0, true, true, false",
        "STARTUP, 9, 0, false, false, true",
        "STARTUP, 9, 0, true, false, false",
        "STARTUP, 9, 0, false, true, false",
        "STARTUP, 4, 5, false, false, false",
    })
    void who_is_asked_when(
            ProbeKind kind, long runs, int delay, boolean started, boolean deleting, boolean asks) {
        var look = new Look("crun://a", NOW.minusSeconds(runs), started, deleting);
        assertThat(ProbeProgress.NEW.turn(kind, probe(delay, 1, 1), look, NOW).runs())
                .isEqualTo(asks);
    }

    @ParameterizedTest
    @EnumSource(ProbeKind.class)
    void nobody_is_asked_who_is_not_there(ProbeKind kind) {
        var none = new Look(null, null, false, false);
        assertThat(ProbeProgress.NEW.turn(kind, probe(0, 1, 1), none, NOW))
                .isEqualTo(new ProbeProgress.Turn(ProbeProgress.NEW, false));
        var ended = ProbeProgress.NEW.turn(kind, probe(0, 1, 1), running(null, true), NOW);
        assertThat(ended.runs()).isFalse();
        assertThat(ended.after().result()).isEqualTo(ProbeResult.FAILURE);
    }

    @Test
    void a_new_container_begins_anew() {
        var probe = probe(0, 1, 1);
        var killed = after(ProbeKind.LIVENESS, probe, "-");
        assertThat(killed.of("crun://a")).isEqualTo(ProbeResult.FAILURE);
        var next = new Look("crun://b", LONG_AGO, true, false);
        var turn = killed.turn(ProbeKind.LIVENESS, probe, next, NOW);
        assertThat(turn.runs()).isTrue();
        assertThat(turn.after().of("crun://b")).isEqualTo(ProbeResult.SUCCESS);
        assertThat(turn.after().of("crun://a")).isEqualTo(ProbeResult.UNKNOWN);
    }

    @Test
    void a_deleted_pod_counts_as_living_to_the_end() {
        var look = new Look("crun://a", LONG_AGO, true, true);
        var turn = ProbeProgress.NEW.turn(ProbeKind.LIVENESS, probe(0, 1, 1), look, NOW);
        assertThat(turn.after().result()).isEqualTo(ProbeResult.SUCCESS);
    }

    // ---- answers

    @ParameterizedTest
    @CsvSource({
        "200, SUCCESS, hello",
        "299, SUCCESS, hello",
        "302, WARNING, 'Probe terminated redirects, Response body: hello'",
        "399, WARNING, 'Probe terminated redirects, Response body: hello'",
        "400, FAILURE, HTTP probe failed with statuscode: 400",
        "503, FAILURE, HTTP probe failed with statuscode: 503",
        "101, FAILURE, HTTP probe failed with statuscode: 101",
    })
    void what_an_http_status_means(int status, ProbeAnswer.Verdict verdict, String output) {
        assertThat(ProbeAnswer.http(status, "hello")).isEqualTo(new ProbeAnswer(verdict, output));
    }

    @Test
    void events_are_worded_as_a_kubelet_does() {
        assertThat(ProbeAnswer.command(0, "x").event(ProbeKind.LIVENESS)).isEmpty();
        assertThat(ProbeAnswer.command(3, "gone\n").event(ProbeKind.LIVENESS))
                .contains(new ProbeAnswer.Told("Unhealthy", "Liveness probe failed: gone\n"));
        assertThat(ProbeAnswer.http(307, "b").event(ProbeKind.READINESS))
                .contains(
                        new ProbeAnswer.Told(
                                "ProbeWarning",
                                "Readiness probe warning: Probe terminated redirects, Response"
                                        + " body: b"));
        assertThat(ProbeAnswer.error("no port").event(ProbeKind.STARTUP))
                .contains(
                        new ProbeAnswer.Told(
                                "Unhealthy",
                                "Startup probe errored and resulted in unknown state: no port"));
        assertThat(PodWords.commandTimedOut(List.of("sleep", "\"9\""), Duration.ofSeconds(2)))
                .isEqualTo("command timed out: \"sleep \\\"9\\\"\" timed out after 2s");
    }

    // ---- targets

    @Test
    void ports_go_by_number_or_name() throws Unclear {
        var container = aContainer("main").port("web", 8080).build();
        assertThat(ProbeTarget.port("web", container)).isEqualTo(8080);
        assertThat(ProbeTarget.port("81", container)).isEqualTo(81);
        assertThatThrownBy(() -> ProbeTarget.port("0", container))
                .isInstanceOf(Unclear.class)
                .hasMessage("invalid port number: 0");
        assertThatThrownBy(() -> ProbeTarget.port("db", container)).isInstanceOf(Unclear.class);
    }

    @ParameterizedTest
    @CsvSource({
        "/, /",
        "'', /",
        "healthz, /healthz",
        "/a b?c=d&e=%20#f, /a%20b?c=d&e=%20",
        "/ä, /%C3%A4",
    })
    void paths_are_sent_as_a_url_can_hold_them(String said, String sent) {
        assertThat(ProbeTarget.path(said)).isEqualTo(sent);
    }

    private static List<Header> headers(Header... said) {
        return ProbeTarget.headers(
                new Handler.HttpGet(null, "80", "/", "HTTP", List.of(said)), "probe");
    }

    @Test
    void headers_say_who_asks_unless_the_pod_says_otherwise() {
        assertThat(headers())
                .containsExactly(
                        new Header("Accept", "*/*"), new Header("User-Agent", "kube-probe/1.36"));
        assertThat(
                        headers(
                                new Header("user-agent", "me"),
                                new Header("ACCEPT", ""),
                                new Header("host", "example.org")))
                .containsExactly(new Header("user-agent", "me"));
        assertThat(
                        ProbeTarget.hostHeader(
                                new Handler.HttpGet(
                                        null,
                                        "80",
                                        "/",
                                        "HTTP",
                                        List.of(new Header("host", "example.org")))))
                .isEqualTo("example.org");
    }

    @Test
    void commands_know_only_variables_with_a_text() {
        var container =
                aContainer("main")
                        .env("A", "1")
                        .env("B", new Container.EnvSource.FieldRef("metadata.name"))
                        .build();
        assertThat(ProbeTarget.command(List.of("x$(A)", "y$(B)", "z$(C)", "$$(A)"), container))
                .containsExactly("x1", "y", "z$(C)", "$(A)");
    }
}
