package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.ImageRoom;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.port.Images.PullFailed;
import dev.berth.port.Images.RegistryCredential;
import dev.berth.port.KubeApi.Secret;
import dev.berth.testkit.FakeImages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ImagesAreForThoseWhoMayPullThemTest {
    private static final String IMAGE = "example.org/web";

    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
        bench.images.inRegistry(IMAGE, FakeImages.SHELL);
        secret("mine", "u1", "pw");
        secret("other", "u2", "else");
        secret("copy", "u3", "pw");
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void secret(String name, String uid, String password) {
        var config =
                "{\"auths\":{\"example.org\":{\"username\":\"me\",\"password\":\"%s\"}}}"
                        .formatted(password);
        bench.api.putSecret(
                "default",
                name,
                new Secret(
                        uid,
                        "kubernetes.io/dockerconfigjson",
                        Map.of(".dockerconfigjson", config.getBytes(UTF_8))));
    }

    private static PodBuilder pod(String name, String policy, String... secrets) {
        var pod =
                aPod().named(name)
                        .uid("uid-" + name)
                        .container(aContainer("main").image(IMAGE).pulling(policy));
        for (var each : secrets) {
            pod = pod.imagePullSecret(each);
        }
        return pod;
    }

    private List<String> images(Pod pod) {
        return bench.events(pod).stream()
                .filter(event -> event.startsWith("Pull") || event.startsWith("ErrImage"))
                .map(event -> event.substring(0, event.indexOf(':')))
                .toList();
    }

    @Test
    void a_pod_without_the_secret_asks_the_registry_itself() throws Exception {
        bench.run(pod("a", "IfNotPresent", "mine"));
        var same = bench.run(pod("b", "IfNotPresent", "mine"));
        assertThat(images(same)).containsExactly("Pulled");
        var copied = bench.run(pod("c", "IfNotPresent", "copy"));
        assertThat(images(copied)).containsExactly("Pulled");
        bench.images.failNextPull(PullFailed.Why.UNAUTHORIZED, "pull access denied");
        var without = bench.run(pod("d", "IfNotPresent"));
        assertThat(images(without)).containsExactly("Pulling");
        assertThat(bench.container(without, "main").state())
                .isEqualTo(
                        new ContainerState.Waiting(
                                "ErrImagePull",
                                "rpc error: code = Unknown desc = pull access denied"));
        bench.images.failNextPull(PullFailed.Why.UNAUTHORIZED, "pull access denied");
        var wrong = bench.run(pod("e", "IfNotPresent", "other"));
        assertThat(images(wrong)).containsExactly("Pulling");
        assertThat(bench.images.pulls()).hasSize(3);
    }

    @Test
    void never_does_not_even_tell_that_the_image_is_there() throws Exception {
        bench.run(pod("a", "IfNotPresent", "mine"));
        var never = bench.run(pod("b", "Never"));
        assertThat(images(never)).containsExactly("ErrImageNeverPull");
        assertThat(images(bench.run(pod("c", "Never", "mine")))).containsExactly("Pulled");
    }

    @Test
    void what_came_without_a_secret_is_for_all() throws Exception {
        bench.run(pod("a", "IfNotPresent"));
        assertThat(images(bench.run(pod("b", "IfNotPresent", "mine")))).containsExactly("Pulled");
        assertThat(images(bench.run(pod("c", "Never")))).containsExactly("Pulled");
    }

    @Test
    void credentials_are_tried_one_after_the_other_the_machines_own_last() throws Exception {
        bench.images.knowing(new RegistryCredential("example.org", "machine", "pw"));
        bench.images.failNextPull(PullFailed.Why.UNAUTHORIZED, "no");
        bench.images.failNextPull(PullFailed.Why.UNREACHABLE, "down");
        bench.run(pod("a", "IfNotPresent", "mine", "other"));
        assertThat(bench.images.credentialsSeen())
                .extracting(RegistryCredential::username, RegistryCredential::password)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("me", "pw"),
                        org.assertj.core.groups.Tuple.tuple("me", "else"),
                        org.assertj.core.groups.Tuple.tuple("machine", "pw"));
        assertThat(images(bench.run(pod("b", "Never")))).containsExactly("Pulled");
    }

    @Test
    void when_none_of_several_credentials_works_all_reasons_are_told() throws Exception {
        bench.images.failNextPull(PullFailed.Why.UNAUTHORIZED, "no");
        bench.images.failNextPull(PullFailed.Why.UNREACHABLE, "down");
        var pod = bench.run(pod("a", "Always", "mine", "other"));
        assertThat(bench.events(pod))
                .contains(
                        "Failed: Failed to pull image \"example.org/web\": [rpc error: code = Unknown"
                                + " desc = no, rpc error: code = Unknown desc = down]");
    }

    @Test
    void unused_images_go_when_the_disk_is_full_and_nodes_tell_when_that_is_not_enough()
            throws Exception {
        var told = new ArrayList<String>();
        bench.images.inRegistry("example.org/old", FakeImages.SHELL);
        bench.images.pull("example.org/old", List.of());
        bench.run(pod("a", "IfNotPresent"));
        try (var collector =
                new ImageCollector(
                        bench.images,
                        bench.time,
                        new ImageRoom(85, Duration.ZERO),
                        (reason, message) -> told.add(reason + ": " + message))) {
            collector.start();
            bench.time.advance(Duration.ofMinutes(5));
            assertThat(bench.images.find("example.org/old")).isPresent();
            bench.images.room(100_000_000, 14_000_000);
            bench.time.advance(Duration.ofMinutes(5));
            assertThat(bench.images.find("example.org/old")).isEmpty();
            assertThat(bench.images.find(IMAGE)).isPresent();
            assertThat(bench.images.find("busybox")).isPresent();
            assertThat(told).isEmpty();
            bench.images.room(100_000_000, 14_000_000);
            bench.time.advance(Duration.ofMinutes(5));
            assertThat(told)
                    .hasSize(1)
                    .first()
                    .asString()
                    .startsWith(
                            "FreeDiskSpaceFailed: Insufficient free disk space on the node's image filesystem (86% of 95.4 MiB used).");
            bench.time.advance(Duration.ofMinutes(5));
            assertThat(told).hasSize(3).last().asString().startsWith("ImageGCFailed: Insufficient");
        }
    }
}
