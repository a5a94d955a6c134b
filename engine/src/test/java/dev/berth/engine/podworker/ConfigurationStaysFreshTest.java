package dev.berth.engine.podworker;

import static dev.berth.core.pod.PodBuilder.aPod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.Volume.FieldFile;
import dev.berth.core.pod.Volume.Source;
import dev.berth.port.KubeApi.Secret;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a running pod's volumes are made from changes, and so do they. */
class ConfigurationStaysFreshTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static Source.ConfigMap configMap(boolean optional) {
        return new Source.ConfigMap("conf", List.of(), 0644, optional);
    }

    private Map<String, String> files(Pod pod) throws Exception {
        bench.settle();
        return bench.files.volume(pod.uid(), "v");
    }

    @Test
    void a_changed_config_map_is_in_the_volume_at_once() throws Exception {
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        var pod = bench.run(aPod().volume("v", configMap(false)));
        bench.api.putConfigMap("default", "conf", Map.of("a", "2", "b", "3"));
        assertThat(files(pod)).isEqualTo(Map.of("a", "2", "b", "3"));
    }

    @Test
    void a_changed_secret_in_a_projected_volume_is_there_at_once() throws Exception {
        var source =
                new Source.Projected(
                        List.of(new Source.Secret("key", List.of(), 0644, false)), 0644);
        bench.api.putSecret(
                "default", "key", new Secret("Opaque", Map.of("k", "old".getBytes(UTF_8))));
        var pod = bench.run(aPod().volume("v", source));
        bench.api.putSecret(
                "default", "key", new Secret("Opaque", Map.of("k", "new".getBytes(UTF_8))));
        assertThat(files(pod)).isEqualTo(Map.of("k", "new"));
    }

    @Test
    void what_is_optional_comes_and_goes() throws Exception {
        var pod = bench.run(aPod().volume("v", configMap(true)));
        assertThat(files(pod)).isEmpty();
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        assertThat(files(pod)).isEqualTo(Map.of("a", "1"));
        bench.api.removeConfigMap("default", "conf");
        assertThat(files(pod)).isEmpty();
    }

    @Test
    void what_is_needed_and_deleted_stays_as_it_was() throws Exception {
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        var pod = bench.run(aPod().volume("v", configMap(false)));
        bench.api.removeConfigMap("default", "conf");
        assertThat(files(pod)).isEqualTo(Map.of("a", "1"));
        bench.api.putConfigMap("default", "conf", Map.of("a", "2"));
        assertThat(files(pod)).isEqualTo(Map.of("a", "2"));
    }

    @Test
    void changed_labels_and_annotations_are_in_the_volume_at_once() throws Exception {
        var source =
                new Source.DownwardApi(
                        List.of(
                                new FieldFile(
                                        "labels", new EnvSource.FieldRef("metadata.labels"), null)),
                        0644);
        var pod = bench.run(aPod().label("tier", "one").volume("v", source));
        assertThat(files(pod).get("labels")).isEqualTo("tier=\"one\"");
        bench.api.update(
                pod.key(),
                before ->
                        new Pod(
                                aPod().named(pod.metadata().name())
                                        .uid(pod.uid())
                                        .label("tier", "two")
                                        .build()
                                        .metadata(),
                                before.spec(),
                                before.status()));
        assertThat(files(pod).get("labels")).isEqualTo("tier=\"two\"");
    }

    @Test
    void tokens_are_not_made_anew_when_something_else_changes() throws Exception {
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        var source =
                new Source.Projected(
                        List.of(new Source.Token(null, 3600, "token"), configMap(false)), 0644);
        var pod = bench.run(aPod().volume("v", source));
        var token = files(pod).get("token");
        bench.api.putConfigMap("default", "conf", Map.of("a", "2"));
        assertThat(files(pod)).containsEntry("a", "2").containsEntry("token", token);
        assertThat(bench.api.calls(Call.TOKEN)).isOne();
    }

    @Test
    void what_a_pod_does_not_use_is_not_read() throws Exception {
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        bench.run(aPod().volume("v", configMap(false)));
        var reads = bench.api.calls(Call.CONFIG_MAP);
        bench.api.putConfigMap("default", "other", Map.of("a", "2"));
        bench.api.putConfigMap("elsewhere", "conf", Map.of("a", "2"));
        bench.pass(Duration.ofMinutes(10));
        assertThat(bench.api.calls(Call.CONFIG_MAP)).isEqualTo(reads);
    }

    @Test
    void what_changed_while_berth_was_away_is_found_when_it_is_back() throws Exception {
        bench.api.putConfigMap("default", "conf", Map.of("a", "1"));
        var pod = bench.run(aPod().volume("v", configMap(false)));
        bench.restart();
        bench.settle();
        bench.api.putConfigMap("default", "conf", Map.of("a", "2"));
        assertThat(files(pod)).isEqualTo(Map.of("a", "2"));
    }
}
