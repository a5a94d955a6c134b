package dev.berth.engine.scheduler;

import static dev.berth.core.pod.PodBuilder.aPod;
import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.placement.HostCapacity;
import dev.berth.core.placement.Placement.Waiting;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodKey;
import dev.berth.core.pod.Volume;
import dev.berth.core.profile.FargateProfile;
import dev.berth.core.size.FargateSize;
import dev.berth.engine.Timeline.Phase;
import dev.berth.port.KubeApi;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class APodGetsItsNodeTest {
    private static final PodKey WEB = new PodKey("default", "web");
    private SchedulerSite site = new SchedulerSite();

    @AfterEach
    void close() {
        site.close();
    }

    private static PodBuilder claimed(String name) {
        return aPod().named(name).uid(UUID.randomUUID().toString()).profile("fp-default");
    }

    @Test
    void one_binding_carries_node_size_and_logging() {
        site.start();
        site.api.create(claimed("web").build());
        var pod = site.bound(WEB);
        assertThat(pod.spec().nodeName()).isEqualTo("fargate-172.16.1.4");
        assertThat(pod.metadata().annotations())
                .containsEntry("CapacityProvisioned", "0.25vCPU 0.5GB")
                .containsEntry("Logging", "LoggingDisabled: LOGGING_CONFIGMAP_NOT_FOUND");
        assertThat(site.api.calls(Call.BIND)).isEqualTo(1);
        assertThat(site.api.calls(Call.ANNOTATE)).isZero();
    }

    @Test
    void the_node_stands_for_the_pod_and_remembers_it() {
        site.start();
        var pod = site.api.create(claimed("web").requesting("1", "8Gi").build());
        site.bound(WEB);
        site.await(api -> api.nodes().size() == 1);
        var node = site.api.nodes().get("fargate-172.16.1.4");
        assertThat(node.labels()).containsEntry("eks.amazonaws.com/compute-type", "fargate");
        assertThat(node.annotations())
                .containsEntry("berth.dev/pod-uid", pod.uid())
                .containsEntry("berth.dev/size", "2vCPU 9GB");
        assertThat(node.addresses()).contains(new KubeApi.Address("InternalIP", "172.16.1.4"));
        assertThat(site.nodes.placed("fargate-172.16.1.4").orElseThrow().podUid())
                .isEqualTo(pod.uid());
    }

    @Test
    void the_node_is_named_after_the_address_s_dns_name_where_the_vpc_gives_one() {
        site.dnsHostnames = true;
        site.start();
        site.api.create(claimed("web").build());
        assertThat(site.bound(WEB).spec().nodeName())
                .isEqualTo("fargate-ip-172-16-1-4.eu-west-1.compute.internal");
    }

    @Test
    void the_logging_event_comes_first_and_then_the_assignment() {
        site.start();
        site.api.create(claimed("web").build());
        site.awaitEvent(WEB, "Scheduled");
        assertThat(site.events(WEB))
                .containsExactly(
                        "Warning LoggingDisabled fargate-scheduler Disabled logging because"
                                + " aws-logging configmap was not found. configmap \"aws-logging\""
                                + " not found",
                        "Normal Scheduled fargate-scheduler Successfully assigned default/web to"
                                + " fargate-172.16.1.4");
    }

    @Test
    void pods_are_spread_over_the_profile_s_subnets() {
        site.start();
        for (int i = 0; i < 4; i++) {
            var key = new PodKey("default", "web-" + i);
            site.api.create(claimed(key.name()).build());
            site.bound(key);
        }
        assertThat(site.places.addressesIn("subnet-1")).hasSize(2);
        assertThat(site.places.addressesIn("subnet-2")).hasSize(2);
    }

    @Test
    void a_zone_selector_decides_the_subnet() {
        site.start();
        site.api.create(
                claimed("web").nodeSelector("topology.kubernetes.io/zone", "eu-west-1b").build());
        assertThat(site.bound(WEB).spec().nodeName()).isEqualTo("fargate-172.16.2.4");
    }

    @Test
    void pods_of_other_schedulers_and_bound_ones_are_left_alone() {
        site.start();
        site.api.create(claimed("other").scheduler("default-scheduler").build());
        site.api.create(claimed("bound").on("ip-10-0-0-1").build());
        site.api.create(claimed("web").build());
        site.bound(WEB);
        assertThat(site.api.calls(Call.BIND)).isEqualTo(1);
    }

    @Test
    void a_pod_that_no_profile_claimed_stays_pending_without_a_word() {
        site.start();
        var stray = new PodKey("default", "stray");
        site.api.create(aPod().named("stray").uid(UUID.randomUUID().toString()).build());
        site.api.create(claimed("web").build());
        site.bound(WEB);
        site.time.advance(Duration.ofMinutes(30));
        site.still();
        assertThat(site.api.pod(stray).orElseThrow().spec().nodeName()).isNull();
        assertThat(site.events(stray)).isEmpty();
    }

    @Test
    void a_pod_whose_profile_becomes_active_later_is_launched_then() {
        var profile = site.profiles.removeFirst();
        site.start();
        site.api.create(claimed("web").build());
        site.still();
        site.profiles.add(profile);
        site.scheduler.wake();
        site.bound(WEB);
    }

    @Test
    void a_profile_that_is_not_active_claims_nothing() {
        var profile = aProfile("other").status(FargateProfile.Status.DELETING);
        site.profiles.add(profile.role(SchedulerSite.ROLE).selecting("default").build());
        site.start();
        site.api.create(
                aPod().named("late").uid(UUID.randomUUID().toString()).profile("other").build());
        site.api.create(claimed("web").build());
        site.bound(WEB);
        assertThat(site.api.pod(new PodKey("default", "late")).orElseThrow().spec().nodeName())
                .isNull();
    }

    @Test
    void each_step_is_stamped() {
        site.start();
        var pod = site.api.create(claimed("web").build());
        site.awaitEvent(WEB, "Scheduled");
        site.await(_ -> site.timelines.of(pod.uid()).containsKey(Phase.NODE));
        assertThat(site.timelines.of(pod.uid()))
                .containsOnlyKeys(Phase.SEEN, Phase.PLACED, Phase.NODE, Phase.BOUND);
    }

    @Test
    void a_hundred_at_once_get_a_hundred_addresses() {
        site.start();
        for (int i = 0; i < 100; i++) {
            site.api.create(claimed("web-" + i).build());
        }
        site.await(api -> api.pods().stream().allMatch(pod -> pod.spec().nodeName() != null));
        var names = new HashSet<String>();
        site.api.pods().forEach(pod -> names.add(pod.spec().nodeName()));
        assertThat(names).hasSize(100);
        assertThat(site.api.calls(Call.CONFIG_MAP)).isLessThan(10);
    }

    @Test
    void two_clusters_in_the_same_subnets_never_share_an_address() {
        site.close();
        site = new SchedulerSite(new HostCapacity(1_000_000, 1_000_000), null);
        var waiting =
                List.of(
                        new Waiting(
                                WEB,
                                "a",
                                "fp-default",
                                FargateSize.SMALLEST,
                                Set.of("eu-west-1a")));
        site.start();
        site.places.take("another", waiting, site.profiles, List.copyOf(site.subnets.values()));
        site.api.create(
                claimed("web").nodeSelector("topology.kubernetes.io/zone", "eu-west-1a").build());
        assertThat(site.bound(WEB).spec().nodeName()).isEqualTo("fargate-172.16.1.5");
    }

    @Test
    void claims_are_looked_up_before_the_verdict() {
        site.api.putClaim("default", "data", new KubeApi.Claim("pv-1", "efs.csi.aws.com", "fs-1"));
        site.start();
        site.api.create(
                claimed("web").volume("data", new Volume.Source.Claim("data", false)).build());
        site.bound(WEB);
        assertThat(site.api.calls(Call.CLAIM)).isEqualTo(1);
    }

    @Test
    void a_node_that_was_told_dead_is_written_anew_until_that_works() {
        site.start();
        site.api.create(claimed("web").build());
        var name = String.valueOf(site.bound(WEB).spec().nodeName());
        site.still();
        for (int i = 0; i < 5; i++) {
            site.api.failNext(Call.RENEW_LEASE);
        }
        for (int i = 0; i < 2; i++) {
            site.api.failNext(Call.APPLY_NODE);
        }
        site.time.advance(Duration.ofMinutes(2));
        site.still();
        assertThat(site.api.calls(Call.APPLY_NODE)).isEqualTo(4);
        assertThat(site.api.leases().get(name).renewTime()).isEqualTo(site.time.now());
    }
}
