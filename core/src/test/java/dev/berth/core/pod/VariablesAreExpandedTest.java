package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.Container.EnvFrom;
import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.unit.Quantity;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VariablesAreExpandedTest {
    private static final ConfigData NOTHING = new ConfigData(Map.of(), Map.of());

    private static FieldValues fields(PodBuilder pod) {
        return new FieldValues(
                pod.build(), new NodeFacts("172.16.1.10", 250, 512L << 20, 1 << 20), "172.16.1.10");
    }

    @ParameterizedTest
    @CsvSource({
        "plain, plain",
        "$(A), 1",
        "$(A)$(B), 12",
        "$(C), $(C)",
        "$$(A), $(A)",
        "$$$(A), $1",
        "$$$$(A), $$(A)",
        "$(A, $(A",
        "$A, $A",
        "a$, a$",
        "$, $",
        "$(), $()",
        "$(A)-$$(A)-$(C), 1-$(A)-$(C)"
    })
    void names_in_parentheses_become_values(String text, String expanded) {
        assertThat(Expansion.expand(text, Map.of("A", "1", "B", "2")::get)).isEqualTo(expanded);
    }

    @Test
    void later_variables_see_earlier_ones_and_services() throws Exception {
        var container =
                aContainer()
                        .env("A", "1")
                        .env("B", "$(A)-$(LATER)-$(WEB_SERVICE_HOST)")
                        .env("LATER", "x")
                        .build();
        assertThat(
                        ContainerEnvironment.variables(
                                container,
                                fields(aPod()),
                                NOTHING,
                                Map.of("WEB_SERVICE_HOST", "10.100.0.7")))
                .containsEntry("B", "1-$(LATER)-10.100.0.7")
                .containsEntry("WEB_SERVICE_HOST", "10.100.0.7");
    }

    @Test
    void said_variables_hide_whole_maps_and_services() throws Exception {
        var container =
                aContainer()
                        .envFrom(new EnvFrom(false, "conf", "P_", false))
                        .envFrom(new EnvFrom(true, "hidden", "", false))
                        .env("P_a", "said")
                        .env("WEB_PORT", "said")
                        .build();
        var data =
                new ConfigData(
                        Map.of("conf", Map.of("a", "1".getBytes(UTF_8), "b", "2".getBytes(UTF_8))),
                        Map.of("hidden", Map.of("s", "3".getBytes(UTF_8))));
        assertThat(
                        ContainerEnvironment.variables(
                                container, fields(aPod()), data, Map.of("WEB_PORT", "tcp://")))
                .containsOnly(
                        Map.entry("P_a", "said"),
                        Map.entry("P_b", "2"),
                        Map.entry("s", "3"),
                        Map.entry("WEB_PORT", "said"));
    }

    @Test
    void what_is_missing_is_named_unless_it_is_optional() throws Exception {
        var data = new ConfigData(Map.of("conf", Map.of()), Map.of());
        for (var optional : List.of(true, false)) {
            var absentKey =
                    aContainer()
                            .env("A", new EnvSource.ConfigMapKeyRef("conf", "k", optional))
                            .build();
            var absentMap = aContainer().envFrom(new EnvFrom(false, "gone", "", optional)).build();
            var absentSecret =
                    aContainer()
                            .env("A", new EnvSource.SecretKeyRef("gone", "k", optional))
                            .build();
            if (optional) {
                for (var one : List.of(absentKey, absentMap, absentSecret)) {
                    assertThat(ContainerEnvironment.variables(one, fields(aPod()), data, Map.of()))
                            .isEmpty();
                }
            } else {
                assertProblem(absentKey, data, "couldn't find key k in ConfigMap default/conf");
                assertProblem(absentMap, data, "configmap \"gone\" not found");
                assertProblem(absentSecret, data, "secret \"gone\" not found");
            }
        }
    }

    private static void assertProblem(Container container, ConfigData data, String message) {
        assertThatThrownBy(() ->
                        ContainerEnvironment.variables(container, fields(aPod()), data, Map.of()))
                .isInstanceOf(ConfigProblem.class)
                .hasMessage(message);
    }

    @Test
    void fields_of_the_pod_are_texts() throws Exception {
        var pod =
                aPod().in("shop")
                        .named("web")
                        .on("fargate-172.16.1.10")
                        .label("app", "a\"b")
                        .label("tier", "front")
                        .annotation("note", "n");
        var fields = fields(pod);
        assertThat(fields.field("metadata.name")).isEqualTo("web");
        assertThat(fields.field("metadata.namespace")).isEqualTo("shop");
        assertThat(fields.field("metadata.labels['tier']")).isEqualTo("front");
        assertThat(fields.field("metadata.labels['absent']")).isEmpty();
        assertThat(fields.field("metadata.labels")).isEqualTo("app=\"a\\\"b\"\ntier=\"front\"");
        assertThat(fields.field("metadata.annotations['note']")).isEqualTo("n");
        assertThat(fields.field("spec.nodeName")).isEqualTo("fargate-172.16.1.10");
        assertThat(fields.field("spec.serviceAccountName")).isEqualTo("default");
        assertThat(fields.field("status.podIP")).isEqualTo("172.16.1.10");
        assertThat(fields.field("status.hostIP")).isEqualTo("172.16.1.10");
        assertThatThrownBy(() -> fields.field("spec.paused"))
                .isInstanceOf(ConfigProblem.class)
                .hasMessage("unsupported fieldPath: spec.paused");
    }

    @ParameterizedTest
    @CsvSource({
        "limits.cpu, 0, 1",
        "limits.cpu, 1m, 500",
        "requests.cpu, 1m, 250",
        "limits.memory, 1Mi, 256",
        "limits.memory, 0, 268435456",
        "requests.memory, 1Mi, 256",
        "limits.ephemeral-storage, 1Ki, 1024"
    })
    void resources_count_in_their_divisor_and_missing_limits_are_the_nodes(
            String resource, String divisor, String text) throws Exception {
        var container =
                aContainer()
                        .requestingOnly("cpu", "250m")
                        .limiting(Map.of("cpu", "500m", "memory", "256Mi"))
                        .build();
        var reference = new EnvSource.ResourceFieldRef(null, resource, Quantity.of(divisor));
        assertThat(fields(aPod()).resource(container, reference)).isEqualTo(text);
    }

    @Test
    void another_containers_resources_can_be_asked_for() throws Exception {
        var pod =
                aPod().container(aContainer("one"))
                        .container(aContainer("two").limiting("2", "1Gi"));
        var reference = new EnvSource.ResourceFieldRef("two", "limits.cpu", Quantity.ZERO);
        assertThat(fields(pod).resource(aContainer("one").build(), reference)).isEqualTo("2");
        var absent = new EnvSource.ResourceFieldRef("three", "limits.cpu", Quantity.ZERO);
        assertThatThrownBy(() -> fields(pod).resource(absent))
                .hasMessage("container three not found");
    }

    @Test
    void the_process_has_the_images_variables_under_the_pods() {
        assertThat(
                        ContainerEnvironment.merged(
                                List.of("PATH=/bin", "NGINX=1"), Map.of("NGINX", "2"), "web", true))
                .containsExactly("PATH=/bin", "HOSTNAME=web", "TERM=xterm", "NGINX=2");
        assertThat(ContainerEnvironment.merged(List.of(), Map.of(), "web", false))
                .containsExactly(
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "HOSTNAME=web");
    }

    @ParameterizedTest
    @CsvSource({
        "'', '', entry cmd",
        "'', arg, entry arg",
        "prog, '', prog",
        "prog, arg, prog arg",
        "$(A), $(A), 1 1"
    })
    void a_command_replaces_entrypoint_and_command_and_arguments_only_the_command(
            String command, String args, String whole) {
        var container = aContainer();
        if (!command.isEmpty()) {
            container.command(command);
        }
        if (!args.isEmpty()) {
            container.args(args);
        }
        assertThat(
                        ContainerEnvironment.command(
                                container.build(),
                                List.of("entry"),
                                List.of("cmd"),
                                Map.of("A", "1")))
                .containsExactly(whole.split(" "));
    }

    @Test
    void services_are_told_as_dockers_links_were() {
        assertThat(
                        ServiceVariables.of(
                                List.of(
                                        new ServiceVariables.Target(
                                                "my-web",
                                                "10.100.0.7",
                                                List.of(
                                                        new ServiceVariables.Port(
                                                                "http", 80, "TCP"),
                                                        new ServiceVariables.Port(
                                                                "dns-udp", 53, "UDP"))),
                                        new ServiceVariables.Target(
                                                "headless", "None", List.of()))))
                .containsExactlyInAnyOrderEntriesOf(
                        Map.ofEntries(
                                Map.entry("MY_WEB_SERVICE_HOST", "10.100.0.7"),
                                Map.entry("MY_WEB_SERVICE_PORT", "80"),
                                Map.entry("MY_WEB_SERVICE_PORT_HTTP", "80"),
                                Map.entry("MY_WEB_SERVICE_PORT_DNS_UDP", "53"),
                                Map.entry("MY_WEB_PORT", "tcp://10.100.0.7:80"),
                                Map.entry("MY_WEB_PORT_80_TCP", "tcp://10.100.0.7:80"),
                                Map.entry("MY_WEB_PORT_80_TCP_PROTO", "tcp"),
                                Map.entry("MY_WEB_PORT_80_TCP_PORT", "80"),
                                Map.entry("MY_WEB_PORT_80_TCP_ADDR", "10.100.0.7"),
                                Map.entry("MY_WEB_PORT_53_UDP", "udp://10.100.0.7:53"),
                                Map.entry("MY_WEB_PORT_53_UDP_PROTO", "udp"),
                                Map.entry("MY_WEB_PORT_53_UDP_PORT", "53"),
                                Map.entry("MY_WEB_PORT_53_UDP_ADDR", "10.100.0.7")));
    }
}
