package dev.berth.engine.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.identity.KubernetesUser;
import dev.berth.engine.nodes.NodeAccess.Answer;
import dev.berth.testkit.FakeKubeApi;
import dev.berth.testkit.FakeKubeApi.Call;
import dev.berth.testkit.FakeTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AnswersAboutAccessAreKeptAWhileTest {
    private static final KubernetesUser ANNA =
            new KubernetesUser("anna", "1", List.of("dev"), Map.of());

    private final FakeTime time = new FakeTime();
    private final FakeKubeApi api = new FakeKubeApi(time::now);
    private final NodeAccess access = new NodeAccess(api, time);

    @Test
    void who_somebody_is_holds_for_two_minutes() {
        api.putToken("t", ANNA);
        assertThat(access.user("t")).contains(ANNA);
        time.advance(Duration.ofSeconds(119));
        assertThat(access.user("t")).contains(ANNA);
        assertThat(api.calls(Call.REVIEW_TOKEN)).isEqualTo(1);
        time.advance(Duration.ofSeconds(1));
        assertThat(access.user("t")).contains(ANNA);
        assertThat(api.calls(Call.REVIEW_TOKEN)).isEqualTo(2);
    }

    @Test
    void an_unknown_token_is_not_asked_about_again_and_again() {
        assertThat(access.user("x")).isEmpty();
        assertThat(access.user("x")).isEmpty();
        assertThat(api.calls(Call.REVIEW_TOKEN)).isEqualTo(1);
    }

    @Test
    void yes_holds_for_five_minutes() {
        api.allowNode("anna", "get", "metrics");
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.YES);
        api.allowNothing();
        time.advance(Duration.ofSeconds(299));
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.YES);
        time.advance(Duration.ofSeconds(1));
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.NO);
    }

    @Test
    void no_holds_for_half_a_minute() {
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.NO);
        api.allowNode("anna", "get", "metrics");
        time.advance(Duration.ofSeconds(29));
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.NO);
        time.advance(Duration.ofSeconds(1));
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.YES);
    }

    @Test
    void each_node_verb_and_subresource_is_a_question_of_its_own() {
        api.allowNode("anna", "get", "metrics");
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.YES);
        assertThat(access.may(ANNA, "get", "stats", "n")).isEqualTo(Answer.NO);
        assertThat(access.may(ANNA, "create", "metrics", "n")).isEqualTo(Answer.NO);
        access.may(ANNA, "get", "metrics", "other");
        assertThat(api.calls(Call.MAY_USE_NODE)).isEqualTo(4);
    }

    @Test
    void while_the_api_server_is_away_nobody_is_known_and_nothing_is_kept() {
        api.putToken("t", ANNA);
        api.failNext(Call.REVIEW_TOKEN);
        api.failNext(Call.MAY_USE_NODE);
        assertThat(access.user("t")).isEmpty();
        assertThat(access.user("t")).contains(ANNA);
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.UNKNOWN);
        assertThat(access.may(ANNA, "get", "metrics", "n")).isEqualTo(Answer.NO);
    }
}
