package dev.berth.adapter.kube;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.core.pod.Container;
import dev.berth.core.pod.Container.EnvSource;
import dev.berth.core.pod.Container.Handler;
import dev.berth.core.pod.Pod;
import dev.berth.core.pod.PodMetadata;
import dev.berth.core.pod.PodSecurity;
import dev.berth.core.pod.PodSecurity.SeccompProfile;
import dev.berth.core.pod.PodSpec;
import dev.berth.core.pod.PodStatus;
import dev.berth.core.pod.PodStatus.ContainerState;
import dev.berth.core.pod.Privileges;
import dev.berth.core.pod.ProcessIdentity;
import dev.berth.core.pod.Volume;
import dev.berth.core.pod.Volume.Source;
import dev.berth.core.unit.Quantity;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.dataformat.yaml.YAMLMapper;

class PodTranslationTest {
    /** What an API server of 1.36 answers for {@code kubectl run web --image=nginx}. */
    private static final String PLAIN =
            """
            apiVersion: v1
            kind: Pod
            metadata:
              creationTimestamp: "2026-03-04T05:06:07Z"
              generation: 1
              labels: {run: web, eks.amazonaws.com/fargate-profile: fp-default}
              name: web
              namespace: default
              resourceVersion: "1234"
              uid: 6ffd2baf-6b8e-4e6c-9a0e-6f1b2c3d4e5f
            spec:
              containers:
              - image: nginx
                imagePullPolicy: Always
                name: web
                resources: {}
                terminationMessagePath: /dev/termination-log
                terminationMessagePolicy: File
                volumeMounts:
                - mountPath: /var/run/secrets/kubernetes.io/serviceaccount
                  name: kube-api-access-x7k2p
                  readOnly: true
              dnsPolicy: ClusterFirst
              enableServiceLinks: true
              preemptionPolicy: PreemptLowerPriority
              priority: 2000001000
              priorityClassName: system-node-critical
              restartPolicy: Always
              schedulerName: fargate-scheduler
              securityContext: {}
              serviceAccount: default
              serviceAccountName: default
              terminationGracePeriodSeconds: 30
              tolerations:
              - {effect: NoExecute, key: node.kubernetes.io/not-ready, operator: Exists, tolerationSeconds: 300}
              volumes:
              - name: kube-api-access-x7k2p
                projected:
                  defaultMode: 420
                  sources:
                  - serviceAccountToken: {expirationSeconds: 3607, path: token}
                  - configMap:
                      items: [{key: ca.crt, path: ca.crt}]
                      name: kube-root-ca.crt
                  - downwardAPI:
                      items:
                      - fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}
                        path: namespace
            status: {phase: Pending, qosClass: BestEffort}
            """;

    private static Pod pod(String yaml) {
        return PodTranslation.pod(YAMLMapper.shared().readTree(yaml));
    }

    private static PodSpec spec(String fields) {
        return pod("spec:\n" + fields.indent(2)).spec();
    }

    private static Container container(String fields) {
        return spec("containers:\n- name: app\n" + fields.indent(2)).containers().getFirst();
    }

    private static Source source(String fields) {
        return spec("volumes:\n- name: v\n" + fields.indent(2)).volumes().getFirst().source();
    }

