package dev.berth.core.refusal;

import static dev.berth.core.pod.ContainerBuilder.aContainer;
import static dev.berth.core.pod.PodBuilder.aPod;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.golden.Golden;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodBuilder;
import dev.berth.core.pod.PodSecurity;
import dev.berth.core.pod.Volume.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnsupportedSpecTest {
    private static final Map<String, BoundVolume> CLAIMS =
            Map.of(
                    "efs", new BoundVolume("pv-efs", "efs.csi.aws.com"),
                    "ebs", new BoundVolume("pvc-0a1b", "ebs.csi.aws.com"),
                    "nfs", new BoundVolume("pv-nfs", null),
                    "unbound", new BoundVolume(null, null));

    @Test
    @DisplayName("§4.2 fields not supported: those of the three that are set, in this order")
    void host_fields() {
        assertThat(text(aPod().hostNetwork()))
                .isEqualTo("Pod not supported on Fargate: fields not supported: HostNetwork");
        assertThat(text(aPod().hostIpc().hostPid().hostNetwork()))
                .isEqualTo(
                        "Pod not supported on Fargate: fields not supported: HostNetwork, HostPID,"
                                + " HostIPC");
        assertThat(text(aPod().hostPid()))
                .isEqualTo("Pod not supported on Fargate: fields not supported: HostPID");
    }

    @Test
    @DisplayName("§4.2 DaemonSet not supported: an owner of that kind")
    void daemon_sets() {
        assertThat(text(aPod().ownedBy("DaemonSet", "node-exporter")))
                .isEqualTo("Pod not supported on Fargate: DaemonSet not supported");
        assertThat(text(aPod().ownedBy("ReplicaSet", "web-1"))).isEmpty();
    }

    @Test
    @DisplayName("§4.2 port contains HostIP or HostPort: said once, for either, of any container")
    void host_ports() {
        var told = "Pod not supported on Fargate: port contains HostIP or HostPort";

        assertThat(text(aPod().container(aContainer().hostPort(80, 8080, null)))).isEqualTo(told);
        assertThat(text(aPod().container(aContainer().hostPort(80, 0, "10.0.0.1"))))
                .isEqualTo(told);
        assertThat(
                        text(
                                aPod().init(aContainer("i").hostPort(1, 1, null))
                                        .container(
                                                aContainer("a")
                                                        .hostPort(80, 80, null)
                                                        .hostPort(81, 81, null))))
                .isEqualTo(told);
        assertThat(text(aPod().container(aContainer().port(80).hostPort(81, 0, "")))).isEmpty();
    }

    @Test
    @DisplayName(
            "§4.4 privileged, in one container and in two: Privileged,Privileged without space")
    void privileged() {
        assertThat(text(aPod().container(aContainer().privileged())))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields: Privileged");
        assertThat(
                        text(
                                aPod().container(aContainer("a").privileged())
                                        .container(aContainer("b"))
                                        .container(aContainer("c").privileged())))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields:"
                                + " Privileged,Privileged");
    }

    @Test
    @DisplayName("§4.4 allowPrivilegeEscalation: refused when true, fine when unset or false")
    void allow_privilege_escalation() {
        assertThat(text(aPod().container(aContainer().allowPrivilegeEscalation(true))))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields:"
                                + " AllowPrivilegeEscalation");
        assertThat(text(aPod().container(aContainer().allowPrivilegeEscalation(false)))).isEmpty();
        assertThat(text(aPod().container(aContainer()))).isEmpty();
    }

    @Test
    @DisplayName(
            "§4.4 capabilities: added ones outside the default set; the CAP_ prefix is not recognised")
    void capabilities() {
        assertThat(text(aPod().container(aContainer().addingCapabilities("CAP_CHOWN"))))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields: Capabilities"
                                + " added: CAP_CHOWN");
        assertThat(
                        text(
                                aPod().container(
                                                aContainer("a")
                                                        .addingCapabilities("DAC_READ_SEARCH"))
                                        .container(
                                                aContainer("b")
                                                        .addingCapabilities("DAC_READ_SEARCH"))))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields: Capabilities"
                                + " added: DAC_READ_SEARCH,Capabilities added: DAC_READ_SEARCH");
        assertThat(
                        text(
                                aPod().container(
                                                aContainer()
                                                        .addingCapabilities(
                                                                "CHOWN", "NET_BIND_SERVICE"))))
                .isEmpty();
    }

    @Test
    @DisplayName("§4.4 within one container entries are joined by comma and space")
    void one_container_with_several_faults() {
        assertThat(
                        text(
                                aPod().container(
                                                aContainer()
                                                        .addingCapabilities(
                                                                "SYS_ADMIN", "NET_ADMIN")
                                                        .privileged()
                                                        .allowPrivilegeEscalation(true))))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields: Privileged,"
                                + " AllowPrivilegeEscalation, Capabilities added: SYS_ADMIN,"
                                + " NET_ADMIN");
    }

    @Test
    @DisplayName("§4.4 the pod-level security context is not looked at, nor runAsUser")
    void the_pod_level_context_is_fine() {
        assertThat(
                        text(
                                aPod().security(
                                                new PodSecurity(
                                                        0L,
                                                        0L,
                                                        null,
                                                        List.of(1L),
                                                        2000L,
                                                        null,
                                                        Map.of("kernel.shm_rmid_forced", "1"),
                                                        null))
                                        .container(aContainer().runAsUser(0))))
                .isEmpty();
    }

    @Test
    @DisplayName(
            "§4.3 emptyDir, configMap, secret, projected, downwardAPI and EFS claims are accepted")
    void accepted_volumes() {
        assertThat(
                        text(
                                aPod().volume("e", new Source.EmptyDir("", null))
                                        .volume(
                                                "c",
                                                new Source.ConfigMap("c", List.of(), 420, false))
                                        .volume("s", new Source.Secret("s", List.of(), 420, false))
                                        .volume("p", new Source.Projected(List.of(), 420))
                                        .volume("d", new Source.DownwardApi(List.of(), 420))
                                        .volume("efs", new Source.Claim("efs", false))))
                .isEmpty();
    }

    @Test
    @DisplayName("§4.3 claims: not bound, missing, bound to another driver")
    void refused_claims() {
        assertThat(text(claiming("unbound")))
                .isEqualTo(
                        "Pod not supported on Fargate: volumes not supported: data not supported"
                                + " because: PVC unbound not bound");
        assertThat(text(claiming("absent")))
                .isEqualTo(
                        "Pod not supported on Fargate: volumes not supported: data not supported"
                                + " because: persistentvolumeclaim \"absent\" not found");
        assertThat(text(claiming("ebs")))
                .isEqualTo(
                        "Pod not supported on Fargate: volumes not supported: data not supported"
                                + " because: PVC ebs bound to invalid PV pvc-0a1b with CSI Driver:"
                                + " ebs.csi.aws.com");
    }

    @ParameterizedTest
    @ValueSource(strings = {"awsElasticBlockStore", "csi", "iscsi", "nfs", "ephemeral"})
    @DisplayName("§4.3 every other kind is of an unsupported volume Type")
    void refused_kinds(String kind) {
        assertThat(text(aPod().volume("mntdatas3fs", new Source.Other(kind))))
                .isEqualTo(
                        "Pod not supported on Fargate: volumes not supported: mntdatas3fs is of an"
                                + " unsupported volume Type");
    }

    @Test
    @DisplayName("§4.3 hostPath is of an unsupported volume Type")
    void host_path() {
        assertThat(text(aPod().volume("docker", new Source.HostPath("/var/run", ""))))
                .isEqualTo(
                        "Pod not supported on Fargate: volumes not supported: docker is of an"
                                + " unsupported volume Type");
    }

    @Test
    @DisplayName(
            "§4.2 the order users saw: fields, SecurityContext, ports (aws-efs-csi-driver#589)")
    void the_order_of_the_efs_driver() {
        assertThat(
                        text(
                                aPod().hostNetwork()
                                        .container(
                                                aContainer()
                                                        .privileged()
                                                        .hostPort(9809, 9809, null))))
                .isEqualTo(
                        "Pod not supported on Fargate: fields not supported: HostNetwork, invalid"
                                + " SecurityContext fields: Privileged, port contains HostIP or"
                                + " HostPort");
    }

    @Test
    @DisplayName("§4.2 the order users saw: SecurityContext before volumes (kube-s3#14)")
    void the_order_of_kube_s3() {
        assertThat(
                        text(
                                aPod().container(aContainer().privileged())
                                        .volume("mntdatas3fs", new Source.HostPath("/mnt", ""))))
                .isEqualTo(
                        "Pod not supported on Fargate: invalid SecurityContext fields: Privileged,"
                                + " volumes not supported: mntdatas3fs is of an unsupported volume"
                                + " Type");
    }

    @Test
    @DisplayName(
            "§4.2, §4.4 the kubelet's form: another lead-in, another order, the scheduler's name first")
    void the_kubelets_form() {
        assertThat(kubeletText(aPod().scheduler("default-scheduler")))
                .isEqualTo("Pod not supported: SchedulerName is not fargate-scheduler");
        assertThat(kubeletText(everything().scheduler("default-scheduler")))
                .isEqualTo(
                        "Pod not supported: SchedulerName is not fargate-scheduler, DaemonSet not"
                                + " supported, fields not supported: HostNetwork, HostPID, HostIPC,"
                                + " volumes not supported: host is of an unsupported volume Type,"
                                + " invalid SecurityContext fields: Privileged, port contains"
                                + " HostIP or HostPort");
        assertThat(kubeletText(aPod())).isEmpty();
        assertThat(UnsupportedSpec.of(aPod().scheduler("other").build(), Map.of()).supported())
                .as("the scheduler does not ask who schedules")
                .isTrue();
    }

    @Test
    @DisplayName("§4.2, §4.3, §4.4 all texts")
    void the_texts_are_as_written_down() {
        var cases = new LinkedHashMap<String, PodBuilder>();
        cases.put("host network", aPod().hostNetwork());
        cases.put("host network, pid, ipc", aPod().hostNetwork().hostPid().hostIpc());
        cases.put("daemon set", aPod().ownedBy("DaemonSet", "d"));
        cases.put("privileged", aPod().container(aContainer().privileged()));
        cases.put("escalation", aPod().container(aContainer().allowPrivilegeEscalation(true)));
        cases.put("capability", aPod().container(aContainer().addingCapabilities("SYS_ADMIN")));
        cases.put("host path", aPod().volume("host", new Source.HostPath("/", "")));
        cases.put("image volume", aPod().volume("img", new Source.Image("busybox", "Always")));
        cases.put("claim unbound", claiming("unbound"));
        cases.put("claim missing", claiming("absent"));
        cases.put("claim of EBS", claiming("ebs"));
        cases.put("claim without CSI", claiming("nfs"));
        cases.put("host port", aPod().container(aContainer().hostPort(80, 80, null)));
        cases.put("everything", everything());
        var lines = new StringBuilder();
        cases.forEach(
                (name, pod) -> lines.append(name).append(" | ").append(text(pod)).append('\n'));
        lines.append("kubelet, everything | ")
                .append(kubeletText(everything().scheduler("default-scheduler")))
                .append('\n');

        Golden.check("refusal/unsupported.txt", lines.toString());
    }

    @Test
    void only_claims_may_change() {
        assertThat(UnsupportedSpec.of(claiming("unbound").build(), CLAIMS).claimsOnly()).isTrue();
        assertThat(UnsupportedSpec.of(claiming("unbound").hostPid().build(), CLAIMS).claimsOnly())
                .isFalse();
        assertThat(
                        UnsupportedSpec.of(
                                        claiming("unbound")
                                                .volume("x", new Source.Other("csi"))
                                                .build(),
                                        CLAIMS)
                                .claimsOnly())
                .isFalse();
        assertThat(UnsupportedSpec.of(aPod().build(), CLAIMS).claimsOnly()).isFalse();
    }

    private static PodBuilder everything() {
        return aPod().ownedBy("DaemonSet", "d")
                .hostNetwork()
                .hostPid()
                .hostIpc()
                .volume("host", new Source.HostPath("/", ""))
                .container(aContainer().privileged().hostPort(80, 80, null));
    }

    private static PodBuilder claiming(String claim) {
        return aPod().volume("data", new Source.Claim(claim, false));
    }

    private static String text(PodBuilder pod) {
        Pod built = pod.build();
        var unsupported = UnsupportedSpec.of(built, CLAIMS);
        return unsupported.supported() ? "" : unsupported.schedulerText();
    }

    private static String kubeletText(PodBuilder pod) {
        return UnsupportedSpec.of(pod.build(), CLAIMS).kubeletText();
    }
}
