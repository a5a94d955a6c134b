package dev.berth.engine.scheduler;

import static dev.berth.core.pod.PodBuilder.aPod;
import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.placement.HostCapacity;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodKey;
import dev.berth.testkit.FakeKubeApi.Call;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WhatHasNoPlaceWaitsTest {
    private static final String NO_CAPACITY = "FARGATE_CAPACITY_UNAVAILABLE";
    private SchedulerSite site = new SchedulerSite(new HostCapacity(500, 1024), null);

    @AfterEach
    void close() {
        site.close();
    }

    private static PodKey key(String name) {
        return new PodKey("default", name);
    }

    private Pod create(String name) {
        return site.api.create(
                aPod().named(name)
                        .uid(UUID.randomUUID().toString())
                        .profile("fp-default")
                        .createdAt(site.time.now())
                        .build());
    }

    @Test
    void a_full_machine_is_told_as_missing_capacity_after_the_logging_event() {
        site.start();
        create("a");
        create("b");
        site.bound(key("a"));
        site.bound(key("b"));
        create("c");
        site.refused(key("c"), NO_CAPACITY);
        assertThat(site.events(key("c")))
                .satisfiesExactly(
                        first -> assertThat(first).startsWith("Warning LoggingDisabled"),
                        second ->
                                assertThat(second)
                                        .isEqualTo(
                                                "Warning FailedScheduling fargate-scheduler Fargate"
                                                        + " capacity is unavailable at this time."
                                                        + " Please try again later or in a different"
                                                        + " availability zone."));
    }

    @Test
    void what_becomes_free_goes_to_the_one_who_waits() {
        site.start();
        create("a");
        create("b");
        site.bound(key("a"));
        site.bound(key("b"));
        create("c");
        site.refused(key("c"), NO_CAPACITY);
        site.awaitPause(Duration.ofSeconds(1));
        site.api.delete(key("a"));
        var a = site.api.pod(key("a")).orElseThrow();
        remove(a);
        site.bound(key("c"));
        assertThat(site.api.events(key("c")).get(1).count()).isEqualTo(1);
    }

    private void remove(Pod pod) {
        try {
            site.api.deletePod(pod.key(), pod.uid(), 0);
        } catch (dev.berth.port.KubeApi.KubeRefused e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void an_address_is_free_only_when_nothing_is_attached_with_it_any_more() {
        site.start();
        var a = create("a");
        create("b");
        site.bound(key("a"));
        site.bound(key("b"));
        create("c");
        site.refused(key("c"), NO_CAPACITY);
        site.attached.add(a.uid());
        remove(a);
        site.await(api -> api.nodes().size() == 1);
        site.still();
        assertThat(site.api.pod(key("c")).orElseThrow().spec().nodeName()).isNull();
        site.attached.clear();
        site.nodes.detached(a.uid());
        site.bound(key("c"));
    }

    @Test
    void waiting_is_retried_with_a_growing_pause_and_told_each_time() {
        site.start();
        create("a");
        create("b");
        site.bound(key("a"));
        site.bound(key("b"));
        create("c");
        for (int told = 1; told <= 5; told++) {
            var times = told;
            site.await(api ->
                    api.events(key("c")).stream()
                            .anyMatch(one ->
                                    one.event().reason().equals("FailedScheduling")
                                            && one.count() == times));
            var pause = Duration.ofSeconds(1L << (told - 1));
            site.awaitPause(pause);
            site.time.advance(pause);
        }
        assertThat(site.api.calls(Call.WRITE_CONDITION)).isEqualTo(1);
    }

    @Test
    void a_full_subnet_is_told_as_a_launch_that_timed_out() {
        site.close();
        site = new SchedulerSite();
        site.subnet("subnet-1", "172.16.1.0/29", "eu-west-1a");
        site.profiles.clear();
        site.profiles.add(
                aProfile("fp-default")
                        .role(SchedulerSite.ROLE)
                        .subnets("subnet-1")
                        .selecting("default")
                        .build());
        site.start();
        for (var name : new String[] {"a", "b", "c"}) {
            create(name);
            site.bound(key(name));
        }
        create("d");
        var told = site.refused(key("d"), "POD_PROVISIONING_TIMED_OUT");
        assertThat(told.status().conditionsByType().get("PodScheduled").message())
                .isEqualTo("Pod provisioning timed out (will retry) for pod: default/d");
        // A new subnet is news that somebody brings.
        site.awaitPause(Duration.ofSeconds(1));
        site.profiles.set(
                0,
                aProfile("fp-default")
                        .role(SchedulerSite.ROLE)
                        .subnets("subnet-1", "subnet-2")
                        .selecting("default")
                        .build());
        site.scheduler.wake();
        site.bound(key("d"));
    }
}