    @Test
    void a_plain_pod_as_the_api_server_defaults_it() {
        var pod = pod(PLAIN);
        assertThat(pod.metadata())
                .isEqualTo(
                        new PodMetadata(
                                "default",
                                "web",
                                "6ffd2baf-6b8e-4e6c-9a0e-6f1b2c3d4e5f",
                                "1234",
                                1,
                                Map.of(
                                        "run",
                                        "web",
                                        "eks.amazonaws.com/fargate-profile",
                                        "fp-default"),
                                Map.of(),
                                Instant.parse("2026-03-04T05:06:07Z"),
                                null,
                                null,
                                List.of(),
                                List.of()));
        var spec = pod.spec();
        assertThat(spec.nodeName()).isNull();
        assertThat(spec.schedulerName()).isEqualTo("fargate-scheduler");
        assertThat(spec.restartPolicy()).isEqualTo(PodSpec.RestartPolicy.ALWAYS);
        assertThat(spec.security()).isEqualTo(PodSecurity.NONE);
        assertThat(spec.enableServiceLinks()).isTrue();
        assertThat(spec.dnsConfig()).isNull();
        assertThat(spec.priorityClassName()).isEqualTo("system-node-critical");
        assertThat(spec.tolerations())
                .containsExactly(
                        new PodSpec.Toleration(
                                "node.kubernetes.io/not-ready", "Exists", null, "NoExecute", 300L));
        var container = spec.containers().getFirst();
        assertThat(container.security()).isEqualTo(Container.Security.NONE);
        assertThat(container.requests()).isEmpty();
        assertThat(container.restartPolicy()).isNull();
        assertThat(container.volumeMounts())
                .containsExactly(
                        new Container.VolumeMount(
                                "kube-api-access-x7k2p",
                                "/var/run/secrets/kubernetes.io/serviceaccount",
                                "",
                                "",
                                true,
                                "Disabled",
                                "None"));
        assertThat(spec.volumes())
                .containsExactly(
                        new Volume(
                                "kube-api-access-x7k2p",
                                new Source.Projected(
                                        List.of(
                                                new Source.Token(null, 3607, "token"),
                                                new Source.ConfigMap(
                                                        "kube-root-ca.crt",
                                                        List.of(
                                                                new Volume.Item(
                                                                        "ca.crt", "ca.crt", null)),
                                                        0644,
                                                        false),
                                                new Source.DownwardApi(
                                                        List.of(
                                                                new Volume.FieldFile(
                                                                        "namespace",
                                                                        new EnvSource.FieldRef(
                                                                                "metadata.namespace"),
                                                                        null)),
                                                        0644)),
                                        0644)));
        assertThat(pod.status().phase()).isEqualTo(PodStatus.Phase.PENDING);
        assertThat(pod.status().qosClass()).isEqualTo("BestEffort");
    }

    @Test
    void metadata_of_a_pod_that_is_being_deleted() {
        var metadata =
                pod("""
                metadata:
                  name: web
                  namespace: default
                  uid: u
                  resourceVersion: "2"
                  generation: 3
                  creationTimestamp: "2026-03-04T05:06:07Z"
                  deletionTimestamp: "2026-03-04T05:07:07Z"
                  deletionGracePeriodSeconds: 0
                  annotations: {a: b}
                  finalizers: [example.com/hold]
                  ownerReferences:
                  - {apiVersion: apps/v1, kind: ReplicaSet, name: rs, uid: x, controller: true, blockOwnerDeletion: true}
                """)
                        .metadata();
        assertThat(metadata.generation()).isEqualTo(3);
        assertThat(metadata.deletionTimestamp()).isEqualTo("2026-03-04T05:07:07Z");
        assertThat(metadata.deletionGraceSeconds()).isZero();
        assertThat(metadata.annotations()).containsEntry("a", "b");
        assertThat(metadata.finalizers()).containsExactly("example.com/hold");
        assertThat(metadata.owners())
                .containsExactly(new PodMetadata.Owner("ReplicaSet", "rs", true));
    }

    @Test
    void what_is_said_of_the_whole_pod() {
        var spec =
                spec(
                        """
                        nodeName: fargate-172.16.1.4
                        serviceAccountName: app
                        restartPolicy: Never
                        terminationGracePeriodSeconds: 0
                        activeDeadlineSeconds: 60
                        hostNetwork: true
                        hostPID: true
                        hostIPC: true
                        shareProcessNamespace: true
                        hostname: h
                        subdomain: s
                        setHostnameAsFQDN: true
                        enableServiceLinks: false
                        dnsPolicy: None
                        dnsConfig:
                          nameservers: [10.0.0.2]
                          searches: [a.b]
                          options: [{name: ndots, value: "2"}, {name: edns0}]
                        hostAliases: [{ip: 1.2.3.4, hostnames: [x, y]}]
                        nodeSelector: {disk: ssd}
                        affinity:
                          nodeAffinity:
                            requiredDuringSchedulingIgnoredDuringExecution:
                              nodeSelectorTerms:
                              - matchExpressions: [{key: zone, operator: In, values: [a, b]}]
                                matchFields: [{key: metadata.name, operator: NotIn, values: [n]}]
                        tolerations: [{operator: Exists}]
                        imagePullSecrets: [{name: registry}]
                        readinessGates: [{conditionType: example.com/gate}]
                        os: {name: windows}
                        runtimeClassName: gvisor
                        resources: {requests: {cpu: "2"}, limits: {cpu: "3"}}
                        priority: 2000
                        securityContext:
                          runAsUser: 1000
                          runAsGroup: 2000
                          runAsNonRoot: true
                          supplementalGroups: [3000]
                          fsGroup: 4000
                          fsGroupChangePolicy: OnRootMismatch
                          sysctls: [{name: net.core.somaxconn, value: "1024"}]
                          seccompProfile: {type: Localhost, localhostProfile: p.json}
                        """);
        assertThat(spec)
                .isEqualTo(
                        new PodSpec(
                                "fargate-172.16.1.4",
                                "default-scheduler",
                                "app",
                                PodSpec.RestartPolicy.NEVER,
                                0,
                                60L,
                                true,
                                true,
                                true,
                                true,
                                "h",
                                "s",
                                true,
                                false,
                                "None",
                                new PodSpec.DnsConfig(
                                        List.of("10.0.0.2"),
                                        List.of("a.b"),
                                        List.of("ndots:2", "edns0")),
                                List.of(new PodSpec.HostAlias("1.2.3.4", List.of("x", "y"))),
                                Map.of("disk", "ssd"),
                                List.of(
                                        new PodSpec.NodeTerm(
                                                List.of(
                                                        new PodSpec.NodeRequirement(
                                                                "zone", "In", List.of("a", "b"))),
                                                List.of(
                                                        new PodSpec.NodeRequirement(
                                                                "metadata.name",
                                                                "NotIn",
                                                                List.of("n"))))),
                                List.of(new PodSpec.Toleration(null, "Exists", null, null, null)),
                                List.of("registry"),
                                List.of("example.com/gate"),
                                new PodSecurity(
                                        1000L,
                                        2000L,
                                        true,
                                        List.of(3000L),
                                        4000L,
                                        "OnRootMismatch",
                                        Map.of("net.core.somaxconn", "1024"),
                                        new SeccompProfile("Localhost", "p.json")),
                                List.of(),
                                List.of(),
                                List.of(),
                                null,
                                List.of(),
                                "windows",
                                2000,
                                "gvisor",
                                Map.of("cpu", Quantity.of("2")),
                                Map.of("cpu", Quantity.of("3"))));
    }

