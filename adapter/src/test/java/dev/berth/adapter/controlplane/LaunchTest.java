package dev.berth.adapter.controlplane;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.port.ControlPlanes.Plan;
import dev.berth.port.Processes.Program;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How the programs are called, word by word. */
class LaunchTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/controlplane/launch.txt");

    private static final Plan PLAN =
            new Plan(
                    "shirwalab-eks-dev",
                    "0123456789ABCDEF0123456789ABCDEF",
                    "arn:aws:eks:eu-west-1:111122223333:cluster/shirwalab-eks-dev",
                    "eu-west-1",
                    "111122223333",
                    "1.36",
                    "10.100.0.0/16",
                    "vpc-0123456789abcdef0",
                    "172.16.1.10");

    @Test
    void the_command_lines_and_files_are_these() throws Exception {
        var launch = launch(PLAN, Optional.of(URI.create("https://127.0.0.1:4567/authn/x")));
        var text = new StringBuilder();
        for (var program :
                java.util.List.of(
                        EtcdServer.program(Path.of("/K/berth-kube"), Path.of("/D/etcd")),
                        launch.apiServer(),
                        launch.controllerManager(),
                        launch.scheduler(),
                        launch.kubeProxy(Path.of("/N/vpc/network")),
                        launch.coreDns(Path.of("/K/berth-coredns"), Path.of("/N/vpc/network")))) {
            text.append(transcript(program));
        }
        launch.files()
                .forEach((name, body) -> text.append("== ").append(name).append('\n').append(body));
        text.append("== Corefile\n").append(launch.corefile("172.16.0.2"));
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(GOLDEN, text);
        }
        assertThat(text.toString()).isEqualTo(Files.readString(GOLDEN));
    }

    @Test
    void without_a_token_webhook_nothing_of_it_is_there() {
        var launch = launch(PLAN, Optional.empty());
        assertThat(launch.apiServer().command()).noneMatch(flag -> flag.contains("webhook"));
        assertThat(launch.files())
                .containsOnlyKeys(
                        "controller-manager.json",
                        "coredns.json",
                        "egress.json",
                        "kube-proxy.json",
                        "scheduler.json");
    }

    @Test
    void the_first_service_address_is_the_one_after_the_ranges_own() {
        assertThat(Launch.firstServiceAddress("10.100.0.0/16")).isEqualTo("10.100.0.1");
        assertThat(Launch.firstServiceAddress("172.20.128.0/17")).isEqualTo("172.20.128.1");
    }

    private static Launch launch(Plan plan, Optional<URI> webhook) {
        return new Launch(
                plan,
                Path.of("/K/berth-kube"),
                Path.of("/D/clusters/shirwalab-eks-dev"),
                23456,
                Path.of("/D/etcd/clients.sock"),
                Path.of("/D/run/egress.sock"),
                webhook,
                Path.of("/D/pki/ca.crt"),
                new Launch.KeyFiles(Path.of("/D/pki/w.crt"), Path.of("/D/pki/w.key")),
                new Launch.KeyFiles(Path.of("/D/pki/k.crt"), Path.of("/D/pki/k.key")));
    }

    private static String transcript(Program program) {
        var text = new StringBuilder("== " + program.name() + " > " + program.logFile() + "\n");
        new java.util.TreeMap<>(program.environment())
                .forEach((name, value) -> text.append(name).append('=').append(value).append('\n'));
        program.command().forEach(word -> text.append(word).append('\n'));
        return text.toString();
    }
}
