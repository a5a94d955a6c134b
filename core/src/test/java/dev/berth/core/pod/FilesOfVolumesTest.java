package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.Volume.Source;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FilesOfVolumesTest {
    private static final Source.Token TOKEN = new Source.Token(null, 3607, "token");
    private static final ConfigData DATA =
            new ConfigData(
                    Map.of("conf", Map.of("a", "1".getBytes(UTF_8), "b", "2".getBytes(UTF_8))),
                    Map.of("hidden", Map.of("s", "3".getBytes(UTF_8))));

    private static List<String> files(PodBuilder pod, Source source) throws Exception {
        var fields =
                new FieldValues(
                        pod.build(), new NodeFacts("172.16.1.10", 250, 1 << 29, 1), "172.16.1.10");
        return new VolumeContents(fields, DATA, Map.of(TOKEN, "jwt"))
                .files(new Volume("v", source)).orElseThrow().stream()
                        .map(file ->
                                "%s=%s %o%s"
                                        .formatted(
                                                file.path(),
                                                new String(file.content(), UTF_8),
                                                file.mode(),
                                                file.owner() == null ? "" : " " + file.owner()))
                        .toList();
    }

    @Test
    void all_keys_of_a_config_map_are_files() throws Exception {
        assertThat(files(aPod(), new Source.ConfigMap("conf", List.of(), 0644, false)))
                .containsExactly("a=1 644", "b=2 644");
    }

    @Test
    void chosen_keys_have_chosen_places_and_modes() throws Exception {
        var items = List.of(new Volume.Item("b", "deep/b", 0400));
        assertThat(files(aPod(), new Source.ConfigMap("conf", items, 0644, false)))
                .containsExactly("deep/b=2 400");
    }

    @Test
    void what_is_missing_is_a_problem_unless_it_is_optional() throws Exception {
        var items = List.of(new Volume.Item("z", "z", null));
        assertThat(files(aPod(), new Source.ConfigMap("gone", List.of(), 0644, true))).isEmpty();
        assertThat(files(aPod(), new Source.Secret("hidden", items, 0644, true))).isEmpty();
        assertThatThrownBy(
                        () -> files(aPod(), new Source.ConfigMap("gone", List.of(), 0644, false)))
                .hasMessage("configmap \"gone\" not found");
        assertThatThrownBy(() -> files(aPod(), new Source.ConfigMap("conf", items, 0644, false)))
                .hasMessage("configmap references non-existent config key: z");
        assertThatThrownBy(() -> files(aPod(), new Source.Secret("hidden", items, 0644, false)))
                .hasMessage("references non-existent secret key: z");
    }

    @Test
    void the_api_access_of_every_pod_has_token_certificate_and_namespace() throws Exception {
        var source =
                new Source.Projected(
                        List.of(
                                TOKEN,
                                new Source.ConfigMap(
                                        "conf",
                                        List.of(new Volume.Item("a", "ca.crt", null)),
                                        0600,
                                        false),
                                new Source.DownwardApi(
                                        List.of(
                                                new Volume.FieldFile(
                                                        "namespace",
                                                        new EnvSource.FieldRef(
                                                                "metadata.namespace"),
                                                        null)),
                                        0600)),
                        0644);
        assertThat(files(aPod().in("shop"), source))
                .containsExactly("ca.crt=1 644", "namespace=shop 644", "token=jwt 644");
        assertThat(VolumeContents.tokens(new Volume("v", source))).containsExactly(TOKEN);
        assertThat(VolumeContents.secret(new Volume("v", source))).isTrue();
    }

    @Test
    void a_token_is_narrow_when_a_group_or_one_user_may_read_it() throws Exception {
        var source = new Source.Projected(List.of(TOKEN), 0644);
        var grouped = new PodSecurity(null, null, null, List.of(), 2000L, null, Map.of(), null);
        assertThat(files(aPod().security(grouped), source)).containsExactly("token=jwt 600");
        var user = new PodSecurity(7L, null, null, List.of(), null, null, Map.of(), null);
        assertThat(files(aPod().security(user), source)).containsExactly("token=jwt 600 7");
        var other =
                new Container.Security(
                        false, null, 8L, null, null, false, List.of(), List.of(), null, null);
        assertThat(
                        files(
                                aPod().security(user)
                                        .container(aContainer("a"))
                                        .container(aContainer("b").security(other)),
                                source))
                .containsExactly("token=jwt 644");
    }

    @Test
    void an_empty_folder_has_no_files_of_its_own() throws Exception {
        var fields = new FieldValues(aPod().build(), new NodeFacts("", 0, 0, 0), "");
        assertThat(
                        new VolumeContents(fields, DATA, Map.of())
                                .files(new Volume("v", new Source.EmptyDir("", null))))
                .isEmpty();
    }
}