    @Test
    void what_is_said_of_a_container() {
        var container =
                container(
                        """
                        image: i
                        imagePullPolicy: Never
                        command: [c]
                        args: [a, b]
                        workingDir: /w
                        env:
                        - {name: LITERAL, value: x}
                        - {name: EMPTY}
                        - {name: FIELD, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
                        - {name: RESOURCE, valueFrom: {resourceFieldRef: {containerName: app, resource: limits.memory, divisor: 1Mi}}}
                        - {name: PLAIN_RESOURCE, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: "0"}}}
                        - {name: FROM_MAP, valueFrom: {configMapKeyRef: {name: m, key: k, optional: true}}}
                        - {name: FROM_SECRET, valueFrom: {secretKeyRef: {name: s, key: k}}}
                        envFrom:
                        - {prefix: P_, configMapRef: {name: m}}
                        - {secretRef: {name: s, optional: true}}
                        ports: [{name: http, containerPort: 80, hostPort: 8080, hostIP: 10.0.0.1, protocol: UDP}, {containerPort: 81}]
                        resources: {requests: {cpu: 250m, memory: 1Gi}, limits: {cpu: "2"}}
                        volumeMounts:
                        - {name: v, mountPath: /v, subPathExpr: $(POD), readOnly: true, recursiveReadOnly: IfPossible, mountPropagation: HostToContainer}
                        terminationMessagePath: /t
                        terminationMessagePolicy: FallbackToLogsOnError
                        restartPolicy: Always
                        stdin: true
                        stdinOnce: true
                        tty: true
                        lifecycle:
                          stopSignal: SIGUSR1
                          postStart: {exec: {command: [x]}}
                          preStop: {sleep: {seconds: 5}}
                        securityContext:
                          privileged: true
                          allowPrivilegeEscalation: false
                          runAsUser: 1
                          runAsGroup: 2
                          runAsNonRoot: false
                          readOnlyRootFilesystem: true
                          capabilities: {add: [NET_ADMIN], drop: [ALL]}
                          procMount: Unmasked
                          seccompProfile: {type: RuntimeDefault}
                        """);
        assertThat(container.env())
                .extracting(Container.EnvVar::source)
                .containsExactly(
                        new EnvSource.Literal("x"),
                        new EnvSource.Literal(""),
                        new EnvSource.FieldRef("status.podIP"),
                        new EnvSource.ResourceFieldRef("app", "limits.memory", Quantity.of("1Mi")),
                        new EnvSource.ResourceFieldRef(null, "limits.cpu", Quantity.of("1")),
                        new EnvSource.ConfigMapKeyRef("m", "k", true),
                        new EnvSource.SecretKeyRef("s", "k", false));
        assertThat(container.envFrom())
                .containsExactly(
                        new Container.EnvFrom(false, "m", "P_", false),
                        new Container.EnvFrom(true, "s", "", true));
        assertThat(container.ports())
                .containsExactly(
                        new Container.Port("http", 80, 8080, "10.0.0.1", "UDP"),
                        new Container.Port(null, 81, 0, null, "TCP"));
        assertThat(container.requests())
                .isEqualTo(Map.of("cpu", Quantity.of("250m"), "memory", Quantity.of("1Gi")));
        assertThat(container.limits()).isEqualTo(Map.of("cpu", Quantity.of("2")));
        assertThat(container.volumeMounts())
                .containsExactly(
                        new Container.VolumeMount(
                                "v", "/v", "", "$(POD)", true, "IfPossible", "HostToContainer"));
        assertThat(container.postStart()).isEqualTo(new Handler.Exec(List.of("x")));
        assertThat(container.preStop()).isEqualTo(new Handler.Sleep(5));
        assertThat(container.stopSignal()).isEqualTo("SIGUSR1");
        assertThat(container.sidecar()).isTrue();
        assertThat(container.security())
                .isEqualTo(
                        new Container.Security(
                                true,
                                false,
                                1L,
                                2L,
                                false,
                                true,
                                List.of("NET_ADMIN"),
                                List.of("ALL"),
                                "Unmasked",
                                new SeccompProfile("RuntimeDefault", null)));
        assertThat(List.of(container.image(), container.imagePullPolicy(), container.command()))
                .isEqualTo(List.of("i", "Never", List.of("c")));
        assertThat(container.args()).containsExactly("a", "b");
        assertThat(container.workingDir()).isEqualTo("/w");
        assertThat(container.terminationMessagePath()).isEqualTo("/t");
        assertThat(container.terminationMessagePolicy()).isEqualTo("FallbackToLogsOnError");
        assertThat(container.stdin() && container.stdinOnce() && container.tty()).isTrue();
    }

