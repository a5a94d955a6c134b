package dev.berth.engine.clusters;

import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.PodStatus;
import dev.berth.testkit.FakeKubeApi;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Berth's own CoreDNS answers while no pod of the Service kube-dns is ready, and no longer. */
@Timeout(30)
final class NamesAreAnsweredTest {
    private static final PodKey ONE = new PodKey("kube-system", "coredns-1");
    private static final PodKey TWO = new PodKey("kube-system", "coredns-2");

    private final EksWorld world = new EksWorld();
    private FakeKubeApi api;

    @BeforeEach
    void a_cluster_runs() throws Exception {
        world.active("lab");
        api = world.api("lab");
    }

    @AfterEach
    void end() throws Exception {
        world.close();
    }

    @Test
    void by_pods_as_soon_as_one_is_ready() {
        coreDns(ONE);
        coreDns(TWO);
        ready(ONE, true);
        awaitOurs(false, 2);
        ready(TWO, true);
        ready(ONE, false);
        ready(TWO, false);
        awaitOurs(true, 3);
    }

    @Test
    void by_us_again_when_the_last_pod_is_gone() {
        coreDns(ONE);
        ready(ONE, true);
        awaitOurs(false, 2);
        api.delete(ONE);
        awaitOurs(true, 3);
    }

    @Test
    void other_pods_do_not_count() {
        var other = new PodKey("default", "web");
        api.create(aPod().in("default").named("web").uid("").label("k8s-app", "kube-dns").build());
        ready(other, true);
        api.awaitTold(Duration.ofSeconds(10));
        assertThat(api.applied()).hasSize(1);
    }

    @Test
    void a_write_that_fails_is_made_again() throws Exception {
        coreDns(ONE);
        api.failNext(FakeKubeApi.Call.APPLY);
        ready(ONE, true);
        world.time.awaitTimer(Duration.ofSeconds(2));
        world.time.advance(Duration.ofSeconds(2));
        awaitOurs(false, 2);
    }

    private void coreDns(PodKey key) {
        api.create(
                aPod().in(key.namespace())
                        .named(key.name())
                        .uid("")
                        .label("k8s-app", "kube-dns")
                        .build());
    }

    private void ready(PodKey key, boolean ready) {
        api.update(
                key,
                pod -> {
                    var before = pod.status();
                    return new Pod(
                            pod.metadata(),
                            pod.spec(),
                            new PodStatus(
                                    before.phase(),
                                    List.of(
                                            new PodStatus.Condition(
                                                    "Ready",
                                                    ready ? "True" : "False",
                                                    null,
                                                    null,
                                                    Instant.EPOCH,
                                                    0)),
                                    before.reason(),
                                    before.message(),
                                    before.podIp(),
                                    before.hostIp(),
                                    before.startTime(),
                                    before.initContainers(),
                                    before.containers(),
                                    before.qosClass(),
                                    before.observedGeneration(),
                                    before.ephemeralContainers()));
                });
    }

    private void awaitOurs(boolean ready, int writes) {
        api.await(found -> found.applied().size() == writes, Duration.ofSeconds(10));
        assertThat(api.applied().getLast())
                .contains("name: kube-dns-berth", "ready: " + ready + ", serving: " + ready);
    }
}
