package dev.berth.core.pod;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PodAdmissionTest {
    @Test
    void a_node_runs_the_pod_it_was_made_for() {
        assertThat(PodAdmission.refusal(aPod().uid("uid-1").build(), "uid-1")).isEmpty();
    }

    /** Source: eks-fargate §4.4 (O). */
    @Test
    void a_pod_of_another_scheduler_is_not_supported() {
        assertThat(
                        PodAdmission.refusal(
                                aPod().uid("uid-2").scheduler("default-scheduler").build(),
                                "uid-1"))
                .contains(
                        new PodAdmission.Refusal(
                                "UnsupportedPodSpec",
                                "Pod not supported: SchedulerName is not fargate-scheduler"));
    }

    @Test
    void kernel_settings_that_could_harm_others_are_forbidden() {
        var safe =
                new PodSecurity(
                        null,
                        null,
                        null,
                        List.of(),
                        null,
                        null,
                        Map.of("kernel.shm_rmid_forced", "1"),
                        null);
        var unsafe =
                new PodSecurity(
                        null,
                        null,
                        null,
                        List.of(),
                        null,
                        null,
                        Map.of("kernel.msgmax", "1", "net.ipv4.tcp_syncookies", "1"),
                        null);
        assertThat(PodAdmission.refusal(aPod().uid("uid-1").security(safe).build(), "uid-1"))
                .isEmpty();
        assertThat(PodAdmission.refusal(aPod().uid("uid-1").security(unsafe).build(), "uid-1"))
                .contains(
                        new PodAdmission.Refusal(
                                "SysctlForbidden",
                                "forbidden sysctl: \"kernel.msgmax\" not allowlisted"));
    }

    @Test
    void a_profile_of_AppArmor_is_not_silently_left_out() {
        var refusal =
                new PodAdmission.Refusal(
                        "AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host");
        assertThat(
                        PodAdmission.appArmorRefusal(
                                aPod().uid("u").security(appArmor("localhost/mine")).build()))
                .contains(refusal);
        assertThat(
                        PodAdmission.appArmorRefusal(
                                aPod().uid("u").security(appArmor("Unconfined")).build()))
                .isEmpty();
        var container =
                new Container.Security(
                        false,
                        null,
                        null,
                        null,
                        null,
                        false,
                        List.of(),
                        List.of(),
                        null,
                        null,
                        "RuntimeDefault");
        assertThat(
                        PodAdmission.appArmorRefusal(
                                aPod().uid("u")
                                        .container(aContainer("main").security(container))
                                        .build()))
                .contains(refusal);
    }

    private static PodSecurity appArmor(String kind) {
        return new PodSecurity(
                null, null, null, List.of(), null, null, Map.of(), null, null, kind, false);
    }

    @Test
    void a_second_pod_finds_no_room() {
        assertThat(PodAdmission.refusal(aPod().uid("uid-2").build(), "uid-1"))
                .map(PodAdmission.Refusal::reason)
                .contains("OutOfpods");
    }
}