    @Test
    void probes() {
        var container =
                container(
                        """
                        startupProbe: {tcpSocket: {port: http, host: h}, initialDelaySeconds: 1, timeoutSeconds: 2, periodSeconds: 3, successThreshold: 1, failureThreshold: 5, terminationGracePeriodSeconds: 6}
                        livenessProbe: {httpGet: {path: "/x?y", port: 8080, scheme: HTTPS, httpHeaders: [{name: A, value: b}, {name: A, value: c}]}}
                        readinessProbe: {grpc: {port: 9, service: s}}
                        """);
        assertThat(container.startupProbe())
                .isEqualTo(
                        new Container.Probe(new Handler.TcpSocket("h", "http"), 1, 2, 3, 1, 5, 6L));
        assertThat(container.livenessProbe())
                .isEqualTo(
                        new Container.Probe(
                                new Handler.HttpGet(
                                        null,
                                        "8080",
                                        "/x?y",
                                        "HTTPS",
                                        List.of(
                                                new Handler.Header("A", "b"),
                                                new Handler.Header("A", "c"))),
                                0,
                                1,
                                10,
                                1,
                                3,
                                null));
        assertThat(container.readinessProbe())
                .isEqualTo(new Container.Probe(new Handler.Grpc(9, "s"), 0, 1, 10, 1, 3, null));
    }

    @Test
    void every_kind_of_volume() {
        var table = new LinkedHashMap<String, Source>();
        table.put("emptyDir: {}", new Source.EmptyDir("", null));
        table.put(
                "emptyDir: {medium: Memory, sizeLimit: 1Ki}", new Source.EmptyDir("Memory", 1024L));
        table.put(
                "configMap: {name: m, defaultMode: 256, optional: true, items: [{key: k, path: p, mode: 384}]}",
                new Source.ConfigMap("m", List.of(new Volume.Item("k", "p", 384)), 256, true));
        table.put(
                "secret: {secretName: s, defaultMode: 420}",
                new Source.Secret("s", List.of(), 420, false));
        table.put(
                "projected: {defaultMode: 420, sources: [{secret: {name: s}}, {clusterTrustBundle: {path: p}}]}",
                new Source.Projected(
                        List.of(
                                new Source.Secret("s", List.of(), 420, false),
                                new Source.Other("clusterTrustBundle")),
                        420));
        table.put(
                "downwardAPI: {defaultMode: 420, items: [{path: c, resourceFieldRef: {containerName: a, resource: limits.cpu, divisor: 1m}}]}",
                new Source.DownwardApi(
                        List.of(
                                new Volume.FieldFile(
                                        "c",
                                        new EnvSource.ResourceFieldRef(
                                                "a", "limits.cpu", Quantity.of("1m")),
                                        null)),
                        420));
        table.put(
                "persistentVolumeClaim: {claimName: c, readOnly: true}",
                new Source.Claim("c", true));
        table.put("hostPath: {path: /p, type: \"\"}", new Source.HostPath("/p", ""));
        table.put("image: {reference: r, pullPolicy: Always}", new Source.Image("r", "Always"));
        table.put("csi: {driver: d}", new Source.Other("csi"));
        table.put("awsElasticBlockStore: {volumeID: v}", new Source.Other("awsElasticBlockStore"));
        table.put("somethingNew: {}", new Source.Other("somethingNew"));
        table.forEach((yaml, expected) -> assertThat(source(yaml)).as(yaml).isEqualTo(expected));
    }

