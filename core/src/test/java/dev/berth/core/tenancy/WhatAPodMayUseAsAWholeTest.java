package dev.berth.core.tenancy;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.PodBuilder;
import org.junit.jupiter.api.Test;

class WhatAPodMayUseAsAWholeTest {
    private static final long MEBI = 1L << 20;

    @Test
    void its_containers_limits_count_when_all_have_one() {
        assertThat(limits(aPod().container(aContainer("a").limiting("1", "64Mi"))))
                .isEqualTo(new PodLimits(1024, 1000, 64 * MEBI));
        assertThat(
                        limits(
                                aPod().container(aContainer("a").limiting("1", "64Mi"))
                                        .container(aContainer("b"))))
                .isEqualTo(new PodLimits(1024, 0, 0));
    }

    @Test
    void what_it_says_itself_counts_instead() {
        assertThat(
                        limits(
                                aPod().limitedAsAWhole("memory", "96Mi")
                                        .container(aContainer("a").limiting("1", "64Mi"))
                                        .container(aContainer("b").limiting("1", "64Mi"))))
                .isEqualTo(new PodLimits(2048, 2000, 96 * MEBI));
    }

    @Test
    void what_was_provisioned_is_the_most_of_it() {
        var own = new PodLimits(256, 250, 512 * MEBI);
        assertThat(own.within(aPod().build().spec())).isEqualTo(own);
        assertThat(
                        own.within(
                                aPod().limitedAsAWhole("cpu", "1")
                                        .limitedAsAWhole("memory", "64Mi")
                                        .build()
                                        .spec()))
                .isEqualTo(new PodLimits(256, 250, 64 * MEBI));
    }

    @Test
    void no_limit_is_more_than_any() {
        assertThat(new PodLimits(9, 0, 5).or(new PodLimits(2, 7, 6)))
                .isEqualTo(new PodLimits(9, 0, 6));
    }

    private static PodLimits limits(PodBuilder pod) {
        return PodLimits.of(pod.build().spec());
    }
}
