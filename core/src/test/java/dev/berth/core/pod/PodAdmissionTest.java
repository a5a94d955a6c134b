package dev.berth.core.pod;

import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.node.PlacedNode;
import dev.berth.core.size.FargateSize;
import org.junit.jupiter.api.Test;

class PodAdmissionTest {
    private static final PlacedNode NODE =
            new PlacedNode(
                    "fargate-172.16.1.10",
                    "uid-1",
                    "vpc-1",
                    "subnet-1",
                    "172.16.1.10",
                    "eu-west-1a",
                    new FargateSize(250, 512));

    @Test
    void a_node_runs_the_pod_it_was_made_for() {
        assertThat(PodAdmission.refusal(aPod().uid("uid-1").build(), NODE)).isEmpty();
    }

    /** Source: eks-fargate §4.4 (O). */
    @Test
    void a_pod_of_another_scheduler_is_not_supported() {
        assertThat(
                        PodAdmission.refusal(
                                aPod().uid("uid-2").scheduler("default-scheduler").build(), NODE))
                .contains(
                        new PodAdmission.Refusal(
                                "UnsupportedPodSpec",
                                "Pod not supported: SchedulerName is not fargate-scheduler"));
    }

    @Test
    void a_second_pod_finds_no_room() {
        assertThat(PodAdmission.refusal(aPod().uid("uid-2").build(), NODE))
                .map(PodAdmission.Refusal::reason)
                .contains("OutOfpods");
    }
}