    @Test
    void profiles_of_AppArmor_users_and_groups() {
        var pod =
                pod(
                        """
                        spec:
                          hostUsers: false
                          securityContext:
                            supplementalGroupsPolicy: Strict
                            appArmorProfile: {type: RuntimeDefault}
                          containers:
                          - name: a
                            securityContext: {appArmorProfile: {type: Localhost, localhostProfile: mine}}
                        status:
                          containerStatuses:
                          - name: a
                            user: {linux: {uid: 1, gid: 3, supplementalGroups: [3, 4, 2]}}
                        """);
        assertThat(pod.spec().security().ownUsers()).isTrue();
        assertThat(pod.spec().security().supplementalGroupsPolicy()).isEqualTo("Strict");
        assertThat(pod.spec().security().appArmor()).isEqualTo("RuntimeDefault");
        var container = pod.spec().containers().getFirst();
        assertThat(container.security().appArmor()).isEqualTo("localhost/mine");
        assertThat(Privileges.appArmor(pod.spec(), container)).isEqualTo("mine");
        assertThat(pod.status().containers().getFirst().user())
                .isEqualTo(new ProcessIdentity(1, 3, List.of(4L, 2L)));
    }

    @Test
    void a_status() {
        var status =
                pod("""
                status:
                  observedGeneration: 2
                  phase: Running
                  podIP: 172.16.1.4
                  podIPs: [{ip: 172.16.1.4}]
                  hostIP: 172.16.1.4
                  startTime: "2026-03-04T05:06:07Z"
                  reason: R
                  message: M
                  qosClass: Burstable
                  conditions:
                  - {type: Ready, status: "True", lastProbeTime: null, lastTransitionTime: "2026-03-04T05:06:08Z", observedGeneration: 2}
                  containerStatuses:
                  - name: app
                    ready: true
                    started: true
                    restartCount: 3
                    image: i
                    imageID: d
                    containerID: crun://c
                    state: {running: {startedAt: "2026-03-04T05:06:09Z"}}
                    lastState: {terminated: {exitCode: 137, signal: 9, reason: OOMKilled, message: bye, startedAt: "2026-03-04T05:06:07Z", finishedAt: "2026-03-04T05:06:08Z", containerID: crun://b}}
                  initContainerStatuses:
                  - {name: init, ready: false, restartCount: 0, image: i, imageID: "", state: {waiting: {reason: PodInitializing}}, lastState: {}}
                """)
                        .status();
        var start = Instant.parse("2026-03-04T05:06:07Z");
        assertThat(status)
                .isEqualTo(
                        new PodStatus(
                                PodStatus.Phase.RUNNING,
                                List.of(
                                        new PodStatus.Condition(
                                                "Ready",
                                                "True",
                                                null,
                                                null,
                                                start.plusSeconds(1),
                                                2)),
                                "R",
                                "M",
                                "172.16.1.4",
                                "172.16.1.4",
                                start,
                                List.of(
                                        new PodStatus.ContainerStatus(
                                                "init",
                                                new ContainerState.Waiting("PodInitializing", null),
                                                null,
                                                false,
                                                null,
                                                0,
                                                "i",
                                                "",
                                                null)),
                                List.of(
                                        new PodStatus.ContainerStatus(
                                                "app",
                                                new ContainerState.Running(start.plusSeconds(2)),
                                                new ContainerState.Terminated(
                                                        137,
                                                        9,
                                                        "OOMKilled",
                                                        "bye",
                                                        start,
                                                        start.plusSeconds(1),
                                                        "crun://b"),
                                                true,
                                                true,
                                                3,
                                                "i",
                                                "d",
                                                "crun://c")),
                                "Burstable",
                                2,
                                List.of()));
    }
}
