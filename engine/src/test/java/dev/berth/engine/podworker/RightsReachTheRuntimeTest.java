package dev.berth.engine.podworker;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.PodSecurity;
import dev.berth.core.pod.PodStatus.Phase;
import dev.berth.core.pod.ProcessIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Users and AppArmor profiles, from what a pod says to what its runtime is told. */
class RightsReachTheRuntimeTest {
    private final Bench bench = new Bench();

    @BeforeEach
    void start() throws Exception {
        bench.started();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static PodSecurity says(@Nullable String appArmor, boolean ownUsers) {
        return new PodSecurity(
                1000L,
                3000L,
                null,
                List.of(4000L),
                2000L,
                null,
                Map.of(),
                null,
                "Strict",
                appArmor,
                ownUsers);
    }

    private static Container.Security alone(String appArmor) {
        return new Container.Security(
                false, null, null, null, null, false, List.of(), List.of(), null, null, appArmor);
    }

    @Test
    void a_status_tells_whom_a_container_runs_as_also_in_another_life() throws Exception {
        var pod = bench.run(aPod().security(says(null, false)).container(aContainer("main")));
        var user = new ProcessIdentity(1000, 3000, List.of(2000L, 4000L));
        assertThat(bench.container(pod, "main").user()).isEqualTo(user);
        bench.restart();
        bench.settle();
        bench.runtime.end(bench.id(pod, "main", 0), 1);
        bench.settle();
        assertThat(bench.container(pod, "main").user()).isEqualTo(user);
        assertThat(user.allGroups()).containsExactly(3000L, 2000L, 4000L);
    }

    @Test
    void a_container_that_does_not_exist_runs_as_nobody() throws Exception {
        var pod = bench.run(aPod().container(aContainer("main").image("absent")));
        assertThat(bench.container(pod, "main").user()).isNull();
    }

    @Test
    void a_pod_with_users_of_its_own_has_them_for_all_containers() throws Exception {
        var pod =
                bench.run(
                        aPod().security(says(null, true))
                                .container(aContainer("one"))
                                .container(aContainer("two")));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        var users = Objects.requireNonNull(bench.runtime.plan(pod.uid(), "one").users());
        assertThat(bench.runtime.plan(pod.uid(), "two").users()).isEqualTo(users);
        assertThat(bench.network.sandbox(pod.uid()).orElseThrow().users()).isEqualTo(users);
        var other = bench.run(aPod().named("other").uid("uid-2").container(aContainer("one")));
        assertThat(bench.runtime.plan(other.uid(), "one").users()).isNull();
    }

    @Test
    void starts_are_counted_as_a_kubelet_counts_them() throws Exception {
        bench.network.failNextAttach("no veth");
        var pod = bench.run(aPod().security(says(null, true)).container(aContainer("main")));
        var node = String.valueOf(pod.spec().nodeName());
        assertThat(bench.workers.usage().starts(node)).isEqualTo(new PodUsage.Starts(1, 1, 1, 1));
        bench.pass(Duration.ofSeconds(10));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.workers.usage().starts(node)).isEqualTo(new PodUsage.Starts(2, 1, 2, 1));
    }

    @Test
    void a_container_gets_its_profile_or_its_pods_where_there_is_AppArmor() throws Exception {
        bench.runtime.hasAppArmor(true);
        var pod =
                bench.run(
                        aPod().security(says("RuntimeDefault", false))
                                .container(aContainer("as-the-pod"))
                                .container(aContainer("own").security(alone("localhost/mine")))
                                .container(aContainer("free").security(alone("Unconfined"))));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.RUNNING);
        assertThat(bench.runtime.plan(pod.uid(), "as-the-pod").appArmor())
                .isEqualTo("RuntimeDefault");
        assertThat(bench.runtime.plan(pod.uid(), "own").appArmor()).isEqualTo("mine");
        assertThat(bench.runtime.plan(pod.uid(), "free").appArmor()).isEmpty();
        var silent = bench.run(aPod().named("silent").uid("uid-2").container(aContainer("main")));
        assertThat(bench.runtime.plan(silent.uid(), "main").appArmor()).isEmpty();
    }

    @Test
    void a_pod_that_insists_on_AppArmor_is_rejected_where_there_is_none() throws Exception {
        var pod =
                bench.run(
                        aPod().security(says("RuntimeDefault", false))
                                .container(aContainer("main").security(alone("Unconfined"))));
        assertThat(bench.now(pod).status().phase()).isEqualTo(Phase.FAILED);
        assertThat(bench.now(pod).status().reason()).isEqualTo("AppArmor");
        assertThat(bench.now(pod).status().message())
                .isEqualTo(
                        "Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the"
                                + " host");
        assertThat(bench.runtime.calls()).noneMatch(call -> call.startsWith("create"));
    }
}
