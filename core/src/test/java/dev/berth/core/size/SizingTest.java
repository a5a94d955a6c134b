package dev.berth.core.size;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Pod;
import dev.berth.core.size.Sizing.Excess;
import dev.berth.core.size.Sizing.Provisioned;
import dev.berth.core.size.Sizing.TooBig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizingTest {
    @ParameterizedTest(name = "{0} and {1} give {2}")
    @DisplayName("§3.4 measured rounding and every worked example")
    @CsvSource({
        "250m, 1000Mi, 0.25vCPU 2GB",
        "255m, 1000Mi, 0.5vCPU 2GB",
        "260m, 1750Mi, 0.5vCPU 2GB",
        "255m, 1800Mi, 0.5vCPU 3GB",
        "255m, 10Gi, 2vCPU 11GB",
        "1, 2.5G, 1vCPU 3GB",
        "1, 1792M, 1vCPU 2GB",
        "200m, 768Mi, 0.25vCPU 1GB",
        "150m, 150Mi, 0.25vCPU 0.5GB",
        "1, 8Gi, 2vCPU 9GB",
        "250m, 256M, 0.25vCPU 0.5GB",
        "250m, 256Mi, 0.25vCPU 0.5GB",
        "250m, 257Mi, 0.25vCPU 1GB",
        "0, 0, 0.25vCPU 0.5GB",
        "1m, 1, 0.25vCPU 0.5GB",
        "250.1m, 1Mi, 0.5vCPU 1GB",
        "4, 30464Mi, 4vCPU 30GB",
        "4, 30465Mi, 8vCPU 32GB",
        "16, 122624Mi, 16vCPU 120GB"
    })
    void a_request_gets_the_smallest_size_that_holds_it(String cpu, String memory, String size) {
        assertThat(provisioned(aPod().requesting(cpu, memory).build()).size().capacityProvisioned())
                .isEqualTo(size);
    }

    @Test
    @DisplayName("§3.1 nothing requested at all gets 0.25 vCPU and 0.5 GB")
    void zero_request_gets_the_smallest_size() {
        assertThat(Sizing.of(aPod().build().spec()))
                .isEqualTo(new Provisioned(new FargateSize(250, 512), 20));
        assertThat(FargateSize.SMALLEST).isEqualTo(new FargateSize(250, 512));
    }

    @Test
    @DisplayName("§16 what a pod asks for as a whole counts instead of its containers' sum")
    void requests_of_the_whole_pod_count_for_their_resource() {
        var pod = aPod().requesting("250m", "1Gi").requestingAsAWhole("cpu", "2").build();
        assertThat(provisioned(pod).size().capacityProvisioned()).isEqualTo("2vCPU 4GB");
    }

    @ParameterizedTest(name = "{0} and {1} are too big")
    @DisplayName("§3.4, §3.6 too big, with the code and the text")
    @CsvSource({"17, 1Gi", "16001m, 1Gi", "1, 122625Mi", "255m, 120Gi", "9e18, 1", "1, 1e300"})
    void a_request_beyond_the_largest_size_is_refused(String cpu, String memory) {
        assertThat(Sizing.of(aPod().requesting(cpu, memory).build().spec()))
                .isEqualTo(new TooBig(List.of(Excess.CPU_OR_MEMORY)));
        assertThat(Excess.CPU_OR_MEMORY.code()).isEqualTo("POD_CPU_MEM_EXCEEDS_MAX_FARGATE_SIZE");
        assertThat(Excess.CPU_OR_MEMORY.message())
                .isEqualTo(
                        "Your pod's cpu/memory requirements exceed the max Fargate configuration");
    }

    @ParameterizedTest(name = "{0} and {1} fit since the 8 and 16 vCPU rows exist")
    @DisplayName("§3.4 what was too big in the five-row era fits today's rows")
    @CsvSource({"9, 10Gi, 16vCPU 32GB", "255m, 31Gi, 8vCPU 32GB"})
    void the_refused_rows_of_the_five_row_era(String cpu, String memory, String size) {
        assertThat(provisioned(aPod().requesting(cpu, memory).build()).size().capacityProvisioned())
                .isEqualTo(size);
    }

    @Test
    @DisplayName("§3.1 containers are summed per resource")
    void containers_are_summed() {
        var pod =
                aPod().container(aContainer("a").requesting("300m", "500Mi"))
                        .container(aContainer("b").requesting("300m", "500Mi"))
                        .build();

        assertThat(provisioned(pod).size().capacityProvisioned()).isEqualTo("1vCPU 2GB");
    }

    @Test
    @DisplayName("§3.1 of init containers the largest counts, per resource")
    void the_largest_init_container_counts() {
        var pod =
                aPod().init(aContainer("a").requesting("2", "100Mi"))
                        .init(aContainer("b").requesting("100m", "5Gi"))
                        .container(aContainer("c").requesting("250m", "256Mi"))
                        .build();

        assertThat(provisioned(pod).size().capacityProvisioned()).isEqualTo("2vCPU 6GB");
    }

    @Test
    @DisplayName("§3.1, §16 sidecars count with the containers, and before later init containers")
    void sidecars_count_as_upstream_counts_them() {
        var pod =
                aPod().init(aContainer("first").requesting("1", "1Mi"))
                        .init(aContainer("sidecar").requesting("200m", "1Mi").sidecar())
                        .init(aContainer("later").requesting("500m", "1Mi"))
                        .container(aContainer("a").requesting("250m", "1Mi"))
                        .container(aContainer("b").requesting("250m", "1Mi"))
                        .build();

        assertThat(PodNeed.of(pod.spec()).cpu().decimalText()).isEqualTo("1");
        var lateHunger =
                aPod().init(aContainer("sidecar").requesting("200m", "1Mi").sidecar())
                        .init(aContainer("later").requesting("900m", "1Mi"))
                        .container(aContainer("a").requesting("250m", "1Mi"))
                        .build();
        assertThat(PodNeed.of(lateHunger.spec()).cpu().decimalText()).isEqualTo("1100m");
    }

    @Test
    @DisplayName("§3.1 limits alone become requests before, so the outcome is the limit")
    void limits_alone_count_as_requests() {
        var pod = aPod().container(aContainer().limiting("1", "3Gi")).build();

        assertThat(provisioned(pod).size().capacityProvisioned()).isEqualTo("1vCPU 4GB");
    }

    @ParameterizedTest(name = "{0} gives {1} GiB")
    @DisplayName("§3.8 the disk: 20 GiB by default, 15 % more than asked, 175 GiB at most")
    @CsvSource({"0, 20", "1Gi, 20", "17Gi, 20", "18Gi, 21", "20Gi, 23", "100Gi, 115", "175Gi, 202"})
    void the_disk_is_larger_than_asked(String request, int gibibytes) {
        var pod =
                aPod().container(aContainer().requestingOnly("ephemeral-storage", request)).build();

        assertThat(provisioned(pod).storageGibibytes()).isEqualTo(gibibytes);
    }

    @Test
    @DisplayName("§3.8 the requests for disk are summed, and refused above 175 GiB")
    void too_much_disk_is_refused() {
        var pod =
                aPod().container(aContainer("a").requestingOnly("ephemeral-storage", "100Gi"))
                        .container(aContainer("b").requestingOnly("ephemeral-storage", "76Gi"))
                        .build();

        assertThat(Sizing.of(pod.spec())).isEqualTo(new TooBig(List.of(Excess.EPHEMERAL_STORAGE)));
        assertThat(Excess.EPHEMERAL_STORAGE.code()).startsWith("POD_");
    }

    @Test
    void all_that_is_too_big_is_told_at_once() {
        var pod =
                aPod().container(
                                aContainer()
                                        .requesting(
                                                Map.of("cpu", "99", "ephemeral-storage", "1Ti")))
                        .build();

        assertThat(Sizing.of(pod.spec()))
                .isEqualTo(new TooBig(List.of(Excess.CPU_OR_MEMORY, Excess.EPHEMERAL_STORAGE)));
    }

    @Test
    @DisplayName("§3.7 requests need not equal limits; a CPU limit above the size fails at start")
    void a_cpu_limit_above_the_size_fails_when_it_starts() {
        var size = new FargateSize(250, 512);
        var over = aContainer().requesting("250m", "100Mi").limiting(Map.of("cpu", "1")).build();
        var within = aContainer().limiting("250m", "100Mi").build();

        assertThat(CpuLimit.startError(over, size, "0a1b", "c0ffee"))
                .contains(
                        "failed to write \"100000\": write /sys/fs/cgroup/cpu,cpuacct/kubepods/"
                                + "burstable/pod0a1b/c0ffee/cpu.cfs_quota_us: invalid argument:"
                                + " unknown");
        assertThat(CpuLimit.startError(within, size, "0a1b", "c0ffee")).isEmpty();
        assertThat(CpuLimit.startError(aContainer().build(), size, "0a1b", "c0ffee")).isEmpty();
        assertThat(CpuLimit.EXIT_CODE).isEqualTo(128);
    }

    @Test
    void a_kubelet_that_needs_the_second_version_of_cgroups_starts_such_containers() {
        assertThat(CpuLimit.mustFit("1.23")).isTrue();
        assertThat(CpuLimit.mustFit("1.34")).isTrue();
        assertThat(CpuLimit.mustFit("1.35")).isFalse();
        assertThat(CpuLimit.mustFit("1.36")).isFalse();
    }

    private static Provisioned provisioned(Pod pod) {
        assertThat(Sizing.of(pod.spec())).isInstanceOf(Provisioned.class);
        return (Provisioned) Sizing.of(pod.spec());
    }
}
